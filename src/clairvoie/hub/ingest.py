"""Is this record to be believed? A pure rule: an envelope and the facts in, a judgement out.

The order of the questions matters. Who claims to speak, and is he known? Did he sign exactly these bytes? Only then
are the bytes parsed. Does the content agree with its envelope, with the clock, and with the budget that every gate
keeps? Last: is it stored already, and if so with the same bytes? The same identity with other bytes is equivocation.

``judge`` is :func:`examine`, which needs no store and is the slow part (a signature), followed by :func:`settle`, which
the single writer calls inside its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from clairvoie.boundary.bulletin import BURST_BITS, charge
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope, verify
from clairvoie.boundary.wire import Record, RecordContent, SensorStatement, bulletins_of, decode_record
from clairvoie.errors import MalformedMessage, OversizedMessage, Refusal, SignatureMismatch, UnsupportedVersion
from clairvoie.hub.enrolment import Enrolment, KnownNode
from clairvoie.hub.refusals import STATUS, Code, refuse

FUTURE_SECONDS = 30.0
"""How far a record may lie ahead of the hub's clock: two clocks never agree exactly."""
LARGEST_IDENTIFIER = 2**53


@dataclass(frozen=True, slots=True)
class Accept:
    """A record that is to be stored."""

    sensor: str
    epoch: int
    sequence: int
    digest: bytes
    body: bytes
    record: Record

    @property
    def identity(self) -> tuple[str, int, int]:
        """What makes a record itself: sensor, key epoch and sequence."""
        return self.sensor, self.epoch, self.sequence


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that is stored already, byte for byte."""

    identity: tuple[str, int, int]


class Equivocation(Refusal):
    """The node signed two different records with one identity: proof that it, or who has its key, is not honest."""

    def __init__(self, offered: Accept, stored: bytes) -> None:
        super().__init__(
            STATUS[Code.EQUIVOCATION],
            Code.EQUIVOCATION.value,
            "another record with this identity is stored already",
            "/".join(map(str, offered.identity)),
            "Keep both and look into it: a node never signs two records with one sequence.",
        )
        self.identity = offered.identity
        self.digests = (stored, offered.digest)

    def entry(self, now: float) -> Entry:
        """What the ledger keeps of it: which record, and both digests."""
        sensor, epoch, sequence = self.identity
        stored, offered = (digest.hex() for digest in self.digests)
        detail = {"epoch": str(epoch), "sequence": str(sequence), "stored": stored, "offered": offered}
        return Entry(kind=EntryKind.EQUIVOCATION, at=now, about=sensor, detail=detail)


Judgement = Accept | Duplicate | Refusal


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``judge`` needs to know. ``stored``: the digest kept under this identity, if any."""

    enrolment: Enrolment
    now: float
    stored: bytes | None = None


def judge(envelope: Envelope, facts: Facts) -> Judgement:
    """Whether this record is taken, known already, or refused and why."""
    examined = examine(envelope, facts.enrolment, facts.now)
    return examined if isinstance(examined, Refusal) else settle(examined, facts.stored)


def settle(examined: Accept, stored: bytes | None) -> Judgement:
    """What becomes of a believable record, given the digest that is stored under its identity."""
    if stored is None:
        return examined
    if stored == examined.digest:
        return Duplicate(examined.identity)
    return Equivocation(examined, stored)


def examine(envelope: Envelope, enrolment: Enrolment, now: float) -> Accept | Refusal:
    """Whether this record is to be believed, whatever is stored."""
    node = speaker(envelope, enrolment, RECORD_DOMAIN)
    if isinstance(node, Refusal):
        return node
    sensor = enrolment.sensors.get(envelope.sensor)
    if sensor is None or sensor.node != node.id:
        return refuse(
            Code.UNKNOWN_SENSOR, f"node {node.id} speaks for no such sensor", envelope.sensor, "Enrol it at the hub."
        )
    unsigned = check_signature(envelope, node)
    if unsigned is not None:
        return unsigned
    try:
        record = decode_record(envelope.body)
    except (MalformedMessage, OversizedMessage) as error:
        return refuse(Code.MALFORMED, error.what, None, "Update the node, or report this as a defect.")
    except UnsupportedVersion as error:
        return refuse(Code.UNSUPPORTED_VERSION, error.what, error.value, error.remedy)
    return (
        _check_record(envelope, record, now)
        or check_life(record.content, node, enrolment)
        or Accept(
            sensor=envelope.sensor,
            epoch=envelope.epoch,
            sequence=envelope.sequence,
            digest=envelope.digest,
            body=envelope.body,
            record=record,
        )
    )


