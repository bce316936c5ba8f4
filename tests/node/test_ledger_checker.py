"""An enrolled node, over TLS, asks a real hub for its records; a hub that left one out is told of, and it is kept."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import structlog
from fake_hub import FakeHub
from open_door import OpenDoor
from small_ledger import DEPLOYMENT, LOG, TRUST, SmallLedger, own
from structlog.testing import capture_logs
from typer.testing import CliRunner

from clairvoie.boundary.charter import Charter, Signer, decode_charter, encode_charter
from clairvoie.boundary.confinement import Lock
from clairvoie.boundary.signed import RECORD_DOMAIN, decode_batch, sign
from clairvoie.boundary.wire import Record, SensorStatement, encode_body
from clairvoie.cli import app
from clairvoie.config import NodeSensor, NodeSettings, ReplaySource, TlsFiles
from clairvoie.egress import landlock
from clairvoie.egress.key import node_key
from clairvoie.egress.observed import locks_of
from clairvoie.egress.outbox import Outbox, Outgoing
from clairvoie.egress.pipe import open_pipe
from clairvoie.egress.uplink import RecordSender, hub_client
from clairvoie.node import reach
from clairvoie.node.ledger_checker import LedgerChecker
from clairvoie.node.orders import UplinkOrders
from clairvoie.node.processes import spawn
from clairvoie.node.sample import ASK_AFTER, Sample
from clairvoie.oversight.continuation import FaultKind, LedgerTrust
from clairvoie.oversight.inclusion import LATE_SECONDS, Faulty, Included, Missing, OwnRecord, Unanswered, Verdict
from clairvoie.oversight.ledger_check import FILE_NAME, LedgerCheck, decode_check


@dataclass
class Clock:
    """The time of hub and node, which a test can move ahead."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Street:
    """A hub with a real ledger behind its node door, and what an uplink has of a node."""

    door: OpenDoor
    clock: Clock
    left_out: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        assert self.door.keeper is not None
        self.keeper = self.door.keeper
        self.outbox = Outbox(self.state / "outbox.sqlite")
        honest = self.keeper.ledger.record_stored
        # A dishonest hub: it acknowledges every record, and its ledger is not told of some.
        self.keeper.ledger.record_stored = lambda connection, stored: honest(  # type: ignore[method-assign]
            connection, [record for record in stored if record.sequence not in self.left_out]
        )

    @property
    def folder(self) -> Path:
        return self.door.town.folder / "node-0"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @asynccontextmanager
    async def uplink(self) -> AsyncIterator[tuple[LedgerChecker, RecordSender]]:
        """One life of an uplink. It chooses the last record that was acknowledged."""
        certificate, key = map(str, self.door.files(0))
        authority = str(self.door.town.folder / "keys" / "node-authority.crt")
        tls = TlsFiles(certificate=certificate, key=key, authority=authority)
        trust = LedgerTrust.of(decode_charter((self.folder / "charter.json").read_bytes()))
        log = structlog.get_logger()
        async with hub_client(self.door.url, tls) as client:
            checker = LedgerChecker(client, trust, self.state / FILE_NAME, log, clock=self.clock)
            checker.sample = Sample(lambda _: 0)
            yield checker, RecordSender(self.outbox, client, log, checker.acknowledged)

    async def deliver(self, sender: RecordSender, *sequences: int) -> None:
        for sequence in sequences:
            (envelope,) = decode_batch(self.door.record(0, sequence))
            self.outbox.commit([], [Outgoing(form="events", envelope=envelope)])
        await sender.send_once()
        assert self.outbox.status().waiting == 0

    def wait(self, seconds: float) -> None:
        """Time passes, and the hub does what it does each second."""
        self.clock.ahead += seconds
        self.keeper.work()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    clock = Clock()
    with OpenDoor.of(tmp_path, clock=clock, kept=True) as door:
        made = Street(door, clock)
        yield made
        made.outbox.close()


def kept(street: Street) -> LedgerCheck:
    return decode_check((street.state / FILE_NAME).read_bytes())


