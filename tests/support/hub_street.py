"""Signed records, easily: a small street with two nodes and four microphones, its clock, and a hub over it.

``Street`` signs what its nodes would sign; ``Running`` is a hub over it without HTTP, ``Served`` its application
without a socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fake_ledger import FakeLedger
from fastapi import FastAPI
from msgspec.structs import replace
from past_trial import past_the_trial
from sqlalchemy import Table, func, select

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import Authorisation
from clairvoie.boundary.bulletin import (
    SCHEDULE,
    BeginEvent,
    Bulletin,
    EndEvent,
    Event,
    ImpulseEvent,
    Scheduled,
    TenSeconds,
)
from clairvoie.boundary.document import SignedDocument, encode_document
from clairvoie.boundary.hazards import HAZARD_KINDS, MODES, HazardKind, Mode
from clairvoie.boundary.person import Callers, Visitors
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope, encode_batch, sign
from clairvoie.boundary.wire import MinuteParts, Record, RecordContent, SecondEvents, Tick, encode_body
from clairvoie.config import EnrolledNode, HubSettings
from clairvoie.hub import schema
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.hub import Hub
from clairvoie.hub.ingest import Accept, examine
from clairvoie.hub.receiving import LIVE_TYPE, RECORDS_TYPE
from clairvoie.hub.records import Stored
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave
from clairvoie.server.application import create_app, task_of

NOW = 1_795_316_645
"""2026-11-22 04:04:05 in Paris."""
DEPLOYMENT = "claire-voie"
FOR_EVER = 4_000_000_000
LEAVE = make_leave(DEPLOYMENT, exercise=False)
"""The charter of the street and everybody's keys."""
EVERYBODY = Visitors()
METRE = 1 / 111_195.0
"""A metre in degrees of latitude."""


def microphone(name: str, node: str, north: float) -> Sensor:
    place = Place(latitude=48.0 + north * METRE, longitude=2.0, words=f"lamp {name}")
    return Sensor(id=name, node=node, kind=SensorKind.MICROPHONE, place=place, simulated=True)


SENSORS = (
    microphone("mic-a", "node-1", 0),
    microphone("mic-b", "node-1", 100),
    microphone("mic-c", "node-2", 200),
    microphone("mic-far", "node-2", 5000),
)


