"""Hostile analysers: any claim at all, at any time, in any number, and bytes that are none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Authorisation
from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.detection import (
    OCTAVE_CENTRES,
    THIRD_CENTRES,
    Claim,
    DetectionBegin,
    DetectionEnd,
    HourNoise,
    ImpulseDetection,
    MinuteLevels,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import HazardKind, Health, NoiseSource
from clairvoie.boundary.standing import Act, Standing
from clairvoie.boundary.wire import Record, decode_record, encode_body
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.budget import Budget
from clairvoie.egress.gate import tick
from clairvoie.egress.screening import Refused
from clairvoie.egress.state import GateState, decode_state, encode_state
from clairvoie.lab.leave import exercise_authorisation

START = 1_800_000_000
"""A multiple of 600, so that schedules are easy to read."""
EVERYTHING = exercise_authorisation("town", ["mic-1", "mic-2"], exercise=False, ends=START + 10**8)


def standing_on(*acts: Act | Authorisation) -> Standing:
    """These acts, as if somebody had verified them; those without a digest are named by their number."""
    known = [
        act if isinstance(act, Act) else Act(digest=f"{act.number:064x}", authorisation=act, signed_by=("authority",))
        for act in acts
    ]
    return Standing(acts=tuple(known))


def leave_of(*acts: Act | Authorisation, since: float = 0.0, now: float = START, **about: Any) -> Rules:
    """Rules of ``mic-1`` with leave under ``acts`` (by default everything), at ``now`` of trusted time."""
    leave = Leave(since=since, earliest=now, latest=now)
    return Rules(sensor="mic-1", standing=standing_on(*(acts or (EVERYTHING,))), leave=leave, **about)


class HostileAnalyser:
    """Says anything, from a seed: every claim is one that the pipe can carry, or bytes that are none."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def claim(self, second: int) -> Claim | Refused:
        """One claim around ``second``."""
        makers = (
            *(self._begin, self._begin, self._end, self._bang, self._bang, self._bang),
            *(self._ten, self._minute, self._thirds, self._hour, lambda _second: Refused()),
        )
        return self.random.choice(makers)(second)

    def _time(self, second: int) -> float:
        """Mostly near the end of ``second``, now and then anywhere."""
        near = self.random.random()
        if near < 0.05:
            return self.random.uniform(0, 1e11)
        return second + (self.random.uniform(-30, 4) if near < 0.4 else self.random.random())

    def _period(self, second: int, period: int) -> int:
        if self.random.random() < 0.1:
            return second + self.random.randint(-70, 5)
        return second - second % period + self.random.choice((-period, 0, 0, 0, period))

    def _level(self) -> float:
        return self.random.choice((-200.0, 250.0, self.random.uniform(10, 150)))

    def _maybe(self) -> float | None:
        return self.random.choice((None, self._level()))

    def _sigma(self) -> float:
        return float(self.random.choice((0.0, 1e9, 10 ** self.random.uniform(-5, 1))))

    def _begin(self, second: int) -> Claim:
        return DetectionBegin(
            local=self._local(), kind=self._kind(), onset=self._time(second), confidence=self.random.random(),
            level=self._level(), clock_sigma=self._sigma(),
        )  # fmt: skip

    def _end(self, second: int) -> Claim:
        return DetectionEnd(
            local=self._local(), kind=self._kind(), offset=self._time(second), confidence=1.0, level=self._level()
        )

    def _local(self) -> int:
        return self.random.choice((0, 1, 2, 2**53))

    def _kind(self) -> HazardKind:
        return self.random.choice(tuple(HazardKind))

    def _bang(self, second: int) -> Claim:
        return ImpulseDetection(onset=self._time(second), sigma=self._sigma(), level=self._level())

    def _ten(self, second: int) -> Claim:
        return TenSecondLevel(end=self._period(second, 10), laeq=self._maybe())

    def _minute(self, second: int) -> Claim:
        sources = self.random.sample(tuple(NoiseSource), self.random.randint(0, 3))
        return MinuteLevels(
            end=self._period(second, 60), laeq=self._maybe(), lceq=self._maybe(), lafmax=self._maybe(),
            lcpeak=self._maybe(), l10=self._maybe(), l50=self._maybe(), l90=self._maybe(),
            octaves=tuple(self._maybe() for _ in OCTAVE_CENTRES),
            sources=tuple((source, self.random.random()) for source in sources),
            valid_seconds=self.random.randint(0, 60), overload_seconds=self.random.randint(0, 60),
            windy=self.random.random() < 0.5, health=self.random.choice(tuple(Health)),
        )  # fmt: skip

    def _thirds(self, second: int) -> Claim:
        thirds = tuple(self._maybe() for _ in THIRD_CENTRES)
        return ThirdLevels(end=self._period(second, 600), seconds=self.random.choice((600, 600, 60)), thirds=thirds)

    def _hour(self, second: int) -> Claim:
        enough = self.random.random() < 0.8
        return HourNoise(
            end=self._period(second, 3600),
            harmonica=self.random.choice((None, self.random.uniform(0, 10))) if enough else None,
            intermittency=self.random.choice((None, self.random.uniform(0, 100))) if enough else None,
            events=self.random.choice((None, self.random.randint(0, 7200))) if enough else None,
            coverage=self.random.uniform(0.75, 1.0) if enough else self.random.uniform(0.0, 1.0),
        )


