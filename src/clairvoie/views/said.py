"""What a sensor said, in words and in bits: every bulletin that can exist can be read here by anybody.

:class:`Speech` turns each part of a bulletin into a sentence in one language at one site, beside what that part was
charged. The charges of the statements add up to :func:`~clairvoie.boundary.bulletin.charge`, so nothing that left is
left untold (tested over all types).

>>> from clairvoie.boundary.bulletin import TenSeconds
>>> from clairvoie.boundary.units import LEVEL
>>> from clairvoie.views.clock import SiteClock
>>> speech = Speech("en", SiteClock("Europe/Paris"))
>>> heard = Bulletin(sensor="mic-1", second=1_799_999_952, scheduled=(TenSeconds(laeq=LEVEL.encode(61.5)),))
>>> speech.sentence(heard.second, heard).replace("\\xa0", " ")
'08:59:12, LAeq 61.5 dB over the ten seconds to 08:59:10'
>>> speech.sentence(1_799_999_953, Bulletin(sensor="mic-1", second=1_799_999_953))
'08:59:13, nothing'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    SCHEDULE,
    BeginEvent,
    Bulletin,
    EndEvent,
    HourIndicators,
    ImpulseEvent,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    TenMinuteThirds,
    TenSeconds,
    event_millibits,
    fields_millibits,
)
from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES
from clairvoie.boundary.hazards import HAZARD_KINDS, HEALTHS, MODES, NOISE_SOURCES
from clairvoie.boundary.units import MILLIBITS_PER_BIT, Scale
from clairvoie.views.clock import SiteClock
from clairvoie.views.terms import term
from clairvoie.views.words import decimal, translations
from clairvoie.views.words import mark as _

NO_BREAK = "\u00a0"
TENTHS, TENTHS_OF_A_MILLISECOND = 10, 10_000
"""How finely a second is divided in the ages of events, and in those of impulses."""


class Statement(NamedTuple):
    """One thing that was said, and its charge in thousandths of a bit."""

    words: str
    millibits: int


class Speech:
    """Bulletins in words, in one language, with the times of one site."""

    def __init__(self, language: str, clock: SiteClock) -> None:
        self.language = language
        self.clock = clock
        self.texts = translations(language)
        self._told: dict[type, Callable[[Any, int], str]] = {
            TenSeconds: self._ten_seconds,
            MinuteIndicators: self._indicators,
            MinuteOctaves: self._octaves,
            MinuteState: self._state,
            TenMinuteThirds: self._thirds,
            HourIndicators: self._hour,
            BeginEvent: self._begin,
            EndEvent: self._end,
            ImpulseEvent: self._impulse,
        }

    def sentence(self, second: int, bulletin: Bulletin | None) -> str:
        """One second in one sentence: the local time, then what was said, ``nothing``, or ``not heard``."""
        return f"{self.clock.time(second)}, {self.summary(bulletin)}"

    def summary(self, bulletin: Bulletin | None) -> str:
        """What was said without its time. ``None``: no bulletin arrived, which is not the same as nothing."""
        if bulletin is None:
            return self._text(_("not heard"))
        said = [statement.words for statement in self.statements(bulletin)]
        return "; ".join(said[:-1]) if len(said) > 1 else self._text(_("nothing"))

    def statements(self, bulletin: Bulletin) -> tuple[Statement, ...]:
        """Each part with its charge; the last says that nothing (more) happened, which is information too."""
        said = [
            Statement(self._told[type(part)](part, bulletin.second), fields_millibits(type(part)))
            for part in bulletin.scheduled
        ]
        said += [
            Statement(self._told[type(event)](event, bulletin.second), event_millibits(type(event)))
            for event in bulletin.events
        ]
        last = _("nothing happened") if not bulletin.events else _("nothing more happened")
        return (*said, Statement(self._text(last), EVENT_ABSENT_MILLIBITS))

    def bits(self, millibits: float, places: int = 1) -> str:
        """A number of bits, with its unit.

        >>> Speech("fr", SiteClock("Europe/Paris")).bits(7931).replace("\\xa0", " ")
        '7,9 bits'
        """
        bits = millibits / MILLIBITS_PER_BIT
        if 0 < bits < 0.1:
            places = 2
        # French has the singular below two, English only for one itself, which a figure with decimals never is.
        form = _("bit") if self.language == "fr" and bits < 2 else _("bits")
        return f"{decimal(bits, self.language, places)}{NO_BREAK}{self._text(form)}"

    def _text(self, key: str, **values: object) -> str:
        text: str = self.texts.gettext(key)
        return text % values if values else text

    def _value(self, scale: Scale, code: int, places: int = 1) -> str:
        value = scale.decode(code)
        return self._text(_("not known")) if value is None else decimal(value, self.language, places)

    def _level(self, scale: Scale, code: int, places: int = 1) -> str:
        known = f"{NO_BREAK}{scale.unit}" if code else ""
        return self._value(scale, code, places) + known

    def _until(self, kind: type, second: int, *, seconds: bool = False) -> str:
        """The local time at which what ``kind`` tells of ended: the last boundary of its period."""
        return self.clock.time(second - second % SCHEDULE[kind][0], seconds=seconds)

    def _at(self, second: int, age: int, per_second: int) -> str:
        """The time that lies ``age`` (a code, in parts of a second) before the end of the releasing second.

        Whole numbers throughout: a tenth of a millisecond does not survive the sum of a large float and a small one.
        """
        if age == 0:
            return self._text(_("at an unknown time"))
        ticks = (second + 1) * per_second - (age - 1)
        point = "," if self.language == "fr" else "."
        digits = len(str(per_second)) - 1
        shown = f"{self.clock.time(ticks // per_second)}{point}{ticks % per_second:0{digits}d}"
        return self._text(_("at %(time)s"), time=shown)

    def clock_bound(self, sigma: float | None) -> str:
        """How well a time is known: ``clock to within 3 ms``."""
        if sigma is None:
            return self._text(_("clock uncertain"))
        return self._text(_("clock to within %(bound)s"), bound=self.uncertainty(sigma))

    def uncertainty(self, sigma: float | None) -> str:
        """A standard uncertainty of time with its unit: ``0.3 ms``, ``2 s``."""
        if sigma is None:
            return self._text(_("not known"))
        if sigma < 1:
            return f"{decimal(sigma * 1000, self.language, 1 if sigma < 0.001 else 0)}{NO_BREAK}ms"
        return f"{decimal(sigma, self.language, 0)}{NO_BREAK}s"

    def _clock(self, code: int) -> str:
        return self.clock_bound(units.decode_uncertainty(code))

    def _ten_seconds(self, part: TenSeconds, second: int) -> str:
        return self._text(
            _("LAeq %(level)s over the ten seconds to %(end)s"),
            level=self._level(units.LEVEL, part.laeq),
            end=self._until(TenSeconds, second, seconds=True),
        )

    def _indicators(self, part: MinuteIndicators, second: int) -> str:
        figures = (
            ("LCeq", units.LEVEL, part.lceq),
            ("LAFmax", units.LEVEL, part.lafmax),
            ("LCpeak", units.PEAK, part.lcpeak),
            ("L10", units.LEVEL, part.l10),
            ("L50", units.LEVEL, part.l50),
            ("L90", units.LEVEL, part.l90),
        )
        listed = ", ".join(f"{name} {self._level(scale, code)}" for name, scale, code in figures)
        return self._text(_("minute to %(end)s: %(figures)s"), end=self._until(type(part), second), figures=listed)

    def _octaves(self, part: MinuteOctaves, second: int) -> str:
        listed = self._bands(OCTAVE_CENTRES, units.OCTAVE, part.levels, places=1)
        return self._text(
            _("octave levels of the minute to %(end)s in dB: %(bands)s"),
            end=self._until(type(part), second),
            bands=listed,
        )

    def _thirds(self, part: TenMinuteThirds, second: int) -> str:
        listed = self._bands(THIRD_CENTRES, units.THIRD, (*part.low, *part.high), places=0)
        return self._text(
            _("third-octave levels of the ten minutes to %(end)s in dB: %(bands)s"),
            end=self._until(type(part), second),
            bands=listed,
        )

    def _bands(self, centres: tuple[str, ...], scale: Scale, codes: tuple[int, ...], places: int) -> str:
        return ", ".join(
            self._text(_("%(band)s %(level)s"), band=self.band(centre), level=self._value(scale, code, places))
            for centre, code in zip(centres, codes, strict=True)
        )

    def band(self, centre: str) -> str:
        """A nominal centre as a person writes it: ``31.5 Hz``, ``8 kHz``."""
        hertz = float(centre)
        kilo = hertz >= 1000
        number = f"{hertz / 1000 if kilo else hertz:g}"
        shown = number.replace(".", ",") if self.language == "fr" else number
        return f"{shown}{NO_BREAK}{'kHz' if kilo else 'Hz'}"

    def _state(self, part: MinuteState, second: int) -> str:
        return self._text(
            _("minute to %(end)s: sources %(sources)s; %(valid)s; %(overloads)s; %(wind)s; %(health)s; %(gate)s"),
            end=self._until(type(part), second),
            sources=self._sources(part.sources),
            valid=self._text(
                _("valid seconds %(count)s"), count=self._few(units.SECONDS_OF_MINUTE, part.valid_seconds)
            ),
            overloads=self._text(_("overloads %(count)s"), count=self._few(units.FEW, part.overloads)),
            wind=self._text(_("wind") if part.windy else _("no wind")),
            health=self._text(term(HEALTHS[part.health])),
            gate=self._text(
                _("turned away by the budget %(drops)s, refused by the gate %(refusals)s"),
                drops=self._few(units.FEW, part.drops),
                refusals=self._few(units.FEW, part.refusals),
            ),
        )

    def _hour(self, part: HourIndicators, second: int) -> str:
        return self._text(
            _(
                "hour to %(end)s: Harmonica index %(harmonica)s, intermittency ratio %(ratio)s, "
                "noise events %(events)s, measured %(measured)s"
            ),
            end=self._until(type(part), second),
            harmonica=self._value(units.HARMONICA, part.harmonica),
            ratio=self._level(units.PERCENT, part.intermittency, 0),
            events=self._few(units.EVENTS_OF_HOUR, part.events),
            measured=f"{part.coverage}/8" if part.coverage else self._text(_("not known")),
        )

    def _sources(self, codes: tuple[int, ...]) -> str:
        named = []
        for code in codes:
            if code:
                source, eighths = divmod(code - 1, 8)
                named.append(f"{self._text(term(NOISE_SOURCES[source]))} {eighths + 1}/8")
        return ", ".join(named) if named else self._text(_("none known"))

    def _few(self, scale: Scale, code: int) -> str:
        shown = self._value(scale, code, 0)
        saturated = scale in (units.FEW, units.EVENTS_OF_HOUR) and code == scale.count - 1
        return self._text(_("%(count)s or more"), count=shown) if saturated else shown

    def _begin(self, event: BeginEvent, second: int) -> str:
        return self._text(
            _(
                "%(kind)s: begins %(time)s, event %(number)d, %(mode)s, confidence %(confidence)s, "
                "LAFmax %(level)s, %(clock)s"
            ),
            kind=self._text(term(HAZARD_KINDS[event.kind])),
            time=self._at(second, event.age, TENTHS),
            number=event.identifier,
            mode=self._text(term(MODES[event.mode])),
            confidence=self._value(units.CONFIDENCE, event.confidence, 2),
            level=self._level(units.EVENT_LEVEL, event.level, 0),
            clock=self._clock(event.clock),
        )

    def _end(self, event: EndEvent, second: int) -> str:
        return self._text(
            _("event %(number)d: ends %(time)s, greatest confidence %(confidence)s, LAFmax %(level)s"),
            number=event.identifier,
            time=self._at(second, event.age, TENTHS),
            confidence=self._value(units.CONFIDENCE, event.confidence, 2),
            level=self._level(units.EVENT_LEVEL, event.level, 0),
        )

    def _impulse(self, event: ImpulseEvent, second: int) -> str:
        return self._text(
            _("Bang, cause unknown: %(time)s, event %(number)d, %(mode)s, LCpeak %(level)s, %(clock)s"),
            time=self._at(second, event.age, TENTHS_OF_A_MILLISECOND),
            number=event.identifier,
            mode=self._text(term(MODES[event.mode])),
            level=self._level(units.EVENT_LEVEL, event.level, 0),
            clock=self._clock(event.sigma),
        )
