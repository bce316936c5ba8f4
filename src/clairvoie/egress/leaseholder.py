"""The gate's side of leases at the edge: asks for them in time, hears what is granted, and remembers what it concluded.

All judgement is in :mod:`clairvoie.egress.trusted`. A gate without a charter, or without a pipe from the uplink, asks
nobody and never has leave.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clairvoie.boundary.charter import Charter, decode_charter
from clairvoie.boundary.document import MAXIMUM_DOCUMENT_BYTES, decode_document
from clairvoie.boundary.lease import NONCE_BYTES, LeaseRequest, encode_request
from clairvoie.boundary.standing import Standing
from clairvoie.egress import trusted
from clairvoie.egress.pipe import MessageReader
from clairvoie.egress.trusted import Outcome, Silence, Time, Trust
from clairvoie.errors import BoundaryError, EgressError

RENEW_AFTER = 1 / 3
"""Of a lease, before the next is asked for; a fifth of that is left to chance, so that nodes do not ask all at once."""
SPREAD = 0.2
RETRY_SECONDS = 3.0
SHORTEST_PAUSE = 0.5
"""Between two requests, however short leases are."""
UNAUTHORISED_PAUSE = 15.0
"""Between two requests while no act is in force; a document that is new brings the next one forward."""
DOES_NOT_COUNT = frozenset({Outcome.NOT_SIGNED, Outcome.MALFORMED, Outcome.FOREIGN, Outcome.SLOW})
REMEDIES = {
    Silence.NO_CHARTER: "Name the charter's file in the node's settings.",
    Silence.NO_LEASE: "The hub has not answered yet: check its address and that it knows this node.",
    Silence.LAPSED: "The hub has not renewed the lease: check the connection.",
    Silence.BACKWARDS: "The hub's clock was set back: check it. Nothing leaves until time has passed that of before.",
    Silence.CLOCK: "This machine's clock and the hub's disagree: set the one that is wrong (NTP).",
    Silence.NO_AUTHORISATION: "No signed act is in force: see `clairvoie authorise show` at the hub.",
}


def charter_in(path: Path) -> Charter:
    """The charter in the file ``path``. Raises :class:`EgressError` when it cannot be read."""
    try:
        return decode_charter(path.read_bytes())
    except (OSError, BoundaryError) as error:
        raise EgressError(f"the charter cannot be read ({error})", str(path), "Give the node its file.") from error


class Leaseholder:
    """What one gate knows of time and authority. Moments are seconds of CLOCK_BOOTTIME, ``boot`` names this boot.

    ``send`` takes the body of a request, signs it and hands it to the uplink; false when that was not possible now.
    """

    def __init__(
        self,
        node: str,
        charter: Charter | None,
        grants: int,
        send: Callable[[bytes], bool],
        log: Any,
        *,
        stored: Mapping[str, bytes],
        boot: str,
        moment: float,
    ) -> None:
        self._node = node
        self._charter = charter
        self._reader = MessageReader(grants, most=2 * MAXIMUM_DOCUMENT_BYTES) if grants >= 0 else None
        self._send = send
        self._log = log
        self._boot = boot
        self._trust = Trust(broken=moment) if charter is None else trusted.restored(charter, stored, boot, moment)
        self._due = moment
        self._last_asked = float("-inf")
        self._told: Silence | None = None
        self.erasing = False
        """Whether a suspension was heard of whose records may still be in the outbox."""

    @property
    def standing(self) -> Standing:
        """The acts."""
        return self._trust.standing

    @property
    def broken(self) -> float:
        """The last moment without leave."""
        return self._trust.broken

    @property
    def stored(self) -> dict[str, bytes]:
        """What must be on disk before anything is released."""
        return {} if self._charter is None else trusted.stored(self._trust, self._boot)

    def hear(self, moment: float) -> None:
        """Take in what the uplink has handed over."""
        for message in self._reader.messages() if self._reader is not None else ():
            self._take(message, moment)

    def ask(self, moment: float) -> None:
        """Ask for a lease if it is time to."""
        if self._charter is None or self._reader is None or moment < self._due:
            return
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._trust = trusted.ask(self._trust, nonce, moment)
        self._last_asked = moment
        sent = self._send(encode_request(LeaseRequest(nonce=nonce)))
        if not sent:
            self._log.warning("no lease can be asked for: the uplink takes nothing")
        self._due = moment + max(SHORTEST_PAUSE, _spread(self._pause()))

    def wait(self, moment: float) -> float:
        """Seconds until the next request is due."""
        return max(0.0, self._due - moment) if self._reader is not None and self._charter is not None else float("inf")

    def leave(self, moment: float, wall: float) -> Time | Silence:
        """Trusted time if there is leave now; else why there is none, which is also said in the log, once."""
        found = Silence.NO_CHARTER if self._charter is None else trusted.leave_at(self._trust, moment, wall)
        if isinstance(found, Silence):
            self._trust = trusted.silent(self._trust, moment)
            if found is not self._told:
                self._log.warning("no leave: nothing is released", why=found.value, remedy=REMEDIES[found])
            self._told = found
        elif self._told is not None:
            self._log.info("leave again", until=round(found.latest))
            self._told = None
        return found

    def passed(self, time: Time) -> None:
        """Something is about to be released at ``time``."""
        self._trust = trusted.passed(self._trust, time)

    def _take(self, message: bytes, moment: float) -> None:
        if self._charter is None:
            return  # nothing to judge by
        before = self._trust
        try:
            document = decode_document(message)
        except BoundaryError as error:
            self._log.warning("the uplink handed over something else than a lease", what=str(error)[:200])
            return
        self._trust, outcome = trusted.admit(self._charter, self._node, before, document, moment)
        if outcome in DOES_NOT_COUNT:
            self._log.warning("a lease does not count", why=outcome.value)
        if outcome is Outcome.LEAVE:
            third = min(trusted.duration(self._trust) * RENEW_AFTER, self._longest_pause(moment))
            self._due = max(moment, self._last_asked + SHORTEST_PAUSE, self._last_asked + _spread(third))
        if outcome is Outcome.NEWS:
            self._due = min(self._due, max(moment, self._last_asked + SHORTEST_PAUSE))
        if trusted.suspended_since(before.standing, self._trust.standing) is not None:
            self.erasing = True
            self._log.warning("suspended: what was captured since is erased")

    def _longest_pause(self, moment: float) -> float:
        """No longer than this while there is no act in force, since one may have been made."""
        time = trusted.time_at(self._trust, moment)
        unauthorised = time is None or self._trust.standing.in_force(time.latest) is None
        return UNAUTHORISED_PAUSE if unauthorised else float("inf")

    def _pause(self) -> float:
        """Until a request that has no answer is tried again."""
        third = trusted.duration(self._trust) * RENEW_AFTER
        return min(RETRY_SECONDS, max(SHORTEST_PAUSE, third)) if third else RETRY_SECONDS


def _spread(seconds: float) -> float:
    return seconds * random.uniform(1 - SPREAD, 1)  # spread, no secret