def key_of(node: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(node.encode().ljust(32, b"."))


def public_hex(node: str) -> str:
    return key_of(node).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: float = float(NOW)

    def __call__(self) -> float:
        return self.at


def begin(
    identifier: int = 1,
    *,
    kind: HazardKind = HazardKind.GLASS_BREAKING,
    mode: Mode = Mode.LIVE,
    age: float = 0.5,
    confidence: float = 0.86,
    level: float = 78.0,
) -> BeginEvent:
    return BeginEvent(
        identifier=identifier,
        slot=identifier % 16,
        kind=HAZARD_KINDS.index(kind),
        mode=MODES.index(mode),
        age=units.AGE_TENTHS.encode(age),
        confidence=units.CONFIDENCE.encode(confidence),
        level=units.EVENT_LEVEL.encode(level),
        clock=units.encode_uncertainty(0.001),
    )


def end(identifier: int = 1, *, age: float = 0.1, confidence: float = 1.0, level: float = 90.0) -> EndEvent:
    return EndEvent(
        identifier=identifier,
        slot=identifier % 16,
        age=units.AGE_TENTHS.encode(age),
        confidence=units.CONFIDENCE.encode(confidence),
        level=units.EVENT_LEVEL.encode(level),
    )


def impulse(identifier: int = 1, *, mode: Mode = Mode.LIVE, age: float = 0.5, level: float = 100.0) -> ImpulseEvent:
    return ImpulseEvent(
        identifier=identifier,
        mode=MODES.index(mode),
        age=units.AGE_FINE.encode(age),
        sigma=units.encode_uncertainty(0.0001),
        level=units.EVENT_LEVEL.encode(level),
    )


def minute(sensor: str, start: int, level: float | None = 60.0, *, parts: tuple[Scheduled, ...] = ()) -> MinuteParts:
    """A record of the minute that begins at ``start``: six tens of one level, and other parts in their seconds."""
    said: dict[int, tuple[Scheduled, ...]] = {
        start + k * 10 + 2: (TenSeconds(laeq=units.LEVEL.encode(level)),) for k in range(6)
    }
    for part in parts:
        second = next(s for s in range(start, start + 60) if s % SCHEDULE[type(part)][0] == SCHEDULE[type(part)][1])
        said[second] = (*said.get(second, ()), part)
    bulletins = tuple(Bulletin(sensor=sensor, second=s, scheduled=said[s]) for s in sorted(said))
    return MinuteParts(sensor=sensor, minute=start, bulletins=bulletins)


@dataclass
class Street:
    """Signs what its nodes would sign, counting sequences."""

    clock: Clock = field(default_factory=Clock)
    sequences: dict[str, int] = field(default_factory=dict)

    def envelope(self, content: RecordContent, *, sequence: int | None = None, node: str | None = None) -> Envelope:
        sensor = content.sensor
        if sequence is None:
            sequence = self.sequences[sensor] = self.sequences.get(sensor, 0) + 1
        return self.signed(sensor, sequence, encode_body(Record(sequence=sequence, content=content)), node=node)

    def signed(
        self, sensor: str, sequence: int, body: bytes, *, node: str | None = None, domain: str = RECORD_DOMAIN,
        epoch: int = 0, deployment: str = DEPLOYMENT, key: str | None = None,
    ) -> Envelope:  # fmt: skip
        node = node or next((s.node for s in SENSORS if s.id == sensor), "node-1")
        return sign(
            key_of(key or node),
            domain=domain,
            deployment=deployment,
            node=node,
            epoch=epoch,
            sensor=sensor,
            sequence=sequence,
            body=body,
        )

    def events(self, sensor: str, *events: Event, second: int | None = None, sequence: int | None = None) -> Envelope:
        """A record of what a sensor released in one second, by default the one just over."""
        at = int(self.clock()) - 1 if second is None else second
        return self.envelope(SecondEvents(sensor=sensor, second=at, events=events), sequence=sequence)

    def minute(self, sensor: str, start: int, level: float | None = 60.0, **more: object) -> Envelope:
        return self.envelope(minute(sensor, start, level, **more))  # type: ignore[arg-type]

    def tick(self, node: str = "node-1", second: int | None = None, **events: tuple[Event, ...]) -> Envelope:
        """A tick of all sensors of a node; ``mic_a=(begin(),)`` adds events."""
        at = int(self.clock()) - 1 if second is None else second
        bulletins = tuple(
            Bulletin(sensor=s.id, second=at, events=events.get(s.id.replace("-", "_"), ()))
            for s in SENSORS
            if s.node == node
        )
        body = encode_body(Tick(second=at, bulletins=bulletins))
        return self.signed(node, at, body, node=node, domain=TICK_DOMAIN)


def authorisation(**changes: object) -> Authorisation:
    """Leave for everything that these microphones can report, everywhere and for ever."""
    act = exercise_authorisation(DEPLOYMENT, [sensor.id for sensor in SENSORS], exercise=False, ends=FOR_EVER)
    return replace(act, **changes)


def give_leave(folder: Path, *documents: SignedDocument) -> None:
    """Put signed documents into the folder that the hub watches, each whole or not at all."""
    for document in documents:
        path = folder / "authorisations" / f"{document.digest}.json"
        path.with_suffix(".new").write_bytes(encode_document(document))
        path.with_suffix(".new").replace(path)


def settings_at(folder: Path, *acts: Authorisation, **changes: object) -> HubSettings:
    """Settings of a hub that has leave by ``acts``; with none given, for everything."""
    if not (folder / "charter.json").exists():
        write_leave(folder, LEAVE, [LEAVE.signed(act) for act in acts or (authorisation(),)])
    fields: dict[str, object] = {
        "charter": str(folder / "charter.json"),
        "authorisations": str(folder / "authorisations"),
        "keys": str(folder / "keys"),
        "ledger": str(folder / "ledger"),
        "deployment": DEPLOYMENT,
        "place": "Claire-Voie",
        "time_zone": "Europe/Paris",
        "store": str(folder / "hub.db"),
        "sensors": SENSORS,
        "nodes": tuple(EnrolledNode(id=node, public_key=public_hex(node)) for node in ("node-1", "node-2")),
        **changes,
    }
    return HubSettings(**fields)  # type: ignore[arg-type]


@dataclass
class Running:
    """A hub over the street, with its desk."""

    hub: Hub
    desk: HubDesk
    street: Street
    clock: Clock
    ledger: FakeLedger

    @classmethod
    @contextmanager
    def of(cls, settings: HubSettings, street: Street, *, trial: bool = False) -> Iterator[Running]:
        """``trial``: every kind is on trial, as in a new hub; else each is past it."""
        ledger = FakeLedger()
        hub = Hub(task_of(settings), street.clock, ledger)
        hub.begin()
        try:
            if not trial:
                past_the_trial(hub)
            yield cls(hub, HubDesk(hub), street, street.clock, ledger)
        finally:
            hub.close()

    def store(self, *envelopes: Envelope) -> Stored:
        """Judge and store one upload, without HTTP."""
        examined = [examine(envelope, self.hub.enrolment, self.clock()) for envelope in envelopes]
        assert all(isinstance(one, Accept) for one in examined), examined
        return self.hub.file([one for one in examined if isinstance(one, Accept)]).result(timeout=30)

    def count(self, table: Table = schema.records) -> int:
        """Rows of one table."""
        with self.hub.store.reading() as connection:
            found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
            return found


@dataclass
class Served(Running):
    """The same as an application, asked through ASGI: no socket, no process."""

    app: FastAPI
    runner: asyncio.Runner
    client: httpx.AsyncClient

    @classmethod
    @contextmanager
    def of(  # type: ignore[override]
        cls, settings: HubSettings, street: Street, *, callers: Callers | None = EVERYBODY, trial: bool = False
    ) -> Iterator[Served]:
        """``callers=None``: whoever asks needs an account, as in a real deployment. ``trial``: see :class:`Running`."""
        ledger = FakeLedger()
        app = create_app(settings, clock=street.clock, callers=callers, ledger=ledger)
        hub: Hub = app.state.hub
        if not trial:
            past_the_trial(hub)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        with asyncio.Runner() as runner:
            lifespan = app.router.lifespan_context(app)
            client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8750")
            runner.run(lifespan.__aenter__())
            try:
                yield cls(hub, app.state.desk, street, street.clock, ledger, app, runner, client)
            finally:
                runner.run(client.aclose())
                runner.run(lifespan.__aexit__(None, None, None))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        return self.runner.run(self.client.request(method, path, **more))

    def upload(self, *envelopes: Envelope, body: bytes | None = None, **headers: str) -> httpx.Response:
        """One upload of records."""
        content = encode_batch(envelopes) if body is None else body
        return self.ask("POST", "/api/v1/records", content=content, headers={"content-type": RECORDS_TYPE, **headers})

    def stream(self, *frames: bytes) -> httpx.Response:
        """One live stream of these frames, each after its length."""
        content = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
        return self.ask("POST", "/api/v1/live", content=content, headers={"content-type": LIVE_TYPE})