class Step(NamedTuple):
    """One tick: how far the clock went, what was claimed, and what befell the gate before it."""

    forward: int
    claims: tuple[Claim | Refused, ...]
    gone: bool
    lost: bool


class History(list[tuple[int, Step]]):
    """Ticks in order, each with its second; shown by its length, since it follows from a seed."""

    def __repr__(self) -> str:
        return f"<history of {len(self)} ticks>"


@st.composite
def histories(draw: st.DrawFn, *, lost: bool = False, most: int = 150) -> History:
    """Ticks at most of the seconds, now and then a pause or a step back, with claims that come in bursts.

    A gate that lost its state has lost its high-water mark too, so ``lost`` histories never step back.
    """
    hostile = HostileAnalyser(draw(st.integers(0, 2**32)))
    pause = draw(st.sampled_from([2, 7, 45, 400]))
    crowd = draw(st.sampled_from([0, 1, 3, 12, 80]))
    second = START + draw(st.integers(0, 700))
    history = History()
    for _ in range(draw(st.integers(1, most))):
        forward = hostile.random.choice((1,) * 12 + (pause,) + (() if lost else (0, -3)))
        second += forward
        count = hostile.random.randint(0, crowd)
        said = tuple(hostile.claim(second) for _ in range(count))
        step = Step(forward, said, hostile.random.random() < 0.05, lost and hostile.random.random() < 0.03)
        history.append((second, step))
    return history


class Released(NamedTuple):
    """What left in the end, read back from the wire, and the states between."""

    bulletins: list[Bulletin]
    records: list[Record]
    states: list[GateState]


def play(history: Sequence[tuple[int, Step]], rules: Rules, *, budget: Budget | None = None) -> Released:
    """Run the gate over ``history``; its state goes through its stored form each time, and is lost where it says so.

    With a ``budget``, that is what it has at the beginning of every second. Trusted time is that of the tick.
    """
    state = GateState(sensor=rules.sensor)
    released = Released([], [], [])
    for second, step in history:
        if step.lost:
            state = GateState(sensor=rules.sensor)
        if budget is not None:
            state = replace(state, budget=budget)
        if rules.leave is not None:
            rules = replace(rules, leave=replace(rules.leave, earliest=second, latest=second))
        release = tick(rules, decode_state(encode_state(state)), second, step.claims, gone=step.gone)
        state = release.state
        released.states.append(state)
        if release.bulletin is not None:
            released.bulletins.append(release.bulletin)
        released.records.extend(decode_record(encode_body(record)) for record in release.records)
    return released
