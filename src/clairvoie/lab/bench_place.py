"""``lab bench place``: how near fixes come to the best that is possible, and how often their ellipses hold.

The measure of a row of layouts is the root of the mean square of error over bound, each layout counting the same: a
layout in which the place is hard to know has a large bound and is not excused by it, nor does it drown the others. The
bound is that of Cramér and Rao over the arrivals that are right, which a method that must find out which those are
cannot reach: :mod:`.place_floor` says how near it any can come. Refused layouts have no error; their share stands
beside.

Everything but the times follows from the seed. Times are processor time of one thread, the least of three runs, beside
``scipy.optimize.least_squares`` on the same arrivals in the same process; their ratio is what can be compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from scipy.optimize import least_squares
from scipy.stats import beta

from clairvoie.hub.locate import RADIUS_95, REASONS, Code, Fixes, locate_all
from clairvoie.hub.locate_air import Air
from clairvoie.lab.place_floor import FLOOR, Floor, measure_floor
from clairvoie.lab.place_layouts import SOURCE_HEIGHT, Case, Layouts, draw_in_airs, draw_layouts

SIGMAS = (0.001, 0.005, 0.020)
CLEAN, WRONG = (6, 8, 12), (10, 12, 16)
ROWS, QUICK_ROWS = 2000, 200
PEERS, QUICK_PEERS, SPEED_ROWS = 300, 40, 2000
UNCERTAIN = "air uncertain"
HARD_AIR = Air(26.0, (4.0, -3.0), 0.0, 0.0)
UNASKED = Air()
BLIND = Air(15.0, temperature_sigma=0.0, wind_sigma=0.0)
MOST_CLEAN, MOST_WRONG, MOST_REFUSED, MOST_MS = 1.1, 1.25, 0.05, 0.05
LEAST_HELD, MOST_HELD = 0.93, 0.97


class Row(Struct, frozen=True, kw_only=True):
    """One case: ``ratio`` is the RMS of error over bound, ``ratio_99`` without the worst hundredth, ``worst`` the
    greatest. ``held`` the share of ellipses that hold the source with its
    exact (Clopper–Pearson) 95 % interval, ``reasons`` how often which refusal. Metres; ``sigma_ms`` of arrivals."""

    case: str
    sensors: int
    wrong: int
    sigma_ms: float
    layouts: int
    refused: float
    ratio: float
    ratio_99: float
    worst: float
    rms_metres: float
    bound_metres: float
    median_metres: float
    held: float
    held_low: float
    held_high: float
    reasons: dict[str, int]


class Speed(Struct, frozen=True, kw_only=True):
    """Milliseconds of processor time a fix: many at once without wrong arrivals (8 sensors) and with them (10, 3
    wrong); ``scipy.optimize.least_squares`` one by one on the first; and how many times as fast that makes the
    batch."""

    rows: int
    batch_ms: float
    consensus_ms: float
    least_squares_ms: float
    times_as_fast: float
    least_squares_ratio: float


class Goal(Struct, frozen=True, kw_only=True):
    """One goal, what it asks, what was found, and whether that is met."""

    name: str
    wanted: str
    found: str
    met: bool


class Figures(Struct, frozen=True, kw_only=True):
    """All of it."""

    version: int
    seed: int
    quick: bool
    rows: tuple[Row, ...]
    goals: tuple[Goal, ...]
    speed: Speed
    floor: Floor


def measure(seed: int = 1, *, quick: bool = False, report: Callable[[str, int, int], None] | None = None) -> Figures:
    """Every case, the goals and the times. ``report`` is told which case comes, of how many."""
    number = QUICK_ROWS if quick else ROWS
    cases = _cases()
    rows = []
    for position, (name, case) in enumerate(cases):
        if report is not None:
            report(name, position, len(cases))
        rows.append(measure_case(name, case, number, seed))
    speed = measure_speed(seed, QUICK_PEERS if quick else PEERS, SPEED_ROWS)
    floor = measure_floor(FLOOR, number, seed, MOST_REFUSED)
    goals = _goals(rows, speed)
    return Figures(version=1, seed=seed, quick=quick, rows=tuple(rows), goals=goals, speed=speed, floor=floor)


def _cases() -> list[tuple[str, Case]]:
    clean = [("clean", Case(n, sigma)) for n in CLEAN for sigma in SIGMAS]
    wrong = [("wrong", Case(n, sigma, wrong=int(0.3 * n))) for n in WRONG for sigma in SIGMAS]
    late = [("late echoes", Case(n, 0.001, late=True)) for n in (10, 16)]
    told = [(UNCERTAIN, Case(8, sigma, told=UNASKED)) for sigma in SIGMAS]
    blind = [("air mistaken", Case(8, sigma, air=HARD_AIR, told=BLIND)) for sigma in SIGMAS]
    return [*clean, *wrong, *late, *told, *blind]


def measure_case(name: str, case: Case, rows: int, seed: int) -> Row:
    """The figures of one case over ``rows`` layouts."""
    layouts = (draw_in_airs if name == UNCERTAIN else draw_layouts)(case, rows, seed)
    fixes = locate_all(layouts.arrivals, case.told, height=SOURCE_HEIGHT)
    good = fixes.located
    errors = np.hypot(*(fixes.where - layouts.sources).T)[good]
    share = errors / layouts.bound[good]
    inside = int(np.count_nonzero(_held(fixes, layouts)))
    number = max(1, int(good.sum()))
    codes = np.bincount(fixes.code, minlength=len(Code))
    return Row(
        case=name,
        sensors=case.sensors,
        wrong=case.wrong,
        sigma_ms=case.sigma * 1000,
        layouts=rows,
        refused=_kept(1 - good.mean()),
        ratio=_kept(np.sqrt(np.mean(share**2))),
        ratio_99=_kept(np.sqrt(np.mean(np.sort(share)[: max(1, int(0.99 * len(share)))] ** 2))),
        worst=_kept(share.max()),
        rms_metres=_kept(np.sqrt(np.mean(errors**2))),
        bound_metres=_kept(np.sqrt(np.mean(layouts.bound[good] ** 2))),
        median_metres=_kept(np.median(errors)),
        held=_kept(inside / number),
        held_low=_kept(0.0 if inside == 0 else beta.ppf(0.025, inside, number - inside + 1)),
        held_high=_kept(1.0 if inside == number else beta.ppf(0.975, inside + 1, number - inside)),
        reasons={reason.value: int(codes[code]) for code, reason in REASONS.items() if codes[code]},
    )


def _kept(value: float) -> float:
    """Four decimals: what follows them differs between processors."""
    return round(float(value), 4)


def _held(fixes: Fixes, layouts: Layouts) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Of the located rows, whether the ellipse holds the source."""
    good = fixes.located
    off = (fixes.where - layouts.sources)[good]
    solved = np.linalg.solve(fixes.covariance[good], off[..., None])[..., 0]
    return np.asarray((off * solved).sum(axis=-1) <= RADIUS_95**2)


