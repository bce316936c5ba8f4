"""The whole story, in memory: a window breaks in a street, a person closes the incident, and anybody can check it.

Two of three named people sign an act. On the strength of it the hub grants a lease, and only with the lease does the
gate let anything out: a recorded sound → analyser → claims → gate → signed records → hub → an incident → taken →
closed. Each step is an entry of the ledger, which is published: who has nothing but the charter finds the act in it and
what was charged for each record that left the street, and can check what the hub says of the rest. Every piece is the
real one; only the processes, pipes and sockets between them are left out, which ``tests/node/test_launcher.py``,
``tests/server/test_application.py`` and the demonstration's own test put back. Read this first.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from past_trial import past_the_trial
from scipy.io import wavfile
from sqlalchemy import select
from typer.testing import CliRunner

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS, charge
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.document import SignedDocument, encode_document
from clairvoie.boundary.entry import EntryKind, decode_entry
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Basis, Incident, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.leaf import ActBody, RecordHeader, decode_line
from clairvoie.boundary.lease import LeaseRequest, encode_request
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import LEASE_DOMAIN, RECORD_DOMAIN, Envelope, encode_batch, encode_envelope, sign
from clairvoie.boundary.wire import Record, encode_body
from clairvoie.capture.recording import Recording
from clairvoie.cli import app
from clairvoie.config import EnrolledNode, HubSettings
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.egress import trusted
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.gate import tick
from clairvoie.egress.state import GateState
from clairvoie.egress.trusted import Trust
from clairvoie.errors import IncidentConflict, Refusal
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.granting import judge_request, lease_of
from clairvoie.hub.hub import Hub
from clairvoie.lab.leave import digits, exercise_authorisation, make_leave, write_leave
from clairvoie.lab.synthesis.impacts import glass_breaking
from clairvoie.lab.synthesis.road import traffic
from clairvoie.oversight import ledger_tables
from clairvoie.oversight.checkpoint import ED25519, NoteKey
from clairvoie.oversight.keeper import Keeper
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.proof import prove, verify_proof
from clairvoie.oversight.tree import Trust as Believed
from clairvoie.server.application import keeper_of, task_of

RATE = 32_000
CALIBRATION = 110.0
SECONDS = 60
BREAKS = 25.0
"""Seconds after the start. By then the gate's buckets, which begin empty, hold enough for an event."""
START = 1_795_316_640
"""2026-11-22 04:04 in Paris."""
CORNER = Place(latitude=48.0, longitude=2.0, words="rue de la Claire-Voie, near no. 12")
TOWN = make_leave("story", exercise=False)
"""The charter of an invented town, and, since it is invented, everybody's private keys."""
NODE = Ed25519PrivateKey.generate()
"""The key that was born on the node; the hub knows its public half."""
Heard = tuple[int, list[Claim]]
"""A second, and what the analyser claims of it."""


@dataclass
class Clock:
    """The hub's clock, which stands until it is moved."""

    at: float = START

    def __call__(self) -> float:
        return self.at


@dataclass
class Town:
    """The hub of the story, its ledger, and the folder in which both keep their files."""

    folder: Path
    clock: Clock
    hub: Hub
    keeper: Keeper


@pytest.fixture
def act() -> SignedDocument:
    """The mayor and the data-protection officer have signed that this microphone may report. Without it nothing would
    leave, nor be taken."""
    return TOWN.signed(exercise_authorisation("story", ["mic-1"], exercise=False), by=("authority", "dpo"))


@pytest.fixture
def town(tmp_path: Path, act: SignedDocument) -> Iterator[Town]:
    write_leave(tmp_path, TOWN, [act])
    settings = HubSettings(
        deployment="story",
        place="Claire-Voie",
        time_zone="Europe/Paris",
        sensors=(Sensor(id="mic-1", node="node-1", kind=SensorKind.MICROPHONE, place=CORNER, simulated=True),),
        nodes=(EnrolledNode(id="node-1", public_key=digits(NODE)),),
        store=str(tmp_path / "hub.db"),
        charter=str(tmp_path / "charter.json"),
        authorisations=str(tmp_path / "authorisations"),
        keys=str(tmp_path / "keys"),
        ledger=str(tmp_path / "ledger"),
    )
    clock = Clock()
    keeper = keeper_of(settings, clock)
    assert keeper is not None
    with ExitStack() as opened:
        hub = Hub(task_of(settings), clock, keeper.ledger)
        opened.callback(hub.close)
        keeper.open(hub.store.submit, hub.store.reading)
        opened.callback(keeper.close)
        hub.begin()
        past_the_trial(hub)  # the week before the story was watched, and signed
        yield Town(tmp_path, clock, hub, keeper)


def a_recording(folder: Path, *, window: bool) -> Path:
    """A minute of traffic, and one pane of glass if there is to be a ``window``."""
    chance = np.random.default_rng(7)
    street = 0.02 * traffic(chance, float(SECONDS), RATE)
    if window:
        glass = 0.5 * glass_breaking(chance, 1.8, RATE)
        at = int(BREAKS * RATE)
        street[at : at + glass.size] += glass
    path = folder / "street.wav"
    wavfile.write(path, RATE, street.astype(np.float32))
    return path


