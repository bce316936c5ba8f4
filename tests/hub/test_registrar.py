"""Acts of lives taken in while the hub runs: accepted once, entered once, never displaced; narrowing binds first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_ledger import FakeLedger
from hub_street import Clock, begin, settings_at
from scripted_lives import CHARTER, digits, inspection_act, key_of, led_to_active, node_act, sensor_act, signed
from sqlalchemy import func, insert, select, update

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.document import SignedDocument, encode_document
from clairvoie.boundary.entry import LONGEST_TEXT, EntryKind, encode_entry
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import LEASE_DOMAIN, RECORD_DOMAIN, TICK_DOMAIN, Envelope, sign
from clairvoie.boundary.wire import VERSION, Record, RecordContent, SecondEvents, SensorStatement, Tick, encode_body
from clairvoie.config import EnrolledNode
from clairvoie.errors import Refusal, StoreUnavailable
from clairvoie.hub import schema
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.hub import Hub
from clairvoie.hub.ingest import Accept, examine, speaker
from clairvoie.hub.live import judge_tick
from clairvoie.hub.lives import GRACE_SECONDS, LivedAct
from clairvoie.hub.registrar import Registrar, entry_of
from clairvoie.server.application import task_of


@dataclass
class Office:
    """A hub with its registrar, and the folder that it watches."""

    hub: Hub
    registrar: Registrar
    ledger: FakeLedger
    folder: Path
    clock: Clock

    def deliver(self, *documents: SignedDocument) -> None:
        for document in documents:
            (self.folder / f"{document.digest[:16]}.json").write_bytes(encode_document(document))
        self.registrar.look()

    def judge(
        self, content: RecordContent, *, epoch: int = 0, node: str = "lamp-1", sequence: int = 1
    ) -> Accept | Refusal:
        return examine(envelope_of(content, epoch, node, sequence), self.hub.enrolment, self.clock())


def envelope_of(content: RecordContent, epoch: int = 0, node: str = "lamp-1", sequence: int = 1) -> Envelope:
    body = encode_body(Record(sequence=sequence, content=content))
    return spoken(RECORD_DOMAIN, epoch, content.sensor, sequence, body, node)


def spoken(domain: str, epoch: int, sensor: str, sequence: int, body: bytes, node: str = "lamp-1") -> Envelope:
    key = key_of(f"{node}/{epoch}")
    return sign(
        key, domain=domain, deployment="town", node=node, epoch=epoch, sensor=sensor, sequence=sequence, body=body
    )


def events(second: int, sensor: str = "mic-1") -> SecondEvents:
    return SecondEvents(sensor=sensor, second=second, events=(begin(),))


@contextmanager
def opened(folder: Path, ledger: FakeLedger, clock: Clock, **settings: Any) -> Iterator[Office]:
    lives = folder / "lives"
    lives.mkdir(exist_ok=True)
    fields = {"deployment": "town", "sensors": (), "nodes": (), "charter": None, **settings}
    hub = Hub(task_of(settings_at(folder, **fields)), clock, ledger)
    registrar = Registrar(hub, CHARTER, lives)
    registrar.look()
    try:
        yield Office(hub, registrar, ledger, lives, clock)
    finally:
        hub.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with opened(tmp_path, FakeLedger(), Clock(100.0)) as office:
        yield office


def code(judged: Accept | Refusal) -> str:
    return judged.code if isinstance(judged, Refusal) else "taken"


def test_an_active_sensor_is_heard_and_one_in_maintenance_is_not(office: Office) -> None:
    assert code(office.judge(events(50))) == "unknown-node"
    office.deliver(signed(node_act()))
    assert code(office.judge(events(50))) == "unknown-sensor"
    office.deliver(*led_to_active(), signed(sensor_act(SensorState.MAINTENANCE, 60)))
    assert [code(office.judge(events(second))) for second in (4, 50, 59, 60, 99)] == [
        "not-active", "taken", "taken", "not-active", "not-active",
    ]  # fmt: skip
    statement = SensorStatement(sensor="mic-1", second=99, confinement=0, simulated=False, model=b"", software=b"")
    assert code(office.judge(statement)) == "taken", "what a node says of itself is evidence in every state"


def test_a_sensor_that_is_not_active_stores_nothing_and_its_neighbours_live_on(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active(), *led_to_active("mic-2")[:3])
    assert code(office.judge(events(50, "mic-2"))) == "not-active"
    assert code(office.judge(events(50, "mic-1"))) == "taken"


def test_a_rotated_key_is_taken_for_the_past_and_a_revoked_one_for_nothing(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active(), signed(node_act(at=80, epoch=1)))
    assert [code(office.judge(events(second))) for second in (79, 80)] == ["taken", "wrong-epoch"]
    assert code(office.judge(events(90), epoch=1)) == "taken"
    office.deliver(signed(node_act(at=95, revoked=True)))
    assert [code(office.judge(events(second))) for second in (10, 79)] == ["revoked", "revoked"]
    assert code(office.judge(events(90), epoch=1)) == "taken"
    office.deliver(signed(node_act(at=96, epoch=1, revoked=True)))
    assert code(office.judge(events(90), epoch=1)) == "revoked"


@pytest.mark.parametrize(
    ("version", "expected"),
    [(0, "unsupported-version"), (1, "taken"), (2, "taken"), (3, "taken"), (4, "unsupported-version")],
)
def test_this_version_of_the_wire_and_all_before_are_read(office: Office, version: int, expected: str) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    body = encode_body(Record(sequence=1, content=events(50)))
    assert body[0] == VERSION == 3
    envelope = spoken(RECORD_DOMAIN, 0, "mic-1", 1, bytes([version]) + body[1:])
    assert code(examine(envelope, office.hub.enrolment, 100.0)) == expected


def test_ticks_and_requests_for_leases_are_of_the_present_key_only(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active(), *led_to_active("mic-2")[:3], signed(node_act(at=80, epoch=1)))

    def tick(epoch: int) -> Tick | Refusal:
        bulletins = tuple(Bulletin(sensor=sensor, second=99) for sensor in ("mic-1", "mic-2"))
        body = encode_body(Tick(second=99, bulletins=bulletins))
        return judge_tick(spoken(TICK_DOMAIN, epoch, "lamp-1", 99, body), office.hub.enrolment, 100.0)

    told = tick(1)
    assert isinstance(told, Tick)
    assert [bulletin.sensor for bulletin in told.bulletins] == ["mic-1"], "the sensor that is not active is left out"
    former = tick(0)
    assert isinstance(former, Refusal)
    assert former.code == "wrong-epoch"
    for epoch, expected in ((0, "wrong-epoch"), (1, "lamp-1")):
        asked = speaker(spoken(LEASE_DOMAIN, epoch, "lamp-1", 1, b"x"), office.hub.enrolment, LEASE_DOMAIN)
        assert (asked.code if isinstance(asked, Refusal) else asked.id) == expected
    office.deliver(signed(node_act(at=99, epoch=1, revoked=True)))
    revoked = tick(1)
    assert isinstance(revoked, Refusal)
    assert revoked.code == "revoked"


def test_what_was_stored_before_a_revocation_stays_stored(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    judged = office.judge(events(50))
    assert isinstance(judged, Accept)
    row = {"sensor": office.hub.store.sensor_ids["mic-1"], "epoch": 0, "sequence": 1, "digest": judged.digest,
           "received": 100.0, "body": judged.body}  # fmt: skip
    office.hub.store.submit(lambda connection: connection.execute(insert(schema.records), [row])).result()
    office.deliver(signed(node_act(at=99, revoked=True)))
    with office.hub.store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(schema.records)).scalar_one() == 1
    assert code(office.judge(events(50))) == "revoked"


def test_an_act_that_is_dated_ahead_binds_when_its_time_has_come(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active(), signed(node_act(at=200, epoch=1)))
    assert code(office.judge(events(99), epoch=1)) == "wrong-epoch"
    office.clock.at = 201.0
    office.registrar.look()
    assert code(office.judge(events(199), epoch=1)) == "taken"
    office.clock.at = 201.0 + GRACE_SECONDS
    office.registrar.look()
    assert code(office.judge(events(199))) == "wrong-epoch"


def test_acts_are_entered_once_and_survive_a_restart_without_their_files(tmp_path: Path) -> None:
    ledger, clock = FakeLedger(), Clock(100.0)
    with opened(tmp_path, ledger, clock) as office:
        office.deliver(signed(node_act()), *led_to_active())
        office.deliver(*led_to_active())
        before = office.hub.enrolment
        counted = update(schema.sensors).where(schema.sensors.c.name == "mic-1").values(stored=7)
        office.hub.store.submit(lambda connection: connection.execute(counted)).result()
        for path in office.folder.iterdir():
            path.unlink()
    entries = ledger.of(EntryKind.LIFE)
    assert [entry.about for entry in entries] == ["lamp-1", *["mic-1"] * 4]
    assert {entry.who for entry in entries} == {"anne"}
    with opened(tmp_path, ledger, clock) as office:
        assert office.hub.enrolment == before
        assert office.hub.lives.acts
        assert office.hub.tallies.stored("mic-1") == 7
    assert ledger.of(EntryKind.LIFE) == entries


def test_an_act_dated_back_displaces_none_that_was_accepted(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    office.deliver(signed(sensor_act(SensorState.RETIRED, 2.5)))
    assert office.hub.enrolment.state("mic-1") is SensorState.ACTIVE
    assert [r.why for r in office.registrar.rejected] == ["dated back: it would undo an act that was accepted before"]
    office.deliver(signed(sensor_act(SensorState.RETIRED, 90)))
    assert office.hub.enrolment.state("mic-1") is SensorState.RETIRED
    assert len(office.ledger.of(EntryKind.LIFE)) == 6


def test_acts_that_wait_for_one_another_are_taken_though_another_is_refused(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    office.deliver(
        signed(sensor_act(SensorState.RETIRED, 2.5)), *led_to_active("mic-2", start=10), signed(node_act("lamp-9"))
    )
    assert office.hub.enrolment.state("mic-1") is SensorState.ACTIVE
    assert office.hub.enrolment.state("mic-2") is SensorState.ACTIVE
    assert "lamp-9" in office.hub.enrolment.nodes


def test_a_revocation_binds_though_the_disk_is_full(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    submit = office.hub.store.submit

    def full(_work: object) -> None:
        raise StoreUnavailable("the store cannot be written")

    monkeypatch.setattr(office.hub.store, "submit", full)
    office.deliver(signed(node_act(at=99, revoked=True)), *led_to_active("mic-2", start=50))
    assert code(office.judge(events(50))) == "revoked"
    assert "mic-2" not in office.hub.enrolment.sensors, "what widens waits for its commit"
    monkeypatch.setattr(office.hub.store, "submit", submit)
    office.registrar.look()
    assert "mic-2" in office.hub.enrolment.sensors
    assert code(office.judge(events(50))) == "revoked"
    assert len(office.ledger.of(EntryKind.LIFE)) == 5 + 5


def test_a_broken_file_and_an_unsigned_act_are_said_and_change_nothing(office: Office) -> None:
    (office.folder / "half.json").write_text('{"payloadType":')
    office.deliver(signed(node_act(), "mayor"))
    assert {r.digest for r in office.registrar.rejected} >= {"half.json"}
    assert len(office.registrar.rejected) == 2
    assert not office.hub.enrolment.nodes
    (office.folder / "half.json").write_bytes(encode_document(signed(node_act())))
    office.registrar.look()
    assert "lamp-1" in office.hub.enrolment.nodes


def test_no_act_is_about_a_simulated_name_of_the_settings(tmp_path: Path) -> None:
    place = Place(latitude=48.0, longitude=2.0)
    mic = Sensor(id="mic-1", node="lamp-1", kind=SensorKind.MICROPHONE, place=place, simulated=True)
    node = EnrolledNode(id="lamp-1", public_key=digits("simulated"))
    with opened(tmp_path, FakeLedger(), Clock(100.0), sensors=(mic,), nodes=(node,)) as office:
        office.deliver(signed(node_act()), *led_to_active())
        assert office.hub.enrolment.nodes["lamp-1"].key.public_bytes_raw().hex() == digits("simulated")
        assert len(office.registrar.rejected) == 5


def test_pages_show_a_life_and_its_state(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    desk = HubDesk(office.hub)
    assert desk.sensor("mic-1").state is SensorState.ACTIVE
    assert [line.state for line in desk.life("mic-1").lines] == [*SensorState][3::-1]
    assert desk.strip().sensors_total == 1


def test_an_entry_has_room_for_the_longest_act() -> None:
    long = "é" * 200
    place = Place(latitude=48.123456789, longitude=-2.1, words=long)
    act = sensor_act(
        SensorState.INSTALLED, 3, place=place, hardware=long, calibration=120.5, calibrated=long, words=long
    )
    entry = entry_of(LivedAct(digest="a" * 64, act=act, signed_by=("anne", "bo")), 5.0)
    assert entry.detail["place"] == "48.123457, -2.100000, 4 m"
    assert all(len(text) <= LONGEST_TEXT for text in entry.detail.values())
    assert encode_entry(entry)


def test_an_inspection_is_an_act_and_an_entry_and_changes_nothing_else(office: Office) -> None:
    office.deliver(signed(node_act()), *led_to_active())
    before = office.hub.enrolment
    office.deliver(signed(inspection_act(at=50)), signed(inspection_act("lamp-9", at=50)))
    (entry,) = office.ledger.of(EntryKind.INSPECTION)
    assert (entry.about, entry.who) == ("lamp-1", "anne")
    assert entry.detail["findings"] == "2"
    assert entry.detail["report"] == digits("report")
    assert [rejected.why for rejected in office.registrar.rejected] == [
        "no such node was enrolled before: 'lamp-9'."
    ], "only what is enrolled can be inspected"
    assert office.hub.enrolment == before
