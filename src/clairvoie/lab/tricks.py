"""Ways in which a hostile analyser could hide bits in what leaves; :mod:`clairvoie.lab.covert` measures them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    SCHEDULE,
    BeginEvent,
    Bulletin,
    EndEvent,
    HourIndicators,
    ImpulseEvent,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenMinuteThirds,
    TenSeconds,
    alphabets_of,
)
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
from clairvoie.boundary.hazards import HAZARD_KINDS, HEALTHS, SOUND_HAZARDS, HazardKind
from clairvoie.egress.screening import Refused
from clairvoie.lab.covert import Key, Said, Trick

KINDS = tuple(sorted(SOUND_HAZARDS - {HazardKind.IMPULSE}))


class Values(Trick):
    """Every scheduled field holds a symbol: levels, octaves, thirds, hours, seconds, wind, health."""

    name = "values of levels"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        said: Said = []
        if second % 10 == 0:
            said.append(TenSecondLevel(end=second, laeq=self._level((second, "ten"), units.LEVEL)))
        if second % 60 == 0:
            said.append(self._minute(second))
        if second % 600 == 0:
            thirds = tuple(self._level((second, "third", n), units.THIRD) for n in range(len(THIRD_CENTRES)))
            said.append(ThirdLevels(end=second, seconds=600, thirds=thirds))
        if second % 3600 == 0:
            said.append(self._hour(second))
        return said

    def _level(self, key: Key, scale: units.Scale) -> float | None:
        return scale.decode(self.symbol(key, scale.count))

    def _hour(self, second: int) -> Claim:
        """Indicators are believed from three quarters of an hour on, which leaves three values of the coverage."""
        events = units.EVENTS_OF_HOUR.decode(self.symbol((second, "events"), units.EVENTS_OF_HOUR.count))
        return HourNoise(
            end=second,
            harmonica=self._level((second, "harmonica"), units.HARMONICA),
            intermittency=self._level((second, "intermittency"), units.PERCENT),
            events=None if events is None else round(events),
            coverage=(6 + self.symbol((second, "coverage"), 3)) / 8,
        )

    def _minute(self, second: int) -> Claim:
        names = ("lceq", "lafmax", "l10", "l50", "l90")
        octaves = tuple(self._level((second, "octave", n), units.OCTAVE) for n in range(len(OCTAVE_CENTRES)))
        return MinuteLevels(
            end=second,
            laeq=None,
            lcpeak=self._level((second, "lcpeak"), units.PEAK),
            octaves=octaves,
            sources=(),
            valid_seconds=self.symbol((second, "valid"), 61),
            overload_seconds=self.symbol((second, "overload"), 6),
            windy=bool(self.symbol((second, "windy"), 2)),
            health=HEALTHS[self.symbol((second, "health"), len(HEALTHS))],
            **{name: self._level((second, name), units.LEVEL) for name in names},
        )

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        found: dict[Key, int] = {}
        for bulletin in bulletins:
            for part in bulletin.scheduled:
                end = bulletin.second - SCHEDULE[type(part)][1]
                found.update({(end, *key): code for key, code in _symbols(part)})
        return found


def _symbols(part: Scheduled) -> Iterator[tuple[Key, int]]:
    """What the fields of a part say, beside what of :class:`Values` they stand for."""
    if isinstance(part, TenSeconds):
        yield ("ten",), part.laeq
    elif isinstance(part, MinuteOctaves):
        yield from ((("octave", n), code) for n, code in enumerate(part.levels))
    elif isinstance(part, TenMinuteThirds):
        yield from ((("third", n), code) for n, code in enumerate((*part.low, *part.high)))
    elif isinstance(part, MinuteState):
        yield ("valid",), part.valid_seconds - 1
        yield ("overload",), part.overloads - 1
        yield ("windy",), part.windy
        yield ("health",), part.health
    else:
        yield from (((name,), getattr(part, name)) for name in alphabets_of(type(part)) if name != "coverage")
        if isinstance(part, HourIndicators):
            yield ("coverage",), part.coverage - 6


class Bangs(Trick):
    """A bang every sixteen seconds: when to 0.1 ms, how loud, how sure of its clock."""

    name = "bangs: time, level, clock"
    period = 16
    span = 8

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        if second % self.period != self.span + 1:
            return []
        place = self.symbol((second // self.period, "place"), round(self.span / 0.0001))
        level = self.symbol((second // self.period, "level"), 63)
        sigma = self.symbol((second // self.period, "sigma"), len(units.CLOCK_CLASSES))
        begin = second - second % self.period + 1
        return [
            ImpulseDetection(onset=begin + place * 0.0001, sigma=units.CLOCK_CLASSES[sigma], level=20.0 + 2 * level)
        ]

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        found: dict[Key, int] = {}
        for bulletin in bulletins:
            for event in bulletin.events:
                if isinstance(event, ImpulseEvent):
                    onset = bulletin.second + 1 - (units.AGE_FINE.decode(event.age) or 0.0)
                    number = math.floor(onset) // self.period
                    found[number, "place"] = round((onset - number * self.period - 1) / 0.0001)
                    found[number, "level"] = event.level - 1
                    found[number, "sigma"] = event.sigma - 1
        return found


class Everything(Trick):
    """All scheduled fields, bangs, and as many refused claims a minute as can be counted, at once."""

    name = "all of these at once"

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.tricks = (Values(seed), Bangs(seed + 1), Refusals(seed + 2))
        for number, trick in enumerate(self.tricks):
            trick.symbol = self._symbol_of(number)  # type: ignore[method-assign,assignment]

    def _symbol_of(self, number: int) -> Callable[[Key, int], int]:
        return lambda key, size: self.symbol((number, *key), size)

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        return [claim for trick in self.tricks for claim in trick.claims(second)]

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        return {
            (number, *key): value
            for number, trick in enumerate(self.tricks)
            for key, value in trick.read(bulletins).items()
        }


class Order(Trick):
    """Five hazards begin at once; the order in which they are claimed is the message."""

    name = "order of claims"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        if second % 120 == 0:
            kinds = list(KINDS)
            number = self.symbol((second // 120,), math.factorial(len(kinds)))
            shuffled = [
                kinds.pop(number // math.factorial(left) % (left + 1)) for left in range(len(kinds) - 1, -1, -1)
            ]
            return [
                DetectionBegin(local=second, kind=kind, onset=second, confidence=0.5, level=60.0, clock_sigma=0.001)
                for kind in shuffled
            ]
        if second % 120 == 60:
            return [
                DetectionEnd(local=second - 60, kind=kind, offset=second, confidence=0.5, level=60.0) for kind in KINDS
            ]
        return []

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        seen: dict[int, list[HazardKind]] = {}
        for bulletin in bulletins:
            for event in bulletin.events:
                if isinstance(event, BeginEvent):
                    seen.setdefault(bulletin.second // 120, []).append(HAZARD_KINDS[event.kind])
        found: dict[Key, int] = {}
        for key, kinds in seen.items():
            left = list(KINDS)
            number = 0
            for kind in kinds:
                if kind in left:
                    number += left.index(kind) * math.factorial(len(left) - 1)
                    left.remove(kind)
            found[key,] = number
        return found


class Timing(Trick):
    """Which second of a minute has the one bang in it, by its presence alone; and so what its identifier is."""

    name = "timing of events"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        minute = second // 60
        if second % 60 == 0:
            self.symbol((minute,), 50)
        if second % 60 == self.sent[minute,]:
            return [ImpulseDetection(onset=second + 0.5, sigma=0.001, level=90.0)]
        return []

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        return {
            (bulletin.second // 60,): bulletin.second % 60
            for bulletin in bulletins
            if any(isinstance(event, ImpulseEvent) for event in bulletin.events)
        }


class Refusals(Trick):
    """How many claims a minute are no claims: a count of the gate's own, which stops at six."""

    name = "refused claims"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        if second % 60 != 20:
            return []
        return [Refused()] * self.symbol((second // 60, "refused"), 7)

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        return {
            (bulletin.second // 60 - 1, "refused"): part.refusals - 1
            for bulletin in bulletins
            for part in bulletin.scheduled
            if isinstance(part, MinuteState)
        }


class Drops(Trick):
    """A flood of bangs, or none: what the budget turns away is counted."""

    name = "drops"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        if second % 60 != 20 or not self.symbol((second // 60,), 2):
            return []
        return [ImpulseDetection(onset=second - 3 + 0.06 * n, sigma=0.001, level=80.0) for n in range(50)]

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        return {
            (bulletin.second // 60 - 1,): int(part.drops > 1)
            for bulletin in bulletins
            for part in bulletin.scheduled
            if isinstance(part, MinuteState)
        }


class Crashes(Trick):
    """A hazard is claimed, and the second in which the analyser crashes ends it. The launcher makes a process that
    crashes again and again wait for up to half a minute; this gate is not told, so the attacker has it better here."""

    name = "crashes and restarts"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        place = second % 30
        if place == 0:
            self.symbol((second // 30,), 20)
            kind = HazardKind.ALARM_SOUNDING
            return [
                DetectionBegin(local=second, kind=kind, onset=second, confidence=0.5, level=60.0, clock_sigma=0.001)
            ]
        return []

    def crashes(self, second: int) -> bool:
        """As :meth:`Trick.crashes` has it."""
        return second % 30 == 5 + self.sent[second // 30,]

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        return {
            (bulletin.second // 30,): bulletin.second % 30 - 5
            for bulletin in bulletins
            if any(isinstance(event, EndEvent) for event in bulletin.events)
        }


class Flood(Trick):
    """As many claims as the gate reads, in every second, all of them different: forty symbols a second are offered."""

    name = "flood of claims"

    def claims(self, second: int) -> Said:
        """As :meth:`Trick.claims` has it."""
        places = sorted(self.random.sample(range(0, 9000, 500), 16))
        said: Said = [
            ImpulseDetection(
                onset=second + place * 0.0001, sigma=0.0001, level=20.0 + 2 * self.symbol((second, place), 63)
            )
            for place in places
        ]
        return said

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """As :meth:`Trick.read` has it."""
        found: dict[Key, int] = {}
        for bulletin in bulletins:
            for event in bulletin.events:
                if isinstance(event, ImpulseEvent):
                    onset = bulletin.second + 1 - (units.AGE_FINE.decode(event.age) or 0.0)
                    second = math.floor(onset + 0.00005)
                    found[second, round((onset - second) / 0.05) * 500] = event.level - 1
        return found


TRICKS: tuple[type[Trick], ...] = (Values, Bangs, Order, Timing, Refusals, Drops, Crashes, Flood, Everything)
