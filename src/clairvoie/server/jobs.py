"""What a running hub does again and again, each job in a thread, and what becomes of the hub when one of them dies.

A job that cannot do its work now, because the store or the disk does not let it, says so in the log and tries again at
its next turn. Anything else is a defect, and then nobody knows what the hub no longer does: see suspensions, seal its
ledger, erase what is due. So it permits nothing from that moment on, logs the job's name and the kind of the error in
one line and the traceback after it, and its server ends with :class:`JobDied` as its error: whoever keeps the hub
running sees that it stopped, and never a hub that looks healthy and is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from starlette.concurrency import run_in_threadpool

from clairvoie.config import HubSettings, Retention
from clairvoie.errors import JobDied, OversightError, StoreUnavailable
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.hub import Hub
from clairvoie.hub.registrar import Registrar
from clairvoie.hub.retention import Limits, due
from clairvoie.oversight.keeper import Keeper
from clairvoie.server.people import hand_over, retention_now

FLUSH_SECONDS = 1.0
ACTS_SECONDS = 0.25
"""How often the folder of acts is looked at: a suspension binds within this time, and is on its way to every node."""
LOOK_SECONDS = 0.5
"""How often the folder of acts about sensors is looked at: a revocation binds within this time."""
PUBLISH_SECONDS = 1.0
"""How often the ledger is sealed and published, if there is anything new."""
RETENTION_SECONDS = 3600.0
"""How often retention looks for what is due."""
RETRY_SECONDS = 60.0
"""A job that could not do its work now tries again after this time at the latest."""
NOT_NOW = (StoreUnavailable, OversightError, OSError)

log = structlog.get_logger("clairvoie.server.jobs")


class Job(NamedTuple):
    """``work`` is to be done every ``seconds``. ``name`` is one of those in :func:`jobs_of`."""

    name: str
    seconds: float
    work: Callable[[], object]


class Jobs:
    """The jobs of ``hub``. ``failure`` is ``None`` until one of them has died."""

    def __init__(self, hub: Hub, jobs: Sequence[Job]) -> None:
        self.failure: JobDied | None = None
        self._hub = hub
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with all of them, in the event loop that runs."""
        self._tasks = [asyncio.create_task(_repeat(job), name=job.name) for job in self._jobs]
        self.watch(*self._tasks)

    def watch(self, *tasks: asyncio.Task[None]) -> None:
        """If one of these dies of a defect, the hub ends: its own, and those of the node door."""
        for task in tasks:
            task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End them; what one is just doing is done first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self._hub.authority.give_up()
        name, kind = task.get_name(), type(error).__name__
        log.error("job-died", job=name, error=kind)
        task.get_loop().call_exception_handler({"message": f"the hub's job {name} died", "exception": error})
        if self.failure is None:
            self.failure = JobDied(
                f"a job of the hub died of a defect ({kind}), so the hub ended",
                name,
                "Start it again; report the traceback in its log if it ends again.",
            )
            self.failure.__cause__ = error


async def _repeat(job: Job) -> None:
    waits = ""
    while True:
        try:
            await run_in_threadpool(job.work)
        except NOT_NOW as error:
            if str(error) != waits:
                log.warning("job-waits", job=job.name, reason=str(error))
            waits = str(error)
        else:
            waits = ""
        await asyncio.sleep(min(job.seconds, RETRY_SECONDS) if waits else job.seconds)


def jobs_of(
    settings: HubSettings, hub: Hub, people: Accounts | None, keeper: Keeper | None, registrar: Registrar | None
) -> tuple[Job, ...]:
    """Everything that this hub does again and again."""
    jobs = [
        Job("counts", FLUSH_SECONDS, hub.flush_refusals),
        Job("acts", ACTS_SECONDS, hub.look_at_acts),
        Job("retention", RETENTION_SECONDS, lambda: retain(hub, retention_now(settings, hub, people))),
    ]
    if people is not None:
        jobs.append(Job("accounts", FLUSH_SECONDS, lambda: hand_over(hub)))
    if keeper is not None:
        jobs.append(Job("ledger", PUBLISH_SECONDS, keeper.work))
    if registrar is not None:
        jobs.append(Job("lives", LOOK_SECONDS, registrar.look))
    return tuple(jobs)


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
        erased = hub.erase(before)
        if erased.total == 0:
            return
        log.info("erased", **{name: getattr(erased, name) for name in erased.__slots__})
