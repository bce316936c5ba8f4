"""The act that says what may be reported, and :func:`permits`, the one pure rule by which gate and hub ask it.

An :class:`Authorisation` names who allows which hazards and observations, by which sensors, inside which polygon, at
which hours, from when to when, for what purpose, on what legal text, to which recipients. What it does not name is not
permitted; there is no wildcard. A :class:`Suspension` narrows it from a moment on; only a new authorisation widens.

:func:`permits` knows nothing of signatures: whoever calls it has verified the documents first.
"""

from __future__ import annotations

import datetime
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from clairvoie.boundary.document import check_different, check_keys_once, check_words
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.hours import Hours as Hours
from clairvoie.boundary.polygon import Point as Point
from clairvoie.boundary.polygon import check_polygon
from clairvoie.boundary.polygon import inside as inside
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage

Kind = TypeVar("Kind", bound=Struct)
LONGEST_LEASE_SECONDS = 24 * 3600
MOST_DAYS = 36_500
LAST_MOMENT = 4_102_444_800
"""Acts end before the year 2100, so that no moment of theirs is beyond what calendars of computers hold."""
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def day_of(text: str) -> datetime.date:
    """A date written YYYY-MM-DD."""
    try:
        if _DAY.fullmatch(text) is None:
            raise ValueError
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidValue("a date is written YYYY-MM-DD", text) from None


def check_moment(what: str, seconds: int) -> None:
    """POSIX seconds between 1970 and 2100."""
    if not 0 <= seconds <= LAST_MOMENT:
        raise InvalidValue(f"{what} is in POSIX seconds, from 1970 to 2100", seconds)


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
        check_words("a recipient's purpose", self.purpose)
        check_different(f"the fields of {self.name}", self.fields)


class LegalText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text on which it rests. Dates are ISO; ``until`` is its last day, empty if the text names no end."""

    title: str
    date: str
    until: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        check_words("a legal text", self.title)
        check_words("where a legal text is found", self.reference, empty=True)
        if self.until and day_of(self.until) < day_of(self.date):
            raise InvalidValue("a legal text ends after its own date", (self.date, self.until))
        day_of(self.date)


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The longest that each thing may be kept, in days; a hub that is set to keep more keeps no more than this."""

    levels_days: int = 365
    detections_days: int = 90
    incidents_days: int = 365
    records_days: int = 90

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 1 <= getattr(self, name) <= MOST_DAYS:
                raise InvalidValue(f"retention.{name} is 1 to {MOST_DAYS} days", getattr(self, name))


