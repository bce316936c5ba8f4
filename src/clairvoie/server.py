"""The hub as an application: wires hub, oversight and views together.

``create_app`` makes the application; :mod:`clairvoie.serving` puts it on its sockets. Signed acts are taken in, the
ledger is published and retention is kept by jobs that run as long as it does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from clairvoie import __version__
from clairvoie.boundary.charter import Charter, decode_charter
from clairvoie.boundary.entry import LedgerWriter
from clairvoie.boundary.person import Callers
from clairvoie.boundary.reading import Deployment
from clairvoie.config import HubSettings, Retention, read_settings
from clairvoie.errors import ConfigurationError, OversightError, StoreUnavailable
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.authority import Trust
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.enrolment import Enrolment, KnownNode
from clairvoie.hub.granting import granting
from clairvoie.hub.hub import Hub, Task
from clairvoie.hub.incidents import Grouping
from clairvoie.hub.probes import probes
from clairvoie.hub.receiving import receiving
from clairvoie.hub.registrar import Registrar
from clairvoie.hub.retention import Limits, due
from clairvoie.hub.trusting import read_trust
from clairvoie.hub.unrecorded import Unrecorded
from clairvoie.oversight.figures import figures
from clairvoie.oversight.keeper import Keeper, read_ledger_key
from clairvoie.oversight.publishing import publishing
from clairvoie.people import callers_of, hand_over, people_of, retention_now
from clairvoie.views import api, site
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import Guard

Clock = Callable[[], float]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "::1")
FLUSH_SECONDS = 1.0
ACTS_SECONDS = 0.25
"""How often the folder of acts is looked at: a suspension binds within this time, and is on its way to every node."""
LOOK_SECONDS = 0.5
"""How often the folder of acts about sensors is looked at: a revocation binds within this time."""
PUBLISH_SECONDS = 1.0
"""How often the ledger is sealed and published, if there is anything new."""
RETENTION_SECONDS = 3600.0
"""How often retention looks for what is due."""

log = structlog.get_logger("clairvoie.server")


def task_of(settings: HubSettings) -> Task:
    """What the settings ask of the hub."""
    nodes = [
        KnownNode(node.id, Ed25519PublicKey.from_public_bytes(bytes.fromhex(node.public_key)), node.epoch)
        for node in settings.nodes
    ]
    deployment = Deployment(
        id=settings.deployment,
        place=settings.place,
        time_zone=settings.time_zone,
        exercise=settings.exercise,
        language=settings.language,
        map=_read_map(settings.map),
        silent_after=settings.silent_after,
    )
    return Task(
        deployment=deployment,
        enrolment=Enrolment.of(settings.deployment, nodes, settings.sensors),
        store=Path(settings.store),
        grouping=Grouping(settings.group_seconds, settings.group_metres),
        trust=trust_of(settings),
        settings=settings_digest(settings),
    )


def trust_of(settings: HubSettings) -> Trust | None:
    """The hub's root of trust; ``None`` without a charter."""
    if settings.charter is None:
        return None
    acts, keys = Path(settings.authorisations), Path(settings.keys)
    deployment, exercise = settings.deployment, settings.exercise
    return read_trust(Path(settings.charter), acts, keys, deployment=deployment, exercise=exercise)


def settings_digest(settings: HubSettings) -> str:
    """SHA-256 of the settings, without the port, which each start may choose anew; the ledger keeps every change."""
    plain = msgspec.json.encode(msgspec.structs.replace(settings, port=0), order="deterministic")
    return hashlib.sha256(plain).hexdigest()


def _read_map(path: str | None) -> dict[str, Any]:
    if path is None:
        return {"type": "FeatureCollection", "features": []}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the map cannot be read ({error})", path, "Give a GeoJSON file.") from error
    if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
        raise ConfigurationError("the map is not a GeoJSON FeatureCollection", path, "Export it as GeoJSON.")
    return found


