"""The hub as an application: wires hub, oversight and views together.

``create_app`` makes the application; :mod:`clairvoie.server.serving` puts it on its sockets. Signed acts are taken in,
the ledger is published and retention is kept by :mod:`clairvoie.server.jobs`, which run as long as it does.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
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
from clairvoie.config import HubSettings, read_settings
from clairvoie.errors import ConfigurationError
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.authority import Trust
from clairvoie.hub.desk import HubDesk
from clairvoie.hub.enrolment import Enrolment, KnownNode
from clairvoie.hub.granting import granting
from clairvoie.hub.hub import Hub, Task
from clairvoie.hub.incidents import Grouping
from clairvoie.hub.locate_air import Air
from clairvoie.hub.probes import probes
from clairvoie.hub.receiving import receiving
from clairvoie.hub.registrar import Registrar
from clairvoie.hub.trusting import read_trust
from clairvoie.hub.unrecorded import Unrecorded
from clairvoie.oversight.authorisations import not_allowed, sentences, suspension_words
from clairvoie.oversight.figures import figures
from clairvoie.oversight.keeper import Keeper, read_ledger_key
from clairvoie.oversight.publishing import publishing
from clairvoie.server.jobs import Jobs, jobs_of
from clairvoie.server.people import callers_of, people_of
from clairvoie.views import api, site
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import Guard
from clairvoie.views.wording import Wording

Clock = Callable[[], float]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "::1")
log = structlog.get_logger("clairvoie.server.application")


def air_of(settings: HubSettings) -> Air:
    """The air through which bangs are located."""
    air = settings.air
    return Air(air.temperature, (air.wind_east, air.wind_north), air.temperature_uncertainty, air.wind_uncertainty)


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
        grouping=Grouping(settings.group_seconds, settings.group_metres, air_of(settings)),
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
    """The hub's application. Its store and its ledger are opened here and closed when the application's lifespan ends;
    when something fails here, nothing stays open.

    ``callers`` tells who makes a request, instead of the accounts that the settings ask for; for tests.
    """
    with ExitStack() as opened:
        keeper = keeper_of(settings, clock) if ledger is None else None
        hub = Hub(task_of(settings), clock, ledger or (keeper.ledger if keeper is not None else Unrecorded()))
        opened.callback(hub.close)
        if keeper is not None:
            opened.callback(keeper.close)
            keeper.open(hub.store.submit, hub.store.reading)
        hub.begin()
        people = people_of(settings, hub)
        jobs = Jobs(hub, jobs_of(settings, hub, people, keeper, registrar_of(settings, hub)))
        app = FastAPI(
            title="Clairvoie",
            version=__version__,
            description="Sensors, incidents and levels of one deployment. Times are UTC, the site's zone beside them.",
            lifespan=_lifespan,
            docs_url=None,
            redoc_url=None,
            openapi_url="/api/openapi.json",
        )
        app.state.hub, app.state.desk, app.state.jobs, app.state.keeper = hub, HubDesk(hub, keeper), jobs, keeper
        _mount(app, settings, people, keeper, callers)
        app.state.opened = opened.pop_all()
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The jobs run; at the end what was opened is closed, the ledger before its store, whatever fails."""
    jobs: Jobs = app.state.jobs
    jobs.start()
    try:
        yield
    finally:
        app.state.hub.end_streams()
        await jobs.stop()
        await run_in_threadpool(app.state.opened.close)


def _mount(
    app: FastAPI, settings: HubSettings, people: Accounts | None, keeper: Keeper | None, callers: Callers | None
) -> None:
    """Everything that the application answers, and who guards it."""
    hub, desk = app.state.hub, app.state.desk
    if settings.node_door is None and settings.tls is None:  # on loopback; elsewhere nodes show a certificate
        app.include_router(receiving(hub))
        app.include_router(granting(hub))
    app.include_router(probes(hub, desk))
    app.include_router(figures(desk))
    app.include_router(publishing(keeper))
    disclosing = DisclosingDesk(desk, lambda: hub.authority.standing.in_force(hub.clock()))
    api.mount(app, disclosing)
    site.mount(app, disclosing, Wording(sentences, not_allowed, suspension_words), people)
    app.add_middleware(Guard, callers=callers or callers_of(hub, people), export=disclosing.export)
    names = [*LOOPBACK_NAMES, *(settings.tls.names if settings.tls is not None else ())]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)


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
