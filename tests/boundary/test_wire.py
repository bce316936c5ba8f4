"""The serializer: what is written is read back, equal objects give equal bytes, and nothing else is a message."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary import wire
from clairvoie.boundary.bulletin import (
    EVENT_DEPTH_BITS,
    EVENT_TYPES,
    SCHEDULE,
    Bulletin,
    event_millibits,
)
from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES, HourNoise, MinuteLevels, ThirdLevels
from clairvoie.boundary.hazards import Health, NoiseSource
from clairvoie.boundary.wire import MinuteParts, Record, SecondEvents, Tick
from clairvoie.errors import BoundaryError, MalformedMessage, OversizedMessage, UnsupportedVersion

from .conftest import bulletins, coded_maximum


@given(bulletin=bulletins().filter(lambda b: b.events))
def test_a_record_of_events_comes_back_as_it_went(bulletin: Bulletin) -> None:
    content = SecondEvents(sensor=bulletin.sensor, second=bulletin.second, events=bulletin.events)
    record = Record(sequence=7, content=content)
    assert wire.decode_record(wire.encode_body(record)) == record


@given(bulletin=bulletins())
def test_every_tick_of_a_node_has_the_same_size(bulletin: Bulletin) -> None:
    quiet = Bulletin(sensor="mic-2", second=bulletin.second)
    tick = Tick(second=bulletin.second, bulletins=(bulletin, quiet))
    data = wire.encode_body(tick)
    assert len(data) == wire.TICK_HEADER_BYTES + 2 * wire.BULLETIN_BYTES
    assert wire.decode_tick(data) == tick


@pytest.mark.parametrize("form", EVENT_TYPES, ids=lambda form: form.__name__)
@pytest.mark.parametrize("part", SCHEDULE, ids=lambda form: form.__name__)
def test_the_longest_bulletin_that_the_budget_allows_fits_its_place(form: type, part: type) -> None:
    events = [coded_maximum(form)] * (EVENT_DEPTH_BITS * 1000 // event_millibits(form))
    period, phase = SCHEDULE[part]
    second = 2**40 - 2**40 % 3600 - 3600 + phase
    assert second % period == phase
    longest = Bulletin(sensor="m" * 40, second=second, scheduled=(coded_maximum(part),), events=tuple(events))
    tick = Tick(second=second, bulletins=(longest,))
    assert len(msgspec.msgpack.encode(longest)) <= wire.BULLETIN_BYTES
    assert len(wire.encode_body(tick)) == wire.TICK_HEADER_BYTES + wire.BULLETIN_BYTES


def test_the_longest_claims_fit_the_pipe() -> None:
    minute = MinuteLevels(
        end=99_999_999_960,
        laeq=-123.456789,
        lceq=-123.456789,
        lafmax=-123.456789,
        lcpeak=-123.456789,
        l10=-123.456789,
        l50=-123.456789,
        l90=-123.456789,
        octaves=(-123.456789,) * len(OCTAVE_CENTRES),
        sources=(
            (NoiseSource.AIRCRAFT, 0.123456789),
            (NoiseSource.TRAFFIC, 0.1234567),
            (NoiseSource.THUNDER, 0.123456),
        ),
        valid_seconds=60,
        overload_seconds=60,
        windy=False,
        health=Health.CLOCK_DOUBTFUL,
    )
    thirds = ThirdLevels(end=99_999_999_960, seconds=600, thirds=(-123.456789,) * len(THIRD_CENTRES))
    hour = HourNoise(
        end=99_999_999_600, harmonica=9.123456789, intermittency=99.123456789, events=7200, coverage=0.987654321
    )
    for claim in (minute, thirds, hour):
        data = wire.encode_claim(claim)
        assert len(data) == wire.CLAIM_BYTES
        assert wire.decode_claim(data) == claim


@given(data=st.binary(max_size=600))
def test_bytes_that_are_no_message_are_refused_with_a_named_error(data: bytes) -> None:
    for decode in (wire.decode_record, wire.decode_tick, wire.decode_claim):
        with pytest.raises(BoundaryError):
            decode(data)


@given(bulletin=bulletins(), position=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_a_damaged_record_is_refused_or_is_another_valid_record(bulletin: Bulletin, position: int, flip: int) -> None:
    part = MinuteParts(sensor="mic-1", minute=bulletin.second - bulletin.second % 60, bulletins=())
    record = Record(sequence=1, content=part)
    data = bytearray(wire.encode_body(record))
    data[position % len(data)] ^= flip
    try:
        decoded = wire.decode_record(bytes(data))
    except BoundaryError:
        return
    # The byte of an older version in front of the same body is the same record: signatures cover the bytes.
    assert decoded != record or wire.OLDEST_VERSION <= data[0] < wire.VERSION
    assert decoded == wire.decode_record(wire.encode_body(decoded))


def test_a_version_that_is_not_read_is_named() -> None:
    with pytest.raises(UnsupportedVersion, match="Update the older side"):
        wire.decode_record(bytes([wire.VERSION + 1]) + b"\x80")


def test_unknown_fields_and_trailing_bytes_are_refused() -> None:
    record = Record(sequence=1, content=MinuteParts(sensor="mic-1", minute=0, bulletins=()))
    data = wire.encode_body(record)
    with pytest.raises(MalformedMessage):
        wire.decode_record(data + b"\x00")
    raw = msgspec.msgpack.decode(data[1:])
    raw["picture"] = b"..."
    with pytest.raises(MalformedMessage):
        wire.decode_record(data[:1] + msgspec.msgpack.encode(raw))


def test_a_minute_takes_only_scheduled_parts_of_its_own_sensor() -> None:
    with pytest.raises(ValueError, match="nothing else"):
        MinuteParts(sensor="mic-1", minute=0, bulletins=(Bulletin(sensor="mic-1", second=3),))


def test_padding_has_no_room_for_more_than_its_size() -> None:
    with pytest.raises(OversizedMessage):
        wire.pad(bytes(512), 512)
    with pytest.raises(MalformedMessage, match="padding"):
        wire.unpad(bytes(16))
