"""Bringing an older store up to this version's schema, in the transaction that opens it: all of it, or none.

Version 1 to 2: ``detections``, ``transitions`` and ``misses`` get the column ``entry`` (nothing older is in the
ledger), records are numbered on from the greatest number so far, and the tables that are new are made.

Version 2 to 3: ``trials`` and ``fixes`` are made, and ``detections`` get what is said and judged of them on trial.
Those that are there keep the mode that they have; no kind has been watched yet, so each is on trial from now on.

Version 3 to 4: nothing that is there changes. The version is another because a hub of before could not read records
with hours again, which it must when a suspension reaches back.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from clairvoie.hub import schema

WITH_ENTRY = ("detections", "transitions", "misses")
OF_TRIALS = (
    "said VARCHAR",
    "trial INTEGER REFERENCES trials (id)",
    "outcome VARCHAR",
    "basis VARCHAR",
    "judged_by VARCHAR",
    "judged FLOAT",
    "judged_entry INTEGER",
)


def migrate(connection: Connection, version: int) -> None:
    """Bring a store of ``version`` up to :data:`~clairvoie.hub.schema.SCHEMA_VERSION`; one of that version stays."""
    if version < 2:
        for table in WITH_ENTRY:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN entry INTEGER")
        number_records(connection)
    if version < 3:
        schema.metadata.create_all(connection)
        for column in OF_TRIALS:
            connection.exec_driver_sql(f"ALTER TABLE detections ADD COLUMN {column}")
        schema.detections_by_trial.create(connection)
    if version < schema.SCHEMA_VERSION:
        present = update(schema.meta).where(schema.meta.c.name == "schema")
        connection.execute(present.values(value=str(schema.SCHEMA_VERSION)))


def number_records(connection: Connection) -> None:
    """Remember the greatest number of a record, so that none is given twice, even after the newest were erased."""
    greatest = connection.execute(select(func.coalesce(func.max(schema.records.c.id), 0))).scalar_one()
    connection.execute(insert(schema.meta).values(name=schema.NUMBERED, value=str(greatest)))