def measure_speed(seed: int, peers: int, rows: int) -> Speed:
    """Processor time a fix; see the module."""
    easy, hard = Case(8, 0.001), Case(10, 0.001, wrong=3)
    plain, mixed = draw_layouts(easy, rows, seed), draw_layouts(hard, rows, seed)
    some = slice(0, min(peers, rows))
    fits = [_plain_fit(plain, row, easy.air) for row in range(some.stop)]
    off = np.hypot(*(np.array(fits) - plain.sources[some]).T) / plain.bound[some]
    batch = _least(lambda: locate_all(plain.arrivals, easy.told)) / rows
    consensus = _least(lambda: locate_all(mixed.arrivals, hard.told)) / rows
    alone = _least(lambda: [_plain_fit(plain, row, easy.air) for row in range(some.stop)]) / some.stop
    return Speed(
        rows=rows,
        batch_ms=round(batch * 1000, 4),
        consensus_ms=round(consensus * 1000, 4),
        least_squares_ms=round(alone * 1000, 4),
        times_as_fast=round(alone / batch, 1),
        least_squares_ratio=_kept(np.sqrt(np.mean(off**2))),
    )


def _plain_fit(layouts: Layouts, row: int, air: Air) -> list[float]:
    """What anybody would write first: three unknowns, from the middle of the sensors."""
    places, times = layouts.arrivals.places[row], layouts.arrivals.times[row]
    middle = places[:, :2].mean(axis=0)

    def left(guess: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        gap = places - (guess[0], guess[1], SOURCE_HEIGHT)
        return np.asarray(times * air.speed - guess[2] - np.sqrt((gap * gap).sum(axis=1)))

    found = least_squares(left, (*middle, float(times.min()) * air.speed - 100.0))
    return [float(found.x[0]), float(found.x[1])]


def _least(doing: Callable[[], object]) -> float:
    """Seconds of processor time, the least of three."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        doing()
        spent.append(time.process_time() - begun)
    return max(min(spent), 1e-9)


def _goals(rows: list[Row], speed: Speed) -> tuple[Goal, ...]:
    goals = [goal for sigma in SIGMAS for goal in _goals_at(sigma * 1000, rows)]
    took = f"{speed.batch_ms:.3f} ms, least squares {speed.least_squares_ms:.1f} ms"
    in_time = Goal(name="time a fix, many at once", wanted=f"< {MOST_MS} ms", found=took, met=speed.batch_ms < MOST_MS)
    return (*goals, in_time)


def _goals_at(sigma_ms: float, rows: list[Row]) -> list[Goal]:
    clean = [row for row in rows if row.case == "clean" and row.sigma_ms == sigma_ms]
    wrong = [row for row in rows if row.case == "wrong" and row.sigma_ms == sigma_ms]
    at = f"σ {sigma_ms:g} ms"
    best, robust = max(row.ratio for row in clean), max(row.ratio for row in wrong)
    refused = max(row.refused for row in wrong)
    low, high = (pick(row.held for row in (*clean, *wrong)) for pick in (min, max))
    return [
        Goal(
            name=f"{at}, none wrong: error over bound",
            wanted=f"≤ {MOST_CLEAN}",
            found=f"{best:.3f}",
            met=best <= MOST_CLEAN,
        ),
        Goal(
            name=f"{at}, 30 % wrong: error over bound, refused",
            wanted=f"≤ {MOST_WRONG}, ≤ {MOST_REFUSED:.0%}",
            found=f"{robust:.3f}, {refused:.1%}",
            met=robust <= MOST_WRONG and refused <= MOST_REFUSED,
        ),
        Goal(
            name=f"{at}: ellipses that hold, least and most of these",
            wanted=f"{LEAST_HELD:.0%}–{MOST_HELD:.0%}",
            found=f"{low:.1%}–{high:.1%}",
            met=low >= LEAST_HELD and high <= MOST_HELD,
        ),
    ]
