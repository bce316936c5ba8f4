"""Small running figures that every page asks for, kept in memory and read from the store at the start."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.sensor import Sensor
from clairvoie.hub import schema

DUE_SECONDS = 150.0
"""A minute's record is due this long after the minute began: sixty seconds, the gate's phases, and the line."""


class Tallies:
    """Records stored by sensor, newest minutes, and which kinds each sensor has reported. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[str, int] = {}
        self._newest: dict[str, int] = {}
        self._kinds: dict[str, set[tuple[HazardKind, Mode]]] = {}
        self._last_record: float | None = None

    @classmethod
    def read(cls, connection: Connection, sensors: Mapping[str, Sensor]) -> Tallies:
        """The tallies of what is stored."""
        tallies = cls()
        for row in connection.execute(select(schema.sensors)):
            if row.name in sensors:
                tallies._stored[row.name] = row.stored
                if row.last_minute:
                    tallies._newest[row.name] = row.last_minute
                if row.last_received is not None:
                    tallies._last_record = max(tallies._last_record or 0.0, row.last_received)
        table = schema.detections.c
        seen = select(schema.sensors.c.name, table.kind, table.mode).select_from(schema.detections.join(schema.sensors))
        for row in connection.execute(seen.distinct()):
            tallies._kinds.setdefault(row.name, set()).add((HazardKind(row.kind), Mode(row.mode)))
        return tallies

    def add(
        self,
        sensors: Iterable[tuple[str, int, int | None]],
        begins: Iterable[tuple[str, HazardKind, Mode]],
        now: float,
    ) -> None:
        """Count what one upload stored."""
        with self._lock:
            for sensor, count, newest in sensors:
                self._stored[sensor] = self._stored.get(sensor, 0) + count
                if newest is not None:
                    self._newest[sensor] = max(self._newest.get(sensor, 0), newest)
            for sensor, kind, mode in begins:
                self._kinds.setdefault(sensor, set()).add((kind, mode))
            self._last_record = now

    @property
    def last_record(self) -> float | None:
        """When a record was stored last."""
        return self._last_record

    def stored(self, sensor: str) -> int:
        """Records ever stored of this sensor."""
        return self._stored.get(sensor, 0)

    def kinds(self, sensor: str) -> tuple[tuple[HazardKind, Mode], ...]:
        """The kinds that this sensor has reported, each with its modes."""
        with self._lock:
            return tuple(sorted(self._kinds.get(sensor, ())))

    def oldest_missing_minute(self, now: float) -> int | None:
        """The first minute that is due and of which some sensor, heard before, has not delivered its record.

        Records of a sensor come in order and without gaps, so it is the minute after the newest of the sensor that is
        furthest behind.
        """
        with self._lock:
            due = [newest + 60 for newest in self._newest.values() if newest + 60 + DUE_SECONDS < now]
        return min(due, default=None)
