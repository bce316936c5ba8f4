"""What a packet capture holds, put together as flows: who spoke to whom, when, how much, and in what order of bytes.

Reading is left to dpkt (pcap and pcapng; Ethernet, Linux cooked, raw and loopback links). TCP is put together by
sequence number: bytes that were sent twice count once, and a hole that the capture has ends the stream there, with the
hole's size in :attr:`Stream.lost`, so that nothing after it is mistaken for a beginning.
"""

from __future__ import annotations

import heapq
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from clairvoie.errors import OversightError

MODULUS = 1 << 32


class Packet(NamedTuple):
    """One packet of the capture: addresses in their usual spelling, ports 0 where the protocol has none."""

    at: float
    protocol: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    sequence: int = 0
    opens: bool = False
    payload: bytes = b""
    size: int = 0


class Stream(NamedTuple):
    """What one end sent on one TCP connection: pieces in the order of their bytes, each with when it was first seen."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    pieces: tuple[tuple[float, bytes], ...]
    lost: int

    @property
    def data(self) -> bytes:
        """All bytes before the first hole."""
        return b"".join(piece for _, piece in self.pieces)


def read_capture(path: Path) -> Iterator[Packet]:
    """The IP packets of a pcap or pcapng file, in its order. Raises :class:`OversightError` for anything else."""
    try:
        import dpkt
    except ImportError:
        raise OversightError("reading captures needs dpkt", None, "Run pip install 'clairvoie[audit]'.") from None
    try:
        with path.open("rb") as file:
            reader = dpkt.pcap.UniversalReader(file)
            link = _link(dpkt, reader.datalink(), path)
            for at, frame in reader:
                packet = _packet(dpkt, at, link(frame), len(frame))
                if packet is not None:
                    yield packet
    except FileNotFoundError:
        raise OversightError("there is no such capture", str(path), "Check the path.") from None
    except (OSError, ValueError, dpkt.Error) as error:
        raise OversightError(
            f"the capture cannot be read ({error})", str(path), "Give a pcap or pcapng file."
        ) from error


def _link(dpkt: Any, kind: int, path: Path) -> Any:
    links = {
        dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
        dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
        dpkt.pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
        dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    }
    if kind in (dpkt.pcap.DLT_RAW, 101):  # 101 is LINKTYPE_RAW; libpcap and files number it differently
        return lambda frame: dpkt.ip6.IP6(frame) if frame and frame[0] >> 4 == 6 else dpkt.ip.IP(frame)
    if kind not in links:
        raise OversightError(f"the capture {path} is of a link this does not read", kind, "Capture Ethernet or 'any'.")
    return links[kind]


def _packet(dpkt: Any, at: float, frame: Any, size: int) -> Packet | None:
    found = frame if isinstance(frame, (dpkt.ip.IP, dpkt.ip6.IP6)) else getattr(frame, "data", None)
    if not isinstance(found, (dpkt.ip.IP, dpkt.ip6.IP6)):
        return None
    source, destination = str(ipaddress.ip_address(found.src)), str(ipaddress.ip_address(found.dst))
    inner = found.data
    if isinstance(inner, dpkt.tcp.TCP):
        opens = bool(inner.flags & dpkt.tcp.TH_SYN)
        ends = (source, inner.sport, destination, inner.dport)
        return Packet(at, "tcp", *ends, inner.seq, opens, bytes(inner.data), size)
    if isinstance(inner, dpkt.udp.UDP):
        return Packet(at, "udp", source, inner.sport, destination, inner.dport, size=size)
    return Packet(at, f"ip-{found.p}", source, 0, destination, 0, size=size)


def streams_of(packets: Iterable[Packet]) -> tuple[Stream, ...]:
    """Every direction of every TCP connection in ``packets``, in the order in which they began."""
    directions: dict[tuple[str, int, str, int], list[list[Packet]]] = {}
    for packet in packets:
        if packet.protocol != "tcp":
            continue
        lives = directions.setdefault(packet[2:6], [])
        if not lives or (packet.opens and any(p.payload for p in lives[-1])):
            lives.append([])
        lives[-1].append(packet)
    began = [(life[0].at, _put_together(life)) for lives in directions.values() for life in lives]
    return tuple(stream for _, stream in sorted(began, key=lambda pair: pair[0]))


def _put_together(packets: list[Packet]) -> Stream:
    first = next((p.sequence + 1 for p in packets if p.opens), packets[0].sequence)
    pieces: list[tuple[float, bytes]] = []
    waiting: list[tuple[int, float, bytes]] = []
    next_byte = 0
    for packet in packets:
        if packet.payload:
            heapq.heappush(waiting, (_distance(first, packet.sequence), packet.at, packet.payload))
        while waiting and waiting[0][0] <= next_byte:
            start, at, payload = heapq.heappop(waiting)
            fresh = payload[next_byte - start :]
            if fresh:
                pieces.append((at, fresh))
                next_byte += len(fresh)
    return Stream(*packets[0][2:6], tuple(pieces), sum(len(payload) for _, _, payload in waiting))


def _distance(first: int, sequence: int) -> int:
    """Bytes from ``first`` to ``sequence``, which wrap around at 2³²; a little before ``first`` is negative."""
    distance = (sequence - first) % MODULUS
    return distance - MODULUS if distance > MODULUS // 2 else distance
