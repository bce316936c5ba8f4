"""What was captured after a suspension is gone, as if it had never come; what came before is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_street import LEAVE, NOW, Running, Street, authorisation, begin, end, give_leave, impulse, settings_at
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select

from clairvoie.boundary.bulletin import Event, HourIndicators
from clairvoie.boundary.document import SignedDocument
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.signed import Envelope
from clairvoie.errors import Refusal
from clairvoie.hub import schema

HEARD = (schema.records, schema.minutes, schema.detections)
TABLES = (*HEARD, schema.incidents, schema.transitions)
OWN = {"id", "entry", "detection", "incident", "opened", "received", "at"}
"""Numbers and times that the hub gives; everything else must be the same."""
START = NOW // 60 * 60 - 600


def rows(running: Running, table: Table) -> list[tuple[object, ...]]:
    """What a table says, without the hub's own numbers and times."""
    columns = [column for column in table.c if column.name not in OWN]
    with running.hub.store.reading() as connection:
        return sorted(map(tuple, connection.execute(select(*columns))), key=repr)


def suspend(running: Running, tmp_path: Path, since: int, **what: object) -> SignedDocument:
    (act,) = [d for d in running.hub.authority.held if d.payload_type.endswith("authorisation+json")]
    document = LEAVE.suspended(act, since, **what)  # type: ignore[arg-type]
    give_leave(tmp_path, document)
    running.hub.look_at_acts()
    return document


@st.composite
def said(draw: st.DrawFn) -> list[tuple[str, int, Event | None]]:
    """What two microphones say over ten minutes: events in some seconds, minutes in between (``None``)."""
    found: list[tuple[str, int, Event | None]] = []
    for sensor in ("mic-a", "mic-b"):
        moments = sorted(draw(st.lists(st.integers(START, START + 599), min_size=1, max_size=6, unique=True)))
        opened: list[int] = []
        for number, second in enumerate(moments):
            sort = draw(st.sampled_from(("begin", "impulse", "end", "minute")))
            if sort == "end" and opened:
                found.append((sensor, second, end(opened.pop(), level=draw(st.sampled_from((60.0, 110.0))))))
            elif sort == "minute":
                found.append((sensor, second, None))
            elif sort == "impulse":
                found.append((sensor, second, impulse(number)))
            else:
                opened.append(number)
                found.append((sensor, second, begin(number, level=draw(st.sampled_from((60.0, 110.0))))))
    return sorted(found, key=lambda one: one[1])


