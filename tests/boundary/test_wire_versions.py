"""What older versions signed is read as it was, from nodes not updated yet, stores, ledgers: frozen bytes of both."""

from __future__ import annotations

import pytest

from clairvoie.boundary import wire
from clairvoie.boundary.bulletin import BeginEvent, Bulletin, EndEvent, HourIndicators, ImpulseEvent
from clairvoie.boundary.wire import MinuteParts, Record, SecondEvents, SensorStatement, Tick
from clairvoie.errors import MalformedMessage, UnsupportedVersion

SECOND = 1_800_000_000
EVENTS = bytes.fromhex(
    "0182a873657175656e636505a7636f6e74656e7484a474797065a66576656e7473a673656e736f72a56d69632d31a6736563"
    "6f6e64ce6b49d207a66576656e74739399a5626567696e01000001080e1f0496a7696d70756c73650201cd1389022496a365"
    "6e640100030e20"
)
MINUTE = bytes.fromhex(
    "0182a873657175656e636506a7636f6e74656e7484a474797065a66d696e757465a673656e736f72a56d69632d31a66d696e"
    "757465ce6b49d200a962756c6c6574696e739584a673656e736f72a56d69632d31a67365636f6e64ce6b49d202a973636865"
    "64756c65649192a374656e54a66576656e74739084a673656e736f72a56d69632d31a67365636f6e64ce6b49d204a9736368"
    "6564756c65649197aa696e64696361746f7273576fcc97554d47a66576656e74739084a673656e736f72a56d69632d31a673"
    "65636f6e64ce6b49d206a97363686564756c65649192a76f63746176657399515151515151515151a66576656e74739084a6"
    "73656e736f72a56d69632d31a67365636f6e64ce6b49d208a97363686564756c65649198a5737461746593044a003c030100"
    "0101a66576656e74739084a673656e736f72a56d69632d31a67365636f6e64ce6b49d223a97363686564756c65649193a674"
    "68697264739e2e2e2e2e2e2e2e2e2e2e2e2e2e2e9e2e2e2e2e2e2e2e2e2e2e2e2e2e2ea66576656e747390"
)
TICK = bytes.fromhex(
    "0182a67365636f6e64ce6b49d202a962756c6c6574696e739184a673656e736f72a56d69632d31a67365636f6e64ce6b49d2"
    "02a97363686564756c65649192a374656e54a66576656e74739080"
).ljust(wire.TICK_HEADER_BYTES + wire.BULLETIN_BYTES, b"\0")
STATEMENT = bytes.fromhex(
    "0282a873657175656e636501a7636f6e74656e7488a474797065a973746174656d656e74a673656e736f72a56d69632d31a6"
    "7365636f6e64ce6b49d200ab636f6e66696e656d656e7400a973696d756c61746564c3a56d6f64656cc400a8736f66747761"
    "7265c4200000000000000000000000000000000000000000000000000000000000000000ad617574686f7269736174696f6e"
    "a0"
)
"""Of version 2."""


def test_events_of_version_1_are_read() -> None:
    record = wire.decode_record(EVENTS)
    assert record.sequence == 5
    assert isinstance(record.content, SecondEvents)
    assert [type(event) for event in record.content.events] == [BeginEvent, ImpulseEvent, EndEvent]
    assert record.content.events[1] == ImpulseEvent(identifier=2, mode=1, age=5001, sigma=2, level=36)


def test_a_minute_of_version_1_is_read() -> None:
    record = wire.decode_record(MINUTE)
    assert isinstance(record.content, MinuteParts)
    assert (record.content.minute, len(record.content.bulletins)) == (SECOND, 5)
    assert record.content.bulletins[0].scheduled[0].laeq == 84  # type: ignore[union-attr]


def test_a_tick_of_version_1_is_read() -> None:
    tick = wire.decode_tick(TICK)
    assert (tick.second, len(tick.bulletins)) == (SECOND + 2, 1)


@pytest.mark.parametrize("data", [EVENTS, MINUTE])
def test_but_for_its_version_a_record_of_version_1_is_written_as_it_was(data: bytes) -> None:
    assert wire.encode_body(wire.decode_record(data)) == bytes([wire.VERSION]) + data[1:]


@pytest.mark.parametrize("version", [wire.OLDEST_VERSION - 1, wire.VERSION + 1, 255])
@pytest.mark.parametrize("data", [EVENTS, MINUTE, TICK], ids=["events", "minute", "tick"])
def test_neither_what_never_was_nor_one_ahead_is_read(data: bytes, version: int) -> None:
    other = bytes([version]) + data[1:]
    with pytest.raises(UnsupportedVersion, match="Update the older side"):
        (wire.decode_tick if data is TICK else wire.decode_record)(other)


@pytest.mark.parametrize("version", range(wire.OLDEST_VERSION, wire.VERSION + 1))
def test_each_version_from_the_first_is_read_and_means_the_same(version: int) -> None:
    for data in (EVENTS, MINUTE):
        assert wire.decode_record(bytes([version]) + data[1:]) == wire.decode_record(data)
    assert wire.decode_tick(bytes([version]) + TICK[1:]) == wire.decode_tick(TICK)


def test_a_record_that_version_2_wrote_is_read() -> None:
    record = wire.decode_record(STATEMENT)
    assert record.sequence == 1
    assert isinstance(record.content, SensorStatement)
    assert (record.content.sensor, record.content.software) == ("mic-1", bytes(32))
    assert wire.encode_body(record) == bytes([wire.VERSION]) + STATEMENT[1:]


@pytest.mark.parametrize("version", [1, 2])
def test_hours_are_of_version_3_only(version: int) -> None:
    hour = HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8)
    bulletin = Bulletin(sensor="mic-1", second=SECOND + 45, scheduled=(hour,))
    data = wire.encode_body(
        Record(sequence=1, content=MinuteParts(sensor="mic-1", minute=SECOND, bulletins=(bulletin,)))
    )
    tick = wire.encode_body(Tick(second=bulletin.second, bulletins=(bulletin,)))
    assert (data[0], wire.decode_tick(tick).bulletins) == (3, (bulletin,))
    with pytest.raises(MalformedMessage, match=f"version {version} has no hours"):
        wire.decode_record(bytes([version]) + data[1:])
    with pytest.raises(MalformedMessage, match=f"version {version} has no hours"):
        wire.decode_tick(bytes([version]) + tick[1:])


def test_a_statement_is_of_version_2_and_later() -> None:
    statement = SensorStatement(
        sensor="mic-1", second=SECOND, confinement=0, simulated=True, model=b"", software=bytes(32)
    )
    data = wire.encode_body(Record(sequence=1, content=statement))
    assert wire.decode_record(data).content == statement
    with pytest.raises(MalformedMessage, match="version 1"):
        wire.decode_record(b"\x01" + data[1:])
