"""The act that says what may be reported, and :func:`permits`, the one pure rule by which gate and hub ask it.

An :class:`Authorisation` names who allows which hazards and observations, by which sensors, inside which polygon, at
which hours, from when to when, for what purpose, on what legal text, to which recipients. What it does not name is not
permitted; there is no wildcard. A :class:`Suspension` narrows it from a moment on; only a new authorisation widens.

:func:`permits` knows nothing of signatures: whoever calls it has verified the documents first.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage

Kind = TypeVar("Kind", bound=Struct)
LONGEST_LEASE_SECONDS = 24 * 3600
Point = tuple[float, float]
"""Latitude and longitude, WGS 84 degrees."""


def _minute_of_day(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if (
        len(text) != 5
        or not (hours + minutes).isdecimal()
        or int(minutes) > 59
        or int(hours) * 60 + int(minutes) > 1440
    ):
        raise InvalidValue("an hour is written HH:MM, 00:00 to 24:00", text)
    return int(hours) * 60 + int(minutes)


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidValue("a date is written YYYY-MM-DD", text) from None


def _check_corner(corner: Point) -> None:
    latitude, longitude = corner
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidValue("a corner has a latitude and a longitude in degrees", corner)


class ObservationKind(StrEnum):
    """What may be measured and reported besides hazards. A sensor's own health always may."""

    LEVELS = "levels"
    OCTAVES = "octaves"
    THIRDS = "thirds"
    NOISE_SOURCES = "noise-sources"
    COUNTS = "counts"
    FLOW = "flow"


class Field(StrEnum):
    """What a recipient may be told."""

    LEVELS = "levels"
    SOURCES = "sources"
    INCIDENT_KIND = "incident-kind"
    INCIDENT_TIME = "incident-time"
    INCIDENT_PLACE = "incident-place"
    INCIDENT_OUTCOME = "incident-outcome"
    DETECTIONS = "detections"


class RecipientKind(StrEnum):
    """A person at a desk, or a machine; a machine is told of an incident only after a person has confirmed it."""

    PERSON = "person"
    MACHINE = "machine"


class Recipient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may be told, what, and what for."""

    name: str
    kind: RecipientKind
    purpose: str
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        check_name("recipient", self.name)


class LegalText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text on which it rests. Dates are ISO; ``until`` empty: the text names no end."""

    title: str
    date: str
    until: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        for day in filter(None, (self.date, self.until)):
            _day(day)


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local hours on some days of the week (1 Monday to 7 Sunday), from ``start`` to before ``end``, as HH:MM.

    An end at or before the start lies on the next day; ``00:00`` to ``24:00`` is the whole day.
    """

    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    start: str = "00:00"
    end: str = "24:00"

    def __post_init__(self) -> None:
        if not self.days or any(day not in range(1, 8) for day in self.days):
            raise InvalidValue("days of the week are 1 (Monday) to 7 (Sunday)", self.days)
        _minute_of_day(self.start)
        _minute_of_day(self.end)

    def hold(self, moment: datetime.datetime) -> bool:
        """Whether local ``moment`` lies within them."""
        minute = moment.hour * 60 + moment.minute
        start, end = _minute_of_day(self.start), _minute_of_day(self.end)
        if start < end:
            return moment.isoweekday() in self.days and start <= minute < end
        yesterday = (moment.isoweekday() - 2) % 7 + 1
        return (moment.isoweekday() in self.days and minute >= start) or (yesterday in self.days and minute < end)


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The longest that each thing may be kept, in days; a hub that is set to keep more refuses to start."""

    levels_days: int = 365
    detections_days: int = 90
    incidents_days: int = 365
    records_days: int = 90


class Authorisation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed act. ``starts`` and ``ends`` are POSIX seconds; ``polygon`` a ring of at least three points, which is
    closed without repeating the first; ``models`` SHA-256 digests of the recognisers that may run."""

    version: int = 1
    deployment: str
    number: int
    authority: str
    purpose: str
    legal_texts: tuple[LegalText, ...]
    impact_assessment: str
    starts: int
    ends: int
    time_zone: str
    sensors: tuple[str, ...]
    polygon: tuple[Point, ...]
    exercise: bool = False
    hazards: tuple[HazardKind, ...] = ()
    observations: tuple[ObservationKind, ...] = (ObservationKind.LEVELS, ObservationKind.OCTAVES)
    hours: tuple[Hours, ...] = (Hours(),)
    recipients: tuple[Recipient, ...] = ()
    retention: Retention = Retention()
    models: tuple[str, ...] = ()
    lease_seconds: int = 900

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        if self.version != 1:
            raise InvalidValue("this reads version 1 of authorisations", self.version)
        if self.number < 1:
            raise InvalidValue("a deployment's authorisations are numbered from 1", self.number)
        if not self.starts < self.ends:
            raise InvalidValue("an authorisation starts before it ends", (self.starts, self.ends))
        for sensor in self.sensors:
            check_name("sensor", sensor)
        if len(self.polygon) < 3:
            raise InvalidValue("the public polygon has at least three corners", len(self.polygon))
        for corner in self.polygon:
            _check_corner(corner)
        if not 1 <= self.lease_seconds <= LONGEST_LEASE_SECONDS:
            raise InvalidValue("a lease lasts between a second and 24 hours", self.lease_seconds)
        self._check_words()

    def _check_words(self) -> None:
        for text in (self.authority, self.purpose, self.impact_assessment):
            if not text.strip():
                raise InvalidValue("authority, purpose and impact assessment are named in words")
        if not self.legal_texts:
            raise InvalidValue("an authorisation rests on at least one legal text")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError):  # ZoneInfoNotFoundError is a KeyError
            raise InvalidValue("no such IANA time zone", self.time_zone) from None


class Suspension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``since`` on, ``authorisation`` (its digest) allows nothing by ``sensors``; none listed: by any."""

    deployment: str
    authorisation: str
    since: int
    reason: str
    sensors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)


