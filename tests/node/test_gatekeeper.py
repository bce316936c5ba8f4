"""The gate process without its process: nothing leaves before it is stored, and time only runs forward."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from fake_hub import FakeHub
from msgspec.structs import replace

import clairvoie.node.gatekeeper as gatekeeper_module
from clairvoie.boundary.bulletin import ImpulseEvent
from clairvoie.boundary.charter import encode_charter
from clairvoie.boundary.detection import Claim, ImpulseDetection, TenSecondLevel
from clairvoie.boundary.document import SignedDocument, encode_document
from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.lease import decode_request
from clairvoie.boundary.signed import LEASE_DOMAIN, TICK_DOMAIN, decode_envelope, verify
from clairvoie.boundary.wire import SecondEvents, SensorStatement, Tick, decode_record, decode_tick, encode_claim
from clairvoie.config import ClockSettings
from clairvoie.egress.budget import Budget
from clairvoie.egress.gate import PHASE
from clairvoie.egress.key import node_key
from clairvoie.egress.memory import Memory
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import MessageReader, open_pipe, write_message, write_packet
from clairvoie.egress.state import GateState, encode_state
from clairvoie.egress.trusted import Held, Trust, stored
from clairvoie.lab.leave import exercise_authorisation, make_leave
from clairvoie.node.gatekeeper import CATCH_UP, TICKS_AT_ONCE, Gatekeeper
from clairvoie.node.orders import GateOrders, GateSensor
from clairvoie.node.vigil import Teller

NOW = 1_800_000_000
LEAVE = make_leave("town", exercise=False)
ACT = LEAVE.signed(exercise_authorisation("town", ["mic-1"], exercise=False, lease_seconds=86_400))


class Bench(NamedTuple):
    """A gatekeeper with the other ends of its pipes."""

    gatekeeper: Gatekeeper
    memory: Memory
    outbox: Outbox
    claims: int
    live: MessageReader
    orders: GateOrders
    granting: int
    moments: list[float]

    def say(self, claim: Claim) -> None:
        assert write_packet(self.claims, encode_claim(claim))

    def tick(self, second: int) -> int:
        """Wake the gatekeeper at the moment at which the tick of ``second`` is due."""
        wall = self.orders.clock.wall_of(second + 1 + PHASE) + 0.001
        self.moments.append(max(self.moments[-1], wall))  # the monotonic clock never steps back
        return self.gatekeeper.advance(wall, self.moments[-1])

    def grant(self, wall: float, *documents: SignedDocument, fresh: bool = True) -> None:
        """The hub answers what the gatekeeper asks at ``wall``, or pushes."""
        self.moments.append(max(self.moments[-1], wall))
        self.gatekeeper.leaseholder.ask(self.moments[-1])
        requests = [decode_envelope(m) for m in self.live.messages()]
        nonces = [decode_request(r.body).nonce for r in requests if r.domain == LEASE_DOMAIN]
        hub = FakeHub(leave=LEAVE, documents=documents or (ACT,))
        hub.clock, hub.lease_seconds = (lambda: wall), 86_400
        write_message(self.granting, encode_document(hub.lease("node-1", nonces[-1] if fresh else b"")))
        self.gatekeeper.leaseholder.hear(self.moments[-1])

    def live_ticks(self) -> list[Tick]:
        key = node_key(Path(self.orders.key)).public_key()
        envelopes = [e for m in self.live.messages() if (e := decode_envelope(m)).domain == TICK_DOMAIN]
        for envelope in envelopes:
            verify(envelope, key)
        return [decode_tick(envelope.body) for envelope in envelopes]

    def again(self, boot: str = "boot") -> Bench:
        """The same gate after its process was started again."""
        log, moment = structlog.get_logger(), self.moments[-1]
        again = Gatekeeper(self.orders, self.memory, self.outbox, log, boot=boot, moment=moment)
        return self._replace(gatekeeper=again)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    reading, writing = open_pipe()
    live_reading, live_writing = open_pipe()
    grants_reading, granting = open_pipe()
    memory, outbox = Memory(tmp_path / "memory.sqlite"), Outbox(tmp_path / "outbox.sqlite")
    orders = GateOrders(
        parent=os.getppid(), deployment="town", node="node-1", epoch=0, key=str(tmp_path / "key.pem"),
        memory=str(tmp_path / "memory.sqlite"), outbox=str(tmp_path / "outbox.sqlite"), outbox_megabytes=1,
        sensors=(GateSensor(id="mic-1", mode=Mode.TRIAL, claims=reading),), clock=ClockSettings(), live=live_writing,
        control=0, ready=0, charter=str(tmp_path / "charter.json"), grants=grants_reading,
    )  # fmt: skip
    (tmp_path / "charter.json").write_bytes(encode_charter(LEAVE.charter))
    began = NOW - 100.0
    gatekeeper = Gatekeeper(orders, memory, outbox, structlog.get_logger(), boot="boot", moment=began)
    bench = Bench(gatekeeper, memory, outbox, writing, MessageReader(live_reading), orders, granting, [began])
    bench.grant(began)
    yield bench
    outbox.close()
    memory.close()
    for end in (reading, writing, live_reading, live_writing, grants_reading, granting):
        os.close(end)


def bang(onset: float) -> ImpulseDetection:
    return ImpulseDetection(onset=onset, sigma=0.001, level=90.0)


def released(bench: Bench) -> list[ImpulseEvent]:
    records = [decode_record(decode_envelope(kept.envelope).body) for kept in bench.outbox.oldest(1000, 10**9)]
    contents = [record.content for record in records]
    return [e for c in contents if isinstance(c, SecondEvents) for e in c.events if isinstance(e, ImpulseEvent)]


def warm(bench: Bench) -> None:
    """Half a minute of silence, so that the buckets have something in them."""
    for second in range(NOW - 30, NOW):
        bench.tick(second)
    bench.live_ticks()


def test_a_claim_leaves_in_the_tick_of_its_second_and_not_before(bench: Bench) -> None:
    warm(bench)
    bench.say(bang(NOW + 0.5))
    bench.say(bang(NOW + 1.1))  # heard between the end of the second and its tick
    assert bench.tick(NOW) == 1
    assert [len(t.bulletins[0].events) for t in bench.live_ticks()] == [1]
    bench.tick(NOW + 1)
    assert [event.age for event in released(bench)] == [pytest.approx(5001, abs=1), pytest.approx(9001, abs=1)]


def test_what_a_live_tick_announces_lies_in_the_outbox_before_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The uplink looks into the outbox when a live tick comes; what lay there later would wait for the next one."""
    warm(bench)
    bench.say(bang(NOW + 0.5))
    there: list[int] = []

    def watched(pipe: int, message: bytes) -> bool:
        there.append(len(released(bench)))
        return write_message(pipe, message)

    monkeypatch.setattr(gatekeeper_module, "write_message", watched)
    bench.tick(NOW)
    assert there == [1]


