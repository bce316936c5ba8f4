"""Noise events: stretches in which the level stands out, each with its source, start, duration, SEL and LAFmax.

The rule, on LAF by eighths of a second: an event **enters** when LAF exceeds its threshold, and is **over** when LAF
has not exceeded the threshold less 5 dB for two seconds. It reaches from the first to the last eighth above the lower
level, so that its SEL holds the rise and the fall; what is shorter than half a second is no event. The threshold is
either a level that the user gives, as ISO 20906:2009 has it near airports, or the background plus 10 dB, the background
being L50 of LAF over the last ten minutes (criterion iii of Alsina-Pagès, Benocci, Brambilla and Zambon 2021, "Methods
for noise event detection and assessment of the sonic environment by the Harmonica index", Applied Sciences 11). Nothing
enters before three seconds of background are known. A noise that lasts becomes the background after some five minutes,
which ends its event: that is meant.

SEL and LAFmax are of all that was heard then; the background is not subtracted. A source is named when it dominates
more ticks than any other, than withheld sounds (a voice is never a source), and than a quarter of the event's ticks.

>>> from clairvoie.detect.sound.levels import SecondLevels
>>> def second(t, level):
...     eighths = (level,) * 8
...     return SecondLevels(t, 1.0, level, level, level, level, level, True, False, eighths, False, eighths, eighths)
>>> meter = NoiseEventMeter()
>>> levels = [50.0] * 20 + [70.0] * 4 + [50.0] * 6
>>> [event] = [event for t, level in enumerate(levels, start=1) for event in meter.feed(second(t, level))]
>>> event.start, event.duration, round(event.sel, 1), event.lafmax, event.background, event.source
(20.0, 4.0, 76.0, 70.0, 50.0, None)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.detect.sound.levels import FAST_PER_SECOND, SecondLevels
from clairvoie.detect.sound.sources import LEAST_SCORE, withholds
from clairvoie.detect.sound.tagging import Scores
from clairvoie.errors import InvalidValue

BACKGROUND_SECONDS = 600
LEAST_BACKGROUND_SECONDS = 3
LEAST_SHARE = 0.25
"""A source that dominates less of an event's ticks is not named."""
EIGHTH = 1 / FAST_PER_SECOND
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class EventRule:
    """When an event enters and leaves. ``threshold`` in dB is a fixed one; without it the background decides."""

    over_background: float = 10.0
    hysteresis: float = 5.0
    pause: float = 2.0
    shortest: float = 0.5
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.hysteresis <= self.over_background or self.pause <= 0 or self.shortest < 0:
            raise InvalidValue("an event leaves below where it enters, but not below the background", self)


@dataclass(frozen=True, slots=True)
class NoiseEvent:
    """One event: times in seconds on the stream's clock, levels in dB. ``source`` is ``None`` when none dominates.

    ``background`` is L50 before it, or ``None`` where it was not known.
    """

    source: NoiseSource | None
    start: float
    duration: float
    sel: float
    lafmax: float
    background: float | None

    @property
    def end(self) -> float:
        """When it was last above the lower level."""
        return self.start + self.duration


@dataclass(slots=True)
class _Open:
    """An event that may be beginning, or has entered. What is ``pending`` came since it was last above."""

    start: float
    last: float
    background: float | None
    energy: float = 0.0
    pending: float = 0.0
    lafmax: float = -math.inf
    entered: bool = False
    pending_ticks: list[Scores] = field(default_factory=list)
    ticks: dict[NoiseSource | None, float] = field(default_factory=dict)
    withheld: float = 0.0
    heard: float = 0.0


