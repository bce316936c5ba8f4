"""What a node says of a sensor's process is kept as evidence, and decides what is taken from that sensor."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_street import NOW, Running, Street, begin, microphone, settings_at
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Denial
from clairvoie.boundary.confinement import ALL, REQUIRED, Confinement, Lock
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import encode_envelope
from clairvoie.boundary.wire import SensorStatement
from clairvoie.errors import Refusal
from clairvoie.hub.statements import unfit

LIVE = (replace(microphone("mic-a", "node-1", 0), simulated=False), microphone("mic-b", "node-1", 100))


def statement(sensor: str = "mic-a", **changes: object) -> SensorStatement:
    fields: dict[str, object] = {
        "sensor": sensor, "second": NOW - 1, "confinement": ALL.value, "simulated": False, "model": b"m" * 32,
        "software": b"s" * 32, **changes,
    }  # fmt: skip
    return SensorStatement(**fields)  # type: ignore[arg-type]


@pytest.fixture
def live(tmp_path: Path, street: Street):
    """A hub with one live microphone, ``mic-a``, and one simulated."""
    with Running.of(settings_at(tmp_path), street) as running:
        sensors = {sensor.id: sensor for sensor in LIVE}
        from dataclasses import replace as changed

        running.hub.enrol(changed(running.hub.enrolment, sensors=sensors), running.hub.lives)
        yield running


def refused(running: Running, *envelopes) -> str:
    with pytest.raises(Refusal) as refusal:
        running.store(*envelopes)
    assert refusal.value.code == "not-authorised"
    return str(refusal.value)


@given(mask=st.integers(0, ALL.value), simulated=st.booleans(), said=st.booleans())
def test_a_live_microphone_needs_every_required_lock_and_to_be_what_it_is_enrolled_as(mask, simulated, said) -> None:
    place = Place(latitude=48.0, longitude=2.0)
    sensor = Sensor(id="mic-a", node="node-1", kind=SensorKind.MICROPHONE, place=place, simulated=simulated)
    refusal = unfit(sensor, statement(confinement=mask, simulated=said))
    fits = said == simulated and (said or Confinement.of(mask).fit_for_live)
    assert (refusal is None) == fits
    if refusal is not None and said == simulated:
        lacking = REQUIRED & ~Lock(mask)
        assert all(str(lock.name).lower().replace("_", "-") in str(refusal) for lock in Lock if lock in lacking)


def test_a_live_microphone_is_heard_only_after_its_node_has_said_how_it_is_confined(live, street) -> None:
    assert "has not said" in refused(live, street.events("mic-a", begin(1)))
    live.store(street.envelope(statement()), street.events("mic-a", begin(1)))
    assert live.hub.take_frame(encode_envelope(street.tick())) == 2


def test_a_lock_that_is_missing_ends_its_reports_and_says_which(live, street) -> None:
    live.store(street.envelope(statement()), street.events("mic-a", begin(1)))
    loose = (ALL & ~Lock.SECCOMP & ~Lock.NO_CORE).value
    live.store(street.envelope(statement(confinement=loose)))
    words = refused(live, street.events("mic-a", begin(2)))
    assert "seccomp, no-core" in words
    assert refused(live, street.envelope(statement(confinement=loose)), street.minute("mic-a", NOW // 60 * 60 - 60))
    assert live.hub.take_frame(encode_envelope(street.tick())) == 1
    live.hub.flush_refusals()
    assert [(d.why, d.count) for d in live.desk.discarded()] == [(Denial.SENSOR, 1)]
    live.store(street.envelope(statement(second=NOW)), street.events("mic-a", begin(3)))


def test_a_recording_cannot_pass_for_a_microphone_nor_a_microphone_for_a_recording(live, street) -> None:
    live.store(street.envelope(statement(simulated=True)))
    assert "enrolled as live and its source is simulated" in refused(live, street.events("mic-a", begin(1)))
    live.store(street.envelope(statement("mic-b")))
    assert "enrolled as simulated and its source is live" in refused(live, street.events("mic-b", begin(1)))


def test_each_change_is_an_entry_and_repeating_it_is_not(live, street) -> None:
    for second, changes in enumerate(({}, {}, {"model": b"n" * 32}, {"confinement": 0}, {"software": b""})):
        live.store(street.envelope(statement(second=NOW - 10 + second, **changes)))
    sandbox = [(e.who, e.about, e.detail) for e in live.ledger.of(EntryKind.SANDBOX)]
    assert len(sandbox) == 3
    assert sandbox[0] == ("node-1", "mic-a", {"missing": "", "simulated": "no", "software": (b"s" * 32).hex()})
    assert "landlock-files" in sandbox[1][2]["missing"]
    models = [e.detail["model"] for e in live.ledger.of(EntryKind.MODEL)]
    assert models == [(b"m" * 32).hex(), (b"n" * 32).hex(), (b"m" * 32).hex()]


def test_a_late_statement_does_not_undo_a_newer_one(live, street) -> None:
    early = street.envelope(statement())
    live.store(street.envelope(statement(confinement=0)))
    live.store(early)
    assert "lacks" in refused(live, street.events("mic-a", begin(1)))


def test_it_is_known_again_after_a_restart(tmp_path: Path, street: Street) -> None:
    settings = settings_at(tmp_path)
    for _ in range(2):
        with Running.of(settings, street) as running:
            running.store(street.envelope(statement("mic-a", simulated=True, authorisation="a" * 64)))
            view = running.desk.confinement("mic-a")
            assert view is not None
            assert (view.model, view.authorisation) == ((b"m" * 32).hex(), "a" * 64)
            entries = len(running.ledger.of(EntryKind.SANDBOX))
    assert entries == 0, "said before the restart already"


def test_a_statement_is_no_minute(running: Running, street: Street) -> None:
    running.store(street.envelope(statement(simulated=True)))
    assert running.desk.levels("mic-a", NOW - 600, NOW + 600) == ()
    assert running.desk.said_by_minute("mic-a", NOW // 60 * 60, NOW // 60 * 60 + 60)[0].millibits is None