def test_a_tick_is_made_once_however_often_the_gate_looks(bench: Bench) -> None:
    assert bench.tick(NOW) == 1
    assert bench.tick(NOW) == 0
    assert bench.gatekeeper.wall_of_next() == NOW + 2 + PHASE


def test_while_nothing_can_be_stored_nothing_leaves_and_later_everything_does(bench: Bench) -> None:
    warm(bench)
    bench.memory._database.execute("PRAGMA busy_timeout = 1")
    in_the_way = sqlite3.connect(bench.orders.memory, isolation_level=None)
    in_the_way.execute("BEGIN IMMEDIATE")
    bench.say(bang(NOW + 0.5))
    assert bench.tick(NOW) == 0
    assert bench.live_ticks() == []
    assert released(bench) == []
    in_the_way.execute("ROLLBACK")
    in_the_way.close()
    assert bench.tick(NOW + 1) == 2
    assert [(t.second, len(t.bulletins[0].events)) for t in bench.live_ticks()] == [(NOW, 1), (NOW + 1, 0)]
    assert len(released(bench)) == 1


def test_after_a_step_back_nothing_leaves_until_time_has_caught_up(bench: Bench) -> None:
    warm(bench)
    for second in (NOW - 3600, NOW - 10, NOW - 1):
        bench.say(bang(second + 0.5))
        assert bench.tick(second) == 0
    assert bench.live_ticks() == []
    assert bench.tick(NOW) == 1


