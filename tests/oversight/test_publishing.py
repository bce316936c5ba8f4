"""The hub keeps its ledger while it runs, and everybody may read it: over HTTP the log is the same as in the folder."""

from __future__ import annotations

import asyncio
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from hub_street import DEPLOYMENT, EVERYBODY, LEAVE, Street, begin, settings_at
from log_house import LogHouse

from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.leaf import MinuteLeaf, RecordHeader, decode_line, read_leaf
from clairvoie.boundary.signed import encode_batch
from clairvoie.errors import ConfigurationError, OversightError
from clairvoie.hub.receiving import RECORDS_TYPE
from clairvoie.lab.leave import digits
from clairvoie.oversight.checkpoint import ED25519, NoteKey, decode_base64, open_checkpoint, origin_of
from clairvoie.oversight.inclusion import RecordInclusion
from clairvoie.oversight.merkle import leaf_hash, root_of_inclusion
from clairvoie.oversight.mirror import Address, Folder, logs_in
from clairvoie.oversight.tree import Trust
from clairvoie.oversight.verify import verify_log
from clairvoie.server.application import create_app

KEY = NoteKey(name=origin_of(DEPLOYMENT, 0), kind=ED25519, public=bytes.fromhex(digits(LEAVE.ledger)))


class Open:
    """A hub's application with its own ledger."""

    def __init__(self, app: FastAPI, street: Street, runner: asyncio.Runner) -> None:
        self.app = app
        self.street = street
        self.runner = runner
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8750")

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, path, **more))

    def publish(self) -> None:
        """What the hub does each second."""
        self.app.state.desk._ledger.work()

    def read(self, path: str) -> bytes | None:
        answer = self.ask("GET", f"/tlog/0/{path}")
        return answer.content if answer.status_code == 200 else None

    def names(self) -> None:
        return


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    street = Street()
    app = create_app(settings_at(tmp_path), clock=street.clock, callers=EVERYBODY)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        try:
            yield Open(app, street, runner)
        finally:
            runner.run(lifespan.__aexit__(None, None, None))


def upload(opened: Open) -> None:
    street = opened.street
    batch = encode_batch((street.events("mic-a", begin()), street.minute("mic-a", 1_795_316_580)))
    answer = opened.ask("POST", "/api/v1/records", content=batch, headers={"content-type": RECORDS_TYPE})
    assert answer.status_code == 200, answer.text


def test_what_the_hub_does_is_in_the_log_that_everybody_may_read(opened: Open, tmp_path: Path) -> None:
    upload(opened)
    opened.street.clock.at += 120
    opened.publish()
    report = verify_log(opened, Trust(log=KEY))
    assert report.faults == ()
    assert (report.minutes, report.records) == (1, 2)
    assert verify_log(Folder(tmp_path / "ledger" / "0"), Trust(log=KEY)) == report
    status = opened.app.state.desk.ledger_status()
    counts = dict(status.counts)
    assert counts[EntryKind.EPOCH] == counts[EntryKind.AUTHORISATION] == counts[EntryKind.DETECTION] == 1
    assert (status.size, status.oldest_unsigned_minute) == (report.size, None)
    assert NoteKey.parse(status.key) == KEY
    present = opened.ask("GET", "/api/v1/ledger/checkpoint")
    assert present.headers["content-type"] == "text/plain; charset=utf-8"
    assert present.content == opened.ask("GET", "/tlog/checkpoint").content == opened.read("checkpoint")