class Reporting(NamedTuple):
    """A thing to be permitted: that ``sensor`` reports ``kind``, in ``mode`` if it is a hazard."""

    sensor: str
    kind: HazardKind | ObservationKind
    mode: Mode = Mode.TRIAL


class Disclosure(NamedTuple):
    """A thing to be permitted: that ``recipient`` is told ``field``, of an incident that is ``confirmed`` or not."""

    recipient: str
    field: Field
    confirmed: bool = False


Thing = Reporting | Disclosure


class Denial(StrEnum):
    """Why something is not permitted. The first that applies, in this order."""

    NOT_YET = "not-yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    SENSOR = "sensor"
    KIND = "kind"
    EXERCISE = "exercise"
    HOURS = "hours"
    PLACE = "place"
    RECIPIENT = "recipient"
    FIELD = "field"
    NOT_CONFIRMED = "not-confirmed"
    NO_AUTHORISATION = "no-authorisation"


def permits(
    authorisation: Authorisation,
    thing: Thing,
    when: float,
    where: Point | None = None,
    *,
    suspensions: Sequence[Suspension] = (),
) -> Denial | None:
    """``None`` when ``authorisation`` permits ``thing`` at ``when`` (POSIX seconds) and ``where``; else why not.

    ``suspensions`` are those of this authorisation. ``where`` is asked of positions; a sensor's own act has none.
    """
    if when < authorisation.starts:
        return Denial.NOT_YET
    if when >= authorisation.ends:
        return Denial.EXPIRED
    if isinstance(thing, Disclosure):
        if any(when >= s.since and not s.sensors for s in suspensions):
            return Denial.SUSPENDED
        return _denial_of_disclosure(authorisation, thing)
    if any(when >= s.since and (not s.sensors or thing.sensor in s.sensors) for s in suspensions):
        return Denial.SUSPENDED
    if thing.sensor not in authorisation.sensors:
        return Denial.SENSOR
    if thing.kind not in (*authorisation.hazards, *authorisation.observations):
        return Denial.KIND
    if isinstance(thing.kind, HazardKind) and (thing.mode is Mode.EXERCISE) != authorisation.exercise:
        return Denial.EXERCISE
    local = datetime.datetime.fromtimestamp(when, ZoneInfo(authorisation.time_zone))
    if not any(hours.hold(local) for hours in authorisation.hours):
        return Denial.HOURS
    return None if where is None or inside(authorisation.polygon, where) else Denial.PLACE


def _denial_of_disclosure(authorisation: Authorisation, thing: Disclosure) -> Denial | None:
    recipient = next((r for r in authorisation.recipients if r.name == thing.recipient), None)
    if recipient is None:
        return Denial.RECIPIENT
    if thing.field not in recipient.fields:
        return Denial.FIELD
    about_incident = thing.field not in (Field.LEVELS, Field.SOURCES)
    if about_incident and recipient.kind is RecipientKind.MACHINE and not thing.confirmed:
        return Denial.NOT_CONFIRMED
    return None


def inside(polygon: Sequence[Point], point: Point) -> bool:
    """Whether ``point`` lies in ``polygon`` (even-odd rule on the plane of degrees; an authorisation spans a town).

    >>> inside([(0, 0), (0, 1), (1, 1), (1, 0)], (0.5, 0.5)), inside([(0, 0), (0, 1), (1, 1), (1, 0)], (1.5, 0.5))
    (True, False)
    """
    y, x = point
    found = False
    for (y1, x1), (y2, x2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            found = not found
    return found


def encode_authorisation(authorisation: Authorisation) -> bytes:
    """An authorisation as the bytes that are signed: JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(authorisation), indent=2) + b"\n"


def decode_authorisation(data: bytes) -> Authorisation:
    """The authorisation in ``data``."""
    return _decode(data, _authorisations, "an authorisation")


def encode_suspension(suspension: Suspension) -> bytes:
    """A suspension as the bytes that are signed."""
    return msgspec.json.format(msgspec.json.encode(suspension), indent=2) + b"\n"


def decode_suspension(data: bytes) -> Suspension:
    """The suspension in ``data``."""
    return _decode(data, _suspensions, "a suspension")


_authorisations = msgspec.json.Decoder(Authorisation)
_suspensions = msgspec.json.Decoder(Suspension)


def _decode(data: bytes, decoder: msgspec.json.Decoder[Kind], what: str) -> Kind:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage(f"not {what}", str(error)) from error
