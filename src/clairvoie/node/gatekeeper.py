"""The gate process of a node: reads the analysers' pipes, makes one tick a second, signs, stores, and then releases.

What this process may touch: the reading ends of the analysers' pipes and of the one for grants, the writing ends of the
live pipe and of the one to the launcher, the node's key and charter, its memory, the outbox file, its clocks, and
standard error for its log. It has no network and never sees sound.

A tick of second ``s`` is made at ``s`` + 1 + ``PHASE``. A gate that was held up makes the ticks of the last
:data:`CATCH_UP` seconds of the wall clock, oldest first, and leaves out what lies further back. The second is that of
the node's own clock, which must agree with trusted time (:mod:`clairvoie.egress.trusted`) or nothing leaves. When it
steps back, nothing leaves until it has passed the high-water mark.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from msgspec.structs import replace

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.signed import (
    LEASE_DOMAIN,
    RECORD_DOMAIN,
    TICK_DOMAIN,
    Envelope,
    decode_envelope,
    encode_envelope,
    sign,
)
from clairvoie.boundary.standing import Standing
from clairvoie.boundary.wire import (
    CLAIM_BYTES,
    MinuteParts,
    Record,
    SecondEvents,
    SensorStatement,
    Tick,
    decode_claim,
    decode_record,
    encode_body,
)
from clairvoie.egress import sealing
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.gate import PHASE, tick
from clairvoie.egress.key import node_key, public_digits
from clairvoie.egress.leaseholder import Leaseholder, charter_in
from clairvoie.egress.memory import Memory
from clairvoie.egress.outbox import Outbox, OutboxUnavailable, Outgoing, hold_alone
from clairvoie.egress.pipe import read_packets, write_message
from clairvoie.egress.screening import CLAIMS_A_TICK, Refused
from clairvoie.egress.state import GateState, decode_state, encode_state
from clairvoie.egress.trusted import Silence
from clairvoie.errors import BoundaryError, ClairvoieError, MalformedMessage
from clairvoie.log import set_up_log
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import GateOrders, GateSensor, read_orders
from clairvoie.node.vigil import Teller, Vigil

CATCH_UP = 10.0
TICKS_AT_ONCE = 120
STATUS_SECONDS = 60.0
RETRY_SECONDS = 0.5
LONGEST_WAIT = 5.0
FORMS = {SecondEvents: "events", MinuteParts: "minute", SensorStatement: "statement"}
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SensorGate:
    """One sensor at the gate: its rules, its state, its pipe, and claims of ticks that could not be stored."""

    def __init__(self, sensor: GateSensor, state: GateState) -> None:
        self.rules = Rules(sensor=sensor.id, mode=sensor.mode, model=sensor.model)
        self.state = state
        self.descriptor = sensor.claims
        self.gone = False
        self._sensor = sensor
        self._stated: SensorStatement | None = None
        self._taken: list[Claim | Refused] = []
        self._again: list[Claim | Refused] = []

    def permit(self, standing: Standing, leave: Leave | None) -> None:
        """From now on these acts and this leave count."""
        self.rules = replace(self.rules, standing=standing, leave=leave)

    def statement(self, second: int) -> SensorStatement | None:
        """What there is to state of its process: once a start, and when it is not what was stated."""
        act = self.rules.standing.in_force(second)
        new = SensorStatement(
            sensor=self._sensor.id,
            second=second,
            confinement=self._sensor.confinement,
            simulated=self._sensor.simulated,
            model=bytes.fromhex(self._sensor.model),
            software=bytes.fromhex(self._sensor.software),
            authorisation="" if act is None else act.digest,
        )
        return None if self._stated is not None and replace(self._stated, second=second) == new else new

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
        self._stated = state.stated
        self._taken = []
        self.gone = False

    def not_stored(self) -> None:
        """Nothing became of the last ticks: offer their claims again, as many as one tick takes."""
        self._again = [*self._taken, *self._again][:CLAIMS_A_TICK]
        self._taken = []


class Gatekeeper:
    """All sensors of a node at the gate. ``advance`` does whatever is due at a second of the wall clock.

    ``moment`` is always a second of CLOCK_BOOTTIME, and ``boot`` names this boot of the machine.
    """

    def __init__(
        self, orders: GateOrders, memory: Memory, outbox: Outbox, log: Any, *, boot: str = "", moment: float = 0.0
    ) -> None:
        self._orders = orders
        self._key = node_key(Path(orders.key))
        self._memory = memory
        self._outbox = outbox
        self._log = log
        memory.adopt(outbox)
        charter = None if orders.charter is None else charter_in(Path(orders.charter))
        self._kept = memory.trust()
        self.leaseholder = Leaseholder(
            orders.node, charter, orders.grants, self._request, log, stored=self._kept, boot=boot, moment=moment
        )
        stored = memory.states()
        self.sensors = [SensorGate(sensor, self._state(sensor.id, stored)) for sensor in orders.sensors]
        self.leave: dict[str, bool] = {}
        """Of each sensor, whether it may report anything now."""
        self._refused: Counter[str] = Counter()
        self._live_lost = 0
        self._backwards = False

    @property
    def has_leave(self) -> bool:
        """Whether any sensor has."""
        return any(self.leave.values())

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

    def advance(self, wall: float, moment: float) -> int:
        """Make the ticks that are due at second ``wall`` of the wall clock; returns how many."""
        now = self._orders.clock.utc(wall)
        self._note_leave(wall, moment, now)
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
            self._hand_over()  # what could not be handed over before: nothing new leaves until it is
            live = self._tick_all(seconds, now)
            try:
                self._hand_over()  # before the live ticks, at which the uplink looks into the outbox
            finally:
                for second, bulletins in live:
                    self._send_live(second, bulletins)
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
            erased=status.erased,
            claims_refused=dict(self._refused),
            ticks_not_sent=self._live_lost,
        )
        self._refused.clear()
        self._live_lost = 0

    def _note_leave(self, wall: float, moment: float, now: float) -> None:
        """Find out what may be released now, and erase what a suspension has overtaken."""
        time = self.leaseholder.leave(moment, wall)
        leave = None
        if not isinstance(time, Silence):
            since = self._orders.clock.utc(wall - (moment - self.leaseholder.broken))
            leave = Leave(since=since, earliest=time.earliest, latest=time.latest)
            self.leaseholder.passed(time)
        for sensor in self.sensors:
            sensor.permit(self.leaseholder.standing, leave)
        self.leave = {sensor.rules.sensor: bool(sensor.rules.permitted(now)) for sensor in self.sensors}
        if self.leaseholder.erasing:
            self._erase()

    def _erase(self) -> None:
        rules = {sensor.rules.sensor: sensor.rules for sensor in self.sensors}

        def forbidden(data: bytes) -> bool:
            try:
                envelope = decode_envelope(data)
                known = rules.get(envelope.sensor, Rules(sensor=envelope.sensor, standing=self.leaseholder.standing))
                return not known.would_record(decode_record(envelope.body).content)
            except BoundaryError:
                return False  # damaged: the uplink sets it aside

        try:
            erased = self._memory.erase_all(forbidden) + self._outbox.erase_all(forbidden)
        except OutboxUnavailable as error:
            self._log.error("what is suspended cannot be erased now", why=str(error))
            return
        self.leaseholder.erasing = False
        self._log.warning("erased", records=erased)

    def _tick_all(self, seconds: range, now: float) -> list[tuple[int, tuple[Bulletin, ...]]]:
        """Make these ticks for all sensors and store them in one transaction; the live ticks, which go only then."""
        states = [sensor.state for sensor in self.sensors]
        rows: list[Outgoing] = []
        said: dict[int, list[Bulletin]] = {second: [] for second in seconds}
        speaking: Counter[int] = Counter()
        for number, sensor in enumerate(self.sensors):
            for second in seconds:
                claims = sensor.claims(states[number])
                statement = sensor.statement(second)
                release = tick(
                    sensor.rules, states[number], second, claims, now=now, gone=sensor.gone, statement=statement
                )
                speaking[second] += not release.silent
                states[number] = release.state
                rows += [self._outgoing(sensor.rules.sensor, record) for record in release.records]
                self._refused.update(reason.value for reason in release.refused)
                if release.bulletin is not None:
                    said[second].append(release.bulletin)
        trust = {name: body for name, body in self.leaseholder.stored.items() if self._kept.get(name) != body}
        self._memory.commit([(state.sensor, encode_state(state)) for state in states], rows, trust)
        self._kept |= trust
        for sensor, state in zip(self.sensors, states, strict=True):
            sensor.stored(state)
        return [
            (second, tuple(bulletins))
            for second, bulletins in said.items()
            if bulletins and len(bulletins) == speaking[second]
        ]

    def _hand_over(self) -> None:
        trimmed = self._memory.hand_over(self._outbox)
        if trimmed:
            self._log.error("the outbox is full: oldest records are gone", records=trimmed)

    def _outgoing(self, sensor: str, record: Record) -> Outgoing:
        return Outgoing(
            form=FORMS[type(record.content)],
            envelope=self._signed(RECORD_DOMAIN, sensor, record.sequence, encode_body(record)),
        )

    def _send_live(self, second: int, bulletins: tuple[Bulletin, ...]) -> None:
        body = encode_body(Tick(second=second, bulletins=bulletins))
        envelope = self._signed(TICK_DOMAIN, self._orders.node, second, body)
        if not write_message(self._orders.live, encode_envelope(envelope)):
            self._live_lost += 1

    def _request(self, body: bytes) -> bool:
        """Sign a request for a lease and hand it to the uplink."""
        envelope = self._signed(LEASE_DOMAIN, self._orders.node, time.time_ns() // 1_000_000, body)
        return write_message(self._orders.live, encode_envelope(envelope))

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


def run(orders: GateOrders) -> None:
    """Be the gate until told to end."""
    tie_to_parent(orders.parent)
    set_up_log()
    log = structlog.get_logger(process="gate", node=orders.node)
    with hold_alone(Path(orders.memory)):
        memory = Memory(Path(orders.memory))
        outbox = Outbox(Path(orders.outbox), megabytes=orders.outbox_megabytes)
        try:
            _keep(orders, memory, outbox, log)
        finally:
            outbox.close()
            memory.close()


def _moment() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _keep(orders: GateOrders, memory: Memory, outbox: Outbox, log: Any) -> None:
    boot = BOOT_ID.read_text(encoding="ascii").strip()
    gatekeeper = Gatekeeper(orders, memory, outbox, log, boot=boot, moment=_moment())
    vigil = Vigil(orders.control, orders.grants, gatekeeper.sensors)
    sealing.seal(sealing.GATE)
    teller = Teller(orders.ready, gatekeeper.public_digits)
    reported = time.monotonic()
    while not vigil.ended:
        gatekeeper.leaseholder.hear(_moment())
        made = gatekeeper.advance(time.time(), _moment())
        teller.tell(gatekeeper.leave)
        gatekeeper.leaseholder.ask(_moment())
        wait = gatekeeper.wall_of_next() - time.time()
        patience = min(LONGEST_WAIT, wait) if made or wait > 0 else RETRY_SECONDS
        vigil.wait(min(patience, gatekeeper.leaseholder.wait(_moment())))
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
