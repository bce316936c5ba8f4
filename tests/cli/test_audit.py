"""``clairvoie audit``: a capture is judged against a verified ledger, and mistakes in the command are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from log_house import LogHouse, charter_file
from recorded_traffic import HUB, HUB_PORT, NODE, Piece, packets_of, said_by, udp, write_capture
from typer.testing import CliRunner

from clairvoie.boundary.bulletin import BeginEvent, Bulletin, charge
from clairvoie.boundary.entry import StoredRecord
from clairvoie.boundary.signed import RECORD_DOMAIN, encode_batch, sign
from clairvoie.boundary.wire import Record, SecondEvents, encode_body
from clairvoie.cli import app
from clairvoie.errors import OversightError

KEY = Ed25519PrivateKey.from_private_bytes(b"node".ljust(32, b"."))
SECOND = 1_800_000_000
EVENT = BeginEvent(identifier=1, slot=1, kind=0, mode=0, age=3, confidence=1, level=2, clock=1)
ENVELOPE = sign(
    KEY,
    domain=RECORD_DOMAIN,
    deployment="quai",
    node="n",
    epoch=0,
    sensor="mic-a",
    sequence=1,
    body=encode_body(Record(sequence=1, content=SecondEvents(sensor="mic-a", second=SECOND, events=(EVENT,)))),
)


def upload() -> list[tuple[float, bytes]]:
    def post(url: str) -> None:
        kind = {"content-type": "application/vnd.clairvoie.records"}
        httpx.post(f"{url}/api/v1/records", content=encode_batch((ENVELOPE,)), headers=kind, trust_env=False)

    return packets_of([Piece(1.0, said_by(post))])


def run(capture: Path, *more: object) -> tuple[int, str]:
    words = ["audit", capture, "--hub", f"{HUB}:{HUB_PORT}", "--node", NODE, *more]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LogHouse]:
    made = LogHouse(tmp_path)
    made.open()
    charter_file(made)
    yield made
    made.close()


def store(house: LogHouse, millibits: int) -> None:
    stored = StoredRecord(
        sensor="mic-a", epoch=0, sequence=1, number=1, received=house.now, millibits=millibits, body=b"body"
    )
    house.store.submit(lambda connection: house.ledger.record_stored(connection, [stored])).result()
    house.minute()
    house.publisher.publish()


CHARGED = charge(Bulletin(sensor="mic-a", second=SECOND, events=(EVENT,))).total


@pytest.mark.parametrize(("millibits", "status"), [(CHARGED, 0), (CHARGED + 1, 1)])
def test_a_record_that_was_sent_must_stand_in_the_ledger(
    house: LogHouse, tmp_path: Path, millibits: int, status: int
) -> None:
    store(house, millibits)
    capture = write_capture(tmp_path / "node.pcap", upload())
    public = KEY.public_key().public_bytes_raw().hex()
    got, text = run(capture, "--key", public, "--ledger", house.log, "--charter", tmp_path / "charter.json")
    assert got == status, text
    assert ("1, of which 1 stand in the ledger" in text) == (status == 0)
    assert ("with other bits than the ledger has (mic-a/0/1)" in text) == (status == 1)


def test_an_empty_ledger_lacks_the_record_and_an_altered_one_is_not_asked(house: LogHouse, tmp_path: Path) -> None:
    house.acts(1)
    house.publisher.publish()
    capture = write_capture(tmp_path / "node.pcap", upload())
    asked = ("--ledger", house.log, "--charter", tmp_path / "charter.json")
    assert "is not in the ledger" in run(capture, *asked)[1]
    checkpoint = house.log / "0" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"2\n", b"3\n", 1))
    with pytest.raises(OversightError, match="the ledger is not sound"):
        run(capture, *asked)


def test_json_has_every_finding_and_people_see_the_first_twenty(tmp_path: Path) -> None:
    frames = [(float(n), udp("192.0.2.9", 1000 + n, b"x")) for n in range(30)]
    capture = write_capture(tmp_path / "node.pcap", frames)
    status, text = run(capture)
    assert (status, "And 10 findings more" in text) == (1, True)
    assert len(json.loads(run(capture, "--json")[1])["findings"]) == 30


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ledger", "x"), "needs --charter"),
        (("--allow", "icmp/1"), "protocol/port"),
        (("--key", "aa"), "64"),
    ],
)
def test_mistakes_in_the_command_are_told(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    capture = write_capture(tmp_path / "node.pcap", upload())
    try:
        status, text = run(capture, *words)
    except Exception as error:  # noqa: BLE001 - whatever is raised, its message is what people read
        status, text = 1, str(error)
    assert status != 0
    assert said in text
