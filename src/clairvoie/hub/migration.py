"""Bringing an older store up to this version's schema, in the transaction that opens it: all of it, or none.

Version 1 to 2: ``detections``, ``transitions`` and ``misses`` get the column ``entry`` (nothing older is in the
ledger), records are numbered on from the greatest number so far, and the tables that are new are made.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from clairvoie.hub import schema

WITH_ENTRY = ("detections", "transitions", "misses")


def migrate(connection: Connection, version: int) -> None:
    """Bring a store of ``version`` up to :data:`~clairvoie.hub.schema.SCHEMA_VERSION`; one of that version stays."""
    if version == 1:
        for table in WITH_ENTRY:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN entry INTEGER")
        schema.metadata.create_all(connection)
        number_records(connection)
        present = update(schema.meta).where(schema.meta.c.name == "schema")
        connection.execute(present.values(value=str(schema.SCHEMA_VERSION)))


def number_records(connection: Connection) -> None:
    """Remember the greatest number of a record, so that none is given twice, even after the newest were erased."""
    greatest = connection.execute(select(func.coalesce(func.max(schema.records.c.id), 0))).scalar_one()
    connection.execute(insert(schema.meta).values(name=schema.NUMBERED, value=str(greatest)))
