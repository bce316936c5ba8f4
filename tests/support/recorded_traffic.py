"""What an HTTP client sends to a server that listens on loopback, written down as a packet capture.

The bytes are the client's own. The packets around them are made here, so that a test can lose, repeat or reorder them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import dpkt
import h11

NODE, NODE_PORT = "10.0.0.7", 40_000
HUB, HUB_PORT = "10.0.0.1", 8751
FIRST_SEQUENCE = 2**32 - 300
"""Close to where sequence numbers wrap, so that every capture wraps."""


class Piece(NamedTuple):
    """Bytes that the node sent at a moment, on connection number ``port``."""

    at: float
    data: bytes
    port: int = NODE_PORT


def said_by(client: Callable[[str], None], answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") -> bytes:
    """All bytes that ``client`` sends to the address it is given as one request, which gets ``answer``."""
    said = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
                while part := connection.recv(65_536):
                    said.extend(part)
                    reader.receive_data(part)
                    while (event := reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                        if isinstance(event, h11.EndOfMessage):
                            connection.sendall(answer)
                            return

        thread = threading.Thread(target=listen)
        thread.start()
        client(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(10)
    return bytes(said)


def packets_of(pieces: Sequence[Piece], *, segment: int = 1400) -> list[tuple[float, bytes]]:
    """Ethernet frames that carry ``pieces`` from the node to the hub, a handshake first for each connection."""
    frames: list[tuple[float, bytes]] = []
    sent: dict[int, int] = {}
    for at, data, port in pieces:
        if port not in sent:
            frames.append((at, tcp(port, FIRST_SEQUENCE, b"", dpkt.tcp.TH_SYN)))
            sent[port] = FIRST_SEQUENCE + 1
        for start in range(0, len(data), segment):
            part = data[start : start + segment]
            frames.append((at, tcp(port, sent[port], part, dpkt.tcp.TH_ACK)))
            sent[port] += len(part)
    return frames


def tcp(port: int, sequence: int, data: bytes, flags: int) -> bytes:
    """One frame from the node to the hub."""
    segment = dpkt.tcp.TCP(sport=port, dport=HUB_PORT, seq=sequence % 2**32, flags=flags, data=data)
    return frame(HUB, dpkt.ip.IP_PROTO_TCP, segment)


def udp(to: str, port: int, data: bytes) -> bytes:
    """One datagram from the node to somebody."""
    return frame(to, dpkt.ip.IP_PROTO_UDP, dpkt.udp.UDP(sport=5353, dport=port, data=data, ulen=8 + len(data)))


def frame(to: str, protocol: int, inner: dpkt.Packet) -> bytes:
    """An Ethernet frame around one IP packet from the node."""
    packet = dpkt.ip.IP(src=socket.inet_aton(NODE), dst=socket.inet_aton(to), p=protocol, data=inner)
    packet.len = len(packet)
    return bytes(dpkt.ethernet.Ethernet(type=dpkt.ethernet.ETH_TYPE_IP, data=packet))


def write_capture(path: Path, frames: Sequence[tuple[float, bytes]]) -> Path:
    """A pcap file of ``frames``."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for at, data in frames:
            writer.writepkt(data, at)
    return path