def test_the_high_water_mark_survives_a_restart(bench: Bench) -> None:
    warm(bench)
    again = bench.again()
    assert again.tick(NOW - 5) == 0
    assert again.tick(NOW) == 1
    assert [t.second for t in again.live_ticks()] == [NOW]


def test_a_gate_that_was_held_up_makes_the_last_ticks_in_order(bench: Bench) -> None:
    warm(bench)
    bench.say(TenSecondLevel(end=NOW, laeq=60.0))
    bench.say(bang(NOW + 2.5))
    assert bench.tick(NOW + 4) == 5
    ticks = bench.live_ticks()
    assert [t.second for t in ticks] == list(range(NOW, NOW + 5))
    assert [bool(t.bulletins[0].events) for t in ticks] == [False, False, True, False, False]
    assert ticks[2].bulletins[0].scheduled[0].laeq == 81  # type: ignore[union-attr]


def test_what_lies_too_far_back_is_left_out(bench: Bench) -> None:
    warm(bench)
    assert bench.tick(NOW + 10_000) == CATCH_UP + 1
    assert bench.live_ticks()[0].second == NOW + 10_000 - CATCH_UP
    assert TICKS_AT_ONCE > CATCH_UP


@pytest.mark.parametrize("packet", [b"x", b"\x00" * 512, b"\xff" * 512, encode_claim(bang(NOW)) + b"\x00"])
def test_bytes_that_are_no_claim_are_counted_and_nothing_else(bench: Bench, packet: bytes) -> None:
    warm(bench)
    assert write_packet(bench.claims, packet)
    bench.say(bang(NOW + 0.5))
    bench.tick(NOW)
    assert bench.gatekeeper.sensors[0].state.refusals == 1
    assert len(released(bench)) == 1


def test_an_analyser_that_floods_its_pipe_is_read_in_small_helpings(bench: Bench) -> None:
    warm(bench)
    while write_packet(bench.claims, b"flood"):
        continue
    bench.tick(NOW)
    assert bench.gatekeeper.sensors[0].state.refusals == 64


def contents(bench: Bench) -> list[object]:
    return [decode_record(decode_envelope(kept.envelope).body).content for kept in bench.outbox.oldest(1000, 10**9)]


def test_without_a_lease_nothing_leaves_and_nothing_is_kept(bench: Bench) -> None:
    fresh = bench.again(boot="another boot")  # the lease was never stored, and would not count after a boot
    fresh.say(bang(NOW + 0.5))
    assert fresh.tick(NOW) == 1
    assert (fresh.live_ticks(), contents(fresh), fresh.gatekeeper.has_leave) == ([], [], False)
    state = fresh.gatekeeper.sensors[0].state
    assert (state.second, state.waiting, state.early, state.parts) == (NOW, (), (), ())


def test_a_restart_keeps_the_lease_and_a_boot_loses_it(bench: Bench) -> None:
    warm(bench)
    again = bench.again()
    again.tick(NOW)
    assert again.gatekeeper.has_leave
    booted = bench.again(boot="another boot")
    booted.tick(NOW + 1)
    assert not booted.gatekeeper.has_leave
    booted.grant(NOW + 2.5)
    booted.tick(NOW + 3)
    assert booted.gatekeeper.has_leave


def test_a_pushed_suspension_binds_the_next_tick_and_erases_what_was_captured_since(bench: Bench) -> None:
    warm(bench)
    for second in range(NOW, NOW + 20):
        bench.say(bang(second + 0.5))
        bench.tick(second)
    kept = len(released(bench))
    bench.grant(NOW + 21, LEAVE.suspended(ACT, NOW + 10), fresh=False)
    bench.live_ticks()
    bench.say(bang(NOW + 20.5))
    bench.tick(NOW + 20)
    assert bench.live_ticks() == []
    assert not bench.gatekeeper.has_leave
    events = [content for content in contents(bench) if isinstance(content, SecondEvents)]
    assert events
    assert all(content.second < NOW + 10 for content in events)
    assert bench.outbox.status().erased == kept - len(released(bench)) > 0
    again = bench.again()
    again.grant(NOW + 23)  # a hub that no longer tells of it
    again.tick(NOW + 24)
    assert not again.gatekeeper.has_leave


