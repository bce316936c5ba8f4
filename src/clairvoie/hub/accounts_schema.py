"""The tables of people in the hub's store. Of every secret only a digest is kept; times are POSIX seconds in UTC."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("areas", String, nullable=False, comment="names, separated by spaces"),
    Column("active", Boolean, nullable=False),
    Column("password", String, nullable=False, comment="argon2id, encoded with its parameters; empty: none yet"),
    Column("made", Float, nullable=False),
    Column("last_sign_in", Float),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of the cookie's token"),
    Column("account", ForeignKey("accounts.account"), nullable=False),
    Column("made", Float, nullable=False),
    Column("used", Float, nullable=False),
)
Index("sessions_by_account", sessions.c.account)

tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), unique=True, comment="SHA-256 of the token; null until it is issued"),
    Column("label", String, nullable=False),
    Column("account", String, nullable=False, comment="whose program; empty: a machine's"),
    Column("recipient", String, nullable=False),
    Column("made", Float, nullable=False),
    Column("by", String, nullable=False),
    Column("expires", Float, nullable=False),
    sqlite_autoincrement=True,
)

invitations = Table(
    "invitations",
    metadata,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("code", LargeBinary(32), nullable=False, comment="SHA-256 of the approver's half"),
    Column("ticket", LargeBinary(32), unique=True, comment="SHA-256 of the administrator's half"),
    Column("expires", Float, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", String, nullable=False),
    Column("change", Text, nullable=False, comment="JSON"),
    Column("state", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decided", Float),
    sqlite_autoincrement=True,
)

attempts = Table(
    "sign_in_attempts",
    metadata,
    Column(
        "key", LargeBinary(32), primary_key=True, comment="SHA-256 of what is counted: an account's name, an address"
    ),
    Column("failures", Integer, nullable=False),
    Column("last", Float, nullable=False),
)

waiting = Table(
    "waiting_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="an entry that the hub has yet to write into its ledger"),
)

retention = Table(
    "retention_in_force",
    metadata,
    Column("name", String, primary_key=True),
    Column("days", Integer, nullable=False),
)


def create(connection: Connection) -> None:
    """Make the tables that are not there yet."""
    metadata.create_all(connection)
