"""The outbox: all of a tick or none of it, in order, within its bound, and nothing lost by being refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope, decode_envelope, encode_envelope
from clairvoie.egress.outbox import MEGABYTE, Outbox, OutboxUnavailable, Outgoing, hold_alone
from clairvoie.errors import EgressError


def outgoing(sequence: int, form: str = "events", size: int = 100) -> Outgoing:
    return Outgoing(
        form=form,
        envelope=Envelope(
            domain=RECORD_DOMAIN, deployment="town", node="node-1", epoch=0, sensor="mic-1", sequence=sequence,
            body=bytes(size), signature=bytes(64),
        ),
    )  # fmt: skip


def sequences(outbox: Outbox, count: int = 1000) -> list[int]:
    return [decode_envelope(kept.envelope).sequence for kept in outbox.oldest(count, 10**9)]


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "state" / "outbox.sqlite", megabytes=1)
    yield opened
    opened.close()


def test_records_come_back_in_order_and_states_as_they_were(outbox: Outbox) -> None:
    outbox.commit([("mic-1", b"one")], [outgoing(1), outgoing(2)])
    outbox.commit([("mic-1", b"two")], [outgoing(3)])
    assert outbox.states() == {"mic-1": b"two"}
    assert sequences(outbox) == [1, 2, 3]


def test_as_many_as_fit_are_read_but_always_one(outbox: Outbox) -> None:
    outbox.commit([], [outgoing(1), outgoing(2), outgoing(3)])
    assert len(outbox.oldest(2, 10**9)) == 2
    assert len(outbox.oldest(10, 1)) == 1


def test_what_the_hub_has_is_forgotten(outbox: Outbox) -> None:
    outbox.commit([], [outgoing(1), outgoing(2)])
    outbox.delete([outbox.oldest(1, 10**9)[0].id])
    assert sequences(outbox) == [2]
    assert outbox.status().waiting == 1


def test_what_the_hub_refuses_is_set_aside_with_the_reason_and_can_be_sent_again(outbox: Outbox) -> None:
    outbox.commit([], [outgoing(1), outgoing(2)])
    first = outbox.oldest(1, 10**9)[0].id
    outbox.set_aside(first, "unknown-sensor", "no such sensor")
    assert sequences(outbox) == [2]
    assert outbox.refusals() == [(first, "unknown-sensor", "no such sensor")]
    assert outbox.send_again() == 1
    assert sequences(outbox) == [1, 2]
    assert outbox.refusals() == []


def test_at_the_bound_refused_records_go_first_then_minutes_then_events_oldest_first(outbox: Outbox) -> None:
    size = MEGABYTE // 100
    outbox.commit([], [outgoing(n, "minute" if n % 2 else "events", size) for n in range(1, 91)])
    outbox.set_aside(outbox.oldest(1, 10**9)[0].id, "stale", "too old")
    assert outbox.commit([], [outgoing(n, "minute", size) for n in range(91, 101)]) == 1 + 16
    status = outbox.status()
    assert (status.trimmed_refused, status.trimmed_minutes, status.trimmed_events) == (1, 16, 0)
    assert status.bytes <= MEGABYTE
    left = sequences(outbox)
    assert [n for n in range(1, 91) if n % 2 == 0 and n not in left] == []
    for start in range(101, 301, 10):
        outbox.commit([], [outgoing(n, "events", size) for n in range(start, start + 10)])
    status = outbox.status()
    assert status.trimmed_events > 0
    assert status.bytes <= MEGABYTE
    left = sequences(outbox)
    assert left == list(range(left[0], 301))


def test_a_full_disk_stores_nothing_of_the_tick_and_says_so(outbox: Outbox, tmp_path: Path) -> None:
    outbox.commit([("mic-1", b"before")], [outgoing(1)])
    # SQLite treats a page limit like a disk without room: SQLITE_FULL.
    outbox._database.execute("PRAGMA max_page_count = 20")
    with pytest.raises(OutboxUnavailable, match="full"):
        outbox.commit([("mic-1", b"after")], [outgoing(2, size=60_000), outgoing(3, size=60_000)])
    assert outbox.states() == {"mic-1": b"before"}
    assert sequences(outbox) == [1]
    outbox._database.execute("PRAGMA max_page_count = 100000")
    outbox.commit([("mic-1", b"after")], [outgoing(2, size=60_000), outgoing(3, size=60_000)])
    assert sequences(outbox) == [1, 2, 3]


def test_a_writer_that_is_in_the_way_is_an_error_that_is_tried_again(outbox: Outbox, tmp_path: Path) -> None:
    outbox._database.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "state" / "outbox.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxUnavailable, match="locked"):
        outbox.commit([], [outgoing(1)])
    other.execute("ROLLBACK")
    other.close()
    outbox.commit([], [outgoing(1)])
    assert sequences(outbox) == [1]


def test_a_file_that_is_no_outbox_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"not a database at all, whatever its name says" * 100)
    with pytest.raises(EgressError, match="cannot be opened"):
        Outbox(path)


def test_only_one_gate_at_a_time_holds_an_outbox(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with hold_alone(path), pytest.raises(EgressError, match="another gate"):
        hold_alone(path, patience=0.0)
    hold_alone(path, patience=0.0).close()


WRITER = """
import sys
from pathlib import Path
from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope
from clairvoie.egress.outbox import MEGABYTE, Outbox, OutboxUnavailable, Outgoing, hold_alone
outbox = Outbox(Path(sys.argv[1]))
sequence = int(outbox.states().get("mic-1", b"0"))
while True:
    sequence += 2
    records = [
        Outgoing(form="events", envelope=Envelope(domain=RECORD_DOMAIN, deployment="town", node="node-1", epoch=0,
            sensor="mic-1", sequence=s, body=bytes(3000), signature=bytes(64)))
        for s in (sequence - 1, sequence)
    ]
    outbox.commit([("mic-1", str(sequence).encode())], records)
    print(sequence, flush=True)
