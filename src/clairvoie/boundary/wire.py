"""The only serializer, versioned: what crosses a pipe or a network is made and read here and nowhere else.

MessagePack with sorted map keys is the canonical form: :func:`encode_body` of equal objects gives equal bytes.
Reading is strict: unknown fields, unknown tags, codes outside their alphabets and trailing bytes are errors. The
version is the first byte of every body; a reader takes all from :data:`OLDEST_VERSION` on, since stores and ledgers
keep the bytes that were signed (decision 0023).

Two bodies exist. A :class:`Record` is what must be stored exactly once: the events of one second, or the scheduled
parts of one minute. A :class:`Tick` is what all sensors of a node release in one second; it is padded so that each
tick of a node has the same size whatever happened, it is provisional and never retried.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from clairvoie.boundary.bulletin import Bulletin, Event, HourIndicators
from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage, OversizedMessage, UnsupportedVersion

VERSION = 3
"""Version 2 added :class:`SensorStatement`, version 3 :class:`~clairvoie.boundary.bulletin.HourIndicators`; everything
older reads as before."""
OLDEST_VERSION = 1
STATEMENTS_SINCE = 2
HOURS_SINCE = 3
CLAIM_BYTES = 512
"""Every claim occupies this many bytes in the pipe from analyser to gate."""
BULLETIN_BYTES = 768
"""What one sensor adds to the size of a padded tick; the longest possible bulletin fits (tested)."""
TICK_HEADER_BYTES = 256
MAXIMUM_BODY_BYTES = 65_535

Body = TypeVar("Body", bound=Struct)

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_claim_decoder: msgspec.msgpack.Decoder[Claim] = msgspec.msgpack.Decoder(Claim)


class SecondEvents(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="events"):
    """The events that ``sensor`` released in one second, in the order of release."""

    sensor: str
    second: int
    events: tuple[Event, ...]

    def __post_init__(self) -> None:
        Bulletin(sensor=self.sensor, second=self.second, events=self.events)
        if not self.events:
            raise InvalidValue("a record of events holds at least one")


class MinuteParts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="minute"):
    """The bulletins of one UTC minute that held scheduled parts, without their events; ``minute`` is its first
    second."""

    sensor: str
    minute: int
    bulletins: tuple[Bulletin, ...]

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)
        if self.minute % 60 != 0:
            raise InvalidValue("a minute begins on a multiple of 60 seconds", self.minute)
        seconds = [b.second for b in self.bulletins]
        if any(b.sensor != self.sensor or b.events or not b.scheduled for b in self.bulletins):
            raise InvalidValue("a minute holds scheduled parts of its own sensor and nothing else", self.sensor)
        if seconds != sorted(set(seconds)) or any(not 0 <= s - self.minute < 60 for s in seconds):
            raise InvalidValue("a minute's bulletins lie inside it, in order", seconds)


class SensorStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="statement"):
    """What the node says of one sensor's process each time that the gate starts: never anything of the analyser's own.

    ``confinement`` is :attr:`~clairvoie.boundary.confinement.Confinement.mask`; ``model`` and ``software`` are SHA-256
    digests (the recogniser's weights, the installed package); ``authorisation`` that of the act in force, or empty.
    """

    sensor: str
    second: int
    confinement: int
    simulated: bool
    model: bytes
    software: bytes
    authorisation: str = ""

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)
        Confinement.of(self.confinement)
        if len(self.model) not in (0, 32) or len(self.software) not in (0, 32):
            raise InvalidValue("digests have 32 bytes, or none", (len(self.model), len(self.software)))
        if self.second < 0 or len(self.authorisation) not in (0, 64):
            raise InvalidValue("a statement has a second and an authorisation's digest", self.authorisation)


RecordContent = SecondEvents | MinuteParts | SensorStatement


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a signed record. ``sequence`` counts the records of this sensor from 1, without gaps."""

    sequence: int
    content: RecordContent

    def __post_init__(self) -> None:
        if type(self.sequence) is not int or not 1 <= self.sequence < 2**53:
            raise InvalidValue("a sequence counts from 1", self.sequence)


def bulletins_of(content: RecordContent) -> tuple[Bulletin, ...]:
    """The bulletins that a record is made of; what it is charged is the sum over them.

    A statement counts as a second in which nothing happened: what it holds comes from the launcher and the disk, and
    nothing in it from what the sensor heard.
    """
    if isinstance(content, MinuteParts):
        return content.bulletins
    if isinstance(content, SensorStatement):
        return (Bulletin(sensor=content.sensor, second=content.second),)
    return (Bulletin(sensor=content.sensor, second=content.second, events=content.events),)


class Tick(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sensors of a node release in one second: one bulletin for each, empty or not."""

    second: int
    bulletins: tuple[Bulletin, ...]

    def __post_init__(self) -> None:
        if any(b.second != self.second for b in self.bulletins):
            raise InvalidValue("the bulletins of a tick are of its second", self.second)
        sensors = [b.sensor for b in self.bulletins]
        if len(set(sensors)) != len(sensors):
            raise InvalidValue("a tick has one bulletin a sensor", sensors)


# Made here, once: msgspec 0.22 crashes when two threads are the first to decode a type at the same time.
_record_decoder = msgspec.msgpack.Decoder(Record)
_tick_decoder = msgspec.msgpack.Decoder(Tick)


def encode_body(body: Record | Tick) -> bytes:
    """Canonical bytes of a record or a tick: the version, then MessagePack; a tick is padded to its fixed size."""
    encoded = bytes([VERSION]) + _encoder.encode(body)
    if isinstance(body, Tick):
        return pad(encoded, TICK_HEADER_BYTES + BULLETIN_BYTES * len(body.bulletins))
    if len(encoded) > MAXIMUM_BODY_BYTES:
        raise OversizedMessage("a record is longer than a ledger entry may be", len(encoded))
    return encoded


def decode_record(data: bytes) -> Record:
    """The record in ``data``, which must be all of it."""
    record = _decode(_payload(data), _record_decoder)
    if data[0] < STATEMENTS_SINCE and isinstance(record.content, SensorStatement):
        raise MalformedMessage(f"version {data[0]} has no statements", record.content.sensor)
    _check_hours(data[0], bulletins_of(record.content))
    return record


def decode_tick(data: bytes) -> Tick:
    """The tick in padded ``data``."""
    tick = _decode(unpad(_payload(data)), _tick_decoder)
    _check_hours(data[0], tick.bulletins)
    return tick


def encode_claim(claim: Claim) -> bytes:
    """A claim as exactly ``CLAIM_BYTES`` bytes."""
    return pad(_encoder.encode(claim), CLAIM_BYTES)


def decode_claim(data: bytes) -> Claim:
    """The claim in exactly ``CLAIM_BYTES`` bytes from an analyser, which is not trusted."""
    if len(data) != CLAIM_BYTES:
        raise MalformedMessage(f"a claim has {CLAIM_BYTES} bytes", len(data))
    try:
        return _claim_decoder.decode(unpad(data))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a claim", str(error)) from error


def pad(data: bytes, size: int) -> bytes:
    """``data``, a one and zeros up to ``size`` bytes (ISO/IEC 7816-4), so that length tells nothing."""
    if len(data) >= size:
        raise OversizedMessage(f"a message of {size} bytes at most cannot hold this", len(data))
    return data + b"\x80" + bytes(size - len(data) - 1)


def unpad(data: bytes) -> bytes:
    """``data`` without the padding that :func:`pad` added."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise MalformedMessage("padding is missing")
    return stripped[:-1]


def _check_hours(version: int, bulletins: tuple[Bulletin, ...]) -> None:
    if version >= HOURS_SINCE:
        return
    for bulletin in bulletins:
        if any(isinstance(part, HourIndicators) for part in bulletin.scheduled):
            raise MalformedMessage(f"version {version} has no hours", bulletin.sensor)


def _payload(data: bytes) -> bytes:
    if not data:
        raise MalformedMessage("an empty message")
    if not OLDEST_VERSION <= data[0] <= VERSION:
        raise UnsupportedVersion(
            f"this hub reads wire versions {OLDEST_VERSION} to {VERSION}", data[0], "Update the older side."
        )
    return data[1:]


def _decode(data: bytes, decoder: msgspec.msgpack.Decoder[Body]) -> Body:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # InvalidValue from a validator is a ValueError, which msgspec wraps; both end here.
        raise MalformedMessage("not a message of ours", str(error)) from error
