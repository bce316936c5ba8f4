"""Does what left a node agree with what it may send, and with the ledger? Pure rules over a capture's flows.

The questions, in this order: did anything go elsewhere than to the hub? Was everything that went there of our forms and
signed by this node? Did each tick have the same size, once a second? Do the bits charged stay under the bound,
burst + 8 bits a second, over every interval of the capture? Is every record that was sent in the ledger, with the same
bits? What is inside TLS cannot be read from outside; then sizes and rates are all that is checked, and that is said.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS, Bulletin, charge
from clairvoie.boundary.signed import verify
from clairvoie.boundary.wire import bulletins_of
from clairvoie.errors import SignatureMismatch
from clairvoie.oversight.packets import Packet, Stream, streams_of
from clairvoie.oversight.sent import Sent, SentLeaseRequest, SentRecord, SentTick, Unread, sent_on

TLS_HANDSHAKE = b"\x16\x03"
TLS_APPLICATION = 23
FAST = 0.5
"""Ticks closer than this, in seconds, on one connection are not one a second."""

Identity = tuple[str, int, int]
"""Sensor, key epoch, sequence."""


class Peer(NamedTuple):
    """The hub's address and port."""

    address: str
    port: int


class Finding(NamedTuple):
    """Something that should not be: what, and where it can be seen."""

    what: str
    where: str


class Audit(Struct, frozen=True, kw_only=True):
    """What a capture shows. ``excess_bits``: the most by which any sensor's bits, over any interval, went beyond 8 a
    second; the burst allows 1,024. ``missing``: records that were sent and are not in the ledger."""

    seconds: float
    packets: int
    elsewhere: tuple[tuple[str, int, int], ...]
    ticks: int
    tick_sizes: tuple[int, ...]
    records: int
    records_in_ledger: int | None
    lease_requests: int
    excess_bits: float
    encrypted_bytes: int
    encrypted_sizes: tuple[tuple[int, int], ...]
    lost_bytes: int
    findings: tuple[Finding, ...]


def audit(
    packets: Iterable[Packet],
    hub: Peer,
    *,
    node: str,
    key: Ed25519PublicKey | None = None,
    ledger: Mapping[Identity, int] | None = None,
    allowed: Sequence[tuple[str, int]] = (),
) -> Audit:
    """Judge a capture taken at the node ``node`` (its address). ``key`` is its public key, ``ledger`` the published
    headers (identity -> thousandths of a bit), ``allowed`` what else may be spoken, as (protocol, port)."""
    held = list(packets)
    outgoing = [p for p in held if p.source == node and not _is_to(p, hub, node) and not _is_from(p, hub)]
    elsewhere = _elsewhere(outgoing, allowed)
    to_hub = [s for s in streams_of(p for p in held if _is_to(p, hub, node)) if s.data]
    encrypted = [stream for stream in to_hub if stream.data.startswith(TLS_HANDSHAKE)]
    plain = [stream for stream in to_hub if not stream.data.startswith(TLS_HANDSHAKE)]
    sent = [item for stream in plain for item in sent_on(stream)]
    excess = _excess(sent)
    found, not_in_ledger = _in_ledger(sent, ledger)
    findings = [
        *(Finding(f"{count} packets, {size} bytes, not to the hub", who) for who, count, size in elsewhere),
        *(Finding(item.what, f"{item.at:.3f}") for item in sent if isinstance(item, Unread)),
        *_unsigned(sent, key),
        *_ticks_of_other_size_or_pace(sent),
        *_beyond_the_bound(excess),
        *not_in_ledger,
    ]
    return Audit(
        seconds=held[-1].at - held[0].at if held else 0.0,
        packets=len(held),
        elsewhere=tuple(elsewhere),
        ticks=sum(isinstance(item, SentTick) for item in sent),
        tick_sizes=tuple(sorted({item.size for item in sent if isinstance(item, SentTick)})),
        records=sum(isinstance(item, SentRecord) for item in sent),
        records_in_ledger=found,
        lease_requests=sum(isinstance(item, SentLeaseRequest) for item in sent),
        excess_bits=excess,
        encrypted_bytes=sum(len(stream.data) for stream in encrypted),
        encrypted_sizes=tuple(_tls_sizes(encrypted).most_common(12)),
        lost_bytes=sum(stream.lost for stream in to_hub),
        findings=tuple(findings),
    )


def _beyond_the_bound(excess: float) -> list[Finding]:
    if excess <= BURST_BITS:
        return []
    return [Finding(f"{excess:.0f} bits beyond 8 a second; the burst allows {BURST_BITS}", "live ticks and records")]


