"""Why an upload is not taken: a closed list of codes, each with its HTTP status, and how often each was used.

A refusal is an :class:`~clairvoie.errors.Refusal` that a rule *returns* as a value; only the edge raises it. Counts
live in memory and are written to the store once a second, so that a flood of refused uploads costs one small write a
second; a crash loses the counts of that second and nothing else.

>>> refuse(Code.UNKNOWN_NODE, "no such node", "lamp-9").status
404
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from clairvoie.boundary.reading import RefusalCount
from clairvoie.errors import Refusal


class Code(StrEnum):
    """Every reason for which the hub does not take an upload or a live frame."""

    MALFORMED = "malformed"
    UNSUPPORTED_VERSION = "unsupported-version"
    BAD_SIGNATURE = "bad-signature"
    WRONG_EPOCH = "wrong-epoch"
    UNKNOWN_DEPLOYMENT = "unknown-deployment"
    UNKNOWN_NODE = "unknown-node"
    UNKNOWN_SENSOR = "unknown-sensor"
    TOO_SLOW = "too-slow"
    EQUIVOCATION = "equivocation"
    ALREADY_STORED = "already-stored"
    OVERSIZED = "oversized"
    WRONG_TYPE = "wrong-type"
    INVALID_CONTENT = "invalid-content"
    FROM_THE_FUTURE = "from-the-future"
    STALE = "stale"
    QUEUE_FULL = "queue-full"
    NOT_AUTHORISED = "not-authorised"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    NOT_ACTIVE = "not-active"
    WRONG_NODE = "wrong-node"


STATUS: dict[Code, int] = {
    Code.MALFORMED: 400,
    Code.UNSUPPORTED_VERSION: 400,
    Code.BAD_SIGNATURE: 403,
    Code.WRONG_EPOCH: 403,
    Code.UNKNOWN_DEPLOYMENT: 404,
    Code.UNKNOWN_NODE: 404,
    Code.UNKNOWN_SENSOR: 404,
    Code.TOO_SLOW: 408,
    Code.EQUIVOCATION: 409,
    Code.ALREADY_STORED: 409,
    Code.OVERSIZED: 413,
    Code.WRONG_TYPE: 415,
    Code.INVALID_CONTENT: 422,
    Code.FROM_THE_FUTURE: 422,
    Code.STALE: 422,
    Code.QUEUE_FULL: 429,
    Code.NOT_AUTHORISED: 403,
    Code.SUSPENDED: 403,
    Code.REVOKED: 403,
    Code.NOT_ACTIVE: 403,
    Code.WRONG_NODE: 403,
}


def refuse(code: Code, what: str, value: object = None, remedy: str = "") -> Refusal:
    """The refusal for ``code``, as a value."""
    return Refusal(STATUS[code], code.value, what, value, remedy)


MINUTES_REMEMBERED = 60
LINES_A_MINUTE = 100


class RefusalCounts:
    """How often each code was used and when last. Thread-safe; memory is bounded by the closed list and one hour."""

    def __init__(self, stored: Iterable[RefusalCount] = ()) -> None:
        self._lock = threading.Lock()
        self._counts = {count.code: count for count in stored}
        self._minutes: deque[tuple[int, int]] = deque(maxlen=MINUTES_REMEMBERED + 1)
        self._changed: set[str] = set()

    def add(self, code: str, at: float) -> bool:
        """Count one refusal with ``code`` at the POSIX second ``at``; whether it is also worth a line in the log.

        At most :data:`LINES_A_MINUTE` refusals in one minute are, so that nobody fills the disk by being refused.
        """
        with self._lock:
            before = self._counts.get(code)
            count = 1 if before is None else before.count + 1
            self._counts[code] = RefusalCount(code=code, count=count, last=at)
            self._changed.add(code)
            minute = int(at // 60)
            if self._minutes and self._minutes[-1][0] == minute:
                self._minutes[-1] = (minute, self._minutes[-1][1] + 1)
            else:
                self._minutes.append((minute, 1))
            return self._minutes[-1][1] <= LINES_A_MINUTE

    def all(self) -> tuple[RefusalCount, ...]:
        """Every code used so far, in alphabetical order."""
        with self._lock:
            return tuple(self._counts[code] for code in sorted(self._counts))

    def last_hour(self, now: float) -> int:
        """How many refusals in the hour before ``now``, to the minute, since this process began."""
        with self._lock:
            return sum(count for minute, count in self._minutes if minute > now // 60 - MINUTES_REMEMBERED)

    def take_changed(self) -> tuple[RefusalCount, ...]:
        """The counts that changed since the last call, for the store."""
        with self._lock:
            changed = tuple(self._counts[code] for code in sorted(self._changed))
            self._changed.clear()
            return changed

    def give_back(self, counts: Iterable[RefusalCount]) -> None:
        """Mark counts as still to be written, after a write that failed."""
        with self._lock:
            self._changed.update(count.code for count in counts)