"""


def test_kill_9_leaves_all_of_a_tick_or_none_and_nothing_that_was_announced_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    for life in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            announced = [int(writer.stdout.readline()) for _ in range(3 + 7 * life)]
            os.kill(writer.pid, signal.SIGKILL)
            announced += [int(line) for line in writer.stdout if line.endswith("\n")]
        outbox = Outbox(path)
        stored = sequences(outbox, 100_000)
        assert stored == list(range(1, int(outbox.states()["mic-1"]) + 1))
        assert announced[-1] <= stored[-1]
        outbox.close()


def test_what_is_forbidden_is_erased_wherever_it_waits_and_counted(outbox: Outbox) -> None:
    outbox.commit([], [outgoing(n) for n in range(1, 7)])
    outbox.set_aside(outbox.oldest(1, 10**9)[0].id, "stale", "too old")
    assert outbox.erase_all(lambda data: decode_envelope(data).sequence in (1, 3, 4)) == 3
    assert (sequences(outbox), outbox.refusals(), outbox.status().erased) == ([2, 5, 6], [], 3)
    assert outbox.erase(kept.id for kept in outbox.oldest(1, 10**9)) == 1
    assert (sequences(outbox), outbox.status().erased) == ([5, 6], 4)


def test_what_is_known_of_time_is_stored_with_the_tick_and_comes_back(outbox: Outbox) -> None:
    outbox.commit([("mic-1", b"one")], [outgoing(1)], {"time": b"t", "documents": b"d"})
    outbox.commit([], [], {"time": b"u"})
    assert outbox.trust() == {"time": b"u", "documents": b"d"}


def test_an_outbox_of_the_version_before_is_opened_and_nothing_in_it_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path)
    old.execute(
        "CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, form TEXT NOT NULL, envelope BLOB NOT NULL)"
    )
    old.execute("INSERT INTO records (form, envelope) VALUES ('events', ?)", (encode_envelope(outgoing(1).envelope),))
    old.commit()
    old.close()
    outbox = Outbox(path)
    outbox.commit([], [outgoing(2)])
    assert sequences(outbox) == [1, 2]
    outbox.close()
