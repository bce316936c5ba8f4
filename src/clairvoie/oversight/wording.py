"""Words of acts in French and English: the closed lists, moments, hours. French is written, not translated."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_day_names

from clairvoie.boundary.authorisation import Field, ObservationKind, RecipientKind, day_of
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.hours import EVERY_DAY, Hours
from clairvoie.errors import InvalidValue

LANGUAGES = ("fr", "en")


class Text(NamedTuple):
    """The same said in both languages."""

    en: str
    fr: str

    def to(self, language: str, **named: object) -> str:
        """In ``language``, with its gaps filled.

        >>> Text("after {days} days", "après {days} jours").to("fr", days=3)
        'après 3 jours'
        """
        if language not in LANGUAGES:
            raise InvalidValue("there are texts in fr and en", language)
        return (self.fr if language == "fr" else self.en).format(**named)


HAZARDS: dict[HazardKind, Text] = {
    HazardKind.GLASS_BREAKING: Text("breaking glass", "bris de verre"),
    HazardKind.FIREWORK: Text("fireworks", "feux d’artifice ou pétards"),
    HazardKind.IMPULSE: Text("a bang, cause unknown", "détonation, cause inconnue"),
    HazardKind.ALARM_SOUNDING: Text("an alarm sounding", "alarme en marche"),
    HazardKind.SUSTAINED_HORN: Text("a sustained horn", "klaxon prolongé"),
    HazardKind.CROWD_DENSITY: Text("a dense crowd", "foule dense"),
    HazardKind.CROWD_MOVEMENT: Text("a crowd in rapid movement", "mouvement de foule"),
    HazardKind.COUNTER_FLOW: Text("a crowd against the flow", "foule à contre-courant"),
    HazardKind.WRONG_WAY: Text("a vehicle on the wrong side", "véhicule à contresens"),
    HazardKind.CLOSED_ZONE: Text("presence in a closed place", "présence dans un lieu fermé"),
    HazardKind.ABANDONED_OBJECT: Text("an object left behind", "objet abandonné"),
    HazardKind.FIRE: Text("fire", "feu"),
    HazardKind.SMOKE: Text("smoke", "fumée"),
    HazardKind.CAMERA_FAULT: Text("a camera fault", "caméra en défaut"),
}
OBSERVATIONS: dict[ObservationKind, Text] = {
    ObservationKind.LEVELS: Text("sound levels", "niveaux sonores"),
    ObservationKind.OCTAVES: Text("levels by octave", "niveaux par octave"),
    ObservationKind.THIRDS: Text("levels by third-octave", "niveaux par tiers d’octave"),
    ObservationKind.NOISE_SOURCES: Text(
        "sources of noise (traffic, works, bells…; never voices)",
        "sources de bruit (circulation, chantier, cloches… ; jamais les voix)",
    ),
    ObservationKind.COUNTS: Text("counts of passers-by and vehicles", "comptages de passants et de véhicules"),
    ObservationKind.FLOW: Text("speed and direction of flow", "vitesse et direction des flux"),
}
FIELDS: dict[Field, Text] = {
    Field.LEVELS: Text("sound levels", "niveaux sonores"),
    Field.SOURCES: Text("sources of noise", "sources de bruit"),
    Field.INCIDENT_KIND: Text("the kind of incident", "nature de l’incident"),
    Field.INCIDENT_TIME: Text("its time", "heure de l’incident"),
    Field.INCIDENT_PLACE: Text("its place", "lieu de l’incident"),
    Field.INCIDENT_OUTCOME: Text("its outcome", "issue de l’incident"),
    Field.DETECTIONS: Text("each sensor's detections", "détections de chaque capteur"),
}
RECIPIENT_KINDS: dict[RecipientKind, Text] = {
    RecipientKind.PERSON: Text("people", "personnes"),
    RecipientKind.MACHINE: Text(
        "a machine, told of an incident only after a person has confirmed it",
        "une machine, informée d’un incident seulement après confirmation par une personne",
    ),
}
AND = Text("and", "et")
ALWAYS = Text("at any hour, every day", "à toute heure, tous les jours")
FROM_TO = Text("from {start} to {end}", "de {start} à {end}")
NEXT_DAY = Text(" the next day", " le lendemain")
ALL_DAYS = Text("every day", "tous les jours")
ALL_DAY = Text("the whole day", "toute la journée")
END_OF, AT = Text("the end of {day}", "à la fin du {day}"), Text("{moment}", "au {moment}")
_MOMENT = Text("d MMMM y, HH:mm", "d MMMM y 'à' HH:mm")
_MOMENT_SECONDS = Text("d MMMM y, HH:mm:ss", "d MMMM y 'à' HH:mm:ss")
_DAY = Text("d MMMM y", "d MMMM y")


def listed(parts: Iterable[str], language: str) -> str:
    """``a, b and c``.

    >>> listed(["a", "b", "c"], "fr")
    'a, b et c'
    """
    *most, last = parts
    return f"{', '.join(most)} {AND.to(language)} {last}" if most else last


def moment(seconds: float, time_zone: str, language: str) -> str:
    """A moment as a clock and a calendar at that place show it."""
    local = datetime.datetime.fromtimestamp(seconds, ZoneInfo(time_zone))
    form = _MOMENT_SECONDS if local.second else _MOMENT
    return _first(format_datetime(local, form.to(language), locale=language), language)


def until(seconds: float, time_zone: str, language: str) -> str:
    """The moment until which something lasts, with its preposition in French; at midnight, the day that is over.

    >>> until(1_796_079_600, "Europe/Paris", "en"), until(1_796_079_600, "Europe/Paris", "fr")
    ('the end of 30 November 2026', 'à la fin du 30 novembre 2026')
    """
    local = datetime.datetime.fromtimestamp(seconds, ZoneInfo(time_zone))
    if (local.hour, local.minute, local.second) != (0, 0, 0):
        return AT.to(language, moment=moment(seconds, time_zone, language))
    return END_OF.to(language, day=day((local.date() - datetime.timedelta(days=1)).isoformat(), language))


def day(text: str, language: str) -> str:
    """An ISO date in words."""
    return _first(format_date(day_of(text), _DAY.to(language), locale=language), language)


def _first(text: str, language: str) -> str:
    """The first of a month has a numeral of its own in French."""
    return "1er" + text[1:] if language == "fr" and text.startswith("1 ") else text


def hours(some: Hours, language: str) -> str:
    """Hours of the week.

    >>> hours(Hours(days=(5, 6), start="22:00", end="02:00"), "en")
    'Friday and Saturday from 22:00 to 02:00 the next day'
    """
    names = get_day_names("wide", locale=language)
    every = len(some.days) == len(EVERY_DAY)
    if every and (some.start, some.end) == ("00:00", "24:00"):
        return ALWAYS.to(language)
    days = ALL_DAYS.to(language) if every else listed([names[day - 1] for day in sorted(some.days)], language)
    if (some.start, some.end) == ("00:00", "24:00"):
        return f"{days}, {ALL_DAY.to(language)}"
    later = NEXT_DAY.to(language) if some.end <= some.start else ""
    return f"{days} {FROM_TO.to(language, start=some.start, end=some.end)}{later}"


def number(value: float, places: int, language: str) -> str:
    """A figure with so many decimals, with the language's decimal mark."""
    text = f"{value:.{places}f}"
    return text.replace(".", ",") if language == "fr" else text