class _Background:
    """L50 of LAF over the last ten minutes."""

    def __init__(self) -> None:
        self._laf = np.zeros(BACKGROUND_SECONDS * FAST_PER_SECOND)
        self._count = 0

    def learn(self, laf: tuple[float, ...]) -> None:
        places = (self._count + np.arange(len(laf))) % self._laf.size
        self._laf[places] = laf
        self._count += len(laf)

    def level(self) -> float | None:
        """``None`` while too little is known. In digital silence it is minus infinity."""
        known = min(self._count, self._laf.size)
        if known < LEAST_BACKGROUND_SECONDS * FAST_PER_SECOND:
            return None
        return float(np.partition(self._laf[:known], (known - 1) // 2)[(known - 1) // 2])


class NoiseEventMeter:
    """Takes seconds and the recogniser's ticks as they come, in constant memory, and gives events once they are over.

    Everything is judged one second late, since a tick may be scored up to a second after it was heard; what comes out
    does not depend on how much earlier ticks were given. A gap ends an event.
    """

    def __init__(self, rule: EventRule | None = None) -> None:
        self.rule = EventRule() if rule is None else rule
        self._background = _Background()
        self._ticks: deque[Scores] = deque()
        self._waiting: SecondLevels | None = None
        self._open: _Open | None = None

    def hear(self, ticks: Iterable[Scores]) -> None:
        """Add ticks of the recogniser, in order of time."""
        self._ticks.extend(ticks)

    def feed(self, second: SecondLevels) -> list[NoiseEvent]:
        """Add a second. Returns the events that are known to be over."""
        before, self._waiting = self._waiting, second
        return [] if before is None else self._judged(before)

    def finish(self) -> list[NoiseEvent]:
        """The end of a recording ends what is open."""
        before, self._waiting = self._waiting, None
        found = [] if before is None else self._judged(before)
        return found + self._close()

    def _judged(self, second: SecondLevels) -> list[NoiseEvent]:
        ticks = self._ticks_until(second.t_end)
        if not second.usable:
            return self._close()
        threshold, background = self._threshold()
        found: list[NoiseEvent] = []
        if self._open is None and max(second.lafmax_eighths, default=-math.inf) <= threshold - self.rule.hysteresis:
            self._background.learn(second.laf)
            return found  # the common case, of a street without an event
        start = second.t_end - second.seconds
        for number, (level, greatest) in enumerate(zip(second.laeq_eighths, second.lafmax_eighths, strict=True)):
            begin = start + number * EIGHTH
            end = min(begin + EIGHTH, second.t_end)
            found += self._follow(begin, end, level, greatest, threshold, background)
            while ticks and ticks[0].time - ticks[0].seconds / 2 < end:
                self._place(ticks.popleft())
        self._background.learn(second.laf)
        return found

    def _threshold(self) -> tuple[float, float | None]:
        background = self._background.level()
        if self.rule.threshold is not None:
            return self.rule.threshold, background
        return math.inf if background is None else background + self.rule.over_background, background

    def _ticks_until(self, t_end: float) -> deque[Scores]:
        found: deque[Scores] = deque()
        while self._ticks and self._ticks[0].time - self._ticks[0].seconds / 2 < t_end:
            found.append(self._ticks.popleft())
        return found

    def _follow(
        self, begin: float, end: float, level: float, greatest: float, threshold: float, background: float | None
    ) -> list[NoiseEvent]:
        above = greatest > threshold - self.rule.hysteresis
        energy = 10 ** (level / 10) * (end - begin)
        event = self._open
        if event is None:
            if not above:
                return []
            known = background if background is not None and math.isfinite(background) else None
            event = self._open = _Open(begin, end, known)
        if above:
            event.energy += event.pending + energy
            event.pending, event.last = 0.0, end
            event.lafmax = max(event.lafmax, greatest)
            event.entered = event.entered or greatest > threshold
            for tick in event.pending_ticks:
                _attribute(event, tick)
            event.pending_ticks = []
            return []
        event.pending += energy
        if not event.entered or end - event.last >= self.rule.pause - _SLACK:
            return self._close()
        return []

    def _place(self, tick: Scores) -> None:
        if self._open is None:
            return
        if self._open.pending:
            self._open.pending_ticks.append(tick)
        else:
            _attribute(self._open, tick)

    def _close(self) -> list[NoiseEvent]:
        event, self._open = self._open, None
        if event is None or not event.entered or event.energy <= 0:
            return []
        duration = event.last - event.start
        if duration < self.rule.shortest - _SLACK:
            return []
        source, seconds = max(event.ticks.items(), key=lambda item: item[1], default=(None, 0.0))
        named = seconds > event.withheld and seconds >= LEAST_SHARE * event.heard - _SLACK
        return [
            NoiseEvent(
                source=source if named else None,
                start=event.start,
                duration=duration,
                sel=10 * math.log10(event.energy),
                lafmax=event.lafmax,
                background=event.background,
            )
        ]


def _attribute(event: _Open, tick: Scores) -> None:
    event.heard += tick.seconds
    source, score = max(tick.sources.items(), key=lambda item: item[1], default=(None, 0.0))
    if score >= LEAST_SCORE and not withholds(tick, score):
        event.ticks[source] = event.ticks.get(source, 0.0) + tick.seconds
    elif tick.withheld >= LEAST_SCORE:
        event.withheld += tick.seconds
