"""The audit of captured traffic: silent on what an honest node sends, and naming each thing that should not be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from recorded_traffic import HUB, HUB_PORT, NODE, NODE_PORT, Piece, packets_of, said_by, udp, write_capture

from clairvoie.boundary.bulletin import BeginEvent, Bulletin, Event, charge
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope, encode_batch, encode_envelope, sign
from clairvoie.boundary.wire import Record, SecondEvents, SensorStatement, Tick, encode_body
from clairvoie.errors import OversightError
from clairvoie.oversight.packets import Packet, read_capture, streams_of
from clairvoie.oversight.sent import SentRecord, sent_on
from clairvoie.oversight.traffic import Audit, Peer, audit, record_millibits

KEY = Ed25519PrivateKey.generate()
START = 1_800_000_000
LIVE = {"content-type": "application/vnd.clairvoie.live"}
RECORDS = {"content-type": "application/vnd.clairvoie.records"}


def event(identifier: int) -> Event:
    return BeginEvent(
        identifier=identifier, slot=identifier % 16, kind=0, mode=0, age=3, confidence=1, level=2, clock=1
    )


def signed(domain: str, sensor: str, sequence: int, body: bytes, key: Ed25519PrivateKey = KEY) -> Envelope:
    return sign(key, domain=domain, deployment="town", node="n", epoch=0, sensor=sensor, sequence=sequence, body=body)


def frame_of(second: int, events: int = 0, key: Ed25519PrivateKey = KEY) -> bytes:
    bulletin = Bulletin(sensor="mic-1", second=second, events=tuple(event(n) for n in range(events)))
    envelope = signed(TICK_DOMAIN, "n", second, encode_body(Tick(second=second, bulletins=(bulletin,))), key)
    data = encode_envelope(envelope)
    return len(data).to_bytes(4, "big") + data


def live_head() -> bytes:
    """What httpx sends before the first frame of a live stream."""

    def stream(url: str) -> None:
        def nothing() -> Iterator[bytes]:
            yield b"x"

        httpx.post(f"{url}/api/v1/live", content=nothing(), headers=LIVE, trust_env=False)

    said = said_by(stream)
    return said[: said.index(b"\r\n\r\n") + 4]


HEAD = live_head()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def live(seconds: int = 30, *, events: int = 0, key: Ed25519PrivateKey = KEY, step: float = 1.0) -> list[Piece]:
    pieces = [Piece(0.0, HEAD)]
    for n in range(seconds):
        pieces.append(Piece(1.0 + n * step, chunk(frame_of(START + n, events, key))))
    return pieces


def upload(sequences: range, key: Ed25519PrivateKey = KEY) -> list[Piece]:
    batch = tuple(signed(RECORD_DOMAIN, "mic-1", n, encode_body(record(n)), key) for n in sequences)

    def post(url: str) -> None:
        httpx.post(f"{url}/api/v1/records", content=encode_batch(batch), headers=RECORDS, trust_env=False)

    return [Piece(40.0, said_by(post), NODE_PORT + 1)]


def record(sequence: int) -> Record:
    content = SecondEvents(sensor="mic-1", second=START + 60 * sequence, events=(event(sequence),))
    return Record(sequence=sequence, content=content)


def judged(tmp_path: Path, frames: list[tuple[float, bytes]], **facts: object) -> Audit:
    capture = write_capture(tmp_path / "node.pcap", frames)
    return audit(read_capture(capture), Peer(HUB, HUB_PORT), node=NODE, key=KEY.public_key(), **facts)


def test_an_honest_node_gives_no_findings(tmp_path: Path) -> None:
    found = judged(tmp_path, packets_of(live() + upload(range(1, 5))))
    assert found.findings == ()
    assert (found.ticks, found.records, len(found.tick_sizes), found.lost_bytes) == (30, 4, 1, 0)
    assert found.records_in_ledger is None


def test_segments_twice_and_out_of_order_read_the_same(tmp_path: Path) -> None:
    frames = packets_of(live(10), segment=500)
    shaken = [frames[0], *frames[5:0:-1], *frames[3:9], *frames[6:]]
    found = judged(tmp_path, shaken)
    assert (found.ticks, found.findings, found.lost_bytes) == (10, (), 0)


def test_a_hole_ends_the_reading_and_is_told(tmp_path: Path) -> None:
    frames = packets_of(live(10), segment=500)
    found = judged(tmp_path, frames[:12] + frames[13:])
    assert found.lost_bytes > 0
    assert 0 < found.ticks < 10


def test_a_datagram_to_anybody_else_is_found_unless_allowed(tmp_path: Path) -> None:
    frames = [*packets_of(live(5)), (3.0, udp("9.9.9.9", 53, b"who is"))]
    found = judged(tmp_path, frames)
    assert [finding.where for finding in found.findings] == ["udp 9.9.9.9 port 53"]
    assert judged(tmp_path, frames, allowed=[("udp", 53)]).findings == ()


def test_another_port_of_the_hub_is_not_the_hub(tmp_path: Path) -> None:
    found = audit(
        read_capture(write_capture(tmp_path / "a.pcap", packets_of(live(3)))), Peer(HUB, HUB_PORT + 1), node=NODE
    )
    assert len(found.findings) == 1


def test_bytes_that_are_not_ours_are_found(tmp_path: Path) -> None:
    def post(url: str) -> None:
        httpx.post(f"{url}/api/v1/records", content=b"not a batch", headers=RECORDS, trust_env=False)

    found = judged(tmp_path, packets_of([Piece(1.0, said_by(post))]))
    assert "an upload" in found.findings[0].what


def test_a_request_that_no_node_makes_is_found(tmp_path: Path) -> None:
    found = judged(tmp_path, packets_of([Piece(1.0, said_by(lambda url: httpx.get(url + "/secret") and None))]))
    assert found.findings[0].what == "a request that no node makes: GET /secret"


def test_another_signer_is_found(tmp_path: Path) -> None:
    found = judged(tmp_path, packets_of(live(2, key=Ed25519PrivateKey.generate())))
    assert len(found.findings) == 2
    assert "signature" in found.findings[0].what


def test_bits_beyond_the_bound_are_found(tmp_path: Path) -> None:
    assert judged(tmp_path, packets_of(live(20, events=1))).findings == ()
    found = judged(tmp_path, packets_of(live(40, events=2)))
    assert found.excess_bits > 1024
    assert "beyond 8 a second" in found.findings[0].what


def test_ticks_faster_than_one_a_second_are_found(tmp_path: Path) -> None:
    found = judged(tmp_path, packets_of(live(20, step=0.1)))
    assert "within 0.5 s" in found.findings[0].what


def test_a_second_told_twice_is_found(tmp_path: Path) -> None:
    pieces = live(5)
    found = judged(tmp_path, packets_of([*pieces, Piece(9.0, pieces[-1].data)]))
    assert "more than once" in found.findings[0].what


def test_records_are_looked_up_in_the_ledger(tmp_path: Path) -> None:
    frames = packets_of(upload(range(1, 4)))
    capture = write_capture(tmp_path / "node.pcap", frames)
    sent = [item for stream in streams_of(read_capture(capture)) for item in sent_on(stream)]
    records = [item for item in sent if isinstance(item, SentRecord)]
    headers = {("mic-1", 0, item.envelope.sequence): record_millibits(item) for item in records}
    assert judged(tmp_path, frames, ledger=headers).records_in_ledger == 3
    missing = {key: value for key, value in headers.items() if key[2] != 2}
    assert [f.where for f in judged(tmp_path, frames, ledger=missing).findings] == ["mic-1/0/2"]
    other = {key: value + (key[2] == 3) for key, value in headers.items()}
    assert [f.where for f in judged(tmp_path, frames, ledger=other).findings] == ["mic-1/0/3"]


def test_every_kind_of_record_is_charged_as_the_hub_charges_it(tmp_path: Path) -> None:
    """The hub writes the sum over a record's bulletins; a statement counts as a second without events."""
    statement = SensorStatement(sensor="mic-1", second=START, confinement=0, simulated=True, model=b"", software=b"")
    contents = [record(1), Record(sequence=2, content=statement)]
    batch = tuple(
        signed(RECORD_DOMAIN, "mic-1", number, encode_body(told)) for number, told in enumerate(contents, start=1)
    )

    def post(url: str) -> None:
        httpx.post(f"{url}/api/v1/records", content=encode_batch(batch), headers=RECORDS, trust_env=False)

    frames = packets_of([Piece(1.0, said_by(post))])
    empty = charge(Bulletin(sensor="mic-1", second=START)).total
    eventful = charge(Bulletin(sensor="mic-1", second=START, events=(event(1),))).total
    found = judged(tmp_path, frames, ledger={("mic-1", 0, 1): eventful, ("mic-1", 0, 2): empty})
    assert (found.records_in_ledger, found.findings) == (2, ())