def test_a_hub_that_leaves_a_record_out_is_found_and_told_of_and_it_survives_a_restart(street: Street) -> None:
    async def first_life() -> None:
        async with street.uplink() as (checker, sender):
            await street.deliver(sender, 1, 2, 3)
            assert await checker.ask_once() is None, "too soon"
            street.wait(ASK_AFTER)
            verdict = await checker.ask_once()
            assert isinstance(verdict, Included), verdict
            assert verdict.size > verdict.index

    async def second_life() -> None:
        before = kept(street)
        async with street.uplink() as (checker, sender):
            assert checker.check == before
            street.left_out = {5}
            await street.deliver(sender, 4, 5)
            street.wait(ASK_AFTER)
            assert isinstance(await checker.ask_once(), Missing)
            street.wait(LATE_SECONDS)
            verdict = await checker.ask_once()
            assert isinstance(verdict, Faulty), verdict

    asyncio.run(first_life())
    proved = kept(street).proved
    assert proved is not None
    assert proved.sequence == 3
    with capture_logs() as said:
        asyncio.run(second_life())
    errors = [line for line in said if line["log_level"] == "error"]
    assert [(line["fault"], line["sensor"], line["sequence"]) for line in errors] == [("not-included", "mic-0", 5)]
    assert errors[0]["remedy"]
    check = kept(street)
    assert list(check.faults) == [FaultKind.NOT_INCLUDED]
    assert check.proved == proved
    assert check.kept.log is not None
    assert check.kept.log.head.size > proved.size, "the log has grown past it"
    assert not list(street.state.glob("*.new"))
    shown = CliRunner().invoke(app, ["node", str(street.folder / "node.toml"), "--status"])
    assert shown.exit_code == 0, shown.output
    assert '"not-included"' in shown.stdout


