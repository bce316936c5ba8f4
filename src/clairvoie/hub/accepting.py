"""Accepted acts enter the store, each with its entry in the ledger and what a suspension erases, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.authorisation import decode_authorisation, decode_suspension
from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import SUSPENSION_TYPE, SignedDocument, encode_document
from clairvoie.boundary.entry import LONGEST_TEXT, Entry, EntryKind
from clairvoie.hub import schema
from clairvoie.hub.incident_rows import Ground
from clairvoie.hub.retention import Erased, deletion
from clairvoie.hub.suspended import erase_suspended


def accept(
    connection: Connection, documents: Iterable[SignedDocument], charter: Charter, ground: Ground, now: float
) -> Erased:
    """Store ``documents``; what their suspensions erased. Those must count in ``ground`` already."""
    erased = Erased()
    for document in documents:
        values = {"digest": document.digest, "accepted": now, "document": encode_document(document)}
        connection.execute(upsert(schema.acts).values(values).on_conflict_do_nothing())
        entry = entry_of(charter, document, now)
        ground.ledger.record(connection, entry)
        if document.payload_type == SUSPENSION_TYPE:
            gone = erase_suspended(connection, decode_suspension(document.body), ground)
            if gone.total:
                told = deletion(gone, "suspension", now, who=entry.who, about=document.digest)
                ground.ledger.record(connection, told)
            erased += gone
    return erased


def entry_of(charter: Charter, document: SignedDocument, now: float) -> Entry:
    """What the ledger keeps of an accepted document: which it is, who signed it, and from when to when it binds."""
    who = ", ".join(sorted(charter.roles_that_signed(document)))[:LONGEST_TEXT]
    if document.payload_type == SUSPENSION_TYPE:
        suspension = decode_suspension(document.body)
        detail = {"document": document.digest, "since": str(suspension.since)}
        return Entry(kind=EntryKind.SUSPENSION, at=now, who=who, about=suspension.authorisation, detail=detail)
    act = decode_authorisation(document.body)
    detail = {"number": str(act.number), "starts": str(act.starts), "ends": str(act.ends)}
    return Entry(kind=EntryKind.AUTHORISATION, at=now, who=who, about=document.digest, detail=detail)
