"""What the hub does is an entry of the ledger, in the transaction that does it; what it erases, the ledger forgets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hub_street import LEAVE, NOW, Running, Street, authorisation, begin, end, give_leave, settings_at

from clairvoie.boundary.authorisation import Retention as Allowed
from clairvoie.boundary.bulletin import charge
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.signed import encode_batch
from clairvoie.boundary.wire import bulletins_of, decode_record
from clairvoie.config import Retention
from clairvoie.errors import OversightError, Refusal
from clairvoie.hub import schema
from clairvoie.server.jobs import retain

DAY = 86_400
LONG = Retention(levels_days=300, detections_days=300, incidents_days=300, records_days=300)


def told(running: Running, kind: EntryKind) -> list[tuple[str, str, dict[str, str]]]:
    return [(e.who, e.about, dict(e.detail)) for e in running.ledger.of(kind)]


def test_each_record_is_told_with_its_number_its_bits_and_its_bytes(running: Running, street: Street) -> None:
    sent = [street.events("mic-a", begin(1)), street.minute("mic-b", NOW // 60 * 60 - 60)]
    running.store(*sent)
    assert list(running.ledger.stored) == [1, 2]
    for envelope, stored in zip(sent, running.ledger.stored.values(), strict=True):
        assert (stored.sensor, stored.sequence, stored.body) == (envelope.sensor, 1, envelope.body)
        assert stored.millibits == sum(charge(b).total for b in bulletins_of(decode_record(stored.body).content))
    with pytest.raises(Refusal):
        running.store(*sent)
    assert len(running.ledger.stored) == 2


def test_a_detection_and_every_line_of_an_incident_s_history_is_one_entry(running: Running, street: Street) -> None:
    running.store(street.events("mic-a", begin(1)))
    running.store(street.events("mic-b", begin(1)), street.events("mic-a", end(1)))
    running.desk.take(1, "Claire")
    running.desk.note(1, "Claire", "Madame Martin called")
    running.desk.close(1, "Noé", Outcome.CONFIRMED, Basis.ON_SITE, "a pane")
    running.desk.report_miss(
        kind=HazardKind.FIREWORK, happened=NOW - 10, place_words="quay", basis=Basis.CALLER, note="said so", who="Noé"
    )
    (first, second) = told(running, EntryKind.DETECTION)
    assert first[1:] == ("mic-a", {"kind": "glass-breaking", "mode": "live", "onset": f"{NOW - 0.5:.4f}"})
    assert second[1] == "mic-b"
    assert told(running, EntryKind.TRANSITION) == [
        ("", "incident-1", {"transition": "opened", "sensor": "mic-a"}),
        ("", "incident-1", {"transition": "joined", "sensor": "mic-b"}),
        ("Claire", "incident-1", {"transition": "taken"}),
        ("Claire", "incident-1", {"transition": "noted"}),
        ("Noé", "incident-1", {"transition": "closed", "outcome": "confirmed", "basis": "on-site"}),
    ]
    assert told(running, EntryKind.MISS) == [
        ("Noé", "", {"kind": "firework", "happened": str(NOW - 10), "basis": "caller"})
    ]
    words = repr(running.ledger.entries)
    assert not [secret for secret in ("Martin", "a pane", "said so", "quay") if secret in words]


def test_what_cannot_be_entered_is_not_done(running: Running, street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    running.store(street.events("mic-a", begin(1)))

    def broken(_connection: object, _entry: Entry) -> int:
        raise OversightError("the ledger cannot be written")

    monkeypatch.setattr(running.ledger, "record", broken)
    with pytest.raises(OversightError):
        running.store(street.events("mic-a", begin(2)))
    with pytest.raises(OversightError):
        running.desk.take(1, "Claire")
    assert running.count() == running.count(schema.detections) == running.count(schema.transitions) == 1
    assert running.desk.incidents()[0].taken_by == ""


def test_equivocation_is_entered_once_with_both_digests(running: Running, street: Street) -> None:
    one = street.events("mic-a", begin(1))
    two, three = (street.events("mic-a", begin(n), sequence=1) for n in (2, 3))
    asyncio.run(running.hub.take_upload(encode_batch((one,))))
    for envelope in (two, two, three):
        with pytest.raises(Refusal) as refusal:
            asyncio.run(running.hub.take_upload(encode_batch((envelope,))))
        assert refusal.value.code == "equivocation"
    assert told(running, EntryKind.EQUIVOCATION) == [
        ("", "mic-a", {"epoch": "0", "sequence": "1", "stored": one.digest.hex(), "offered": two.digest.hex()})
    ]


def test_settings_are_entered_when_they_changed(tmp_path: Path, street: Street) -> None:
    seen: list[Entry] = []
    for place in ("Claire-Voie", "Claire-Voie", "Elsewhere"):
        with Running.of(settings_at(tmp_path, place=place), street) as running:
            seen += running.ledger.of(EntryKind.SETTING)
    first, second = seen
    assert (first.detail["before"], second.detail["before"]) == ("", first.detail["digest"])
    assert len(first.detail["digest"]) == 64


def test_what_retention_erases_is_counted_and_forgotten(running: Running, street: Street) -> None:
    running.store(street.events("mic-a", begin(1)), street.minute("mic-a", NOW // 60 * 60 - 60))
    running.desk.close(1, "Claire", Outcome.NOT_VERIFIABLE, Basis.NONE)
    street.clock.at += 100 * DAY
    retain(running.hub, LONG)
    (deletion,) = told(running, EntryKind.DELETION)
    assert deletion[2] == {"because": "retention", "records": "2"}, "the act allows 90 days"
    assert running.ledger.stored == {}
    street.clock.at += 270 * DAY
    retain(running.hub, LONG)
    assert running.count(schema.incidents) == running.count(schema.minutes) == 0
    assert running.ledger.of(EntryKind.DETECTION) == running.ledger.of(EntryKind.TRANSITION) == []
    retain(running.hub, LONG)
    assert len(told(running, EntryKind.DELETION)) == 2, "nothing erased, nothing said"


def test_the_shorter_of_settings_and_act_holds(tmp_path: Path, street: Street) -> None:
    act = authorisation(retention=Allowed(levels_days=2, detections_days=90, incidents_days=90, records_days=90))
    with Running.of(settings_at(tmp_path, act), street) as running:
        running.store(street.minute("mic-a", NOW // 60 * 60 - 60))
        street.clock.at += 3 * DAY
        retain(running.hub, LONG)
        assert running.count(schema.minutes) == 0
        running.store(street.minute("mic-a", (NOW + 3 * DAY) // 60 * 60 - 60))
        give_leave(tmp_path, LEAVE.signed(authorisation(number=2, starts=NOW)))
        running.hub.look_at_acts()
        street.clock.at += 3 * DAY
        retain(running.hub, LONG)
        assert running.count(schema.minutes) == 2
        retain(running.hub, Retention(levels_days=1))
        assert running.count(schema.minutes) == 0
