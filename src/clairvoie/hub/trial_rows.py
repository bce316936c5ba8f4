"""Trials in the store: the rule of :mod:`clairvoie.hub.trial` applied to what an upload brings, in its transaction.

One row a trial, and of the trials of a kind at a sensor one that counts. The seconds watched are kept in that row and
nowhere else: no request reads minutes for them, and retention erases minutes without touching them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from clairvoie.boundary.authorisation import Reporting
from clairvoie.boundary.bulletin import MinuteState
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.trial import Because, Figures, Signature, can_tell
from clairvoie.boundary.wire import MinuteParts, SensorStatement
from clairvoie.hub import minutes, schema
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.ingest import Accept
from clairvoie.hub.leave import Leave
from clairvoie.hub.statements import Stated
from clairvoie.hub.trial import Conditions, Trial, heard, heard_seconds, mode_of, under, watch, words_of

Key = tuple[str, HazardKind]
"""A sensor's name and a kind of hazard."""


@dataclass(frozen=True, slots=True)
class Held:
    """A stored trial with its number, who signed it, and whose withdrawal it began with."""

    number: int
    trial: Trial
    signed: Signature | None = None
    withdrawn_by: str = ""


def models_of(fresh: Sequence[Accept], stated: Mapping[str, Stated]) -> list[str | None]:
    """Under which recogniser each of these records was made: that of its sensor's last statement before it.

    Empty where the node never said; ``None`` for a record that comes after a later statement, so that nobody knows.
    """
    last = {name: (one.epoch, one.sequence, one.statement.model.hex()) for name, one in stated.items()}
    models: list[str | None] = []
    for record in fresh:
        epoch, sequence, model = last.get(record.sensor, (-1, -1, ""))
        late = record.identity[1:] < (epoch, sequence)
        content = record.record.content
        if isinstance(content, SensorStatement) and not late:
            last[record.sensor] = (record.epoch, record.sequence, content.model.hex())
            model = content.model.hex()
        models.append(None if late else model)
    return models


def conditions_of(enrolment: Enrolment, leave: Leave, key: Key, model: str | None, second: float) -> Conditions | None:
    """Under what ``key`` is told in ``second``; ``None`` if it is not permitted, not active, or its model not known."""
    sensor, kind = key
    permitted = None if model is None else leave.since(sensor, kind, second)
    hangs = enrolment.hangs(sensor, second)
    if model is None or permitted is None or hangs is None:
        return None
    return Conditions(model=model, place=words_of(hangs.sensor.place), installed=hangs.installed, permitted=permitted)


