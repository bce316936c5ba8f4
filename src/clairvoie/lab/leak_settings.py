"""What would be left if less were released: the same minutes with values withheld, coarser, or over longer times.

The first of :data:`SETTINGS` is what a sensor releases when an act allows every measure. The next ones can be set today
(an act lists its measures); the last ones (:data:`NOT_BUILT`) would be another product and are here for comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from clairvoie.lab.leak_scene import Minute, Released

ALL = "all measures"
COARSE_DB = 2.0
LONG_MINUTES = 10


def _as_it_is(minute: Minute) -> Released:
    return minute.released


def _without_thirds(minute: Minute) -> Released:
    return minute.released._replace(thirds=np.full_like(minute.released.thirds, np.nan))


def _levels_only(minute: Minute) -> Released:
    return _without_thirds(minute)._replace(octaves=np.full_like(minute.released.octaves, np.nan))


def _bands_only(minute: Minute) -> Released:
    level = _mean_level(minute.released.tens)
    no = float("nan")
    kept = minute.released._replace(lceq=no, lafmax=no, lcpeak=no, l10=no, l50=no, l90=no)
    return kept._replace(tens=np.full_like(minute.released.tens, level))


def _coarse(minute: Minute) -> Released:
    released = minute.released
    return released._replace(
        tens=_rounded(released.tens),
        octaves=_rounded(released.octaves),
        thirds=_rounded(released.thirds),
        lceq=float(_rounded(released.lceq)),
        lafmax=float(_rounded(released.lafmax)),
        lcpeak=float(_rounded(released.lcpeak)),
        l10=float(_rounded(released.l10)),
        l50=float(_rounded(released.l50)),
        l90=float(_rounded(released.l90)),
    )


def _one_level(minute: Minute) -> Released:
    """LAeq of the minute and its octaves, nothing else."""
    return _bands_only(_only(minute, _without_thirds(minute)))


def _ten_minutes(minute: Minute) -> Released:
    """LAeq and octaves over ten minutes of which this is one."""
    short = _one_level(minute)
    usual = [one.octaves for one in minute.empty]
    octaves = _diluted(short.octaves, usual)
    level = _diluted(short.tens, [one.tens for one in minute.empty])
    return short._replace(octaves=octaves, tens=np.full_like(short.tens, _mean_level(level)))


def _only(minute: Minute, released: Released) -> Minute:
    quiet = released._replace(impulses=0.0, impulse_span=0.0, impulse_level=0.0, begins=0.0)
    return minute._replace(released=quiet)


def _mean_level(levels: np.ndarray) -> float:
    return float(10 * np.log10(np.nanmean(10 ** (np.asarray(levels) / 10))))


def _rounded(levels: np.ndarray | float) -> np.ndarray:
    return np.asarray(np.round(np.asarray(levels) / COARSE_DB) * COARSE_DB)


def _diluted(levels: np.ndarray, empty: Sequence[np.ndarray]) -> np.ndarray:
    usual = np.mean([10 ** (one / 10) for one in empty], axis=0)
    mixed = (10 ** (levels / 10) + (LONG_MINUTES - 1) * usual) / LONG_MINUTES
    return np.asarray(np.round(10 * np.log10(mixed) * 2) / 2)


SETTINGS: dict[str, Callable[[Minute], Released]] = {
    ALL: _as_it_is,
    "without thirds": _without_thirds,
    "levels only, no bands": _levels_only,
    "bands only, no levels": _bands_only,
    "every value in steps of 2 dB": _coarse,
    "LAeq and octaves each minute": _one_level,
    "LAeq and octaves each ten minutes": _ten_minutes,
}
NOT_BUILT = tuple(SETTINGS)[4:]