def create_app(
    settings: HubSettings,
    *,
    clock: Clock = time.time,
    callers: Callers | None = None,
    ledger: LedgerWriter | None = None,
) -> FastAPI:
    """The hub's application. Its store is opened here and closed when the application's lifespan ends.

    ``callers`` tells who makes a request, instead of the accounts that the settings ask for; for tests.
    """
    keeper = keeper_of(settings, clock) if ledger is None else None
    hub = Hub(task_of(settings), clock, ledger or (keeper.ledger if keeper is not None else Unrecorded()))
    if keeper is not None:
        keeper.open(hub.store.submit, hub.store.reading)
    hub.begin()
    desk = HubDesk(hub, keeper)
    people = people_of(settings, hub)
    registrar = registrar_of(settings, hub)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        jobs = [asyncio.create_task(job) for job in jobs_of(settings, hub, people, keeper, registrar)]
        try:
            yield
        finally:
            hub.end_streams()
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            if keeper is not None:
                await run_in_threadpool(keeper.close)
            await run_in_threadpool(hub.close)

    app = FastAPI(
        title="Clairvoie",
        version=__version__,
        description="Sensors, incidents and levels of one deployment. Times are UTC, the site's zone beside them.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.hub = hub
    app.state.desk = desk
    if settings.node_door is None:
        app.include_router(receiving(hub))
        app.include_router(granting(hub))
    app.include_router(probes(hub, desk))
    app.include_router(figures(desk))
    app.include_router(publishing(keeper))
    disclosing = DisclosingDesk(desk, lambda: hub.authority.standing.in_force(hub.clock()))
    api.mount(app, disclosing)
    site.mount(app, disclosing, people)
    app.add_middleware(Guard, callers=callers or callers_of(hub, people), export=disclosing.export)
    names = [*LOOPBACK_NAMES, *(settings.tls.names if settings.tls is not None else ())]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)
    return app


def keeper_of(settings: HubSettings, clock: Clock) -> Keeper | None:
    """Who keeps the ledger; ``None`` without a charter, which names its key."""
    if settings.charter is None:
        return None
    charter = read_charter(settings.charter)
    return Keeper(charter, read_ledger_key(Path(settings.keys), charter), Path(settings.ledger), clock)


def read_charter(path: str) -> Charter:
    """The charter in a file."""
    try:
        return decode_charter(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"the charter cannot be read ({error.strerror})", path) from error


def registrar_of(settings: HubSettings, hub: Hub) -> Registrar | None:
    """Who takes in signed acts of sensors' lives, after a first look; ``None`` without a charter to check them by."""
    if settings.charter is None:
        return None
    registrar = Registrar(hub, read_charter(settings.charter), Path(settings.lives))
    registrar.look()
    return registrar


def jobs_of(
    settings: HubSettings, hub: Hub, people: Accounts | None, keeper: Keeper | None, registrar: Registrar | None
) -> list[Coroutine[Any, Any, None]]:
    """What the hub does again and again, each in a thread."""
    jobs: list[tuple[float, Callable[[], object]]] = [
        (FLUSH_SECONDS, hub.flush_refusals),
        (ACTS_SECONDS, lambda: look_at_acts(hub)),
        (RETENTION_SECONDS, lambda: retain(hub, retention_now(settings, hub, people))),
    ]
    if people is not None:
        jobs.append((FLUSH_SECONDS, lambda: hand_over(hub)))
    if keeper is not None:
        jobs.append((PUBLISH_SECONDS, keeper.work))
    if registrar is not None:
        jobs.append((LOOK_SECONDS, registrar.look))
    return [_every(seconds, partial(run_in_threadpool, work)) for seconds, work in jobs]


async def _every(seconds: float, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    while True:
        await work()
        await asyncio.sleep(seconds)


def look_at_acts(hub: Hub) -> None:
    """Take in what is new in the folder of acts; what cannot be kept now waits for the next look.

    If a defect ends this for good, the hub takes nothing any more: it could not see a suspension.
    """
    try:
        hub.look_at_acts()
    except (StoreUnavailable, OversightError) as error:
        log.warning("acts-wait", reason=str(error))
    except BaseException:
        hub.authority.give_up()
        raise


def retain(hub: Hub, retention: Retention) -> None:
    """Erase what is due, a little at a time, and say in the log what was erased."""
    limits = Limits(
        levels_days=retention.levels_days,
        detections_days=retention.detections_days,
        incidents_days=retention.incidents_days,
        records_days=retention.records_days,
    )
    before = due(hub.limits(limits), hub.clock())
    while not hub.stopping.is_set():
        try:
            erased = hub.erase(before)
        except StoreUnavailable as error:
            log.warning("retention-waits", reason=str(error))
            return
        if erased.total == 0:
            return
        log.info("erased", **{name: getattr(erased, name) for name in erased.__slots__})


def settings_of(path: Path, *, port: int | None = None) -> HubSettings:
    """The settings in the file ``path``, its paths relative to that file; ``port`` replaces the file's."""
    settings = read_settings(path, HubSettings)
    folder = path.resolve().parent
    return msgspec.structs.replace(
        settings,
        store=str(folder / settings.store),
        map=None if settings.map is None else str(folder / settings.map),
        charter=None if settings.charter is None else str(folder / settings.charter),
        authorisations=str(folder / settings.authorisations),
        keys=str(folder / settings.keys),
        ledger=str(folder / settings.ledger),
        lives=str(folder / settings.lives),
        tls=None
        if settings.tls is None
        else replace(
            settings.tls, certificate=str(folder / settings.tls.certificate), key=str(folder / settings.tls.key)
        ),
        port=settings.port if port is None else port,
    )