class Trials:
    """The trials of some sensors, within one transaction. :meth:`write` at its end, or what was watched is lost."""

    def __init__(
        self, connection: Connection, enrolment: Enrolment, leave: Leave, numbers: Mapping[str, int],
        sensors: Iterable[str],
    ) -> None:  # fmt: skip
        self._connection = connection
        self._enrolment = enrolment
        self._leave = leave
        self._numbers = numbers
        self._held = current(connection, {numbers[name] for name in sensors})
        self._changed: set[Key] = set()

    def watch(self, record: MinuteParts, model: str | None) -> None:
        """Count the minutes whose state this record tells, for each kind that was permitted from end to end."""
        for bulletin in record.bulletins:
            for spot in minutes.placed(bulletin):
                if isinstance(spot.part, MinuteState) and (seconds := heard_seconds(spot.part)):
                    for kind in self._permitted(record.sensor, spot.minute):
                        held = self._under((record.sensor, kind), model, spot.minute)
                        if held is not None:
                            self._keep((record.sensor, kind), held, watch(held.trial, spot.minute, seconds))

    def mode(self, key: Key, said: Mode, model: str | None, second: float) -> tuple[Mode, int | None]:
        """How far a detection of ``second`` is trusted, and the number of the trial that is to count it, if any."""
        if said is Mode.EXERCISE:
            return said, None
        held = self._under(key, model, second)
        mode = mode_of(said, None if held is None else held.trial, second)
        return mode, None if held is None or mode is Mode.LIVE else held.number

    def count(self, key: Key) -> None:
        """One more detection of the trial that :meth:`mode` named."""
        held = self._held[key]
        self._keep(key, held, heard(held.trial))

    def write(self) -> None:
        """Write what was counted."""
        rows = [{"number": self._held[key].number, **_counts(self._held[key].trial)} for key in self._changed]
        if rows:
            self._connection.execute(_UPDATE_TRIAL, rows)
        self._changed = set()

    def _permitted(self, sensor: str, minute: int) -> Iterator[HazardKind]:
        act = self._leave.standing.in_force(minute)
        if act is None or act.authorisation.exercise:
            return
        kind_of_sensor = self._enrolment.sensors[sensor].kind
        for kind in act.authorisation.hazards:
            thing = Reporting(sensor, kind, Mode.LIVE)
            if can_tell(kind_of_sensor, kind) and not any(self._leave.denial(thing, minute + s) for s in (0, 59)):
                yield kind

    def _under(self, key: Key, model: str | None, second: float) -> Held | None:
        conditions = conditions_of(self._enrolment, self._leave, key, model, second)
        if conditions is None:
            return None
        held = self._held.get(key)
        trial = under(None if held is None else held.trial, conditions, second)
        if trial is None or (held is not None and trial is held.trial):
            return None if trial is None else held
        self.write()
        self._held[key] = begin_stored(self._connection, self._numbers[key[0]], key[1], trial)
        return self._held[key]

    def _keep(self, key: Key, held: Held, trial: Trial) -> None:
        if trial is not held.trial:
            self._held[key] = Held(held.number, trial, held.signed, held.withdrawn_by)
            self._changed.add(key)


def begin_stored(
    connection: Connection, sensor: int, kind: HazardKind, trial: Trial, *, withdrawn_by: str = ""
) -> Held:
    """Let ``trial`` be the one that counts for a kind at a sensor; the one before it, if any, has ended."""
    table = schema.trials.c
    before = update(schema.trials).where(table.sensor == sensor, table.kind == kind.value, table.ended.is_(None))
    connection.execute(before.values(ended=trial.begun))
    values = {
        "sensor": sensor,
        "kind": kind.value,
        **msgspec.structs.asdict(trial.conditions),
        "begun": trial.begun,
        "because": trial.because.value,
        **_counts(trial),
        "live_since": trial.live_since,
        "withdrawn_by": withdrawn_by,
    }
    number = connection.execute(insert(schema.trials).values(values).returning(table.id)).scalar_one()
    return Held(number, trial, withdrawn_by=withdrawn_by)


def current(connection: Connection, sensors: Collection[int] | None = None) -> dict[Key, Held]:
    """The trials that count: of all sensors, or of those with these numbers."""
    table = schema.trials.c
    query = select(schema.trials, schema.sensors.c.name).select_from(schema.trials.join(schema.sensors))
    query = query.where(table.ended.is_(None))
    if sensors is not None:
        query = query.where(table.sensor.in_(sensors))
    return {(row.name, HazardKind(row.kind)): held_of(row) for row in connection.execute(query)}


def held_of(row: Row[Any]) -> Held:
    """A row as a trial."""
    conditions = Conditions(model=row.model, place=row.place, installed=row.installed, permitted=row.permitted)
    figures = Figures(**{name: getattr(row, name) for name in Figures.__struct_fields__})
    trial = Trial(
        conditions=conditions,
        begun=row.begun,
        because=Because(row.because),
        until=row.until,
        figures=figures,
        live_since=row.live_since,
    )
    signed = msgspec.json.decode(row.signed, type=Signature) if row.signed else None
    return Held(row.id, trial, signed, row.withdrawn_by)


def _counts(trial: Trial) -> dict[str, int]:
    return {"until": trial.until, **msgspec.structs.asdict(trial.figures)}


_UPDATE_TRIAL = (
    update(schema.trials)
    .where(schema.trials.c.id == bindparam("number"))
    .values({name: bindparam(name) for name in ("until", *Figures.__struct_fields__)})
)
