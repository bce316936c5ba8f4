"""Trials in the store: the rule of :mod:`clairvoie.hub.trial` applied to what an upload brings, in its transaction.

One row a trial, and of the trials of a kind at a sensor one that counts. The seconds watched are kept in that row and
nowhere else: no request reads minutes for them, and retention erases minutes without touching them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from clairvoie.boundary.bulletin import Bulletin, MinuteState
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Outcome
from clairvoie.boundary.trial import Because, Figures, Signature, can_tell
from clairvoie.boundary.wire import MinuteParts, SensorStatement
from clairvoie.hub import minutes, schema
from clairvoie.hub.enrolment import Active, Enrolment
from clairvoie.hub.ingest import Accept
from clairvoie.hub.leave import Leave
from clairvoie.hub.statements import Stated
from clairvoie.hub.trial import COUNTED, Conditions, Trial, heard, heard_seconds, mode_of, under, watch, words_of

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


class Hangs(NamedTuple):
    """A sensor in a stretch of its life, under one recogniser: all but the permission of its kinds."""

    model: str
    active: Active
    place: str

    def conditions(self, permitted: float) -> Conditions:
        """With since when a kind is permitted."""
        installed = self.active.installed
        return Conditions(model=self.model, place=self.place, installed=installed, permitted=permitted)


def conditions_of(enrolment: Enrolment, leave: Leave, key: Key, model: str | None, second: float) -> Conditions | None:
    """Under what ``key`` is told in ``second``; ``None`` if it is not permitted, not active, or its model not known."""
    sensor, kind = key
    permitted = None if model is None else leave.since(sensor, kind, second)
    hangs = enrolment.hangs(sensor, second)
    if model is None or permitted is None or hangs is None:
        return None
    return Hangs(model, hangs, words_of(hangs.sensor.place)).conditions(permitted)


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
        self._hung: dict[str, Hangs] = {}

    def watch(self, record: MinuteParts, model: str | None) -> None:
        """Count the minutes whose state this record tells, for each kind that was permitted from end to end.

        A simulated sensor plays a recording, however often: that is no exposure, and it never leaves its trial.
        """
        sensor = record.sensor
        if self._enrolment.sensors[sensor].simulated:
            return
        kind_of_sensor = self._enrolment.sensors[sensor].kind
        for minute, seconds in _heard(record):
            hangs = None if model is None else self._hangs(sensor, model, minute)
            if hangs is None:
                continue
            for kind, permitted in self._leave.throughout(sensor, minute):
                key = sensor, kind
                if can_tell(kind_of_sensor, kind) and (held := self._under(key, hangs.conditions(permitted), minute)):
                    self._keep(key, held, watch(held.trial, minute, seconds))

    def mode(self, key: Key, said: Mode, model: str | None, second: float) -> tuple[Mode, int | None]:
        """How far a detection of ``second`` is trusted, and the number of the trial that is to count it, if any."""
        if said is Mode.EXERCISE:
            return said, None
        conditions = conditions_of(self._enrolment, self._leave, key, model, second)
        held = None if conditions is None else self._under(key, conditions, second)
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

    def _hangs(self, sensor: str, model: str, second: float) -> Hangs | None:
        """How a sensor hung then, asked once as long as it hangs so."""
        known = self._hung.get(sensor)
        if known is not None and known.model == model and known.active.since <= second < known.active.until:
            return known
        active = self._enrolment.hangs(sensor, second)
        if active is None:
            return None
        self._hung[sensor] = Hangs(model, active, words_of(active.sensor.place))
        return self._hung[sensor]

    def _under(self, key: Key, conditions: Conditions, second: float) -> Held | None:
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


def _heard(record: MinuteParts) -> Iterator[tuple[int, int]]:
    """The minutes whose state a record tells, each with the seconds in which the sensor heard, if it did."""
    for bulletin in record.bulletins:
        for part in bulletin.scheduled:
            if isinstance(part, MinuteState) and (seconds := heard_seconds(part)):
                told = Bulletin(sensor=record.sensor, second=bulletin.second, scheduled=(part,))
                yield minutes.placed(told)[0].minute, seconds


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


def uncount(connection: Connection, detections: Sequence[int]) -> None:
    """Let the trials of these detections forget them: they are erased as if they had never been."""
    table, counted = schema.detections.c, schema.trials.c
    rows = connection.execute(
        select(table.trial, table.outcome).where(table.id.in_(detections), table.trial.is_not(None))
    )
    for row in rows.all():
        less = {counted.detections: counted.detections - 1}
        if row.outcome is not None:
            judged = counted[COUNTED[Outcome(row.outcome)]]
            less[judged] = judged - 1
        connection.execute(update(schema.trials).where(counted.id == row.trial).values(less))


def waits(connection: Connection, number: int) -> bool:
    """Whether the trial of this number still counts and is not in the queue."""
    table = schema.trials.c
    query = select(table.id).where(table.id == number, table.ended.is_(None), table.live_since.is_(None))
    return connection.execute(query).first() is not None


def sign_stored(connection: Connection, number: int, signature: Signature) -> None:
    """Let the kind of this trial into the queue."""
    table = schema.trials
    values = {"live_since": signature.at, "signed": msgspec.json.encode(signature).decode()}
    connection.execute(update(table).where(table.c.id == number).values(values))


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
