"""What nodes say of their sensors' processes: the last statement of each, and whether a sensor may report behind it.

A statement is always kept: it is evidence. What follows it is not taken from a sensor that is enrolled as simulated and
says that it is not, or the other way round, nor from a live one that lacks a lock without which no microphone may be
opened. All of this is the node's own word.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.confinement import REQUIRED, Confinement, Lock
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.sensor import Sensor
from clairvoie.boundary.wire import SensorStatement
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.refusals import Code, refuse


class Stated(Struct, frozen=True, kw_only=True):
    """The last statement of a sensor, with the key epoch and the sequence of the record that brought it."""

    epoch: int
    sequence: int
    statement: SensorStatement


def names_of(locks: Lock) -> str:
    """The locks in ``locks`` as words.

    >>> names_of(Lock.SECCOMP | Lock.NO_CORE)
    'seccomp, no-core'
    """
    return ", ".join(str(lock.name).lower().replace("_", "-") for lock in Lock if lock in locks)


def unfit(sensor: Sensor, statement: SensorStatement | None) -> Refusal | None:
    """Why nothing is taken from ``sensor`` after this ``statement``; ``None`` when it may report. Pure."""
    if statement is None:
        if sensor.simulated:
            return None
        return _unfit(sensor, "its node has not said how its process is confined", "Update the node.")
    if statement.simulated != sensor.simulated:
        enrolled, is_so = ("simulated", "live") if sensor.simulated else ("live", "simulated")
        return _unfit(sensor, f"it is enrolled as {enrolled} and its source is {is_so}", "Enrol it as what it is.")
    locks = Confinement.of(statement.confinement).locks
    if statement.simulated or REQUIRED in locks:
        return None
    return _unfit(sensor, f"its process lacks {names_of(REQUIRED & ~locks)}", "Run it where every lock holds.")


def _unfit(sensor: Sensor, why: str, remedy: str) -> Refusal:
    return refuse(Code.NOT_AUTHORISED, f"{sensor.id} may not report: {why}", None, remedy)


def read_statements(connection: Connection, sensors: Collection[int] | None = None) -> dict[str, Stated]:
    """The last statements, by sensor: of all, or of those with these numbers."""
    query = select(schema.statements, schema.sensors.c.name).select_from(schema.statements.join(schema.sensors))
    if sensors is not None:
        query = query.where(schema.statements.c.sensor.in_(sensors))
    return {row.name: _stated(row) for row in connection.execute(query)}


def _stated(row: Row[tuple[object, ...]]) -> Stated:
    statement = SensorStatement(
        sensor=row.name,
        second=row.second,
        confinement=row.confinement,
        simulated=bool(row.simulated),
        model=row.model,
        software=row.software,
        authorisation=row.authorisation,
    )
    return Stated(epoch=row.epoch, sequence=row.sequence, statement=statement)


def keep_statement(connection: Connection, sensor: int, stated: Stated) -> None:
    """Let this be the sensor's last statement."""
    statement = stated.statement
    values = {
        "sensor": sensor,
        "epoch": stated.epoch,
        "sequence": stated.sequence,
        "second": statement.second,
        "confinement": statement.confinement,
        "simulated": int(statement.simulated),
        "model": statement.model,
        "software": statement.software,
        "authorisation": statement.authorisation,
    }
    added = upsert(schema.statements).values(values)
    changed = {name: added.excluded[name] for name in values if name != "sensor"}
    connection.execute(added.on_conflict_do_update(index_elements=["sensor"], set_=changed))


def entries_of(before: SensorStatement | None, after: SensorStatement, node: str, now: float) -> tuple[Entry, ...]:
    """What the ledger keeps when a sensor's locks, software or model are no longer what they were. Pure."""
    entries = []
    if before is None or _process(before) != _process(after):
        confinement = Confinement.of(after.confinement)
        detail = {
            "missing": names_of(confinement.missing),
            "simulated": "yes" if after.simulated else "no",
            "software": after.software.hex(),
        }
        entries.append(Entry(kind=EntryKind.SANDBOX, at=now, who=node, about=after.sensor, detail=detail))
    if before is None or before.model != after.model:
        detail = {"model": after.model.hex()}
        entries.append(Entry(kind=EntryKind.MODEL, at=now, who=node, about=after.sensor, detail=detail))
    return tuple(entries)


def _process(statement: SensorStatement) -> tuple[int, bool, bytes]:
    return statement.confinement, statement.simulated, statement.software
