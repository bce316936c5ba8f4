"""A store of the version before is brought up to this one in place: nothing is lost, and it works as a new one does."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hub_street import DEPLOYMENT, NOW, Running, Street, begin, settings_at
from sqlalchemy import create_engine, inspect, select

from clairvoie.boundary.bulletin import HourIndicators
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Outcome
from clairvoie.boundary.trial import TrialState
from clairvoie.config import Retention
from clairvoie.errors import StoreError
from clairvoie.hub import migration, schema
from clairvoie.hub.minutes import thirds_of
from clairvoie.hub.store import Store
from clairvoie.server.jobs import retain

SUPPORT = Path(__file__).parents[1] / "support"


def store_of(version: int, folder: Path) -> Path:
    """A store that an older version made and used."""
    path = folder / "hub.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript((SUPPORT / f"store_version_{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of version 1."""
    return store_of(1, tmp_path)


def columns(path: Path) -> dict[str, list[tuple[str, str]]]:
    engine = create_engine(f"sqlite:///{path}")
    found = inspect(engine)
    tables = {
        name: [(str(c["name"]), str(c["type"])) for c in found.get_columns(name)]
        for name in found.get_table_names()
        if name in schema.metadata.tables
    }
    engine.dispose()
    return tables


@pytest.mark.parametrize("version", [1, 2, 3])
def test_it_becomes_what_a_new_store_is(version: int, tmp_path: Path) -> None:
    old = store_of(version, tmp_path)
    Store(old, deployment=DEPLOYMENT, sensors=["mic-a"]).close()
    Store(tmp_path / "new.db", deployment=DEPLOYMENT, sensors=["mic-a"]).close()
    assert columns(old) == columns(tmp_path / "new.db")
    assert columns(old).keys() == schema.metadata.tables.keys()
    Store(old, deployment=DEPLOYMENT, sensors=["mic-a"]).close()  # and opens again


def test_nothing_is_lost_and_work_goes_on(old: Path, tmp_path: Path) -> None:
    street = Street(sequences={"mic-a": 3})
    with Running.of(settings_at(tmp_path), street) as running:
        (incident,) = running.desk.incidents()
        assert (incident.outcome, incident.history[1].note) == (Outcome.CONFIRMED, "a pane")
        assert [miss.reported_by for miss in running.desk.misses()] == ["Noé"]
        assert running.desk.sensor("mic-a").records_stored == 3
        assert [(r.code, r.count) for r in running.desk.refusals()] == [("malformed", 2)]
        running.store(street.events("mic-a", begin(2)), street.minute("mic-b", NOW // 60 * 60 - 60))
        assert list(running.ledger.stored) == [8, 9], "numbers go on after the greatest"
        street.clock.at += 3 * 86_400
        retain(running.hub, Retention(levels_days=1, detections_days=1, incidents_days=1, records_days=1))
        assert running.count(schema.transitions) == 1, "what is older than the ledger is erased all the same"
        assert len(running.ledger.of(EntryKind.DELETION)) == 1


def test_detections_of_version_2_keep_their_mode_and_every_kind_is_on_trial(tmp_path: Path) -> None:
    store_of(2, tmp_path)
    street = Street(sequences={"mic-a": 2, "mic-b": 1})
    with Running.of(settings_at(tmp_path), street, trial=True) as running:
        found = running.desk.detections(start=0, end=NOW + 60)
        assert {(d.sensor, d.mode) for d in found} == {("mic-a", Mode.LIVE), ("mic-b", Mode.TRIAL)}
        (incident,) = running.desk.incidents()
        assert (incident.outcome, incident.detections[0].mode) == (Outcome.CONFIRMED, Mode.LIVE)
        assert {view.state for view in running.desk.trials()} == {TrialState.TRIAL}
        running.store(street.events("mic-a", begin(2)))
        assert running.desk.detections(start=0, end=NOW + 60, sensor="mic-a")[0].mode is Mode.TRIAL
        assert len(running.desk.incidents()) == 1, "a node that says live is not enough any more"
        assert [one.heard.identifier for one in running.desk.on_trial()] == [2]


def test_minutes_of_version_3_are_read_as_they_were_and_hours_join_them(tmp_path: Path) -> None:
    store_of(3, tmp_path)
    first = NOW // 600 * 600 - 600
    ending = NOW // 3600 * 3600
    street = Street(sequences={"mic-a": 2})
    with Running.of(settings_at(tmp_path), street) as running:
        rows = running.desk.levels("mic-a", first - 60, first + 60)
        assert [(row.minute, row.tens.count(60.0)) for row in rows] == [(first - 60, 1), (first, 5)]
        (incident,) = running.desk.incidents()
        assert (incident.kind, incident.sensors) == (HazardKind.GLASS_BREAKING, ("mic-a",))
        assert running.desk.hours("mic-a", NOW - 7200, NOW) == ()
        hour = HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8)
        running.store(street.minute("mic-a", ending, parts=(hour,)))
        assert [row.hour for row in running.desk.hours("mic-a", NOW - 7200, NOW)] == [ending - 3600]
        with running.hub.store.reading() as connection:
            codes = {r.minute: r.codes for r in connection.execute(select(schema.minutes)) if r.sensor == 1}
        assert thirds_of(codes[first - 60]) == (5.0,) * 14 + (131.0,) * 14


def test_a_migration_that_breaks_off_leaves_the_old_store(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = columns(old)

    def broken(_connection: object) -> None:
        raise StoreError("the power went")

    monkeypatch.setattr(migration, "number_records", broken)
    with pytest.raises(StoreError):
        Store(old, deployment=DEPLOYMENT, sensors=[])
    assert columns(old) == before
    monkeypatch.undo()
    Store(old, deployment=DEPLOYMENT, sensors=[]).close()
