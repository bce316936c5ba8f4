"""One thread writes: jobs that wait are committed together, and each is answered only after that commit.

A job is a function of a connection. It runs inside a savepoint, so that one that raises an error of ours leaves nothing
behind and does not disturb its neighbours. If the commit itself fails (disk full, store locked) nobody is answered
with success: every job of that group gets :class:`~clairvoie.errors.StoreUnavailable`, and the next group tries again.
An error that is not ours is a defect: its group is rolled back and told, the traceback is printed, and writing goes on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from clairvoie.errors import ClairvoieError, StoreUnavailable

Result = TypeVar("Result")

LONGEST_QUEUE = 2000
"""Jobs that may wait; more are turned away at once, so that memory stays bounded."""
LARGEST_GROUP = 128
"""Jobs in one transaction."""

log = structlog.get_logger("clairvoie.hub.writer")


class QueueFull(StoreUnavailable):
    """More work waits than the writer will take on."""


class Job(NamedTuple):
    """Work for the writer, and where its result goes."""

    work: Callable[[Connection], Any]
    future: Future[Any]


class Writer:
    """The only thread that writes to the store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.Queue[Job | None] = queue.Queue(LONGEST_QUEUE)
        self._closed = threading.Event()
        self._thread = self._start()

    def submit(self, work: Callable[[Connection], Result]) -> Future[Result]:
        """Queue ``work``; the future is done after its commit. Raises :class:`QueueFull` when too much waits."""
        if self._closed.is_set():
            raise StoreUnavailable("the store is closing", None, "Try again in a moment.")
        future: Future[Result] = Future()
        try:
            self._jobs.put_nowait(Job(work, future))
        except queue.Full:
            raise QueueFull("too many uploads wait for the store", LONGEST_QUEUE, "Try again in a moment.") from None
        return future

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        """Whether the writer can still write."""
        return self._thread.is_alive() and not self._closed.is_set()

    def close(self) -> None:
        """Finish what waits, then stop."""
        if not self._closed.is_set():
            self._closed.set()
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        group: list[Job] = []
        try:
            while self._collect(group):
                self._commit(group)
                group.clear()
            self._commit(group)
        finally:
            self._abandon(group)

    def _collect(self, group: list[Job]) -> bool:
        """Wait for one job and take those behind it; ``False`` when the writer is to stop."""
        job = self._jobs.get()
        while job is not None:
            if job.future.set_running_or_notify_cancel():
                group.append(job)
            if len(group) >= LARGEST_GROUP:
                return True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return True
        return False

    def _commit(self, group: list[Job]) -> None:
        if not group:
            return
        try:
            with self._engine.begin() as connection:
                answers = [self._attempt(connection, job) for job in group]
        except SQLAlchemyError as error:
            log.error("store-unavailable", reason=str(getattr(error, "orig", error)), jobs=len(group))
            for job in group:
                job.future.set_exception(
                    StoreUnavailable(
                        "the store cannot be written", str(getattr(error, "orig", error)), "Free the disk."
                    )
                )
            return
        for job, (result, failure) in zip(group, answers, strict=True):
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failure)

    @staticmethod
    def _attempt(connection: Connection, job: Job) -> tuple[Any, ClairvoieError | None]:
        try:
            with connection.begin_nested():
                return job.work(connection), None
        except ClairvoieError as error:
            return None, error

    def _abandon(self, group: list[Job]) -> None:
        """Nobody waits for ever, whatever ended this thread. After a defect of ours another thread goes on."""
        left = [job for job in group if not job.future.done()]
        if not self._closed.is_set():
            self._thread = self._start()
        else:
            left += self._leftovers()
        for job in left:
            job.future.set_exception(StoreUnavailable("the store did not finish this", None, "Try again in a moment."))

    def _leftovers(self) -> list[Job]:
        left: list[Job] = []
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return left
            if job is not None and job.future.set_running_or_notify_cancel():
                left.append(job)

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="hub-writer", daemon=True)
        thread.start()
        return thread
