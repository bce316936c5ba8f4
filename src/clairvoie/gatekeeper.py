"""The gate process of a node: reads the analysers' pipes, makes one tick a second, signs, stores, and then releases.

What this process may touch: the reading ends of the analysers' pipes, the writing end of the live pipe, the node's
key, the outbox file, the wall clock, and standard error for its log. It has no network and never sees sound.

A tick of second ``s`` is made at ``s`` + 1 + ``PHASE``. A gate that was held up makes the ticks of the last
:data:`CATCH_UP` seconds of the wall clock, oldest first, and leaves out what lies further back. Time is the node's own
clock: nothing proves yet that it is right. When it steps back, nothing leaves until it has passed the high-water mark.
"""

from __future__ import annotations

import math
import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope, encode_envelope, sign
from clairvoie.boundary.wire import CLAIM_BYTES, Record, SecondEvents, Tick, decode_claim, encode_body
from clairvoie.egress.gate import PHASE, tick
from clairvoie.egress.key import node_key, public_digits
from clairvoie.egress.outbox import Outbox, OutboxUnavailable, Outgoing, hold_alone
from clairvoie.egress.pipe import read_packets, write_message
from clairvoie.egress.screening import CLAIMS_A_TICK, Refused, Rules
from clairvoie.egress.state import GateState, decode_state, encode_state
from clairvoie.errors import ClairvoieError, MalformedMessage
from clairvoie.lifeline import tie_to_parent
from clairvoie.log import set_up_log
from clairvoie.orders import GateOrders, GateSensor, read_orders

CATCH_UP = 10.0
TICKS_AT_ONCE = 120
STATUS_SECONDS = 60.0
RETRY_SECONDS = 0.5
LONGEST_WAIT = 5.0


class SensorGate:
    """One sensor at the gate: its rules, its state, its pipe, and claims of ticks that could not be stored."""

    def __init__(self, sensor: GateSensor, state: GateState) -> None:
        self.rules = Rules(sensor=sensor.id, mode=sensor.mode)
        self.state = state
        self.descriptor = sensor.claims
        self.gone = False
        self._taken: list[Claim | Refused] = []
        self._again: list[Claim | Refused] = []

    def claims(self, state: GateState) -> Sequence[Claim | Refused]:
        """What is in the pipe now, as much as one tick takes beside its early claims; the rest stays there."""
        room = CLAIMS_A_TICK - len(state.early)
        claims, self._again = self._again[:room], self._again[room:]
        # One byte more than a claim has, so that a longer packet shows.
        packets, ended = read_packets(self.descriptor, room - len(claims), CLAIM_BYTES + 1)
        self.gone = self.gone or ended
        claims += [_claim(packet) for packet in packets]
        self._taken += claims
        return claims

    def stored(self, state: GateState) -> None:
        """The state is on disk: what led to it need not be kept."""
        self.state = state
        self._taken = []
        self.gone = False

    def not_stored(self) -> None:
        """Nothing became of the last ticks: offer their claims again, as many as one tick takes."""
        self._again = [*self._taken, *self._again][:CLAIMS_A_TICK]
        self._taken = []