class Authorisation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed act. By default it allows the measurement of noise levels: no hazard, nobody told, no recogniser.

    ``starts`` and ``ends`` are POSIX seconds; ``polygon`` as :func:`~clairvoie.boundary.polygon.check_polygon` says;
    ``sensors`` are put in the order of their names; ``models`` are SHA-256 digests of the recognisers that may run, and
    with none the act does not say which (``clairvoie authorise draft`` asks for one wherever something that is
    recognised is allowed); ``contact`` says whom to write to. It ends no later than the last day of every legal text
    that has one.
    """

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
    observations: tuple[ObservationKind, ...] = (ObservationKind.LEVELS,)
    hours: tuple[Hours, ...] = (Hours(),)
    recipients: tuple[Recipient, ...] = ()
    retention: Retention = Retention()
    models: tuple[str, ...] = ()
    lease_seconds: int = 900
    contact: str = ""

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        if self.version != 1:
            raise InvalidValue("this reads version 1 of authorisations", self.version)
        if self.number < 1:
            raise InvalidValue("a deployment's authorisations are numbered from 1", self.number)
        for sensor in self.sensors:
            check_name("sensor", sensor)
        check_polygon(self.polygon)
        for digits in self.models:
            if _HASH.fullmatch(digits) is None:
                raise InvalidValue("a model is named by its SHA-256, 64 lower-case hexadecimal digits", digits)
        if not 1 <= self.lease_seconds <= LONGEST_LEASE_SECONDS:
            raise InvalidValue("a lease lasts between a second and 24 hours", self.lease_seconds)
        check_different("recipients", [recipient.name for recipient in self.recipients])
        for name in ("sensors", "hazards", "observations", "hours", "models"):
            check_different(name, getattr(self, name))
        msgspec.structs.force_setattr(self, "sensors", tuple(sorted(self.sensors)))
        self._check_words()
        self._check_period()

    def _check_words(self) -> None:
        check_words("the authority", self.authority)
        check_words("the purpose", self.purpose)
        check_words("the impact assessment", self.impact_assessment)
        check_words("the contact", self.contact, empty=True)
        if not self.legal_texts:
            raise InvalidValue("an authorisation rests on at least one legal text", self.number)

    def _check_period(self) -> None:
        check_moment("the start", self.starts)
        check_moment("the end", self.ends)
        if not self.starts < self.ends:
            raise InvalidValue("an authorisation starts before it ends", (self.starts, self.ends))
        try:
            zone = ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a folder of zones is an OSError
            raise InvalidValue("no such IANA time zone", self.time_zone, "For instance Europe/Paris.") from None
        for text in self.legal_texts:
            if text.until and self.ends > end_of_day(day_of(text.until), zone):
                raise InvalidValue(
                    f"an act ends no later than its legal text, which ends on {text.until}",
                    datetime.datetime.fromtimestamp(self.ends, zone).isoformat(),
                    "Let the act end earlier, or name the text that prolongs it.",
                )


def end_of_day(day: datetime.date, zone: ZoneInfo) -> float:
    """The first moment after ``day``, POSIX seconds."""
    if day.year >= 2100:
        return float(LAST_MOMENT)
    return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone).timestamp()


class Suspension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``since`` on, ``authorisation`` (its digest) allows nothing by the ``sensors``, of the ``hazards`` and
    ``observations``, and to the ``recipients`` that are named; with none named at all, it allows nothing whatever.
    """

    deployment: str
    authorisation: str
    since: int
    reason: str
    sensors: tuple[str, ...] = ()
    hazards: tuple[HazardKind, ...] = ()
    observations: tuple[ObservationKind, ...] = ()
    recipients: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        if _HASH.fullmatch(self.authorisation) is None:
            raise InvalidValue("an act is named by its digest, 64 lower-case hexadecimal digits", self.authorisation)
        check_moment("the moment of a suspension", self.since)
        check_words("the reason of a suspension", self.reason)

    @property
    def whole(self) -> bool:
        """Whether it suspends the whole act."""
        return not (self.sensors or self.hazards or self.observations or self.recipients)

    def covers(self, thing: Thing, when: float) -> bool:
        """Whether ``thing`` is suspended at ``when``."""
        if when < self.since:
            return False
        if self.whole:
            return True
        if isinstance(thing, Disclosure):
            return thing.recipient in self.recipients
        return thing.sensor in self.sensors or thing.kind in (*self.hazards, *self.observations)


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

    ``suspensions`` are those of this authorisation. ``where`` is asked of positions; a sensor's own act has none. It
    starts with the second ``starts`` and ends with the last before ``ends``; hours likewise. It raises nothing.
    """
    if not when >= authorisation.starts:  # a moment that is not a number is never within
        return Denial.NOT_YET
    if when >= authorisation.ends:
        return Denial.EXPIRED
    if any(suspension.covers(thing, when) for suspension in suspensions):
        return Denial.SUSPENDED
    if isinstance(thing, Disclosure):
        return _denial_of_disclosure(authorisation, thing)
    if not _listed(authorisation.sensors, thing.sensor):
        return Denial.SENSOR
    if thing.kind not in (*authorisation.hazards, *authorisation.observations):
        return Denial.KIND
    if isinstance(thing.kind, HazardKind) and (thing.mode is Mode.EXERCISE) != authorisation.exercise:
        return Denial.EXERCISE
    local = datetime.datetime.fromtimestamp(math.floor(when), ZoneInfo(authorisation.time_zone))
    if not any(hours.hold(local) for hours in authorisation.hours):
        return Denial.HOURS
    return None if where is None or inside(authorisation.polygon, where) else Denial.PLACE


def _listed(names: tuple[str, ...], name: str) -> bool:
    """Whether ``name`` is among ``names``, which are in order: a city lists 15,000."""
    index = bisect_left(names, name)
    return index < len(names) and names[index] == name


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
    check_keys_once(data, what)
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage(f"not {what}", str(error)) from error
