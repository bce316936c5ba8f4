"""Tells open pages that something changed, so that they ask again. Thread-safe; no content, only which kind.

Each reader has at most one pending change of each kind: a slow reader loses repeats, never the last. The first of
a burst is delivered at once, its repeats together after :data:`QUIET_SECONDS`.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator, Callable

from clairvoie.boundary.reading import Change

QUIET_SECONDS: dict[Change, float] = {
    Change.TICK: 0.5,
    Change.LEVELS: 0.5,
    Change.INCIDENTS: 0.05,
    Change.NOTES: 0.05,
    Change.ACTS: 0.05,
}

Cause = tuple[float, float]
"""When the gate's second ended, and when what it released was stored."""
Delivered = Callable[[Change, tuple[Cause, ...]], None]


class Changes:
    """The broadcast. ``delivered`` is called with each change that a reader takes and its causes."""

    def __init__(self, delivered: Delivered | None = None) -> None:
        self._lock = threading.Lock()
        self._readers: weakref.WeakSet[Reader] = weakref.WeakSet()
        self._ended = False
        self.delivered = delivered

    def publish(self, change: Change, causes: tuple[Cause, ...] = ()) -> None:
        """Tell every reader, from any thread. ``causes``: what it goes back to, for the figures of latency."""
        with self._lock:
            readers = list(self._readers)
        for reader in readers:
            reader.tell(change, causes)

    def subscribe(self) -> Reader:
        """A reader of the changes from now on; to be called in a running event loop."""
        reader = Reader(asyncio.get_running_loop(), self.delivered)
        with self._lock:
            if self._ended:
                reader.end()
            self._readers.add(reader)
        return reader

    def end(self) -> None:
        """End every reader: the hub stops."""
        with self._lock:
            self._ended = True
            readers = list(self._readers)
        for reader in readers:
            reader.end()

    @property
    def readers(self) -> int:
        """How many readers there are."""
        return len(self._readers)


class Reader(AsyncIterator[Change]):
    """One reader's changes. It is forgotten when nobody holds it any longer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delivered: Delivered | None) -> None:
        self._loop = loop
        self._delivered = delivered
        self._lock = threading.Lock()
        self._pending: dict[Change, tuple[Cause, ...]] = {}
        self._last: dict[Change, float] = {}
        self._woken = asyncio.Event()
        self._ended = False

    def tell(self, change: Change, causes: tuple[Cause, ...]) -> None:
        """Remember that ``change`` happened."""
        with self._lock:
            waking = not self._pending
            self._pending[change] = (*self._pending.get(change, ()), *causes)[-64:]
        if waking or change in (Change.INCIDENTS, Change.NOTES):
            self._wake()

    def end(self) -> None:
        """No further change will come."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> Change:
        while True:
            self._woken.clear()
            if self._ended:
                raise StopAsyncIteration
            change, wait = self._next(self._loop.time())
            if change is not None and wait <= 0:
                return self._deliver(change)
            try:
                async with asyncio.timeout(wait if change is not None else None):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def _next(self, now: float) -> tuple[Change | None, float]:
        """The pending change that is due first, and how long until then."""
        with self._lock:
            due = {c: self._last.get(c, -1e9) + QUIET_SECONDS[c] - now for c in self._pending}
        if not due:
            return None, 0.0
        change = min(due, key=lambda c: due[c])
        return change, due[change]

    def _deliver(self, change: Change) -> Change:
        with self._lock:
            causes = self._pending.pop(change)
        self._last[change] = self._loop.time()
        if self._delivered is not None:
            self._delivered(change, causes)
        return change
