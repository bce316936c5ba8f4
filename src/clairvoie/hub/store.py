"""The hub's store: one SQLite file in WAL mode with ``synchronous=FULL``; one writer, many readers.

What :meth:`Store.submit` has answered is on disk and survives ``kill -9`` and a power cut (as far as the disk keeps its
own promises). A store remembers which deployment it belongs to and which schema wrote it, and refuses to open under
another; it is checked for damage when it opens. Deleted rows are overwritten (``secure_delete``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from clairvoie.errors import StoreError
from clairvoie.hub import schema
from clairvoie.hub.migration import migrate, number_records
from clairvoie.hub.writer import Writer

Result = TypeVar("Result")

BUSY_MILLISECONDS = 2000


class Store:
    """An open store. :meth:`close` finishes what waits to be written."""

    def __init__(self, path: Path, *, deployment: str, sensors: Iterable[str]) -> None:
        self.path = path
        self._engine = _engine(str(path), "BEGIN IMMEDIATE", {}, pool_size=1)
        try:
            self.sensor_ids = _prepare(self._engine, path, deployment, tuple(sensors))
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise StoreError(f"the store cannot be opened ({getattr(error, 'orig', error)})", str(path)) from error
        except StoreError:
            self._engine.dispose()
            raise
        self.sensor_names = {number: name for name, number in self.sensor_ids.items()}
        self._readers = _engine(f"file:{quote(str(path))}", "BEGIN", {"mode": "ro", "uri": "true"}, pool_size=8)
        self.writer = Writer(self._engine)

    def admit(self, sensors: Iterable[str]) -> None:
        """Give rows to sensors that have none yet, and wait for the commit."""
        fresh = sorted(set(sensors) - self.sensor_ids.keys())
        if not fresh:
            return

        def insert_rows(connection: Connection) -> dict[str, int]:
            connection.execute(upsert(schema.sensors).on_conflict_do_nothing(), [{"name": name} for name in fresh])
            return _sensor_ids(connection)

        known = self.submit(insert_rows).result()
        self.sensor_names.update({number: name for name, number in known.items()})
        self.sensor_ids.update(known)

    def submit(self, work: Callable[[Connection], Result]) -> Future[Result]:
        """Run ``work`` in the writer's next transaction; the future is done after the commit."""
        return self.writer.submit(work)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state and cannot write."""
        with self._readers.connect() as connection:
            yield connection

    def close(self) -> None:
        """Write what waits, then close every connection."""
        self.writer.close()
        self._readers.dispose()
        self._engine.dispose()


def _engine(database: str, begin: str, query: dict[str, str], *, pool_size: int) -> Engine:
    url = URL.create("sqlite", database=database, query=query)
    engine = create_engine(url, pool_size=pool_size, max_overflow=16 if query else 0)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        for pragma in ("foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
            connection.execute(f"PRAGMA {pragma}")
        if not query:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _prepare(engine: Engine, path: Path, deployment: str, sensors: tuple[str, ...]) -> dict[str, int]:
    with engine.begin() as connection:
        damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if damage != "ok":
            raise StoreError(f"the store is damaged ({damage})", str(path), "Restore it from a backup.")
        if inspect(connection).has_table("meta"):
            _check_meta(connection, path, deployment)
        else:
            schema.metadata.create_all(connection)
            values = {"schema": str(schema.SCHEMA_VERSION), "deployment": deployment}
            connection.execute(insert(schema.meta), [{"name": n, "value": v} for n, v in values.items()])
            number_records(connection)
        known = _sensor_ids(connection)
        fresh = [{"name": name} for name in sensors if name not in known]
        if fresh:
            connection.execute(insert(schema.sensors), fresh)
        return _sensor_ids(connection)


def _check_meta(connection: Connection, path: Path, deployment: str) -> None:
    found = {row.name: row.value for row in connection.execute(select(schema.meta))}
    version = int(found.get("schema", "0"))
    if not 1 <= version <= schema.SCHEMA_VERSION:
        raise StoreError(
            f"the store {path} has a schema that this version does not read (it reads 1 to {schema.SCHEMA_VERSION})",
            version,
            "Run the version of Clairvoie that wrote it, or a later one.",
        )
    if found.get("deployment") != deployment:
        raise StoreError(
            f"the store {path} belongs to another deployment than {deployment}",
            found.get("deployment"),
            "Give this deployment a store of its own.",
        )
    migrate(connection, version)


def _sensor_ids(connection: Connection) -> dict[str, int]:
    return {row.name: row.id for row in connection.execute(select(schema.sensors.c.name, schema.sensors.c.id))}
