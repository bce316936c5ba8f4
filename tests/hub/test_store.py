"""The store keeps what it has answered, refuses what is not its own, and a full disk costs nothing but time."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import Future

import pytest
from hub_street import DEPLOYMENT, Running, Served, begin, settings_at
from sqlalchemy import Connection, event, insert, select, text

from clairvoie.errors import HubError, IncidentConflict, StoreError, StoreUnavailable
from clairvoie.hub import schema
from clairvoie.hub.store import Store
from clairvoie.hub.writer import LARGEST_GROUP, LONGEST_QUEUE, QueueFull


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "hub.db", deployment=DEPLOYMENT, sensors=["mic-a"])
    yield store
    store.close()


def note(words: str):
    def work(connection: Connection) -> str:
        connection.execute(insert(schema.shift_notes).values(at=1.0, who="x", text=words))
        return words

    return work


def notes(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(schema.shift_notes.c.text)).scalars())


def test_the_file_is_kept_as_promised(store) -> None:
    def pragmas(connection: Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        return {name: connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names}

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert store.submit(pragmas).result(timeout=30) == wanted


def test_readers_cannot_write(store) -> None:
    with store.reading() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(insert(schema.shift_notes).values(at=1.0, who="x", text="y"))


def test_another_deployment_a_newer_version_and_damage_are_refused(tmp_path) -> None:
    path = tmp_path / "hub.db"
    Store(path, deployment=DEPLOYMENT, sensors=[]).close()
    with pytest.raises(StoreError, match="another deployment"):
        Store(path, deployment="elsewhere", sensors=[])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    connection.close()
    with pytest.raises(StoreError, match="schema"):
        Store(path, deployment=DEPLOYMENT, sensors=[])
    path.write_bytes(b"this is no database at all" * 400)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(path, deployment=DEPLOYMENT, sensors=[])


def test_jobs_that_wait_are_committed_together_and_answered_after_it(store) -> None:
    commits: list[int] = []
    event.listen(store._engine, "commit", lambda _connection: commits.append(1))
    gate = threading.Event()
    first = store.submit(lambda _connection: gate.wait(30))
    futures = [store.submit(note(f"note {n}")) for n in range(50)]
    assert not any(future.done() for future in futures)
    gate.set()
    assert first.result(timeout=30)
    assert [future.result(timeout=30) for future in futures] == [f"note {n}" for n in range(50)]
    assert len(commits) <= 2 + 50 // LARGEST_GROUP
    assert len(notes(store)) == 50


def test_a_job_that_fails_leaves_nothing_and_does_not_disturb_its_neighbours(store) -> None:
    def failing(connection: Connection) -> None:
        note("half")(connection)
        raise IncidentConflict("somebody was first", "Claire")

    gate = threading.Event()
    store.submit(lambda _connection: gate.wait(30))
    jobs: list[Future[object]] = [store.submit(note("before")), store.submit(failing), store.submit(note("after"))]
    gate.set()
    assert jobs[0].result(timeout=30) == "before"
    with pytest.raises(IncidentConflict):
        jobs[1].result(timeout=30)
    assert jobs[2].result(timeout=30) == "after"
    assert notes(store) == ["before", "after"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_is_told_and_writing_goes_on(store) -> None:
    def defect(connection: Connection) -> None:
        note("half")(connection)
        raise ZeroDivisionError

    with pytest.raises(StoreUnavailable):
        store.submit(defect).result(timeout=30)
    assert store.submit(note("whole")).result(timeout=30) == "whole"
    assert notes(store) == ["whole"]


def test_the_queue_is_bounded(store) -> None:
    gate = threading.Event()
    started = threading.Event()

    def hold(_connection: Connection) -> None:
        started.set()
        gate.wait(30)

    first = store.submit(hold)
    assert started.wait(30)
    futures = [store.submit(note("x")) for _ in range(LONGEST_QUEUE)]
    with pytest.raises(QueueFull):
        store.submit(note("one too many"))
    gate.set()
    first.result(timeout=30)
    assert futures[-1].result(timeout=60) == "x"


def test_closing_writes_what_waits_and_takes_nothing_more(store) -> None:
    futures = [store.submit(note(str(n))) for n in range(20)]
    store.close()
    assert [future.result(timeout=30) for future in futures] == [str(n) for n in range(20)]
    with pytest.raises(HubError):
        store.submit(note("too late"))


def fill_disk(running: Running) -> None:
    """Let the store grow no further, as a full disk would."""

    def limit(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    running.hub.store.submit(limit).result(timeout=30)


def test_a_full_disk_acknowledges_nothing_and_the_hub_lives_on(served: Served, street) -> None:
    fill_disk(served)
    big = [street.minute("mic-a", 1_795_000_020 + 60 * n) for n in range(400)]
    response = served.upload(*big)
    assert (response.status_code, response.json()["code"]) == (503, "store-unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert served.count() == 0
    assert served.ask("GET", "/api/v1/sensors").status_code == 200
    served.hub.store.submit(lambda c: c.execute(text("PRAGMA max_page_count = 1073741823")).all()).result(timeout=30)
    assert served.upload(*big).json() == {"accepted": 400, "duplicates": 0}
    assert served.desk.sensor("mic-a").records_stored == 400


def test_a_locked_store_is_503_and_not_ready(served: Served, street, tmp_path) -> None:
    def hurry(connection: Connection) -> None:
        connection.execute(text("PRAGMA busy_timeout = 20"))

    served.hub.store.submit(hurry).result(timeout=30)
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    envelope = street.events("mic-a", begin())
    assert served.upload(envelope).status_code == 503
    assert served.ask("GET", "/readyz").status_code == 503
    assert served.ask("GET", "/healthz").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert served.upload(envelope).status_code == 200


def test_an_unknown_sensor_in_an_old_store_is_left_alone(tmp_path, street) -> None:
    """A sensor that was retired leaves its rows; the hub opens all the same."""
    settings = settings_at(tmp_path)
    with Running.of(settings, street) as running:
        running.store(street.events("mic-far", begin()))
    fewer = settings_at(tmp_path, sensors=settings.sensors[:3])
    with Running.of(fewer, street) as running:
        assert running.desk.sensor("mic-far") is None
        assert len(running.desk.incidents()) == 1
        running.store(street.events("mic-a", begin(2)))
        assert len(running.desk.incidents()) == 2
