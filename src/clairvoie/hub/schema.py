"""The tables of the hub's store, in SQLAlchemy Core, and the version of this schema.

A sensor's name is stored once; every other table refers to its small number. ``minutes`` holds one packed row a
sensor-minute (see :mod:`clairvoie.hub.minutes`). Times are POSIX seconds in UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 4
"""Version 2 added ``acts``, ``statements``, ``discards`` and the columns ``entry``; version 3 ``trials``, ``fixes``
and what is judged of detections on trial; with version 4 a minute's codes may end with those of its hour
(:mod:`clairvoie.hub.migration`)."""

NUMBERED = "numbered"
"""In ``meta``: the greatest number that was ever given to a record."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

sensors = Table(
    "sensors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("stored", Integer, nullable=False, default=0, comment="records ever stored"),
    Column("epoch", Integer, nullable=False, default=0, comment="key epoch of the last record"),
    Column("sequence", Integer, nullable=False, default=0, comment="greatest sequence stored in that epoch"),
    Column("erased_epoch", Integer, nullable=False, default=-1, comment="retention has erased up to here"),
    Column("erased_sequence", Integer, nullable=False, default=-1),
    Column("last_minute", Integer, comment="first second of the newest minute stored"),
    Column("last_received", Float),
)

records = Table(
    "records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor", ForeignKey("sensors.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the body"),
    Column("received", Float, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the bytes that were signed"),
    UniqueConstraint("sensor", "epoch", "sequence"),
)
Index("records_by_time", records.c.received)

trials = Table(
    "trials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor", ForeignKey("sensors.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("model", String, nullable=False),
    Column("place", String, nullable=False),
    Column("installed", Float, nullable=False),
    Column("permitted", Float, nullable=False),
    Column("begun", Float, nullable=False),
    Column("because", String, nullable=False),
    Column("until", Integer, nullable=False, comment="first second of the last minute that was counted"),
    Column("seconds", Integer, nullable=False, comment="in which the sensor heard, never erased with the minutes"),
    Column("detections", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
    Column("false_alarms", Integer, nullable=False),
    Column("not_verifiable", Integer, nullable=False),
    Column("live_since", Float),
    Column("signed", Text, nullable=False, default="", comment="JSON: who let it into the queue, on which figures"),
    Column("withdrawn_by", String, nullable=False, default="", comment="whose withdrawal this trial began with"),
    Column("ended", Float, comment="when another took its place; null: it is the one that counts"),
    sqlite_autoincrement=True,
)
Index("trials_current", trials.c.sensor, trials.c.kind, unique=True, sqlite_where=trials.c.ended.is_(None))

detections = Table(
    "detections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor", ForeignKey("sensors.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("identifier", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("onset", Float, nullable=False),
    Column("offset", Float),
    Column("confidence", Float),
    Column("level", Float),
    Column("clock_sigma", Float),
    Column("received", Float, nullable=False),
    Column("entry", Integer, comment="index of its entry in the ledger"),
    Column("said", String, comment="the mode as the node said it; null in what version 2 stored"),
    Column("trial", ForeignKey("trials.id"), comment="the trial that counts it; null: it was not on trial"),
    Column("outcome", String, comment="of a detection on trial, as somebody judged it"),
    Column("basis", String),
    Column("judged_by", String),
    Column("judged", Float),
    Column("judged_entry", Integer, comment="index of the judgement's entry in the ledger"),
    UniqueConstraint("sensor", "epoch", "identifier"),
)
Index("detections_by_time", detections.c.onset)
detections_by_trial = Index("detections_by_trial", detections.c.trial)

minutes = Table(
    "minutes",
    metadata,
    Column("sensor", ForeignKey("sensors.id"), primary_key=True),
    Column("minute", Integer, primary_key=True, comment="first second of the minute"),
    Column("laeq", SmallInteger, comment="hundredths of a decibel, energy mean of the tens"),
    Column("tens", SmallInteger, nullable=False, comment="how many of the six tens are valid"),
    Column("said", Integer, comment="millibits released in this minute"),
    Column("codes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened", Float, nullable=False),
    Column("onset", Float, nullable=False),
    Column("last_onset", Float, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("words", String, nullable=False),
    Column("radius", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("taken_by", String, nullable=False, default=""),
    Column("outcome", String),
    Column("basis", String),
    Column("closed", Float),
    sqlite_autoincrement=True,
)
Index("incidents_by_state", incidents.c.state, incidents.c.opened)
Index("incidents_by_time", incidents.c.opened)

incident_detections = Table(
    "incident_detections",
    metadata,
    Column("detection", ForeignKey("detections.id"), primary_key=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False),
)
Index("incident_detections_by_incident", incident_detections.c.incident)

fixes = Table(
    "fixes",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("reason", String, comment="why it was not located; then nothing else is here"),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("height", Float),
    Column("words", String),
    Column("emitted", Float),
    Column("emitted_sigma", Float),
    Column("major", Float, comment="half-axes of the 95 % ellipse in metres"),
    Column("minor", Float),
    Column("direction", Float, comment="of the longer, degrees clockwise from north"),
    Column("peak", Float, comment="LCpeak in dB carried back to 1 m"),
    Column("arrivals", LargeBinary, comment="JSON: sensor, residual, sigma, used, metres of each"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("who", String, nullable=False),
    Column("outcome", String),
    Column("basis", String),
    Column("note", Text, nullable=False),
    Column("entry", Integer, comment="index of its entry in the ledger"),
)
Index("transitions_by_incident", transitions.c.incident)

misses = Table(
    "misses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("happened", Float, nullable=False),
    Column("place_words", String, nullable=False),
    Column("basis", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("reported_by", String, nullable=False),
    Column("reported", Float, nullable=False),
    Column("entry", Integer, comment="index of its entry in the ledger"),
    sqlite_autoincrement=True,
)

shift_notes = Table(
    "shift_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

refusals = Table(
    "refusals",
    metadata,
    Column("code", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Float, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("digest", String, primary_key=True, comment="SHA-256 of the signed bytes, in hexadecimal digits"),
    Column("accepted", Float, nullable=False),
    Column("document", LargeBinary, nullable=False, comment="the signed document as it was accepted"),
)

lives = Table(
    "lives",
    metadata,
    Column("digest", String, primary_key=True, comment="SHA-256 of the signed bytes, in hexadecimal digits"),
    Column("accepted", Float, nullable=False),
    Column("document", LargeBinary, nullable=False, comment="the signed act as it was accepted"),
)

statements = Table(
    "statements",
    metadata,
    Column("sensor", ForeignKey("sensors.id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("second", Integer, nullable=False),
    Column("confinement", Integer, nullable=False),
    Column("simulated", Integer, nullable=False),
    Column("model", LargeBinary, nullable=False),
    Column("software", LargeBinary, nullable=False),
    Column("authorisation", String, nullable=False),
)

discards = Table(
    "discards",
    metadata,
    Column("why", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Float, nullable=False),
)
