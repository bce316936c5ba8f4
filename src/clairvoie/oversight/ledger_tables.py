"""The ledger's tables, in the hub's own file, so that an act and its entry are one transaction.

Bodies and salts live here and only here (public ones are published too). What is forgotten becomes null; the leaf
stays. ``secure_delete`` of the hub's store overwrites what was there.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy import UniqueConstraint as Unique

metadata = MetaData()

epochs = Table(
    "ledger_epochs",
    metadata,
    Column("epoch", Integer, primary_key=True),
    Column("origin", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("former_size", Integer, nullable=False, comment="what the epoch before had published"),
    Column("reason", String, nullable=False),
)

entries = Table(
    "ledger_entries",
    metadata,
    Column("id", Integer, primary_key=True, comment="the number that rooms are told"),
    Column("epoch", ForeignKey("ledger_epochs.epoch"), nullable=False),
    Column("position", Integer, nullable=False, comment="index in that epoch's log"),
    Column("at", Float, nullable=False),
    Column("kind", String, comment="null for a minute"),
    Column("who", String),
    Column("about", String),
    Column("leaf", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("body", LargeBinary),
    Unique("epoch", "position"),
    sqlite_autoincrement=True,
)
Index("ledger_entries_by_kind", entries.c.kind, entries.c.at)

records = Table(
    "ledger_records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False, comment="the record's row in the hub's store"),
    Column("sensor", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("minute", Integer, nullable=False, comment="first second of the hub-minute that stored it"),
    Column("millibits", Integer, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("entry", ForeignKey("ledger_entries.id"), comment="the minute that seals it; null until then"),
    Column("previous", LargeBinary),
    sqlite_autoincrement=True,
)
Index("ledger_records_by_number", records.c.number)
Index("ledger_records_by_identity", records.c.sensor, records.c.epoch, records.c.sequence)
Index("ledger_records_by_entry", records.c.entry, records.c.minute)

heads = Table(
    "ledger_heads",
    metadata,
    Column("sensor", String, primary_key=True),
    Column("header", LargeBinary, nullable=False, comment="SHA-256 of the sensor's last sealed header"),
)

bodies_due = Table(
    "ledger_bodies_due",
    metadata,
    Column("id", Integer, primary_key=True, comment="a mark that is made later is another mark"),
    Column("epoch", Integer, nullable=False),
    Column("bundle", Integer, nullable=False, comment="its published acts are to be written anew"),
    sqlite_autoincrement=True,
)