def _is_to(packet: Packet, hub: Peer, node: str) -> bool:
    return (packet.source, packet.destination, packet.destination_port, packet.protocol) == (
        node,
        hub.address,
        hub.port,
        "tcp",
    )


def _is_from(packet: Packet, hub: Peer) -> bool:
    """Whether the hub said it: on one machine, as in an exercise, both have the same address."""
    return (packet.source, packet.source_port, packet.protocol) == (hub.address, hub.port, "tcp")


def _elsewhere(outgoing: list[Packet], allowed: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Whom else the node spoke to: name, packets, bytes. Answers to whoever called the node are speech as well."""
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for packet in outgoing:
        if (packet.protocol, packet.destination_port) not in allowed:
            who = f"{packet.protocol} {packet.destination} port {packet.destination_port}"
            count[who] += 1
            size[who] += packet.size
    return [(who, number, size[who]) for who, number in count.most_common()]


def _unsigned(sent: Sequence[Sent], key: Ed25519PublicKey | None) -> list[Finding]:
    if key is None:
        return []
    findings = []
    for item in sent:
        if not isinstance(item, Unread):
            try:
                verify(item.envelope, key)
            except SignatureMismatch as error:
                findings.append(Finding(str(error), f"{item.at:.3f}"))
    return findings


def _ticks_of_other_size_or_pace(sent: Sequence[Sent]) -> list[Finding]:
    """A tick's envelope spells its numbers in as many bytes as they need, so sizes are compared by body."""
    ticks = [item for item in sent if isinstance(item, SentTick)]
    bodies = {len(item.envelope.body) for item in ticks}
    findings = []
    if len(bodies) > 1:
        findings.append(Finding(f"live ticks have {len(bodies)} sizes", f"{sorted(bodies)} bytes"))
    twice = [second for second, times in Counter(item.tick.second for item in ticks).items() if times > 1]
    if twice:
        findings.append(Finding("a second was told more than once", f"seconds {twice[:5]}"))
    fast = [later.at for earlier, later in itertools.pairwise(ticks) if later.at - earlier.at < FAST]
    if len(fast) > max(2, len(ticks) // 50):
        what = f"{len(fast)} of {len(ticks)} ticks came within {FAST} s of the one before"
        findings.append(Finding(what, f"{fast[0]:.3f}"))
    return findings


def _excess(sent: Sequence[Sent]) -> float:
    """The most by which a sensor's charged bits exceed 8 a second over any interval: Kadane's sum a sensor."""
    seconds: dict[str, dict[int, int]] = defaultdict(dict)
    for item in sent:
        for bulletin in _bulletins(item):
            known = seconds[bulletin.sensor].get(bulletin.second, 0)
            seconds[bulletin.sensor][bulletin.second] = max(known, charge(bulletin).total)
    worst = 0.0
    for charged in seconds.values():
        running, last = 0.0, min(charged)
        for second in sorted(charged):
            running = max(0.0, running - BITS_PER_SECOND * (second - last)) + charged[second] / 1000
            worst, last = max(worst, running), second
    return worst


def _bulletins(item: Sent) -> tuple[Bulletin, ...]:
    if isinstance(item, SentTick):
        return item.tick.bulletins
    return bulletins_of(item.record.content) if isinstance(item, SentRecord) else ()


def record_millibits(item: SentRecord) -> int:
    """What the record's content is charged, in thousandths of a bit, as the hub's ledger writes it."""
    return sum(charge(bulletin).total for bulletin in _bulletins(item))


def _in_ledger(sent: Sequence[Sent], ledger: Mapping[Identity, int] | None) -> tuple[int | None, list[Finding]]:
    if ledger is None:
        return None, []
    found = 0
    findings = []
    for item in sent:
        if not isinstance(item, SentRecord):
            continue
        identity = (item.envelope.sensor, item.envelope.epoch, item.envelope.sequence)
        where = "/".join(map(str, identity))
        if identity not in ledger:
            findings.append(Finding("a record that was sent is not in the ledger", where))
        elif ledger[identity] != record_millibits(item):
            findings.append(Finding("a record was sent with other bits than the ledger has", where))
        else:
            found += 1
    return found, findings


def _tls_sizes(streams: Sequence[Stream]) -> Counter[int]:
    """How often each size of encrypted application record was sent."""
    sizes: Counter[int] = Counter()
    for stream in streams:
        data, position = stream.data, 0
        while position + 5 <= len(data):
            size = int.from_bytes(data[position + 3 : position + 5], "big")
            if data[position] == TLS_APPLICATION:
                sizes[size] += 1
            position += 5 + size
    return sizes
