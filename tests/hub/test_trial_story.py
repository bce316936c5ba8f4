"""A week of one microphone: watched, judged, signed by two, in the queue, and taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest
from hub_street import (
    DEPLOYMENT,
    LEAVE,
    NOW,
    SENSORS,
    Running,
    Served,
    Street,
    authorisation,
    begin,
    give_leave,
    settings_at,
)
from msgspec.structs import replace
from sqlalchemy import Connection, update
from staff import AREAS, Staff

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import Hours, Suspension, encode_suspension
from clairvoie.boundary.bulletin import Bulletin, MinuteState
from clairvoie.boundary.confinement import ALL
from clairvoie.boundary.document import SUSPENSION_TYPE, add_signature, unsigned
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.hazards import HEALTHS, HazardKind, Health, Mode
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.person import Role
from clairvoie.boundary.trial import NEEDED_SECONDS, Because, Figures, TrialState, TrialView
from clairvoie.boundary.wire import MinuteParts, SensorStatement
from clairvoie.config import Retention
from clairvoie.egress.coarse import absent_part
from clairvoie.errors import HubError, IncidentConflict, InvalidValue
from clairvoie.hub import schema
from clairvoie.hub.hub import Hub
from clairvoie.hub.trial_rows import Trials
from clairvoie.server.jobs import retain

GLASS, FIREWORK = HazardKind.GLASS_BREAKING, HazardKind.FIREWORK
MINUTE = NOW // 60 * 60
MODEL = b"m" * 32
REAL = ("mic-a", "mic-far")
KEPT = Retention(levels_days=1, detections_days=1, incidents_days=1, records_days=1)


def a_minute(minute: int, sensor: str = "mic-a", *, seconds: int = 60, health: Health = Health.FINE) -> MinuteParts:
    """A record that tells how the minute from ``minute`` on was; it leaves in the minute after."""
    told = replace(
        absent_part(MinuteState),
        valid_seconds=units.SECONDS_OF_MINUTE.encode(seconds),
        health=HEALTHS.index(health),
    )
    bulletin = Bulletin(sensor=sensor, second=minute + 68, scheduled=(told,))
    return MinuteParts(sensor=sensor, minute=minute + 60, bulletins=(bulletin,))


def statement(sensor: str = "mic-a", model: bytes = MODEL) -> SensorStatement:
    return SensorStatement(
        sensor=sensor, second=NOW - 1, confinement=ALL.value, simulated=False, model=model, software=b"s" * 32
    )


def make_real(running: Running) -> None:
    """Let two microphones be real ones, behind every lock, whose nodes have said so."""
    real = {name: replace(s, simulated=s.id not in REAL) for name, s in running.hub.enrolment.sensors.items()}
    running.hub.enrol(changed(running.hub.enrolment, sensors=real), running.hub.lives)
    running.store(*(running.street.envelope(statement(name)) for name in REAL))


def watch(hub: Hub, since: int, hours: float, sensor: str = "mic-a", model: bytes = MODEL) -> None:
    """What the hub does with each minute, without a week of signatures."""
    told = a_minute(since, sensor).bulletins[0].scheduled

    def watched(connection: Connection) -> None:
        trials = Trials(connection, hub.enrolment, hub.authority.leave, hub.store.sensor_ids, [sensor])
        for minute in range(since + 60, since + 60 + round(hours * 3600), 60):
            bulletin = Bulletin(sensor=sensor, second=minute + 8, scheduled=told)
            trials.watch(MinuteParts(sensor=sensor, minute=minute, bulletins=(bulletin,)), model.hex())
        trials.write()

    hub.store.submit(watched).result()


def stands(running: Running, sensor: str = "mic-a", kind: HazardKind = GLASS) -> TrialView:
    return next(view for view in running.desk.trials(sensor) if view.kind is kind)


@pytest.fixture
def on_trial(tmp_path: Path) -> Iterator[Running]:
    """A hub as it is new: every kind is on trial."""
    with Running.of(settings_at(tmp_path), Street(), trial=True) as running:
        make_real(running)
        yield running


def programs_are_told_nothing(served: Served, staff: Staff) -> None:
    """People read in the JSON interface where a kind stands; machines and programs are told of no trial."""
    told = served.ask("GET", "/api/v1/sensors", headers=staff.session("dora")).json()["sensors"][0]["trials"]
    assert {"kind": "glass-breaking", "state": "live", "hours_watched": 168.0, "hours_needed": 168} in told
    for machine in (staff.machine("lights", "duty-desk"), staff.program("suzanne")):
        assert served.ask("GET", "/api/v1/sensors", headers=machine).json()["sensors"][0]["trials"] == []
        assert served.ask("GET", "/trial", headers=machine).status_code == 403


def the_ledger_tells_it(served: Served) -> None:
    told = served.ledger.of(EntryKind.PROPOSAL)[0].detail
    assert (told["hours"], told["detections"], told["confirmed"], told["false-alarm"]) == ("168.0", "2", "1", "1")
    assert served.ledger.of(EntryKind.APPROVAL)[0].detail["signed-by"] == "suzanne"
    assert [(e.who, e.detail["act"]) for e in served.ledger.of(EntryKind.TRIAL)] == [
        ("dora", "judged"), ("dora", "judged"), ("dora", "withdrawn"),
    ]  # fmt: skip


def test_a_week_then_two_signatures_and_only_then_the_queue(tmp_path: Path) -> None:
    with Served.of(settings_at(tmp_path, areas=AREAS), Street(), callers=None, trial=True) as served:
        make_real(served)
        staff, street, clock = Staff(served), served.street, served.clock
        supervisor, auditor = staff.account("suzanne", Role.SUPERVISOR), staff.account("aline", Role.AUDITOR)
        duty = staff.account("dora", Role.DUTY)

        def post(path: str, who: str, **fields: str) -> int:
            session = staff.session(who)
            form = {"token": session["x-clairvoie-token"], **fields}
            return served.ask("POST", path, data=form, headers={"cookie": session["cookie"]}).status_code

        def hear(identifier: int, sensor: str = "mic-a", kind: HazardKind = GLASS) -> int:
            clock.at += 30
            assert served.upload(street.events(sensor, begin(identifier, kind=kind))).status_code == 200
            return served.desk.strip().incidents_open

        start = MINUTE - 167 * 3600
        watch(served.hub, start, 166)
        assert hear(1) == 0, "its node says that it is live; that is not enough"
        watch(served.hub, start + 166 * 3600, 1)
        assert (stands(served).state, stands(served).figures.rate.hours) == (TrialState.TRIAL, 167.0)
        queue = "/trial/mic-a/glass-breaking/queue"
        assert post(queue, supervisor) == 409
        assert served.desk.trials("mic-a")[0].proposed_by == ""

        clock.at = MINUTE + 3700
        served.upload(*(street.envelope(a_minute(MINUTE + 60 * number)) for number in range(60)))
        assert (stands(served).state, stands(served).figures.rate.hours) == (TrialState.READY, 168.0)
        assert hear(2) == 0, "nobody has signed"
        assert post("/trial/detections/1", duty, outcome="confirmed", basis="on-site") == 303
        assert post("/trial/detections/2", duty, outcome="false-alarm", basis="caller") == 303
        assert [post(queue, who) for who in (duty, auditor)] == [403, 403]
        assert post(queue, supervisor) == 303
        assert stands(served).proposed_by == "suzanne"
        assert hear(3) == 0, "a second person has not approved"
        page = served.ask("GET", "/proposals", headers=staff.session(auditor)).text
        assert "mic-a/glass-breaking" in page
        assert post("/proposals/1", supervisor, decision="approve") == 403, "not who proposed it"
        assert post("/proposals/1", auditor, decision="approve") == 303

        view = stands(served)
        assert (view.state, view.signed and (view.signed.by, view.signed.approved_by)) == (
            TrialState.LIVE, ("suzanne", "aline"),
        )  # fmt: skip
        assert hear(4) == 1, "from now on it opens incidents"
        programs_are_told_nothing(served, staff)
        assert hear(5, kind=FIREWORK) == 1, "another kind at this sensor does not"
        assert hear(1, sensor="mic-far") == 1, "nor this kind at another sensor"
        assert post("/trial/mic-a/glass-breaking/withdraw", duty) == 303
        clock.at += 600
        assert hear(6) == 1, "and no more"
        assert (stands(served).state, stands(served).by, stands(served).figures.seconds) == (
            TrialState.WITHDRAWN, "Dora (dora)", 0,
        )  # fmt: skip
        the_ledger_tells_it(served)


def test_an_approval_comes_to_nothing_once_the_trial_began_anew(tmp_path: Path) -> None:
    with Served.of(settings_at(tmp_path, areas=AREAS), Street(), callers=None, trial=True) as served:
        make_real(served)
        staff = Staff(served)
        auditor = staff.session(staff.account("aline", Role.AUDITOR))
        far = staff.session(staff.account("far", Role.AUDITOR, areas=("elsewhere",)))
        chief = staff.session(staff.account("chief", Role.SUPERVISOR, areas=("elsewhere",)))
        watch(served.hub, MINUTE - 60, 1 / 60)
        enough = update(schema.trials).values(seconds=NEEDED_SECONDS)
        served.hub.store.submit(lambda connection: connection.execute(enough) and None).result()
        served.desk.let_in("mic-a", GLASS, "suzanne")
        served.desk.let_in("mic-a", GLASS, "sophie")
        decide = {"decision": "approve", "token": far["x-clairvoie-token"]}
        assert served.ask("POST", "/proposals/1", data=decide, headers={"cookie": far["cookie"]}).status_code == 404
        served.upload(served.street.events("mic-a", begin(7)))
        assert 'id="detection-1"' in served.ask("GET", "/trial", headers=auditor).text
        for page in ("/proposals", "/trial", "/api/v1/sensors"):
            assert "mic-a" not in served.ask("GET", page, headers=far).text
        judging = {"outcome": "confirmed", "basis": "on-site", "token": chief["x-clairvoie-token"]}
        answer = served.ask("POST", "/trial/detections/1", data=judging, headers={"cookie": chief["cookie"]})
        assert answer.status_code == 404, "what lies in another area is not there"
        watch(served.hub, MINUTE, 0.1, model=b"n" * 32)
        decide = {"decision": "approve", "token": auditor["x-clairvoie-token"]}
        assert served.ask("POST", "/proposals/1", data=decide, headers={"cookie": auditor["cookie"]}).status_code == 303
        assert served.ledger.of(EntryKind.APPROVAL)[0].detail["state"] == "overtaken"
        assert served.ask("POST", "/proposals/2", data=decide, headers={"cookie": auditor["cookie"]}).status_code == 404
        served.upload(served.street.events("mic-a", begin()))
        assert served.desk.strip().incidents_open == 0


def test_what_is_judged_is_judged_once_and_outlives_what_it_was_about(on_trial: Running) -> None:
    desk, street, clock = on_trial.desk, on_trial.street, on_trial.clock
    watch(on_trial.hub, MINUTE - 40 * 3600, 40)
    on_trial.store(*(street.events("mic-a", begin(number), second=NOW - 10 - number) for number in (1, 2, 3)))
    with pytest.raises(InvalidValue, match="without a basis"):
        desk.judge(1, "Dora", Outcome.CONFIRMED, Basis.NONE)
    assert desk.judge(1, "Dora", Outcome.FALSE_ALARM, Basis.ON_SITE).judged_by == "Dora"
    with pytest.raises(IncidentConflict, match="Dora"):
        desk.judge(1, "Noé", Outcome.CONFIRMED, Basis.CALLER)
    with pytest.raises(HubError, match="no such detection"):
        desk.judge(99, "Noé", Outcome.CONFIRMED, Basis.CALLER)
    desk.judge(2, "Noé", Outcome.NOT_VERIFIABLE, Basis.NONE)
    assert [one.number for one in desk.on_trial()] == [3, 1, 2], "what nobody judged comes first"
    figures = stands(on_trial).figures
    assert (figures.detections, figures.false_alarms, figures.not_verifiable, figures.waiting) == (3, 1, 1, 1)
    assert figures.rate.daily == pytest.approx((0.6, 0.6 * 0.025318, 0.6 * 5.571643), rel=1e-4)
    clock.at += 30 * 86_400
    retain(on_trial.hub, KEPT)
    assert [on_trial.count(table) for table in (schema.detections, schema.minutes, schema.records)] == [0, 0, 0]
    assert stands(on_trial).figures == figures, "neither hours nor counts are erased with what they were counted from"
    assert on_trial.ledger.of(EntryKind.TRIAL) == [], "of a judgement the ledger forgets what it was about"


def test_only_minutes_in_which_it_heard_count_and_each_once(on_trial: Running) -> None:
    street, clock = on_trial.street, on_trial.clock
    clock.at = MINUTE + 3600
    on_trial.store(
        *(
            street.envelope(a_minute(MINUTE + 60 * number, seconds=seconds, health=health))
            for number, (seconds, health) in enumerate(
                [(60, Health.FINE), (60, Health.SILENT), (0, Health.FINE), (30, Health.GAPS), (60, Health.FAULT)]
            )
        )
    )
    on_trial.store(street.envelope(a_minute(MINUTE)), street.envelope(a_minute(MINUTE + 180)))
    assert stands(on_trial).figures.seconds == 90
    retain(on_trial.hub, KEPT)
    clock.at += 3 * 86_400
    retain(on_trial.hub, KEPT)
    on_trial.store(street.envelope(a_minute(MINUTE)))
    assert stands(on_trial).figures.seconds == 90, "not even after the minute itself was erased"


def test_what_a_suspension_erases_is_not_counted_either(on_trial: Running, tmp_path: Path) -> None:
    street = on_trial.street
    on_trial.store(street.events("mic-a", begin(1), begin(2, kind=FIREWORK)), street.events("mic-a", begin(3)))
    on_trial.desk.judge(2, "Dora", Outcome.CONFIRMED, Basis.ON_SITE)
    suspension = Suspension(
        deployment=DEPLOYMENT, authorisation=on_trial.desk.acts().acts[0].act.digest, since=NOW - 60, reason="a test",
        hazards=(GLASS,),
    )  # fmt: skip
    document = unsigned(SUSPENSION_TYPE, encode_suspension(suspension))
    give_leave(tmp_path, add_signature(document, LEAVE.roles["dpo"]))
    on_trial.hub.look_at_acts()
    assert on_trial.count(schema.detections) == 0
    assert stands(on_trial, kind=FIREWORK).figures == Figures()
    assert [view.kind for view in on_trial.desk.trials("mic-a") if view.kind is GLASS] == []


def test_a_recording_that_is_played_is_no_exposure(on_trial: Running) -> None:
    watch(on_trial.hub, MINUTE - 3600, 1, sensor="mic-b", model=b"")
    assert stands(on_trial, "mic-b").figures.seconds == 0


def test_hours_that_the_act_does_not_permit_do_not_count(tmp_path: Path) -> None:
    act = authorisation(hours=(Hours(start="04:04", end="04:06"),))
    with Running.of(settings_at(tmp_path, act), Street(), trial=True) as running:
        make_real(running)
        watch(running.hub, MINUTE - 600, 0.5)  # 03:54 to 04:24 in Paris
        assert stands(running).figures.seconds == 120


def test_another_recogniser_begins_at_nothing_and_a_late_record_belongs_to_none(on_trial: Running) -> None:
    street, clock = on_trial.street, on_trial.clock
    watch(on_trial.hub, MINUTE - 3600, 1)
    assert stands(on_trial).figures.rate.hours == 1
    clock.at += 600
    on_trial.store(street.envelope(statement(model=b"n" * 32), sequence=9))
    assert (stands(on_trial).figures.seconds, stands(on_trial).because) == (0, Because.MODEL)
    on_trial.store(street.envelope(a_minute(MINUTE), sequence=8), street.envelope(a_minute(MINUTE + 60), sequence=10))
    assert stands(on_trial).figures.seconds == 60, "what comes from before a statement that is here counts nowhere"


def test_a_sensor_of_the_settings_that_moved_begins_anew(tmp_path: Path) -> None:
    street = Street()
    with Running.of(settings_at(tmp_path), street) as running:
        assert {view.state for view in running.desk.trials()} == {TrialState.LIVE}
    moved = tuple(replace(s, place=replace(s.place, latitude=48.0001)) if s.id == "mic-a" else s for s in SENSORS)
    with Running.of(settings_at(tmp_path, sensors=moved), street, trial=True) as running:
        assert (stands(running).state, stands(running).because) == (TrialState.TRIAL, Because.PLACE)
        assert stands(running, "mic-b").state is TrialState.LIVE
        running.store(street.events("mic-a", begin(1)))
        assert running.desk.strip().incidents_open == 0
        running.store(street.events("mic-b", begin(1)))
        assert running.desk.strip().incidents_open == 1


def test_a_node_that_says_trial_stays_on_trial_and_one_that_says_live_is_not_believed(tmp_path: Path) -> None:
    street = Street()
    with Running.of(settings_at(tmp_path), street) as running:
        running.store(street.events("mic-a", begin(1, mode=Mode.TRIAL)))
        assert running.desk.strip().incidents_open == 0
        assert [(one.said, one.heard.mode) for one in running.desk.on_trial()] == [(Mode.TRIAL, Mode.TRIAL)]
        running.desk.take_out("mic-a", GLASS, "Dora")
        street.clock.at += 60
        running.store(street.events("mic-a", begin(2)))
        entry = running.ledger.of(EntryKind.DETECTION)[-1].detail
        assert (entry["mode"], entry["said"]) == ("trial", "live")
        assert running.desk.strip().incidents_open == 0