def deliver(running: Running, street: Street, what: list[tuple[str, int, Event | None]]) -> None:
    minutes: set[tuple[str, int]] = set()
    for sensor, second, event in what:
        if event is not None:
            running.store(street.events(sensor, event, second=second))
        elif (sensor, second // 60) not in minutes:
            minutes.add((sensor, second // 60))
            running.store(street.minute(sensor, second // 60 * 60, 50.0 + second % 40))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=said(), since=st.integers(START, START + 620), whole=st.booleans())
def test_a_suspension_leaves_what_would_be_there_without_what_it_erased(
    tmp_path_factory, said, since: int, whole: bool
) -> None:
    """Two hubs: one is told everything and then suspended, the other only ever gets what came before."""
    suspended = {"mic-a", "mic-b"} if whole else {"mic-a"}

    def allowed(one: tuple[str, int, Event | None]) -> bool:
        sensor, second, event = one
        last = second if event is not None else second // 60 * 60 + 52  # the last part of a minute's record
        return sensor not in suspended or last < since

    for sensor in ("mic-a", "mic-b"):  # or sequences would differ
        order = [allowed(one) for one in said if one[0] == sensor]
        assume(order == sorted(order, reverse=True))
    folders = [tmp_path_factory.mktemp("hub") for _ in range(2)]
    with Running.of(settings_at(folders[0]), Street()) as everything:
        deliver(everything, everything.street, said)
        suspend(everything, folders[0], since, sensors=() if whole else ("mic-a",))
        with Running.of(settings_at(folders[1]), Street()) as before:
            deliver(before, before.street, [one for one in said if allowed(one)])
            tables = TABLES if whole else HEARD  # what one sensor opened, another may have joined
            assert [rows(everything, table) for table in tables] == [rows(before, table) for table in tables]
        for incident in everything.desk.incidents():
            assert incident.kind in {d.kind for d in incident.detections}


def stored_everything(running: Running, street: Street) -> list[Envelope]:
    """Two sensors, glass before and after the moment of the suspension, a minute across it, an end after it."""
    sent = [
        street.events("mic-a", begin(1, level=70.0), second=START + 100),
        street.minute("mic-a", START + 60),
        street.minute("mic-a", START + 120),
        street.events("mic-b", begin(1), second=START + 151),
        street.events("mic-a", begin(2, kind=HazardKind.FIREWORK), second=START + 152),
        street.events("mic-a", end(1, level=100.0), second=START + 153),
    ]
    for envelope in sent:
        running.store(envelope)
    return sent


def test_everything_that_it_caused_goes_and_the_ledger_says_how_much(
    running: Running, street: Street, tmp_path: Path
) -> None:
    stored_everything(running, street)
    assert running.count(schema.incidents) == 3
    entries = [e for e in running.ledger.entries if e is not None and e.kind is EntryKind.DETECTION]
    assert len(entries) == 3
    document = suspend(running, tmp_path, START + 150)
    assert running.count() == 2
    assert [i.kind for i in running.desk.incidents()] == [HazardKind.GLASS_BREAKING]
    (view,) = running.desk.detections(start=0, end=2**33)
    assert (view.sensor, view.offset, view.level) == ("mic-a", None, 70.0), "as its begin left it"
    assert [r.minute for r in running.desk.levels("mic-a", START, START + 600)] == [START, START + 60]
    (deletion,) = running.ledger.of(EntryKind.DELETION)
    assert (deletion.about, deletion.who) == (document.digest, "dpo")
    assert deletion.detail == {
        "because": "suspension", "levels": "2", "detections": "2", "incidents": "2", "records": "4",
    }  # fmt: skip
    assert len(running.ledger.of(EntryKind.DETECTION)) == 1, "the ledger forgot what they were"
    assert [record.sequence for record in running.ledger.stored.values()] == [1, 2]
    assert running.hub.tallies.kinds("mic-b") == ()


def test_an_hour_goes_with_a_suspension_that_reaches_back_before_it_left_and_its_minute_is_written_anew(
    running: Running, street: Street, tmp_path: Path
) -> None:
    ending = NOW // 3600 * 3600
    street.clock.at = float(ending + 90)
    hour = HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8)
    running.store(street.minute("mic-a", ending - 60), street.minute("mic-a", ending, parts=(hour,)))
    assert len(running.desk.hours("mic-a", NOW - 7200, NOW)) == 1
    suspend(running, tmp_path, ending + 45, sensors=("mic-a",))
    assert running.desk.hours("mic-a", NOW - 7200, NOW) == ()
    (row,) = running.desk.levels("mic-a", ending - 60, ending)
    assert row.tens == (60.0,) * 5 + (None,), "its last ten seconds came in the record that is erased"


def test_what_was_erased_does_not_come_back(running: Running, street: Street, tmp_path: Path) -> None:
    sent = stored_everything(running, street)
    suspend(running, tmp_path, START + 150)
    for envelope in sent[2:]:
        with pytest.raises(Refusal) as refusal:
            running.store(envelope)
        assert refusal.value.code == "suspended"
    with pytest.raises(Refusal) as refusal:
        running.store(*sent[:2])
    assert refusal.value.code == "already-stored"


def test_a_sensor_that_is_not_suspended_keeps_its_part_of_an_incident(
    running: Running, street: Street, tmp_path: Path
) -> None:
    running.store(street.events("mic-a", begin(1), second=START + 200))
    running.store(street.events("mic-b", begin(1), second=START + 200))
    (both,) = running.desk.incidents()
    assert both.sensors == ("mic-a", "mic-b")
    suspend(running, tmp_path, START + 150, sensors=("mic-a",))
    (left,) = running.desk.incidents()
    assert left.sensors == ("mic-b",)
    assert left.place.words == "lamp mic-b"
    assert "mic-a" not in [line.note for line in left.history]


@pytest.mark.parametrize("sensors", [(), ("mic-c",)], ids=["a hazard", "a hazard, and a sensor that said nothing"])
def test_an_act_that_only_one_hazard_is_suspended_of_keeps_the_rest(
    running: Running, street: Street, tmp_path: Path, sensors: tuple[str, ...]
) -> None:
    from clairvoie.boundary.authorisation import Suspension, encode_suspension
    from clairvoie.boundary.document import SUSPENSION_TYPE, add_signature, unsigned

    stored_everything(running, street)
    (act,) = running.hub.authority.held
    narrower = Suspension(
        deployment="claire-voie", authorisation=act.digest, since=START + 150, reason="complaints",
        hazards=(HazardKind.GLASS_BREAKING,), sensors=sensors,
    )  # fmt: skip
    document = add_signature(unsigned(SUSPENSION_TYPE, encode_suspension(narrower)), LEAVE.roles["board"])
    give_leave(tmp_path, document)
    running.hub.look_at_acts()
    left = {(d.sensor, d.kind, d.offset) for d in running.desk.detections(start=0, end=2**33)}
    assert left == {("mic-a", HazardKind.GLASS_BREAKING, None), ("mic-a", HazardKind.FIREWORK, None)}
    assert running.count() == 4


def test_numbers_of_erased_records_are_never_given_again(running: Running, street: Street, tmp_path: Path) -> None:
    stored_everything(running, street)
    suspend(running, tmp_path, START, sensors=("mic-a", "mic-b"))
    assert running.count() == 0
    running.store(street.events("mic-c", begin(1)))
    with running.hub.store.reading() as connection:
        assert list(connection.execute(select(schema.records.c.id)).scalars()) == [7]
    assert list(running.ledger.stored) == [7]


def test_an_earlier_act_s_time_is_not_touched(tmp_path: Path, street: Street) -> None:
    """A suspension is of one act; seconds in which another one counted stay."""
    acts = authorisation(ends=START + 150), authorisation(number=2, starts=START + 150)
    with Running.of(settings_at(tmp_path, *acts), street) as running:
        stored_everything(running, street)
        second = next(a for a in running.hub.authority.standing.acts if a.authorisation.number == 2)
        signed = next(d for d in running.hub.authority.held if d.digest == second.digest)
        give_leave(tmp_path, LEAVE.suspended(signed, START))
        running.hub.look_at_acts()
        assert running.count() == 2
