"""The whole story, in memory: a window breaks in a street, and a person closes the incident.

Sound → analyser → claims → gate → a signed record → hub → an incident → taken → closed. Every piece is the real one;
only the processes, pipes and sockets between them are left out, which ``tests/test_server.py``, ``tests/egress`` and
the demonstration's own test put back. Read this first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fake_ledger import FakeLedger

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS, charge
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope, encode_batch, sign
from clairvoie.boundary.standing import standing_of
from clairvoie.boundary.wire import Record, encode_body
from clairvoie.capture.blocks import Block, Samples
from clairvoie.config import EnrolledNode, HubSettings
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.gate import tick
from clairvoie.egress.state import GateState
from clairvoie.errors import IncidentConflict, Refusal
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.hub import Hub
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave
from clairvoie.lab.synthesis.impacts import glass_breaking
from clairvoie.lab.synthesis.road import traffic
from clairvoie.server import task_of

RATE = 32_000
CALIBRATION = 110.0
SECONDS = 40
BREAKS = 25.0
"""Seconds after the start. By then the gate's buckets, which begin empty, hold enough for an event."""
START = 1_795_316_640
"""2026-11-22 04:04 in Paris."""
LEAVE = make_leave("story", exercise=False)
ACT = LEAVE.signed(exercise_authorisation("story", ["mic-1"], exercise=False))
"""Two of three named roles signed that this microphone may report. Without it nothing would leave, nor be taken."""
CORNER = Place(latitude=48.0, longitude=2.0, words="rue de la Claire-Voie, near no. 12")


def a_street_where_a_window_breaks() -> Samples:
    """Forty seconds of traffic, and one pane of glass."""
    chance = np.random.default_rng(7)
    street = 0.02 * traffic(chance, float(SECONDS), RATE)
    glass = 0.5 * glass_breaking(chance, 1.8, RATE)
    at = int(BREAKS * RATE)
    street[at : at + glass.size] += glass
    return street.astype(np.float32)


def claims_by_second(sound: Samples) -> Iterator[tuple[int, list[Claim]]]:
    """What the analyser hands to the gate, second by second. Raw sound ends here: nothing can carry it further."""
    analyser = SoundAnalyser(RATE, CALIBRATION, SoundTagger.load())
    for second in range(SECONDS):
        claims: list[Claim] = []
        for tenth in range(10):
            index = second * RATE + tenth * RATE // 10
            samples = sound[index : index + RATE // 10]
            block = Block(samples=samples, rate=RATE, start=START + index / RATE, sigma=0.001, index=index)
            claims += analyser.feed(block)  # type: ignore[arg-type]  # without details only claims come out
        yield START + second, claims


def records_through_the_gate(sound: Samples) -> tuple[list[Record], int]:
    """What leaves the sensor for good, and how many thousandths of a bit it was worth altogether."""
    standing, rejected = standing_of(LEAVE.charter, [ACT])
    assert rejected == ()
    state = GateState(sensor="mic-1")
    records: list[Record] = []
    released = 0
    for second, claims in claims_by_second(sound):
        granted = Leave(since=START, earliest=second + 1.0, latest=second + 1.5)
        release = tick(Rules(sensor="mic-1", mode=Mode.LIVE, standing=standing, leave=granted), state, second, claims)
        state = release.state
        records += release.records
        released += 0 if release.bulletin is None else charge(release.bulletin).total
    return records, released


def signed(record: Record, key: Ed25519PrivateKey) -> Envelope:
    body = encode_body(record)
    fields = {"domain": RECORD_DOMAIN, "deployment": "story", "node": "node-1", "sensor": "mic-1"}
    return sign(key, **fields, epoch=0, sequence=record.sequence, body=body)


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def hub(tmp_path: Path, key: Ed25519PrivateKey) -> Iterator[Hub]:
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    settings = HubSettings(
        deployment="story",
        place="Claire-Voie",
        time_zone="Europe/Paris",
        store=str(tmp_path / "hub.db"),
        sensors=(Sensor(id="mic-1", node="node-1", kind=SensorKind.MICROPHONE, place=CORNER, simulated=True),),
        nodes=(EnrolledNode(id="node-1", public_key=public),),
        charter=str(tmp_path / "charter.json"),
        authorisations=str(tmp_path / "authorisations"),
        keys=str(tmp_path / "keys"),
    )
    write_leave(tmp_path, LEAVE, [ACT])
    hub = Hub(task_of(settings), clock=lambda: START + SECONDS + 0.5, ledger=FakeLedger())
    hub.begin()
    yield hub
    hub.close()


def test_from_a_breaking_window_to_a_closed_incident(hub: Hub, key: Ed25519PrivateKey) -> None:
    # The microphone hears, the gate releases: a few coarse numbers, within the budget, and nothing else.
    records, released = records_through_the_gate(a_street_where_a_window_breaks())
    assert released <= (BURST_BITS + SECONDS * BITS_PER_SECOND) * 1000

    # The node signs, the hub believes it and stores it; what is sent twice is stored once.
    upload = encode_batch(tuple(signed(record, key) for record in records))
    stored = asyncio.run(hub.take_upload(upload))
    assert (stored.accepted, stored.duplicates) == (len(records), 0)
    with pytest.raises(Refusal) as again:
        asyncio.run(hub.take_upload(upload))
    assert again.value.code == "already-stored"

    # One incident waits on the desk: what, where and when, as well as one microphone can know it.
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


def test_the_same_street_without_the_window_opens_nothing(hub: Hub, key: Ed25519PrivateKey) -> None:
    street = (0.02 * traffic(np.random.default_rng(7), float(SECONDS), RATE)).astype(np.float32)
    records, _ = records_through_the_gate(street)
    if records:
        asyncio.run(hub.take_upload(encode_batch(tuple(signed(record, key) for record in records))))
    assert HubDesk(hub).incidents() == ()
