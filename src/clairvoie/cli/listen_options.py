"""What the options of ``listen`` say: marked intervals, durations, and the moment at which a recording began."""

from __future__ import annotations

import datetime
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clairvoie.detect.sound.emergence import Interval
from clairvoie.errors import ConfigurationError, InvalidValue

_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)")
_MOMENT = re.compile(r"(?P<clock>[^\[\]]+?)(?:\[(?P<zone>[A-Za-z0-9_+/-]+)\])?")


def clock_seconds(text: str) -> float:
    """Seconds, ``mm:ss`` or ``hh:mm:ss``, as seconds.

    >>> clock_seconds("90"), clock_seconds("1:30"), clock_seconds("01:00:01.5")
    (90.0, 90.0, 3601.5)
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None or (found[2] is not None and float(found[3]) >= 60):
        raise ConfigurationError("this is no time", text, "Give seconds, mm:ss or hh:mm:ss, for instance 90 or 1:30.")
    return 3600.0 * int(found[1] or 0) + 60.0 * int(found[2] or 0) + float(found[3])


def interval(text: str) -> Interval:
    """``A-B`` as an interval of the recording.

    >>> interval("1:30-2:00")
    Interval(start=90.0, end=120.0)
    """
    first, _, last = text.replace("–", "-").partition("-")
    try:
        return Interval(clock_seconds(first), clock_seconds(last))
    except (InvalidValue, ConfigurationError) as error:
        raise ConfigurationError(
            "this is no interval of a recording",
            text,
            "Give its beginning and its end, for instance 60-120 or 1:00-2:00.",
        ) from error


def intervals(texts: list[str] | None) -> tuple[Interval, ...]:
    """All that were given, in order of time."""
    return tuple(sorted((interval(text) for text in texts or []), key=lambda one: one.start))


def refuse_overlap(residual: tuple[Interval, ...], ambient: tuple[Interval, ...]) -> None:
    """A second is either with the noise or without it."""
    for one in residual:
        for other in ambient:
            if one.start < other.end and other.start < one.end:
                shown = f"{one.start:g}-{one.end:g} and {other.start:g}-{other.end:g}"
                raise ConfigurationError(
                    "residual and ambient noise overlap", shown, "Mark each second as one of them."
                )


def rest_of(marked: tuple[Interval, ...], length: float) -> tuple[Interval, ...]:
    """What ``marked`` leaves of a recording of ``length`` seconds.

    >>> rest_of((Interval(2.0, 3.0),), 10.0)
    (Interval(start=0.0, end=2.0), Interval(start=3.0, end=10.0))
    """
    found, at = [], 0.0
    for one in sorted(marked, key=lambda one: one.start):
        if min(one.start, length) > at:
            found.append(Interval(at, min(one.start, length)))
        at = max(at, one.end)
    return (*found, Interval(at, length)) if at < length else tuple(found)


def moment(text: str) -> datetime.datetime:
    """A moment with its time zone (RFC 3339, or RFC 9557 with a name in brackets).

    >>> moment("2026-11-22T21:30:00+01:00").isoformat()
    '2026-11-22T21:30:00+01:00'
    >>> moment("2027-03-28T00:00[Europe/Paris]").utcoffset()
    datetime.timedelta(seconds=3600)
    """
    remedy = "Give for instance 2026-11-22T21:30:00+01:00 or 2026-11-22T21:30[Europe/Paris]."
    found = _MOMENT.fullmatch(text.strip())
    try:
        local = datetime.datetime.fromisoformat(found["clock"] if found else text)
        zone = ZoneInfo(found["zone"]) if found and found["zone"] else None
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ConfigurationError("this is no moment", text, remedy) from error
    if zone is not None:
        return local.replace(tzinfo=zone) if local.tzinfo is None else local.astimezone(zone)
    if local.tzinfo is None:
        raise ConfigurationError("the moment has no time zone", text, remedy)
    return local
