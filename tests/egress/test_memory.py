"""The gate's memory: nobody else's word counts, and a record is in one of two files at least, whatever is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.signed import RECORD_DOMAIN, decode_envelope, sign
from clairvoie.egress.memory import Memory, memory_path
from clairvoie.egress.outbox import Outbox, OutboxUnavailable, Outgoing

KEY = Ed25519PrivateKey.generate()


def outgoing(sequence: int) -> Outgoing:
    envelope = sign(
        KEY, domain=RECORD_DOMAIN, deployment="town", node="node-1", epoch=0, sensor="mic-1", sequence=sequence,
        body=b"x",
    )  # fmt: skip
    return Outgoing(form="events", envelope=envelope)


def sequences(box: Outbox) -> list[int]:
    return [decode_envelope(kept.envelope).sequence for kept in box.oldest(100, 10**6)]


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[tuple[Memory, Outbox]]:
    memory, outbox = Memory(memory_path(tmp_path / "state")), Outbox(tmp_path / "state" / "outbox.sqlite")
    yield memory, outbox
    memory.close()
    outbox.close()


def test_the_memory_does_not_lie_where_the_uplink_writes(tmp_path: Path) -> None:
    assert not memory_path(tmp_path / "state").is_relative_to(tmp_path / "state")


def test_records_are_handed_over_in_order_and_then_forgotten(boxes: tuple[Memory, Outbox]) -> None:
    memory, outbox = boxes
    memory.commit([("mic-1", b"state")], [outgoing(1), outgoing(2)])
    assert memory.hand_over(outbox) == 0
    assert (sequences(memory), sequences(outbox)) == ([], [1, 2])
    assert (memory.states(), outbox.states()) == ({"mic-1": b"state"}, {})


def test_a_crash_before_the_hand_over_loses_nothing_and_one_after_it_repeats(
    boxes: tuple[Memory, Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, outbox = boxes
    memory.commit([], [outgoing(1)])
    monkeypatch.setattr(memory, "delete", lambda identifiers: None)  # killed before it could forget
    memory.hand_over(outbox)
    monkeypatch.undo()
    memory.hand_over(outbox)
    assert (sequences(memory), sequences(outbox)) == ([], [1, 1])  # the hub recognises the second


def test_what_the_outbox_cannot_take_goes_on_waiting(boxes: tuple[Memory, Outbox], tmp_path: Path) -> None:
    memory, outbox = boxes
    memory.commit([], [outgoing(1)])
    outbox._database.execute("PRAGMA busy_timeout = 1")
    in_the_way = sqlite3.connect(tmp_path / "state" / "outbox.sqlite", isolation_level=None)
    in_the_way.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxUnavailable):
        memory.hand_over(outbox)
    in_the_way.close()
    assert sequences(memory) == [1]
    memory.hand_over(outbox)
    assert sequences(outbox) == [1]


def test_what_an_older_node_kept_in_its_outbox_is_taken_over_once_and_never_again(boxes: tuple[Memory, Outbox]) -> None:
    memory, outbox = boxes
    outbox.commit([("mic-1", b"old")], [], {"time": b"then"})
    memory.adopt(outbox)
    assert (memory.states(), memory.trust()) == ({"mic-1": b"old"}, {"time": b"then"})
    assert (outbox.states(), outbox.trust()) == ({}, {})
    outbox.commit([("mic-1", b"forged")], [], {"time": b"for ever"})
    memory.adopt(outbox)
    assert (memory.states(), memory.trust()) == ({"mic-1": b"old"}, {"time": b"then"})


WRITER = """
import sys
from pathlib import Path
from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope
from clairvoie.egress.memory import Memory
from clairvoie.egress.outbox import Outbox, Outgoing
memory, outbox = Memory(Path(sys.argv[1])), Outbox(Path(sys.argv[2]))
memory.hand_over(outbox)
sequence = int(memory.states().get("mic-1", b"0"))
while True:
    sequence += 1
    envelope = Envelope(domain=RECORD_DOMAIN, deployment="town", node="node-1", epoch=0, sensor="mic-1",
        sequence=sequence, body=bytes(3000), signature=bytes(64))
    memory.commit([("mic-1", str(sequence).encode())], [Outgoing(form="events", envelope=envelope)])
    memory.hand_over(outbox)
    print(sequence, flush=True)
"""


def test_kill_9_between_memory_and_outbox_loses_no_record_and_gives_no_sequence_twice(tmp_path: Path) -> None:
    paths = tmp_path / "memory.sqlite", tmp_path / "outbox.sqlite"
    for life in range(5):
        command = [sys.executable, "-c", WRITER, *map(str, paths)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            announced = [int(writer.stdout.readline()) for _ in range(3 + 7 * life)]
            os.kill(writer.pid, signal.SIGKILL)
            announced += [int(line) for line in writer.stdout if line.endswith("\n")]
        memory, outbox = Memory(paths[0]), Outbox(paths[1])
        last = int(memory.states()["mic-1"])
        assert announced[-1] <= last
        memory.hand_over(outbox)
        handed = [decode_envelope(kept.envelope).sequence for kept in outbox.oldest(100_000, 10**9)]
        assert sorted(set(handed)) == list(range(1, last + 1))
        assert len(handed) - len(set(handed)) <= life + 1  # at most one repeated a life: the hub recognises it
        memory.close()
        outbox.close()
