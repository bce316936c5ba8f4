"""From what a person types to the values of an act, and back. Everything here is text in, value out; no files.

Each reader raises :class:`~clairvoie.errors.InvalidValue` for what it does not understand.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from clairvoie.boundary.authorisation import check_moment, day_of, end_of_day
from clairvoie.boundary.hours import EVERY_DAY, Hours
from clairvoie.boundary.polygon import Point, check_polygon
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue

Choice = TypeVar("Choice", bound=StrEnum)
YES = frozenset({"y", "yes", "o", "oui", "true", "1"})
NO = frozenset({"n", "no", "non", "false", "0"})
NONE = frozenset({"", "-", "none", "nothing", "aucun", "aucune", "rien"})
ALWAYS = frozenset({"always", "toujours"})
DAYS = {
    name: number
    for number, names in enumerate(
        ("mon lun", "tue mar", "wed mer", "thu jeu", "fri ven", "sat sam", "sun dim"), start=1
    )
    for name in (*names.split(), str(number))
}
_HOURS = re.compile(r"(?:(\S+) +)?(\d\d:\d\d) *(?:-|–|to|à) *(\d\d:\d\d)", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d\d:\d\d))?", re.ASCII)
LAST_YEAR = 2100
_SEPARATORS = re.compile(r"[\s,;]+")


def yes(text: str) -> bool:
    """Yes or no, in either language."""
    word = text.strip().lower()
    if word not in YES | NO:
        raise InvalidValue("an answer is yes or no", text)
    return word in YES


def count(text: str, least: int, most: int) -> int:
    """A whole number."""
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise InvalidValue(f"a whole number from {least} to {most}", text)
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Names separated by spaces or commas, each once."""
    found = [check_name("sensor", word) for word in _SEPARATORS.split(text.strip()) if word]
    if len(set(found)) < len(found):
        raise InvalidValue("each sensor is named once", text)
    return tuple(found)


def chosen(text: str, kind: type[Choice]) -> tuple[Choice, ...]:
    """Members of a closed list, by name or by their number in it, counted from 1; or none.

    >>> from clairvoie.boundary.authorisation import ObservationKind
    >>> [str(one) for one in chosen("1, octaves", ObservationKind)]
    ['levels', 'octaves']
    """
    if text.strip().lower() in NONE:
        return ()
    members = list(kind)
    found = []
    for word in _SEPARATORS.split(text.strip().lower()):
        if word.isdecimal() and 1 <= int(word) <= len(members):
            found.append(members[int(word) - 1])
        elif word in {str(member) for member in members}:
            found.append(kind(word))
        elif word:
            raise InvalidValue("not on the list", word)
    return tuple(dict.fromkeys(found))


def digests(text: str) -> tuple[str, ...]:
    """SHA-256 digests, or none."""
    if text.strip().lower() in NONE:
        return ()
    found = tuple(_SEPARATORS.split(text.strip().lower().replace("sha256:", "")))
    for one in found:
        if re.fullmatch(r"[0-9a-f]{64}", one, re.ASCII) is None:
            raise InvalidValue("a model is named by its SHA-256, 64 hexadecimal digits", one)
    return found


def zone(text: str) -> str:
    """An IANA time zone."""
    if text.strip() not in available_timezones():
        raise InvalidValue("no such IANA time zone", text)
    return text.strip()


def starting(text: str, time_zone: str) -> int:
    """A day, from its first moment, or a moment, as POSIX seconds."""
    day, hour = _parted(text)
    at = datetime.datetime.combine(day_of(day), datetime.time.fromisoformat(hour or "00:00"), ZoneInfo(time_zone))
    return _checked(at.timestamp())


def ending(text: str, time_zone: str) -> int:
    """A day, to its last moment, or a moment, as POSIX seconds: the first at which the act no longer holds."""
    day, hour = _parted(text)
    if hour:
        return starting(text, time_zone)
    if day_of(day).year >= LAST_YEAR:
        raise InvalidValue(f"an act ends before {LAST_YEAR}", text)
    return _checked(end_of_day(day_of(day), ZoneInfo(time_zone)))


def _parted(text: str) -> tuple[str, str]:
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise InvalidValue("a day is written YYYY-MM-DD, a moment YYYY-MM-DD HH:MM", text)
    hour = found[2] or ""
    if hour > "23:59" or hour[3:] > "59":
        raise InvalidValue("a moment is written YYYY-MM-DD HH:MM", text)
    return found[1], hour


