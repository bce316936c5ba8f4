"""The gate process without its process: nothing leaves before it is stored, and time only runs forward."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from clairvoie.boundary.bulletin import ImpulseEvent
from clairvoie.boundary.detection import Claim, ImpulseDetection, TenSecondLevel
from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.signed import decode_envelope, verify
from clairvoie.boundary.wire import SecondEvents, Tick, decode_record, decode_tick, encode_claim
from clairvoie.config import ClockSettings
from clairvoie.egress.gate import PHASE
from clairvoie.egress.key import node_key
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import MessageReader, open_pipe, write_packet
from clairvoie.gatekeeper import CATCH_UP, TICKS_AT_ONCE, Gatekeeper
from clairvoie.orders import GateOrders, GateSensor

NOW = 1_800_000_000


class Bench(NamedTuple):
    """A gatekeeper with the other ends of its pipes."""

    gatekeeper: Gatekeeper
    outbox: Outbox
    claims: int
    live: MessageReader
    orders: GateOrders

    def say(self, claim: Claim) -> None:
        assert write_packet(self.claims, encode_claim(claim))

    def tick(self, second: int) -> int:
        """Wake the gatekeeper at the moment at which the tick of ``second`` is due."""
        return self.gatekeeper.advance(self.orders.clock.wall_of(second + 1 + PHASE) + 0.001)

    def live_ticks(self) -> list[Tick]:
        key = node_key(Path(self.orders.key)).public_key()
        envelopes = [decode_envelope(message) for message in self.live.messages()]
        for envelope in envelopes:
            verify(envelope, key)
        return [decode_tick(envelope.body) for envelope in envelopes]

    def again(self) -> Bench:
        """The same gate after its process was started again."""
        return self._replace(gatekeeper=Gatekeeper(self.orders, self.outbox, structlog.get_logger()))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    reading, writing = open_pipe()
    live_reading, live_writing = open_pipe()
    outbox = Outbox(tmp_path / "outbox.sqlite")
    orders = GateOrders(
        parent=os.getppid(), deployment="town", node="node-1", epoch=0, key=str(tmp_path / "key.pem"),
        outbox=str(tmp_path / "outbox.sqlite"), outbox_megabytes=1,
        sensors=(GateSensor(id="mic-1", mode=Mode.TRIAL, claims=reading),), clock=ClockSettings(), live=live_writing,
        control=0, ready=0,
    )  # fmt: skip
    gatekeeper = Gatekeeper(orders, outbox, structlog.get_logger())
    yield Bench(gatekeeper, outbox, writing, MessageReader(live_reading), orders)
    outbox.close()
    for end in (reading, writing, live_reading, live_writing):
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


def test_a_tick_is_made_once_however_often_the_gate_looks(bench: Bench) -> None:
    assert bench.tick(NOW) == 1
    assert bench.tick(NOW) == 0
    assert bench.gatekeeper.wall_of_next() == NOW + 2 + PHASE


def test_while_nothing_can_be_stored_nothing_leaves_and_later_everything_does(bench: Bench) -> None:
    warm(bench)
    bench.outbox._database.execute("PRAGMA busy_timeout = 1")
    in_the_way = sqlite3.connect(bench.orders.outbox, isolation_level=None)
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