def a_lease(hub: Hub) -> Trust:
    """The gate asks the hub, with a number that nobody can guess, and believes only what the charter's keys signed.

    What it has then: the acts, judged by itself, trusted time, and leave for a quarter of an hour.
    """
    nonce = secrets.token_bytes(16)
    trust = trusted.ask(Trust(), nonce, moment=0.0)
    request = signed(LEASE_DOMAIN, "node-1", 1, encode_request(LeaseRequest(nonce=nonce)))
    envelope, asked = judge_request(hub, encode_envelope(request), peer=None)
    answer = lease_of(hub, envelope.node, asked)
    trust, outcome = trusted.admit(TOWN.charter, "node-1", trust, answer, moment=0.1)
    assert outcome is trusted.Outcome.LEAVE
    return trust


def claims_by_second(recording: Path) -> Iterator[Heard]:
    """What the analyser hands to the gate, second by second. Raw sound ends here: nothing can carry it further."""
    analyser = SoundAnalyser(RATE, CALIBRATION, SoundTagger.load())
    claims: list[Claim] = []
    for block in Recording(recording).blocks(0.1):
        claims += analyser.feed(replace(block, start=START + block.start))  # type: ignore[arg-type]  # claims only
        second, tenth = divmod(round(block.end * 10), 10)
        if tenth == 0:
            yield START + second - 1, claims
            claims = []


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> tuple[Heard, ...]:
    """What the analyser hears when the window breaks."""
    return tuple(claims_by_second(a_recording(tmp_path_factory.mktemp("street"), window=True)))


def through_the_gate(heard: Iterable[Heard], trust: Trust) -> tuple[list[Record], int]:
    """What leaves the sensor for good, and how many thousandths of a bit it was worth altogether."""
    rules = Rules(sensor="mic-1", mode=Mode.LIVE, standing=trust.standing)
    state = GateState(sensor="mic-1")
    records: list[Record] = []
    released = 0
    for second, claims in heard:
        now = second + 1.25  # the tick of a second is made a quarter of a second after it is over
        time = trusted.leave_at(trust, moment=now - START, wall=now)
        leave = None if isinstance(time, trusted.Silence) else Leave(since=START, earliest=time[0], latest=time[1])
        release = tick(msgspec.structs.replace(rules, leave=leave), state, second, claims, now=now)
        state = release.state
        records += release.records
        released += 0 if release.bulletin is None else charge(release.bulletin).total
    return records, released


def signed(domain: str, sensor: str, sequence: int, body: bytes) -> Envelope:
    fields = {"deployment": "story", "node": "node-1", "sensor": sensor}
    return sign(NODE, domain=domain, **fields, epoch=0, sequence=sequence, body=body)


def upload_of(records: list[Record]) -> bytes:
    return encode_batch(tuple(signed(RECORD_DOMAIN, "mic-1", r.sequence, encode_body(r)) for r in records))


def closed_by_a_person(hub: Hub) -> Incident:
    """One incident waits on the desk: what, where and when, as well as one microphone can know it."""
    desk = HubDesk(hub)
    (incident,) = desk.incidents(IncidentState.OPEN)
    assert incident.kind is HazardKind.GLASS_BREAKING
    assert incident.onset == pytest.approx(START + BREAKS, abs=0.5)
    assert incident.place.words == CORNER.words
    assert incident.sensors == ("mic-1",)

    # Claire takes it. Noé, a moment later, is told who was first.
    desk.take(incident.id, "Claire")
    with pytest.raises(IncidentConflict, match="Claire"):
        desk.take(incident.id, "Noé")

    # Somebody went and looked: confirmed, on site. The history says who did what.
    closed = desk.close(incident.id, "Claire", Outcome.CONFIRMED, Basis.ON_SITE, "A shop window.")
    assert closed.state is IncidentState.CLOSED
    assert (closed.outcome, closed.basis) == (Outcome.CONFIRMED, Basis.ON_SITE)
    by_people = [(line.kind, line.who) for line in closed.history if line.who]
    assert by_people == [(TransitionKind.TAKEN, "Claire"), (TransitionKind.CLOSED, "Claire")]
    assert desk.strip().incidents_open == 0
    return closed


