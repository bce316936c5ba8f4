"""Fixes in the store: one row an incident that was tried to be located, written anew whenever its bangs change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.fix import Fix, FixArrival, Unlocated
from clairvoie.boundary.sensor import Place
from clairvoie.hub import schema

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[tuple[FixArrival, ...]] = msgspec.json.Decoder(tuple[FixArrival, ...])
Outcome = Fix | Unlocated


def write_fix(connection: Connection, incident: int, told: Outcome) -> None:
    """Keep what was found for ``incident``, in place of what was kept before."""
    values: dict[str, Any] = dict.fromkeys(c.name for c in schema.fixes.c) | {"incident": incident}
    if isinstance(told, Fix):
        values |= {
            "latitude": told.place.latitude,
            "longitude": told.place.longitude,
            "height": told.place.height,
            "words": told.place.words,
            "emitted": told.emitted,
            "emitted_sigma": told.emitted_sigma,
            "major": told.major,
            "minor": told.minor,
            "direction": told.direction,
            "peak": told.peak,
            "arrivals": _encoder.encode(told.arrivals),
        }
    else:
        values["reason"] = told.value
    statement = upsert(schema.fixes).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["incident"], set_=values))


def forget_fixes(connection: Connection, incidents: Iterable[int]) -> None:
    """Erase what was found for these incidents."""
    connection.execute(delete(schema.fixes).where(schema.fixes.c.incident.in_(list(incidents))))


def read_fixes(connection: Connection, incidents: Iterable[int]) -> Mapping[int, Outcome]:
    """What was found for these incidents, as far as they were tried."""
    table = schema.fixes
    rows = connection.execute(select(table).where(table.c.incident.in_(list(incidents))))
    return {row.incident: _outcome(row) for row in rows}


def _outcome(row: Row[Any]) -> Outcome:
    if row.reason is not None:
        return Unlocated(row.reason)
    return Fix(
        place=Place(latitude=row.latitude, longitude=row.longitude, height=row.height, words=row.words),
        emitted=row.emitted,
        emitted_sigma=row.emitted_sigma,
        major=row.major,
        minor=row.minor,
        direction=row.direction,
        peak=row.peak,
        arrivals=_decoder.decode(row.arrivals),
    )
