"""One-way pipes between a node's processes that keep messages whole, whatever dies in between.

They are Linux pipes in packet mode (``O_DIRECT``, pipe(2)): each write of at most 4,096 bytes is one packet, and each
read takes one. So a process killed in the middle of anything leaves whole packets, and its successor starts cleanly. A
full pipe never blocks the writer: the message is not sent, and the caller counts it.

A claim is one packet. A tick may be longer; it is cut into packets of which the first and last are marked, and a
reader that missed the first drops the others.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

PACKET_BYTES = 4096
CAPACITY_BYTES = 1 << 20
FIRST = 1
LAST = 2
READ_AT_ONCE = 512
MESSAGE_BYTES = 1 << 21


def open_pipe() -> tuple[int, int]:
    """The reading and the writing end of a new pipe."""
    reading, writing = os.pipe2(os.O_DIRECT | os.O_NONBLOCK | os.O_CLOEXEC)
    enlarge(writing)
    return reading, writing


def open_writing_end(reading: int) -> int:
    """A fresh writing end of the pipe that ``reading`` reads: whatever its last writer did to its own end is gone.

    What a hostile writer wrote with packet mode off may still run into the next few claims, until it has been read.
    """
    writing = os.open(f"/proc/self/fd/{reading}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_DIRECT | os.O_NONBLOCK)
    return writing


def enlarge(end: int) -> None:
    """Room for 256 packets, or as many as the system grants."""
    try:
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, CAPACITY_BYTES)
    except PermissionError:
        return  # the user's share of pipe memory is used up: sixteen packets still hold ten honest seconds


def write_packet(writing: int, packet: bytes) -> bool:
    """Write one packet; false when the pipe is full. Raises ``BrokenPipeError`` when nobody reads any more."""
    try:
        return os.write(writing, packet) == len(packet)
    except BlockingIOError:
        return False


def read_packets(reading: int, count: int, size: int) -> tuple[list[bytes], bool]:
    """At most ``count`` packets that are there now, each cut to ``size`` bytes; true when no writer is left."""
    packets: list[bytes] = []
    while len(packets) < count:
        try:
            packet = os.read(reading, size)
        except BlockingIOError:
            return packets, False
        if not packet:
            return packets, True
        packets.append(packet)
    return packets, False


def packets_of(message: bytes) -> Iterator[bytes]:
    """A message of any length as packets, the first and the last marked."""
    step = PACKET_BYTES - 1
    for start in range(0, len(message), step):
        mark = (FIRST if start == 0 else 0) | (LAST if start + step >= len(message) else 0)
        yield bytes([mark]) + message[start : start + step]


def write_message(writing: int, message: bytes) -> bool:
    """Write a message of any length; false when the pipe was full, and then a reader sees nothing of it."""
    return all(write_packet(writing, packet) for packet in packets_of(message))


class MessageReader:
    """Puts the packets of one pipe together again; a message of more than ``most`` bytes is dropped."""

    def __init__(self, reading: int, *, most: int = MESSAGE_BYTES) -> None:
        self._reading = reading
        self._most_parts = -(-most // (PACKET_BYTES - 1))
        self._parts: list[bytes] = []
        self.ended = False

    def messages(self) -> Iterator[bytes]:
        """The whole messages that are there now; ``ended`` tells afterwards whether no writer is left."""
        packets, self.ended = read_packets(self._reading, READ_AT_ONCE, PACKET_BYTES)
        for packet in packets:
            if packet[0] & FIRST:
                self._parts = []
            elif not self._parts:
                continue
            elif len(self._parts) >= self._most_parts:
                self._parts = []
                continue
            self._parts.append(packet[1:])
            if packet[0] & LAST:
                yield b"".join(self._parts)
                self._parts = []
