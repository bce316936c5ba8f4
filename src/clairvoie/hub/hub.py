"""The hub itself: what arrives is judged, stored, grouped and told. The HTTP doors and the desk stand around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.authorisation import Denial
from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter
from clairvoie.boundary.reading import Change, Deployment, RefusalCount
from clairvoie.boundary.signed import decode_batch, decode_envelope
from clairvoie.boundary.wire import Tick
from clairvoie.errors import MalformedMessage, OversizedMessage, Refusal, StoreUnavailable
from clairvoie.hub import schema
from clairvoie.hub.accepting import accept
from clairvoie.hub.authority import Authority, Trust
from clairvoie.hub.changes import Changes
from clairvoie.hub.discards import Discards, write_discards
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.incident_rows import Ground
from clairvoie.hub.incidents import Grouping
from clairvoie.hub.ingest import Accept, Equivocation, check_peer, examine
from clairvoie.hub.latency import Latency, Way
from clairvoie.hub.live import Live, judge_tick
from clairvoie.hub.lives import Lives
from clairvoie.hub.metrics import Metrics
from clairvoie.hub.records import Records, Stored
from clairvoie.hub.refusals import Code, RefusalCounts, refuse
from clairvoie.hub.retention import Due, Erased, Limits, deletion, erase, shorter
from clairvoie.hub.statements import read_statements, unfit
from clairvoie.hub.store import Store
from clairvoie.hub.tallies import Tallies
from clairvoie.hub.writer import QueueFull

WAITING_UPLOADS = 256
"""Uploads in memory at once, each at most 4 MiB; more are told to come back."""

Result = TypeVar("Result")

log = structlog.get_logger("clairvoie.hub")


@dataclass(frozen=True, slots=True)
class Task:
    """What this hub is to do: whom to believe, how to group, where to keep it, and under whose authority.

    Without ``trust`` nothing is ever permitted. ``settings`` is a digest of the hub's settings, for the ledger.
    """

    deployment: Deployment
    enrolment: Enrolment
    store: Path
    grouping: Grouping
    trust: Trust | None = None
    settings: str = ""


class Hub:
    """A running hub. :meth:`close` writes what waits and ends every reader of changes."""

    def __init__(self, task: Task, clock: Callable[[], float], ledger: LedgerWriter) -> None:
        self.task = task
        self.clock = clock
        self.ledger = ledger
        self.enrolment = task.enrolment
        self.metrics = Metrics()
        self.latency = Latency()
        self.changes = Changes(self._delivered)
        self.live = Live(task.enrolment.sensors)
        self.store = Store(task.store, deployment=task.deployment.id, sensors=task.enrolment.sensors)
        self.granted = Changes()
        self.discards = Discards()
        self._noted: set[tuple[str, int, int]] = set()
        self._limits: Limits | None = None
        with self.store.reading() as connection:
            self.authority = Authority(task.trust, connection)
            self.statements = {name: stated.statement for name, stated in read_statements(connection).items()}
        self.records = Records(
            task.enrolment, self.store.sensor_ids, task.grouping, lambda: self.authority.leave, ledger
        )
        with self.store.reading() as connection:
            self.records.load(connection)
            self.tallies = Tallies.read(connection, task.enrolment.sensors)
            self.refusals = RefusalCounts(_stored_refusals(connection))
        self._examiners = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hub-examiner")
        self._uploads = 0
        self.stopping = asyncio.Event()
        self.metrics.sensors_total.set(len(task.enrolment.sensors))
        self.lives = Lives()
        self.enrolled: list[Callable[[], None]] = []
        """Called after another enrolment has taken the place of the one before."""

    def begin(self) -> None:
        """Note the settings if they changed, and look at the acts; before anything is taken."""
        now = self.clock()
        if self.task.settings:
            self.store.submit(
                lambda connection: note_settings(connection, self.task.settings, self.ledger, now)
            ).result()
        self.look_at_acts()

    def look_at_acts(self) -> None:
        """Take in what is new in the folder of acts. Suspensions bind before this waits for the store.

        If the store cannot be written, acts that widen go on waiting, and the next look tries again.
        """
        authority = self.authority
        if authority.look():
            self._tell_acts()
        waiting = authority.waiting
        if authority.trust is None or not waiting:
            return
        charter, now = authority.trust.charter, self.clock()
        if authority.narrowing:
            self.live.erase(authority.leave)
        ground = Ground(self.task.grouping, self.enrolment, self.ledger, authority.leave)
        erased = self.store.submit(lambda connection: accept(connection, waiting, charter, ground, now)).result()
        authority.stored(waiting)
        for document in waiting:
            log.info("act-accepted", digest=document.digest, type=document.payload_type)
        if erased.total:
            log.info("suspended-erased", **{name: getattr(erased, name) for name in erased.__slots__})
            with self.store.reading() as connection:
                self.tallies = Tallies.read(connection, self.enrolment.sensors)
        self._tell_acts()

    def _tell_acts(self) -> None:
        """Open pages ask again, connected nodes are told at once."""
        self.granted.publish(Change.ACTS)
        for change in (Change.ACTS, Change.INCIDENTS, Change.LEVELS):
            self.changes.publish(change)

    async def take_upload(self, body: bytes, peer: str | None = None) -> Stored:
        """Judge and store the records of one upload: all of them or none. Done after the commit.

        ``peer`` is the node whose certificate the connection has; ``None`` on loopback, where there is none.

        Raises :class:`Refusal`, counted already, or :class:`StoreUnavailable` when the store cannot be written.
        """
        if self._uploads >= WAITING_UPLOADS:
            raise self.refused(_queue_full(WAITING_UPLOADS))
        self._uploads += 1
        try:
            loop = asyncio.get_running_loop()
            examined = await loop.run_in_executor(self._examiners, self._examine, body, peer)
            return await asyncio.shield(asyncio.wrap_future(self.file(examined)))
        except Equivocation as refusal:
            await self._note_equivocation(refusal)
            raise self.refused(refusal) from None
        except Refusal as refusal:
            raise self.refused(refusal) from None
        except QueueFull as error:
            raise self.refused(_queue_full(error.value)) from None
        finally:
            self._uploads -= 1

    async def _note_equivocation(self, refusal: Equivocation) -> None:
        """One entry for each identity, however often its node repeats itself."""
        if refusal.identity not in self._noted:
            entry = refusal.entry(self.clock())
            await asyncio.wrap_future(self.store.submit(lambda connection: self.ledger.record(connection, entry)))
            self._noted.add(refusal.identity)

    def _examine(self, body: bytes, peer: str | None = None) -> list[Accept]:
        try:
            batch = decode_batch(body)
        except MalformedMessage as error:
            raise refuse(Code.MALFORMED, error.what, None, "Send a batch of signed envelopes.") from None
        except OversizedMessage as error:
            raise refuse(Code.OVERSIZED, error.what, error.value, "Send fewer records at once.") from None
        now = self.clock()
        examined = []
        for index, envelope in enumerate(batch):
            judgement = check_peer(envelope, peer) or examine(envelope, self.enrolment, now)
            if isinstance(judgement, Refusal):
                judgement.index = index
                raise judgement
            examined.append(judgement)
        return examined

    def enrol(self, enrolment: Enrolment, lives: Lives) -> None:
        """Believe ``enrolment`` from now on; sensors that are new get a row first. Waits for that; not in the loop."""
        self.store.admit(enrolment.sensors)
        self.live.admit(enrolment.sensors)
        if enrolment.sensors.keys() - self.enrolment.sensors.keys():
            with self.store.reading() as connection:
                self.tallies = Tallies.read(connection, enrolment.sensors)
        self.records.enrol(enrolment)
        self.lives = lives
        self.enrolment = enrolment
        self.metrics.sensors_total.set(len(enrolment.sensors))
        for told in self.enrolled:
            told()
        self.changes.publish(Change.ACTS)

    def file(self, examined: list[Accept]) -> Future[Stored]:
        """Queue believable records for the store; what follows from them is told after the commit."""
        future = self.store.submit(lambda connection: self.records.file(connection, examined, self.clock()))
        future.add_done_callback(self._stored)
        return future

    def _stored(self, future: Future[Stored]) -> None:
        """Tell the rest of the hub, in the writer's thread, right after the commit."""
        if future.cancelled() or future.exception() is not None:
            return
        stored = future.result()
        now = self.clock()
        self.tallies.add(stored.sensors, stored.begins, now)
        self.metrics.records.inc(stored.accepted - len(stored.seconds))
        self.metrics.duplicates.inc(stored.duplicates)
        self.statements.update({statement.sensor: statement for statement in stored.statements})
        for second in stored.seconds:
            self._sample(Way.TICK_TO_STORED, now - (second + 1))
        if stored.incidents_changed:
            self.changes.publish(Change.INCIDENTS, tuple((second + 1, now) for second in stored.seconds))
        if stored.levels_changed:
            self.changes.publish(Change.LEVELS)

    def _delivered(self, change: Change, causes: tuple[tuple[float, float], ...]) -> None:
        if change is Change.INCIDENTS:
            now = self.clock()
            for tick, stored in causes:
                if self._sample(Way.TICK_TO_DESK, now - tick):
                    self._sample(Way.STORED_TO_DESK, now - stored)

    def _sample(self, way: Way, seconds: float) -> bool:
        if not self.latency.add(way, seconds):
            return False
        if way is Way.TICK_TO_LIVE:  # the others are of events alone
            self.metrics.latency.labels(way.value).observe(max(0.0, seconds))
        return True

    def take_frame(self, frame: bytes, peer: str | None = None) -> int:
        """Take one live frame; how many bulletins were new. Raises :class:`Refusal`, which the door counts."""
        try:
            envelope = decode_envelope(frame)
        except MalformedMessage as error:
            raise refuse(Code.MALFORMED, error.what, None, "Send signed envelopes.") from None
        now = self.clock()
        tick = check_peer(envelope, peer) or judge_tick(envelope, self.enrolment, now)
        if isinstance(tick, Refusal):
            raise tick
        new = self.live.add(self._permitted(tick, now), now)
        if new:
            self.metrics.ticks.inc()
            self._sample(Way.TICK_TO_LIVE, now - (tick.second + 1))
            self.changes.publish(Change.TICK)
        return new

    def _permitted(self, tick: Tick, now: float) -> Tick:
        """The tick without bulletins that no act permits, or whose sensors are unfit to report; those are counted."""
        leave, kept = self.authority.leave, []
        for bulletin in tick.bulletins:
            withheld = leave.withheld(bulletin)
            if withheld is not None:
                self.discards.add(withheld.why, now)
            elif unfit(self.enrolment.sensors[bulletin.sensor], self.statements.get(bulletin.sensor)) is not None:
                self.discards.add(Denial.SENSOR, now)
            else:
                kept.append(bulletin)
        return tick if len(kept) == len(tick.bulletins) else Tick(second=tick.second, bulletins=tuple(kept))

    def refused(self, refusal: Refusal) -> Refusal:
        """Count a refusal and log it (never the body; not all of a flood), and hand it back to be raised."""
        logged = self.refusals.add(refusal.code, self.clock())
        self.metrics.refusals.labels(refusal.code).inc()
        if logged:
            log.info("refused", code=refusal.code, what=refusal.what, index=refusal.index)
        return refusal

    def write(self, work: Callable[[Connection], Result], change: Change) -> Result:
        """Do ``work`` in the writer and wait for its commit; then tell open pages of ``change``."""
        result = self.store.submit(work).result()
        self.changes.publish(change)
        return result

    def flush_refusals(self) -> None:
        """Write counts of refusals and of discards that changed; kept in memory if the store cannot be written."""
        changed = self.refusals.take_changed()
        if changed:
            try:
                self.store.submit(lambda connection: _write_refusals(connection, changed)).result()
            except StoreUnavailable:
                self.refusals.give_back(changed)
                log.warning("refusal-counts-wait")
        discarded = self.discards.take()
        if discarded:
            try:
                self.store.submit(lambda connection: write_discards(connection, discarded)).result()
            except StoreUnavailable:
                self.discards.give_back(discarded)
                log.warning("discard-counts-wait")

    def limits(self, asked: Limits) -> Limits:
        """How long things are kept now: the shorter of the settings and the act; a change is logged."""
        limits = shorter(asked, self.authority.standing, self.clock())
        if limits != self._limits:
            self._limits = limits
            if limits != asked:
                log.info("act-shortens-retention", **{name: getattr(limits, name) for name in limits.__slots__})
        return limits

    def erase(self, before: Due) -> Erased:
        """Erase some of what is due, and let the judges know what has been erased."""
        return self.store.submit(lambda connection: self._erase(connection, before)).result()

    def _erase(self, connection: Connection, before: Due) -> Erased:
        erased = erase(connection, before, self.ledger)
        if erased.total:
            self.ledger.record(connection, deletion(erased, "retention", self.clock()))
        if erased.records:
            self.records.load(connection)
        return erased

    def writable(self) -> bool:
        """Whether a transaction can be committed now."""
        try:
            self.store.submit(_touch).result(timeout=5)
        except (StoreUnavailable, TimeoutError):
            return False
        return True

    def end_streams(self) -> None:
        """End live streams and every reader of changes, before the connections are closed; in the event loop."""
        self.stopping.set()
        self.granted.end()
        self.changes.end()

    def close(self) -> None:
        """Write what waits and close the store."""
        self.granted.end()
        self.changes.end()
        self._examiners.shutdown(wait=True)
        if self.store.writer.alive:
            self.flush_refusals()
        self.store.close()