def test_from_a_breaking_window_to_the_public_ledger(
    town: Town, act: SignedDocument, window: tuple[Heard, ...]
) -> None:
    # The gate gets its lease; the microphone hears; a few coarse numbers leave, within the budget, and nothing else.
    trust = a_lease(town.hub)
    assert [held.digest for held in trust.standing.acts] == [act.digest]
    records, released = through_the_gate(window, trust)
    assert 0 < released <= (BURST_BITS + SECONDS * BITS_PER_SECOND) * 1000

    # The node signs, the hub believes it and stores it; what is sent twice is stored once.
    town.clock.at = START + SECONDS + 0.5
    stored = asyncio.run(town.hub.take_upload(upload_of(records)))
    assert (stored.accepted, stored.duplicates) == (len(records), 0)
    with pytest.raises(Refusal, match="already") as again:
        asyncio.run(town.hub.take_upload(upload_of(records)))
    assert again.value.code == "already-stored"
    incident = closed_by_a_person(town.hub)

    # When the minute is over its records are sealed and the log is published, in a folder that anybody may copy.
    town.clock.at += 60
    town.keeper.work()
    (log,) = [path for path in (town.folder / "ledger").iterdir() if path.is_dir()]

    # A resident has the charter, and this command: everything is as it must be, and here is what it cannot exclude.
    checked = CliRunner().invoke(app, ["ledger", "verify", str(log), "--charter", str(town.folder / "charter.json")])
    assert checked.exit_code == 0, checked.output
    assert f"1 minutes with {len(records)} records" in checked.output
    assert "split view not excluded" in checked.output  # this town has no witnesses

    # The act stands in the log with those who signed it, each record with its number and what it was charged.
    public = TOWN.ledger.public_key().public_bytes_raw()
    believed = Believed(log=NoteKey(name=town.keeper.ledger.origin, kind=ED25519, public=public))
    (entry,) = town.keeper.lines(kinds=(EntryKind.AUTHORISATION,))
    shown = verify_proof(prove(Folder(log), believed, entry.index).encode(), believed)
    assert shown.faults == ()
    assert shown.first is not None
    assert (shown.first.entry.about, shown.first.entry.who) == (act.digest, "authority, dpo")
    headers = headers_in(log)
    assert [header.sequence for header in headers] == [record.sequence for record in records]
    assert 0 < sum(header.millibits for header in headers) <= released  # seconds without anything leave no record

    # Of the alert and of what Claire did only a commitment is public. Whom the hub shows body and salt can check them;
    # whom it shows another story finds out.
    for kind, about in ((EntryKind.DETECTION, "mic-1"), (EntryKind.TRANSITION, f"incident-{incident.id}")):
        (line, *_) = town.keeper.lines(kinds=(kind,), about=about)
        assert line.entry.about == about
        proof = prove(Folder(log), believed, line.index)
        assert proof.extra.body is None
        body = opened(town.hub, line.index)
        with_body = msgspec.structs.replace(proof, extra=msgspec.structs.replace(proof.extra, body=body))
        assert verify_proof(with_body.encode(), believed).faults == ()
        other = msgspec.structs.replace(body, entry=msgspec.structs.replace(body.entry, who="Noé"))
        told = msgspec.structs.replace(proof, extra=msgspec.structs.replace(proof.extra, body=other))
        assert [fault.what for fault in verify_proof(told.encode(), believed).faults] == [
            "the body is not what the leaf commits to"
        ]


def headers_in(log: Path) -> list[RecordHeader]:
    """What is public of each stored record, in the order in which it was stored."""
    files = sorted(path for path in (log / "minutes").rglob("*") if path.is_file())
    return [decode_line(line, RecordHeader) for path in files for line in path.read_bytes().splitlines()]


def opened(hub: Hub, index: int) -> ActBody:
    """Body and salt of an entry, which the hub alone has until it erases them."""
    table = ledger_tables.entries.c
    with hub.store.reading() as connection:
        row = connection.execute(select(table.salt, table.body).where(table.position == index)).one()
    return ActBody(index=index, salt=row.salt.hex(), entry=decode_entry(row.body))


def test_the_same_street_without_the_window_opens_nothing(town: Town) -> None:
    quiet = claims_by_second(a_recording(town.folder, window=False))
    records, _ = through_the_gate(quiet, a_lease(town.hub))
    town.clock.at = START + SECONDS + 0.5
    assert asyncio.run(town.hub.take_upload(upload_of(records))).accepted == len(records)
    assert HubDesk(town.hub).incidents() == ()


def test_without_a_lease_the_same_window_tells_nobody(town: Town, window: tuple[Heard, ...]) -> None:
    acts_alone = msgspec.structs.replace(a_lease(town.hub), held=None)
    assert through_the_gate(window, acts_alone) == ([], 0)


def test_one_role_stops_it_at_the_gate_and_at_the_hub(
    town: Town, act: SignedDocument, window: tuple[Heard, ...]
) -> None:
    """Each judges the acts by itself: the gate falls silent, and what had left already is not taken."""
    trust = a_lease(town.hub)
    records, _ = through_the_gate(window, trust)
    suspension = TOWN.suspended(act, since=START, by="board")
    (town.folder / "authorisations" / "suspension.json").write_bytes(encode_document(suspension))
    town.clock.at = START + SECONDS + 0.5
    town.hub.look_at_acts()
    with pytest.raises(Refusal) as refused:
        asyncio.run(town.hub.take_upload(upload_of(records)))
    assert refused.value.code == "suspended"
    told, _ = trusted.admit(TOWN.charter, "node-1", trust, lease_of(town.hub, "node-1", b""), moment=1.0)
    assert through_the_gate(window, told) == ([], 0)