class Gatekeeper:
    """All sensors of a node at the gate. ``advance`` does whatever is due at a second of the wall clock."""

    def __init__(self, orders: GateOrders, outbox: Outbox, log: Any) -> None:
        self._orders = orders
        self._key = node_key(Path(orders.key))
        self._outbox = outbox
        self._log = log
        stored = outbox.states()
        self.sensors = [SensorGate(sensor, self._state(sensor.id, stored)) for sensor in orders.sensors]
        self._refused: Counter[str] = Counter()
        self._live_lost = 0
        self._backwards = False

    @property
    def public_digits(self) -> str:
        """The node's public key."""
        return public_digits(self._key)

    def wall_of_next(self) -> float:
        """When, on the wall clock, the next tick is due."""
        last = self._last_second()
        if last is None:
            return 0.0
        return self._orders.clock.wall_of(last + 2 + PHASE)

    def advance(self, wall: float) -> int:
        """Make the ticks that are due at second ``wall`` of the wall clock; returns how many."""
        now = self._orders.clock.utc(wall)
        due = math.floor(now - PHASE) - 1
        last = self._last_second()
        if last is not None and due <= last:
            self._note_step_back(due < last - 1, last - due)
            return 0
        self._backwards = False
        oldest = due - math.ceil(CATCH_UP * self._orders.clock.speed)
        first = due if last is None else max(last + 1, oldest)
        seconds = range(first, min(due, first + TICKS_AT_ONCE - 1) + 1)
        try:
            self._tick_all(seconds, now)
        except OutboxUnavailable as error:
            for sensor in self.sensors:
                sensor.not_stored()
            self._log.error("nothing is released", why=str(error))
            return 0
        return len(seconds)

    def report(self) -> None:
        """Say in the log how things stand."""
        try:
            status = self._outbox.status()
        except OutboxUnavailable as error:
            self._log.error("the outbox cannot be read", why=str(error))
            return
        self._log.info(
            "gate",
            waiting=status.waiting,
            kilobytes=status.bytes // 1000,
            set_aside=status.refused,
            trimmed_minutes=status.trimmed_minutes,
            trimmed_events=status.trimmed_events,
            claims_refused=dict(self._refused),
            ticks_not_sent=self._live_lost,
        )
        self._refused.clear()
        self._live_lost = 0

    def _tick_all(self, seconds: range, now: float) -> None:
        """Make these ticks for all sensors, store them in one transaction, and only then let the live ticks go."""
        states = [sensor.state for sensor in self.sensors]
        rows: list[Outgoing] = []
        said: dict[int, list[Bulletin]] = {second: [] for second in seconds}
        for number, sensor in enumerate(self.sensors):
            for second in seconds:
                claims = sensor.claims(states[number])
                release = tick(sensor.rules, states[number], second, claims, now=now, gone=sensor.gone)
                states[number] = release.state
                rows += [self._outgoing(sensor.rules.sensor, record) for record in release.records]
                self._refused.update(reason.value for reason in release.refused)
                if release.bulletin is not None:
                    said[second].append(release.bulletin)
        trimmed = self._outbox.commit([(state.sensor, encode_state(state)) for state in states], rows)
        if trimmed:
            self._log.error("the outbox is full: oldest records are gone", records=trimmed)
        for sensor, state in zip(self.sensors, states, strict=True):
            sensor.stored(state)
        for second, bulletins in said.items():
            if len(bulletins) == len(self.sensors):
                self._send_live(second, tuple(bulletins))

    def _outgoing(self, sensor: str, record: Record) -> Outgoing:
        form = "events" if isinstance(record.content, SecondEvents) else "minute"
        return Outgoing(form=form, envelope=self._signed(RECORD_DOMAIN, sensor, record.sequence, encode_body(record)))

    def _send_live(self, second: int, bulletins: tuple[Bulletin, ...]) -> None:
        body = encode_body(Tick(second=second, bulletins=bulletins))
        envelope = self._signed(TICK_DOMAIN, self._orders.node, second, body)
        if not write_message(self._orders.live, encode_envelope(envelope)):
            self._live_lost += 1

    def _signed(self, domain: str, sensor: str, sequence: int, body: bytes) -> Envelope:
        return sign(
            self._key,
            domain=domain,
            deployment=self._orders.deployment,
            node=self._orders.node,
            epoch=self._orders.epoch,
            sensor=sensor,
            sequence=sequence,
            body=body,
        )

    def _state(self, sensor: str, stored: dict[str, bytes]) -> GateState:
        if sensor not in stored:
            self._log.warning("no state of this sensor: its buckets start empty", sensor=sensor)
            return GateState(sensor=sensor)
        return decode_state(stored[sensor])

    def _last_second(self) -> int | None:
        seconds = [sensor.state.second for sensor in self.sensors if sensor.state.second is not None]
        return max(seconds, default=None)

    def _note_step_back(self, stepped: bool, seconds: int) -> None:
        if stepped and not self._backwards:
            self._log.error("the clock stepped back: nothing is released until it has caught up", seconds=seconds)
        self._backwards = stepped


def _claim(packet: bytes) -> Claim | Refused:
    try:
        return decode_claim(packet)
    except MalformedMessage:
        return Refused()


class Vigil:
    """Waits for the next tick while watching the lifeline, the signals, and whether analysers are still there."""

    def __init__(self, control: int, sensors: Sequence[SensorGate]) -> None:
        self.ended = False
        self._sensors = {sensor.descriptor: sensor for sensor in sensors}
        self._poller = select.poll()
        self._poller.register(control, 0)
        self._control = control
        self._woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        self._poller.register(self._woken, select.POLLIN)
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, self._end)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the end; an analyser that goes away meanwhile is marked as gone."""
        until = time.monotonic() + seconds
        for descriptor, sensor in self._sensors.items():
            if not sensor.gone:
                self._poller.register(descriptor, 0)
        while not self.ended and (left := until - time.monotonic()) > 0:
            for descriptor, _ in self._poller.poll(left * 1000):
                if descriptor in (self._control, self._woken):
                    self.ended = True
                else:
                    self._sensors[descriptor].gone = True
                    self._poller.unregister(descriptor)

    def _end(self, number: int, frame: object) -> None:
        self.ended = True


def run(orders: GateOrders) -> None:
    """Be the gate until told to end."""
    tie_to_parent(orders.parent)
    set_up_log()
    log = structlog.get_logger(process="gate", node=orders.node)
    with hold_alone(Path(orders.outbox)):
        outbox = Outbox(Path(orders.outbox), megabytes=orders.outbox_megabytes)
        try:
            _keep(orders, outbox, log)
        finally:
            outbox.close()


def _keep(orders: GateOrders, outbox: Outbox, log: Any) -> None:
    gatekeeper = Gatekeeper(orders, outbox, log)
    vigil = Vigil(orders.control, gatekeeper.sensors)
    os.write(orders.ready, f"gate {gatekeeper.public_digits}\n".encode())
    reported = time.monotonic()
    while not vigil.ended:
        made = gatekeeper.advance(time.time())
        wait = gatekeeper.wall_of_next() - time.time()
        vigil.wait(min(LONGEST_WAIT, wait) if made or wait > 0 else RETRY_SECONDS)
        if time.monotonic() - reported > STATUS_SECONDS:
            gatekeeper.report()
            reported = time.monotonic()
    gatekeeper.report()


if __name__ == "__main__":
    try:
        run(read_orders(GateOrders))
    except ClairvoieError as error:
        sys.stderr.write(f"clairvoie gate: {error}\n")
        sys.exit(1)
