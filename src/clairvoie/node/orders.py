"""What the launcher tells each of its processes: all that a process knows beyond what comes through its pipes.

Orders travel as one JSON argument on the process's command line, so they hold paths and numbers of descriptors but
never a key.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from clairvoie.boundary.hazards import Mode
from clairvoie.config import ClockSettings, NodeSensor, TlsFiles
from clairvoie.errors import ConfigurationError

Orders = TypeVar("Orders", bound=Struct)
READY = b"\x01"
CLOSED = b"\x02"
"""An analyser holds no descriptor any more but those it needs, and waits for :data:`SEAL` while it is looked at."""
SEAL = b"\x03"
MOMENT_BYTES = 8


class AnalyserEnd(IntEnum):
    """Why an analyser ended: all that it can tell its launcher, as an exit code."""

    SOURCE_ENDED = 0
    FAULT = 1
    SOURCE_LOST = 10
    MODEL_UNUSABLE = 11
    LAUNCHER_GONE = 12


class AnalyserOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the analyser of one sensor: its source (``source.file`` absolute), its clock, the writing end for its claims,
    and the writing end on which it says :data:`CLOSED`, waits for :data:`SEAL` from ``begin``, and says :data:`READY`
    when it is locked and can begin. ``packets``: the reading end of its fetcher's pipe.

    Without ``source.start`` it then waits for one packet from the reading end ``begin``, written by :func:`moment`:
    the UTC second of its first sample, the same for all. These two packets are all that a launcher ever tells an
    analyser.
    """

    parent: int
    sensor: NodeSensor
    clock: ClockSettings
    claims: int
    ready: int
    begin: int
    control: int
    packets: int = -1


class FetcherOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the fetcher of one network source: its address, and the writing end for the packets of its streams."""

    parent: int
    url: str
    packets: int
    control: int


class TrialOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the trial (:mod:`clairvoie.node.trial`): the pipes on which it behaves like an analyser without a source."""

    parent: int
    ready: int
    begin: int
    control: int


class GateSensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor as the gate knows it: its name, its mode, the reading end of its analyser's pipe, and what the launcher
    found to be true of its process (``confinement``: a mask; ``model`` and ``software``: SHA-256 in hexadecimal)."""

    id: str
    mode: Mode
    claims: int
    simulated: bool = True
    confinement: int = 0
    model: str = ""
    software: str = ""


class GateOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the gate: whom it signs for, where its key, its memory and the outbox are, its pipes, and its clock.

    ``grants`` is the reading end on which the uplink hands over signed leases, one message each. On ``ready`` the gate
    writes lines: ``gate DIGITS`` once, then ``leave on SENSOR`` and ``leave off SENSOR`` whenever that changes.
    """

    parent: int
    deployment: str
    node: str
    epoch: int
    key: str
    memory: str
    outbox: str
    outbox_megabytes: int
    sensors: tuple[GateSensor, ...]
    clock: ClockSettings
    live: int
    control: int
    ready: int
    charter: str | None = None
    grants: int = -1


class UplinkOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the uplink: where the hub and the outbox are, the reading end of what the gate sends (ticks and requests for
    leases, all signed), and the writing end ``grants`` of what the hub grants. With a ``charter`` it asks whether what
    it has delivered is in the hub's ledger, and keeps what it finds in the file ``check``."""

    parent: int
    hub: str
    node: str
    outbox: str
    live: int
    control: int
    ready: int
    grants: int = -1
    tls: TlsFiles | None = None
    charter: str | None = None
    check: str = ""


def moment(second: int) -> bytes:
    """A UTC second as one packet.

    >>> moment_in(moment(1_800_000_000))
    1800000000
    """
    return second.to_bytes(MOMENT_BYTES, "big")


def moment_in(packet: bytes) -> int:
    """The UTC second in a packet that :func:`moment` made."""
    return int.from_bytes(packet, "big")


def written(orders: Struct) -> str:
    """Orders as one argument of a command line."""
    return msgspec.json.encode(orders).decode()


def read_orders(kind: type[Orders]) -> Orders:
    """The orders that this process was started with."""
    if len(sys.argv) != 2:
        raise ConfigurationError(
            "a node's process is started by its launcher", sys.argv[1:], "Use `clairvoie node CONFIG`."
        )
    try:
        return msgspec.json.decode(sys.argv[1], type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigurationError(f"the orders cannot be read ({error})", sys.argv[1]) from error