def _checked(seconds: float) -> int:
    check_moment("a moment", int(seconds))
    return int(seconds)


def started(seconds: int, time_zone: str) -> str:
    """The text that :func:`starting` reads as this moment."""
    local = datetime.datetime.fromtimestamp(seconds, ZoneInfo(time_zone))
    return local.strftime("%Y-%m-%d") if (local.hour, local.minute) == (0, 0) else local.strftime("%Y-%m-%d %H:%M")


def ended(seconds: int, time_zone: str) -> str:
    """The text that :func:`ending` reads as this moment."""
    local = datetime.datetime.fromtimestamp(seconds, ZoneInfo(time_zone))
    if (local.hour, local.minute) == (0, 0):
        return (local.date() - datetime.timedelta(days=1)).isoformat()
    return local.strftime("%Y-%m-%d %H:%M")


def hours(text: str) -> tuple[Hours, ...]:
    """``always``, or hours of the week.

    >>> [(one.days, one.start, one.end) for one in hours("mon-fri 08:00-18:00, sam 22:00-02:00")]
    [((1, 2, 3, 4, 5), '08:00', '18:00'), ((6,), '22:00', '02:00')]
    """
    if text.strip().lower() in ALWAYS:
        return (Hours(),)
    found = []
    for part in re.split(r"[,;]", text.lower()):
        read = _HOURS.fullmatch(part.strip())
        if read is None:
            raise InvalidValue("hours are written like mon-fri 08:00-18:00", part.strip())
        found.append(Hours(days=_days(read[1]) if read[1] else EVERY_DAY, start=read[2], end=read[3]))
    if len(set(found)) < len(found):
        raise InvalidValue("each hour is named once", text)
    return tuple(found)


def _days(text: str) -> tuple[int, ...]:
    days: list[int] = []
    for part in text.split("+"):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise InvalidValue("a day of the week is one of " + " ".join(DAYS), part)
        span = (DAYS[last or first] - DAYS[first]) % 7 + 1
        days += [(DAYS[first] - 1 + step) % 7 + 1 for step in range(span)]
    return tuple(sorted(set(days)))


def hours_text(some: Sequence[Hours]) -> str:
    """The text that :func:`hours` reads as these."""
    if tuple(some) == (Hours(),):
        return "always"
    return ", ".join(f"{'+'.join(str(day) for day in one.days)} {one.start}-{one.end}" for one in some)


def polygon(text: str) -> tuple[Point, ...]:
    """Corners as ``latitude longitude; latitude longitude; …``; a last one that repeats the first is left out.

    >>> polygon("48.1 2.1; 48.1 2.2; 48.2 2.2; 48.1 2.1")
    ((48.1, 2.1), (48.1, 2.2), (48.2, 2.2))
    """
    corners: list[Point] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        try:
            latitude, longitude = (float(word) for word in re.split(r"[\s,]+", part))
        except ValueError:
            raise InvalidValue("a corner is a latitude and a longitude, like 48.8566 2.3522", part) from None
        corners.append((latitude, longitude))
    return _ring(corners)


def _ring(corners: Sequence[Point]) -> tuple[Point, ...]:
    ring = tuple(corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners)
    check_polygon(ring)
    return ring


def polygon_text(corners: Sequence[Point]) -> str:
    """The text that :func:`polygon` reads as these corners."""
    return "; ".join(f"{latitude!r} {longitude!r}" for latitude, longitude in corners)


def polygon_of_geojson(data: bytes) -> tuple[Point, ...]:
    """The one polygon in a GeoJSON (a geometry, a feature or a collection); it may have no holes (RFC 7946)."""
    try:
        found = list(_polygons(msgspec.json.decode(data)))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidValue("not GeoJSON", str(error)) from error
    if len(found) != 1 or len(found[0]) != 1:
        raise InvalidValue("a GeoJSON with one polygon and no hole", f"{len(found)} polygons")
    try:
        corners = [(float(corner[1]), float(corner[0])) for corner in found[0][0]]
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise InvalidValue("a polygon's corners are longitude, latitude", str(error)) from error
    if not all(math.isfinite(figure) for corner in corners for figure in corner):
        raise InvalidValue("a polygon's corners are numbers", str(corners))
    return _ring(corners)


def _polygons(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [found for one in node for found in _polygons(one)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "Polygon":
        return [node.get("coordinates") or []]
    if node.get("type") == "MultiPolygon":
        return list(node.get("coordinates") or [])
    return _polygons(node.get("features") or node.get("geometry") or node.get("geometries"))