def speaker(envelope: Envelope, enrolment: Enrolment, domain: str) -> KnownNode | Refusal:
    """The node that the envelope names, if the hub knows it; nothing is proved yet."""
    if envelope.domain != domain:
        return refuse(Code.INVALID_CONTENT, f"this door takes {domain} only", envelope.domain, "Use the other door.")
    if envelope.deployment != enrolment.deployment:
        return refuse(
            Code.UNKNOWN_DEPLOYMENT,
            f"this hub serves {enrolment.deployment}",
            envelope.deployment,
            "Check the node's settings.",
        )
    present = enrolment.nodes.get(envelope.node)
    if present is None:
        return refuse(Code.UNKNOWN_NODE, "no such node", envelope.node, "Enrol it at the hub.")
    node = enrolment.key_of(envelope.node, envelope.epoch)
    if node is not None and node.revoked:
        return refuse(
            Code.REVOKED, f"this key of node {node.id} is revoked", envelope.epoch, "Give the node a new key and epoch."
        )
    if node is None or (node is not present and domain != RECORD_DOMAIN):
        return refuse(
            Code.WRONG_EPOCH,
            f"node {present.id} speaks in key epoch {present.epoch}",
            envelope.epoch,
            "Enrol the node's present key at the hub.",
        )
    return node


def check_peer(envelope: Envelope, peer: str | None) -> Refusal | None:
    """A refusal when it came over the connection of another node (``peer``: whose certificate that connection has)."""
    if peer is None or envelope.node == peer:
        return None
    return refuse(
        Code.WRONG_NODE, f"this connection is of node {peer}", envelope.node, "Use the node's own certificate."
    )


def check_life(content: RecordContent, node: KnownNode, enrolment: Enrolment) -> Refusal | None:
    """A refusal when the key was replaced before what the record tells of, or the sensor was not active then.

    What a node says of itself (:class:`SensorStatement`) is taken in every state of the sensor: it holds nothing that
    the sensor heard.
    """
    for bulletin in bulletins_of(content):
        if bulletin.second >= node.replaced:
            return refuse(
                Code.WRONG_EPOCH,
                f"this key of node {node.id} was replaced before that second",
                bulletin.second,
                "Sign with the node's present key.",
            )
        if not isinstance(content, SensorStatement) and not enrolment.speaks(content.sensor, bulletin.second):
            return refuse(
                Code.NOT_ACTIVE,
                f"{content.sensor} was not active then; it is {enrolment.state(content.sensor)}",
                bulletin.second,
                "Commission it: `clairvoie sensor state`.",
            )
    return None


def check_signature(envelope: Envelope, node: KnownNode) -> Refusal | None:
    """A refusal unless the node signed exactly these bytes for exactly this identity."""
    try:
        verify(envelope, node.key)
    except SignatureMismatch as error:
        return refuse(Code.BAD_SIGNATURE, error.what, error.value, error.remedy)
    return None


def _check_record(envelope: Envelope, record: Record, now: float) -> Refusal | None:
    content = record.content
    if record.sequence != envelope.sequence:
        return _invalid("the record and its envelope differ in sequence", record.sequence)
    if content.sensor != envelope.sensor:
        return _invalid("the record and its envelope differ in sensor", content.sensor)
    bulletins = bulletins_of(content)
    if not bulletins:
        return _invalid("a minute holds at least one bulletin", 0)
    last = bulletins[-1].second
    if last > now + FUTURE_SECONDS:
        return refuse(
            Code.FROM_THE_FUTURE,
            f"the record lies {last - now:.0f} s ahead of the hub's clock",
            last,
            "Set the clocks of node and hub.",
        )
    for bulletin in bulletins:
        if charge(bulletin).total > BURST_BITS * 1000:
            return _invalid(f"a second holds at most {BURST_BITS} bits", bulletin.second)
        if any(not 0 <= event.identifier < LARGEST_IDENTIFIER for event in bulletin.events):
            return _invalid("an identifier counts up from zero", bulletin.second)
    return None


def _invalid(what: str, value: object) -> Refusal:
    return refuse(Code.INVALID_CONTENT, what, value, "Report this as a defect of the node.")