def _queue_full(limit: object) -> Refusal:
    return refuse(Code.QUEUE_FULL, "too many uploads wait", limit, "Try again in a second.")


def _stored_refusals(connection: Connection) -> list[RefusalCount]:
    table = schema.refusals.c
    rows = connection.execute(select(table.code, table.count.label("times"), table.last))
    return [RefusalCount(code=row.code, count=row.times, last=row.last) for row in rows]


def _write_refusals(connection: Connection, counts: tuple[RefusalCount, ...]) -> None:
    statement = upsert(schema.refusals)
    statement = statement.on_conflict_do_update(
        index_elements=[schema.refusals.c.code],
        set_={name: statement.excluded[name] for name in ("count", "last")},
    )
    connection.execute(statement, [{"code": c.code, "count": c.count, "last": c.last} for c in counts])


def note_settings(connection: Connection, digest: str, ledger: LedgerWriter, now: float) -> None:
    """An entry when the hub's settings are not those that it had before."""
    table = schema.meta
    before = connection.execute(select(table.c.value).where(table.c.name == "settings")).scalar_one_or_none()
    if before != digest:
        detail = {"digest": digest, "before": before or ""}
        ledger.record(connection, Entry(kind=EntryKind.SETTING, at=now, about="settings", detail=detail))
        statement = upsert(table).values(name="settings", value=digest)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": digest}))


def _touch(connection: Connection) -> None:
    statement = upsert(schema.meta).values(name="touched", value="")
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": ""}))
