"""Sensor-minutes in the store: packed rows that scheduled parts and bits released are merged into."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.bulletin import EVENT_ABSENT_MILLIBITS, charge
from clairvoie.boundary.wire import RecordContent, bulletins_of
from clairvoie.hub import minutes, schema

SILENT_MINUTE_MILLIBITS = 60 * EVENT_ABSENT_MILLIBITS
"""What sixty seconds without any event are charged."""

Row = tuple[int, int]
"""A sensor's number and the first second of a minute."""


def rows_of(sensor: int, content: RecordContent) -> set[Row]:
    """The rows that a record of ``sensor`` is merged into."""
    bulletins = bulletins_of(content)
    described = {(sensor, spot.minute) for bulletin in bulletins for spot in minutes.placed(bulletin)}
    return described | {(sensor, bulletin.second // 60 * 60) for bulletin in bulletins}


def write_minutes(
    connection: Connection, fresh: Sequence[tuple[int, RecordContent]], *, only: Collection[Row] | None = None
) -> None:
    """Merge scheduled parts and bits released into the packed rows that they belong to, or into ``only`` these rows."""
    spots: dict[Row, list[minutes.Spot]] = {}
    said: dict[Row, int] = {}
    for sensor, content in fresh:
        for bulletin in bulletins_of(content):
            for spot in minutes.placed(bulletin):
                spots.setdefault((sensor, spot.minute), []).append(spot)
            own = (sensor, bulletin.second // 60 * 60)
            said[own] = said.get(own, 0) + charge(bulletin).total - EVENT_ABSENT_MILLIBITS
    touched = sorted(row for row in {*spots, *said} if only is None or row in only)
    found = connection.execute(_SELECT_MINUTES, {"touched": touched})
    before = {(row.sensor, row.minute): (row.said, row.codes) for row in found}
    rows = []
    for key in touched:
        old_said, codes = before.get(key, (None, minutes.EMPTY))
        for spot in spots.get(key, ()):
            codes = minutes.write(codes, spot)
        new_said = old_said
        if key in said:
            new_said = (SILENT_MINUTE_MILLIBITS if old_said is None else old_said) + said[key]
        tens = sum(level is not None for level in minutes.tens_of(codes))
        laeq = minutes.laeq_hundredths(codes)
        rows.append({"sensor": key[0], "minute": key[1], "laeq": laeq, "tens": tens, "said": new_said, "codes": codes})
    connection.execute(_UPSERT_MINUTE, rows)


_minutes = schema.minutes.c
_SELECT_MINUTES = select(_minutes.sensor, _minutes.minute, _minutes.said, _minutes.codes).where(
    tuple_(_minutes.sensor, _minutes.minute).in_(bindparam("touched", expanding=True))
)
_insert_minute = upsert(schema.minutes)
_UPSERT_MINUTE = _insert_minute.on_conflict_do_update(
    index_elements=[schema.minutes.c.sensor, schema.minutes.c.minute],
    set_={name: _insert_minute.excluded[name] for name in ("laeq", "tens", "said", "codes")},
)
