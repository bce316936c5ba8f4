"""What the gate alone remembers, in a file that no process with a network can reach.

Budgets, sequences, the mark of time, the lease and the suspensions that it has heard of: whoever could write these
could refill a bucket, forget a suspension or lengthen a lease, and would be believed when the gate is started again. So
they do not lie in the outbox, which the uplink writes too.

The file has the form of an outbox. States and signed records of a tick are committed here in one transaction, then
handed over to the outbox, and only then forgotten here. A crash in between hands them over twice; the hub knows a
record that it has.
"""

from __future__ import annotations

from pathlib import Path

from clairvoie.boundary.signed import decode_envelope
from clairvoie.egress.outbox import Outbox, Outgoing

MEMORY_NAME = "memory.sqlite"
ADOPTED = 1
"""``user_version`` of a file that has taken over what an older node kept in its outbox, or has found nothing there."""


def memory_path(state: Path) -> Path:
    """Where the gate's memory lies: beside the folder ``state``, which the uplink reads and writes.

    >>> memory_path(Path("/var/lib/clairvoie/node-1")).as_posix()
    '/var/lib/clairvoie/node-1-gate/memory.sqlite'
    """
    return state.with_name(f"{state.name}-gate") / MEMORY_NAME


class Memory(Outbox):
    """The gate's memory in the file ``path``."""

    def adopt(self, outbox: Outbox) -> None:
        """Take over, once in the life of this file, the states and the trust that a node of before kept in its outbox.

        What stands in an outbox later is never read.
        """
        if self._database.execute("PRAGMA user_version").fetchone()[0] == ADOPTED:
            return
        self.commit(outbox.states().items(), (), outbox.trust())
        self._database.execute(f"PRAGMA user_version = {ADOPTED}")
        outbox.forget_states()

    def hand_over(self, outbox: Outbox) -> int:
        """Put the records that wait here into ``outbox``; how many old ones had to go there.

        Raises :class:`~clairvoie.egress.outbox.OutboxUnavailable` when that cannot be done; then they go on waiting.
        """
        with self._transaction("DEFERRED"):
            rows = self._database.execute("SELECT id, form, envelope FROM records ORDER BY id").fetchall()
        if not rows:
            return 0
        gone = outbox.commit((), [Outgoing(form=form, envelope=decode_envelope(data)) for _, form, data in rows])
        self.delete(identifier for identifier, _, _ in rows)
        return gone