class Line:
    """A network between a node and a small ledger, which fails when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.ledger = SmallLedger()
        self.fails = False
        self.endless = False
        self.path = folder / FILE_NAME
        self.clock = Clock()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.fails:
            raise httpx.ConnectError("no route", request=request)
        asked = request.url.params
        record = own(int(asked["sequence"]), asked["sensor"])
        status, body = self.ledger.said(record, *map(int, asked["kept"].split("/")))
        return httpx.Response(status, stream=httpx.ByteStream(body + bytes(10**6 if self.endless else 0)))

    def ask(self, *records: OwnRecord) -> list[Verdict | None]:
        """One life of an uplink, which asks for these."""

        async def life() -> list[Verdict | None]:
            transport = httpx.MockTransport(self.answer)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                checker = LedgerChecker(client, TRUST, self.path, structlog.get_logger(), clock=self.clock)
                for record in records:
                    checker.sample.put_back(record)
                return [await checker.ask_once() for _ in records]

        return asyncio.run(life())

    @property
    def kept(self) -> LedgerCheck:
        return decode_check(self.path.read_bytes())


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line(tmp_path)
    made.ledger.seal(own(1), own(2))
    return made


def test_a_network_that_fails_accuses_nobody_and_the_record_is_asked_for_again(line: Line) -> None:
    line.fails = True
    with capture_logs() as said:
        (first, second) = line.ask(own(1), own(1))
    assert isinstance(first, Unanswered)
    assert isinstance(second, Unanswered)
    assert [entry["log_level"] for entry in said] == ["warning", "debug"], "said once"
    assert line.kept.unanswered is not None
    line.fails = False
    assert isinstance(line.ask(own(1))[0], Included)
    assert line.kept.unanswered is None
    assert line.kept.faults == {}
    assert line.kept.witnessed is not None


def test_what_was_kept_before_a_restart_finds_a_log_that_was_set_back(line: Line) -> None:
    line.ledger.act()
    line.ask(own(2))
    size = len(line.ledger.epochs[0].leaves)
    line.ledger.epochs[0].leaves.pop()
    with capture_logs() as said:
        verdicts = [line.ask(own(1))[0] for _ in range(3)]
    assert all(isinstance(verdict, Faulty) for verdict in verdicts)
    found = line.kept.faults[FaultKind.LOG_SET_BACK]
    assert found.count == 3
    assert f"{size - 1} entries stand where {size} stood" in found.what
    assert found.checkpoint == line.ledger.note(), "what the hub's key signed is kept, as a proof"
    assert [entry["log_level"] for entry in said].count("error") == 1
    line.ledger.act()  # and it is not forgotten when the log is as it was
    assert line.kept.kept.log is not None
    assert isinstance(line.ask(own(1))[0], Faulty | Included)
    assert FaultKind.LOG_SET_BACK in line.kept.faults


def test_a_new_epoch_is_told_and_what_waited_is_not_asked_for(line: Line) -> None:
    line.ask(own(1))
    line.ledger.begin()
    with capture_logs() as said:
        verdicts = line.ask(own(9), own(1))
    assert isinstance(verdicts[0], Missing)
    assert verdicts[1] is None
    assert [(entry["log_level"], entry["reason"]) for entry in said] == [("warning", "restored")]
    assert line.kept.began is not None
    assert line.kept.faults == {}


def test_an_answer_without_end_is_none(line: Line) -> None:
    line.endless = True
    assert isinstance(line.ask(own(1))[0], Unanswered)


def test_a_file_that_is_damaged_is_set_aside_and_said(line: Line) -> None:
    line.path.write_bytes(b'{"kept":')
    with capture_logs() as said:
        assert line.ask() == []
    assert [entry["log_level"] for entry in said] == ["error"]
    assert line.path.with_name(f"{FILE_NAME}.damaged").read_bytes() == b'{"kept":'


def test_a_disk_that_is_full_loses_the_file_and_not_the_uplink(line: Line) -> None:
    line.path.with_name(f"{FILE_NAME}.new").mkdir()
    with capture_logs() as said:
        assert isinstance(line.ask(own(1))[0], Included)
    assert [entry["log_level"] for entry in said] == ["warning"]
    assert not line.path.exists()


QUICK = """
import runpy
import clairvoie.node.ledger_checker as checker, clairvoie.node.sample as sample
checker.ASK_SECONDS, sample.ASK_AFTER = 0.2, 0.0
runpy.run_module("clairvoie.node.courier", run_name="__main__")
"""


@contextmanager
def quick_uplink(folder: Path, hub: str) -> Iterator[int]:
    """The uplink as the launcher starts it, locked, but in more of a hurry; its process identifier."""
    sensor = NodeSensor(id="mic-1", calibration=120, source=ReplaySource(file="street.wav"))
    settings = NodeSettings(
        deployment=DEPLOYMENT, node="node-1", hub=hub, key="node.pem", state="state", charter="charter.json",
        sensors=(sensor,),
    )  # fmt: skip
    live, live_writing = open_pipe()
    control, lifeline = os.pipe()
    ready_reading, ready = os.pipe()
    orders = UplinkOrders(
        parent=os.getpid(),
        hub=hub,
        node="node-1",
        outbox=str(folder / "state" / "outbox.sqlite"),
        live=live,
        control=control,
        ready=ready,
        charter=str(folder / "charter.json"),
        check=str(folder / "state" / FILE_NAME),
    )
    command = (sys.executable, "-P", "-c", QUICK)
    process = spawn(command, orders, [live, control, ready], confining=reach.of_uplink(settings, folder))
    try:
        assert os.read(ready_reading, 100) == b"uplink\n"
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)
        for end in (live, live_writing, control, lifeline, ready_reading, ready):
            os.close(end)


class Writer:
    """Puts signed records into the outbox, as the gate does."""

    def __init__(self, folder: Path) -> None:
        self.key = node_key(folder / "node.pem")
        self.outbox = Outbox(folder / "state" / "outbox.sqlite")

    def put(self, sequence: int) -> None:
        content = SensorStatement(sensor="mic-1", second=1, confinement=0, simulated=True, model=b"", software=b"")
        body = encode_body(Record(sequence=sequence, content=content))
        about = {"deployment": DEPLOYMENT, "node": "node-1", "epoch": 0, "sensor": "mic-1", "sequence": sequence}
        envelope = sign(self.key, domain=RECORD_DOMAIN, body=body, **about)  # type: ignore[arg-type]
        self.outbox.commit([], [Outgoing(form="statement", envelope=envelope)])


def charter() -> Charter:
    """One that names the small ledger's key."""
    return Charter(
        deployment=DEPLOYMENT,
        exercise=True,
        roles=(Signer(id="mayor", holder="the mayor", public_key="11" * 32),),
        threshold=1,
        leases="22" * 32,
        ledger=LOG.public_key().public_bytes_raw().hex(),
    )


@pytest.mark.slow
@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_behind_its_locks_the_uplink_asks_and_keeps_what_it_finds(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    (tmp_path / "charter.json").write_bytes(encode_charter(charter()))
    hub = FakeHub(writer.key.public_key(), ledger=SmallLedger())
    with hub.serve() as port, quick_uplink(tmp_path, f"http://127.0.0.1:{port}") as pid:
        writer.put(1)
        assert hub.wait_for(lambda: hub.questions >= 1)
        assert locks_of(pid) & Lock.SECCOMP
        writer.put(2)
        assert hub.wait_for(lambda: hub.questions >= 2), "the first answer is kept by then"
    check = decode_check((tmp_path / "state" / FILE_NAME).read_bytes())
    assert check.proved is not None
    assert check.proved.sensor == "mic-1"
    assert check.faults == {}
    writer.outbox.close()