def test_the_desk_writes_and_reads_entries_and_knows_the_oldest_that_is_not_signed(opened: Open) -> None:
    opened.publish()
    desk = opened.app.state.desk
    upload(opened)
    assert desk.ledger_status().oldest_unsigned_minute == int(opened.street.clock.at // 60) * 60
    lines = desk.access(kinds=(EntryKind.DETECTION,))
    assert len(lines) == 1
    entry = msgspec.structs.replace(lines[0].entry, kind=EntryKind.LOOK, who="anne")
    number = desk.record(entry)
    assert number is not None
    assert desk.access(who="anne")[0].index == number - 1  # the log counts from 0, the store from 1


def test_a_node_finds_its_record_in_the_log_without_believing_the_hub(opened: Open) -> None:
    question = "/api/v1/ledger/inclusion?sensor=mic-a&epoch=0&sequence="
    upload(opened)
    assert opened.ask("GET", f"{question}0").status_code == 404, "its minute is not over"
    opened.street.clock.at += 120
    opened.publish()
    sequences = [row.sequence for row in _records(opened)]
    for sequence in sequences:
        answer = opened.ask("GET", f"{question}{sequence}")
        assert answer.status_code == 200
        found = msgspec.json.decode(answer.content, type=RecordInclusion)
        header = decode_line(found.header.encode(), RecordHeader)
        assert (header.sensor, header.epoch, header.sequence) == ("mic-a", 0, sequence)
        minute = read_leaf(decode_base64(found.leaf))
        assert isinstance(minute, MinuteLeaf)
        inner = [decode_base64(digest) for digest in found.minute_proof]
        assert root_of_inclusion(found.place, found.count, leaf_hash(found.header.encode()), inner) == minute.root
        head = open_checkpoint(found.checkpoint.encode(), KEY).checkpoint
        outer = [decode_base64(digest) for digest in found.proof]
        leaf = leaf_hash(decode_base64(found.leaf))
        assert root_of_inclusion(found.index, head.size, leaf, outer) == head.root
    assert opened.ask("GET", f"{question}99").status_code == 404
    assert opened.ask("GET", f"{question}-1").status_code == 422


def _records(opened: Open) -> list[Any]:
    with opened.app.state.hub.store.reading() as connection:
        return list(connection.exec_driver_sql("select sequence from ledger_records order by id"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        ".lock",
        "0/../.lock",
        "../hub.db",
        "0/tile/0/0",
        "00/checkpoint",
        "7/checkpoint",
        "0/tile",
        "x" * 300,
        "9" * 300 + "/checkpoint",
        "9" * 5000 + "/checkpoint",
        "0/checkpoint/" + "x" * 5000,
    ],
)
def test_nothing_but_files_of_the_log_is_served(opened: Open, path: str) -> None:
    opened.publish()
    assert opened.ask("GET", f"/tlog/{urllib.parse.quote(path, safe='')}").status_code == 404


def test_without_a_charter_there_is_no_ledger(tmp_path: Path) -> None:
    street = Street()
    app = create_app(settings_at(tmp_path, charter=None), clock=street.clock, callers=EVERYBODY)
    with asyncio.Runner() as runner:
        opened = Open(app, street, runner)
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        assert opened.ask("GET", "/api/v1/ledger/checkpoint").status_code == 404
        assert opened.app.state.desk.ledger_status() is None
        runner.run(lifespan.__aexit__(None, None, None))
    assert not (tmp_path / "ledger").exists()


def test_a_key_that_is_not_the_charters_is_refused(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    (tmp_path / "keys" / "ledger.pem").write_bytes((tmp_path / "keys" / "leases.pem").read_bytes())
    with pytest.raises(ConfigurationError, match="not the charter's"):
        create_app(settings)
    (tmp_path / "keys" / "ledger.pem").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        create_app(settings)


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Any web server can serve a log."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, directory=str(folder), **more)

        def log_message(self, *_words: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_log_is_verified_from_any_web_server(house: LogHouse) -> None:
    house.acts(300)
    house.hear("mic-a", b"one")
    house.minute()
    house.publisher.publish()
    (house.log / "checkpoint").write_bytes((house.log / "0" / "checkpoint").read_bytes())  # as a hub serves it
    with web(house.log) as address:
        logs = list(logs_in(address))
        assert [place for place, _ in logs] == [f"{address}/0"]
        report = verify_log(logs[0][1], house.trust())
        assert (report.faults, report.size) == ((), 302)
        with pytest.raises(OversightError, match="there is no log"):
            list(logs_in(f"{address}/nowhere"))
    with pytest.raises(OversightError, match="cannot be read"):
        Address(address).read("checkpoint")
    with pytest.raises(OversightError, match="no such folder"):
        list(logs_in(str(house.folder / "nowhere")))