def test_whatever_the_uplink_writes_into_the_outbox_a_gate_that_is_started_again_does_not_believe_it(
    bench: Bench,
) -> None:
    """It holds that file open and could fill the buckets, forget a suspension and lengthen the lease for ever."""
    before_suspension = bench.memory.trust()
    warm(bench)
    bench.grant(NOW + 0.5, LEAVE.suspended(ACT, NOW), fresh=False)
    bench.tick(NOW)
    full = GateState(sensor="mic-1", second=NOW, sequence=0, budget=Budget(scheduled=300_000, events=724_000))
    held = Held(issued=NOW, asked=NOW - 1.0, answered=NOW - 0.9, until=NOW + 10**9)
    forged = stored(Trust(held=held, documents=(ACT,)), "boot")
    assert forged["documents"] != bench.memory.trust()["documents"]
    bench.outbox.commit([("mic-1", encode_state(full))], [], before_suspension | forged)
    again = bench.again()
    again.tick(NOW + 1)
    assert not again.gatekeeper.has_leave
    assert again.live_ticks() == []
    state = again.gatekeeper.sensors[0].state
    assert state.sequence > 0
    assert state.budget.events < 200_000


def test_while_the_outbox_takes_nothing_nothing_new_leaves_and_nothing_is_lost(bench: Bench) -> None:
    warm(bench)
    bench.outbox._database.execute("PRAGMA busy_timeout = 1")
    in_the_way = sqlite3.connect(bench.orders.outbox, isolation_level=None)
    in_the_way.execute("BEGIN IMMEDIATE")
    bench.say(bang(NOW + 0.5))
    bench.tick(NOW)  # is remembered, and cannot be handed over
    bench.say(bang(NOW + 1.5))
    assert [bench.tick(second) for second in range(NOW + 1, NOW + 5)] == [0] * 4
    assert [tick.second for tick in bench.live_ticks()] == [NOW]
    assert released(bench) == []
    in_the_way.execute("ROLLBACK")
    in_the_way.close()
    again = bench.again()
    again.tick(NOW + 5)
    assert len(released(bench)) == 2
    identities = [decode_envelope(kept.envelope).sequence for kept in bench.outbox.oldest(1000, 10**9)]
    assert identities == sorted(set(identities))


def test_when_the_nodes_clock_disagrees_with_trusted_time_nothing_leaves(bench: Bench) -> None:
    warm(bench)
    wall = NOW + 600.0
    with structlog.testing.capture_logs() as logged:
        bench.gatekeeper.leaseholder._log = structlog.get_logger()
        bench.gatekeeper.advance(wall, bench.moments[-1] + 1)
    assert bench.live_ticks() == []
    assert [line["remedy"] for line in logged if line.get("why") == "clock-disagrees"]


def test_each_sensor_is_stated_once_a_start_but_not_again_within_the_hour(bench: Bench) -> None:
    warm(bench)
    bench.again().tick(NOW)
    statements = [content for content in contents(bench) if isinstance(content, SensorStatement)]
    assert [s.authorisation for s in statements] == [ACT.digest]
    later = bench.again()
    later.tick(NOW + 3700)
    statements = [content for content in contents(bench) if isinstance(content, SensorStatement)]
    assert len(statements) == 2


def test_the_launcher_is_told_of_each_sensor_by_itself(bench: Bench) -> None:
    """The act names mic-1 alone: its neighbour is not to be listened to."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    warm(bench)
    orders = replace(bench.orders, sensors=(*bench.orders.sensors, replace(bench.orders.sensors[0], id="mic-2")))
    log = structlog.get_logger()
    gatekeeper = Gatekeeper(orders, bench.memory, bench.outbox, log, boot="boot", moment=bench.moments[-1])
    teller = Teller(writing, "00")
    bench._replace(gatekeeper=gatekeeper).tick(NOW)
    for _ in range(2):
        teller.tell(gatekeeper.leave)
    teller.tell({"mic-1": False, "mic-2": False})
    lines = os.read(reading, 4096).decode().splitlines()
    assert lines == ["gate 00", "leave on mic-1", "leave off mic-2", "leave off mic-1"]
    for end in (reading, writing):
        os.close(end)