def test_on_one_machine_the_hubs_answers_are_not_the_nodes(tmp_path: Path) -> None:
    answer = Packet(1.0, "tcp", HUB, HUB_PORT, HUB, 40_000, payload=b"HTTP/1.1 200 OK", size=80)
    assert audit([answer], Peer(HUB, HUB_PORT), node=HUB).findings == ()
    other = answer._replace(source_port=22)
    assert len(audit([other], Peer(HUB, HUB_PORT), node=HUB).findings) == 1


def test_what_is_encrypted_is_said_to_be_unread(tmp_path: Path) -> None:
    hello = b"\x16\x03\x01\x00\x03abc"
    frames = packets_of([Piece(1.0, hello)] + [Piece(2.0 + n, b"\x17\x03\x03\x00\x05hello") for n in range(7)])
    found = judged(tmp_path, frames)
    assert found.encrypted_sizes == ((5, 7),)
    assert found.encrypted_bytes == len(hello) + 70
    assert found.ticks == 0


def test_a_file_that_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"no")
    with pytest.raises(OversightError, match="cannot be read"):
        list(read_capture(path))
    with pytest.raises(OversightError, match="no such capture"):
        list(read_capture(tmp_path / "none"))


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(1, 40), max_size=20), st.randoms())
def test_any_order_of_segments_gives_the_bytes_back(data: bytes, cuts: list[int], random: object) -> None:
    parts: list[tuple[int, bytes]] = []
    position = 0
    for size in [*cuts, len(data)]:
        parts.append((position, data[position : position + size]))
        position += size
    parts = [(start, part) for start, part in parts if part]
    random.shuffle(parts)  # type: ignore[attr-defined]
    opening = Packet(0.0, "tcp", "a", 1, "b", 2, sequence=2**32 - 10, opens=True)
    rest = [
        Packet(1.0, "tcp", "a", 1, "b", 2, sequence=(2**32 - 9 + start) % 2**32, payload=part) for start, part in parts
    ]
    (stream,) = streams_of([opening, *rest])
    assert (stream.data, stream.lost) == (data, 0)
