"""The published log over HTTP, open to everybody: ``/tlog/...`` and two questions under ``/api/v1/ledger``.

``/tlog/<epoch>/...`` are the files of the folder as they lie there (see :mod:`clairvoie.boundary.tile`);
``/tlog/checkpoint`` is the present epoch's. Nothing else is served from that folder.
:func:`asking` is the question that nodes ask, by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response
from msgspec.structs import replace
from sqlalchemy import Connection, select, tuple_

from clairvoie.boundary.entry import decode_entry
from clairvoie.boundary.leaf import ActBody, encode_line, header_hash
from clairvoie.boundary.problem import Problem
from clairvoie.boundary.tile import CHECKPOINT, Tile, is_epoch, read_path
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import (
    ED25519,
    Checkpoint,
    NoteKey,
    Opened,
    encode_base64,
    open_checkpoint,
    origin_of,
)
from clairvoie.oversight.continuation import FORMER, Continuation, Succession, epoch_of
from clairvoie.oversight.inclusion import UNKNOWN, NotLogged, RecordInclusion
from clairvoie.oversight.keeper import Keeper
from clairvoie.oversight.ledger import headers_of
from clairvoie.oversight.merkle import inclusion_ranges, leaf_hash, root_of
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.tree import TreeTiles

LONGEST_PATH = 200
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
JSON = "application/json"
KEPT = r"^(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,18})$"
FRESH = {"Cache-Control": "no-cache"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


_MISSING = {
    "description": "There is none",
    "content": {"application/json": {"schema": {"type": "object", "required": ["code", "what"]}}},
}
_NOTE = {"description": "A signed note", "content": {"text/plain": {"schema": {"type": "string"}}}}
_FOUND = {
    "description": "Where it stands",
    "content": {"application/json": {"schema": {"type": "object", "required": ["header", "index", "checkpoint"]}}},
}
SIGNED_NOTE: dict[int | str, dict[str, Any]] = {200: _NOTE, 404: _MISSING}
INCLUSION: dict[int | str, dict[str, Any]] = {200: _FOUND, 404: _MISSING}


def publishing(keeper: Keeper | None) -> APIRouter:
    """The doors of ``keeper``'s log; without one nothing is found behind them."""
    router = APIRouter(tags=["ledger"])

    @router.get("/tlog/{path:path}", summary="The published log", include_in_schema=False)
    def published(path: str) -> Response:
        """A file of the log: checkpoint, tiles, bodies, minutes' headers."""
        return _file(keeper, path)

    @router.get("/api/v1/ledger/checkpoint", summary="The signed head of the log", responses=SIGNED_NOTE)
    def checkpoint() -> Response:
        """The present epoch's checkpoint, a signed note."""
        return _file(keeper, CHECKPOINT)

    router.include_router(asking(keeper))
    return router


def asking(keeper: Keeper | None) -> APIRouter:
    """The question that nodes ask of ``keeper``'s log; it is at their own door too."""
    router = APIRouter(tags=["ledger"])

    @router.get("/api/v1/ledger/inclusion", summary="Where a record stands in the log", responses=INCLUSION)
    def inclusion(
        sensor: str = Query(max_length=64),
        epoch: int = Query(ge=0, le=2**53),
        sequence: int = Query(ge=0, le=2**53),
        kept: str | None = Query(default=None, pattern=KEPT),
    ) -> Response:
        """For a node that checks whether its records are in the log; the record's body is not told, nor its salt.

        ``kept``, as ``0/73``: epoch and size of the checkpoint that the node kept. Then the answer, 404 too, holds the
        present checkpoint and the proof that the log goes on from that one.
        """
        found = None
        head = None if keeper is None else keeper.publisher.head
        if keeper is None or head is None:
            return _missing("this hub has published no ledger", "Ask again in a minute.")
        with keeper.reading() as connection:
            goes_on = None if kept is None else _continuation(keeper, connection, head, kept)
            found = _inclusion(keeper, connection, head, (sensor, epoch, sequence))
        if found is None:
            what, remedy = "no such record is in the log yet", "Ask again when its minute is over."
            said = NotLogged(code=UNKNOWN, what=what, remedy=remedy, continuation=goes_on)
            return Response(msgspec.json.encode(said), status_code=404, media_type=JSON, headers=FRESH)
        return Response(msgspec.json.encode(replace(found, continuation=goes_on)), media_type=JSON, headers=FRESH)

    return router


def _file(keeper: Keeper | None, path: str) -> Response:
    if keeper is None:
        return _missing("this hub keeps no ledger", "A hub without a charter takes nothing, so it has none.")
    first, _, rest = path.partition("/")
    if path == CHECKPOINT:
        first, rest = str(keeper.ledger.epoch), CHECKPOINT
    found = read_path(rest) if len(path) <= LONGEST_PATH else None
    data = Folder(keeper.folder / first).read(rest) if is_epoch(first) and (found or rest == CHECKPOINT) else None
    if data is None:
        return _missing("the log has no such file", "See c2sp.org/tlog-tiles and docs/oversight.md.")
    if isinstance(found, Tile):
        return Response(data, media_type=BYTES, headers=FOR_EVER)
    return Response(data, headers={"Content-Type": TEXT, **FRESH})


def _missing(what: str, remedy: str) -> Response:
    problem = Problem(code="unknown", what=what, remedy=remedy)
    return Response(msgspec.json.encode(problem), status_code=404, media_type="application/json")


def _continuation(keeper: Keeper, connection: Connection, head: Opened, kept: str) -> Continuation:
    """How the log goes on from ``kept`` to ``head``; without a proof where there is none to give."""
    since_epoch, since = map(int, kept.split("/"))
    checkpoint, note = head.checkpoint, head.note.encode().decode()
    epoch = epoch_of(checkpoint)
    if since_epoch == epoch and since <= checkpoint.size:
        proof = _tiles(keeper, epoch, checkpoint.size).consistency(since)
        return Continuation(checkpoint=note, consistency=_encoded(proof))
    entry = tables.entries.c
    first = select(entry.salt, entry.body).where(entry.epoch == epoch, entry.position == 0, entry.body.is_not(None))
    row = connection.execute(first).first() if since_epoch == epoch - 1 else None
    if row is None:
        return Continuation(checkpoint=note)
    body = ActBody(index=0, salt=row.salt.hex(), entry=decode_entry(row.body))
    former = Checkpoint.parse(body.entry.detail[FORMER])
    proof = _tiles(keeper, since_epoch, former.size).consistency(since) if since <= former.size else []
    first_proof = _tiles(keeper, epoch, checkpoint.size).inclusion(0)
    succession = Succession(first=encode_line(body).decode(), proof=_encoded(first_proof))
    return Continuation(checkpoint=note, consistency=_encoded(proof), succession=succession)


def _tiles(keeper: Keeper, epoch: int, size: int) -> TreeTiles:
    return TreeTiles(Folder(keeper.folder / str(epoch)).read, size)


def _encoded(proof: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(encode_base64(digest) for digest in proof)


def _inclusion(
    keeper: Keeper, connection: Connection, head: Opened, identity: tuple[str, int, int]
) -> RecordInclusion | None:
    """Where a record stands: in the log of ``head``, or in that of a former epoch as it was left."""
    record, entry = tables.records.c, tables.entries.c
    is_it = tuple_(record.sensor, record.epoch, record.sequence) == identity
    row = connection.execute(select(record.id, record.entry).where(is_it, record.entry.is_not(None))).first()
    if row is None:
        return None
    minute = connection.execute(select(entry.position, entry.epoch, entry.leaf).where(entry.id == row.entry)).one()
    stands = head if minute.epoch == epoch_of(head.checkpoint) else _left(keeper, minute.epoch)
    index = minute.position
    if stands is None or index >= stands.checkpoint.size:
        return None
    lines = headers_of(connection, row.entry)
    before = select(record.id).where(record.entry == row.entry, record.id < row.id)
    place = len(connection.execute(before).all())
    hashes = [leaf_hash(line) for line in lines]
    beside = [root_of(hashes[start:end]) for start, end in inclusion_ranges(place, len(lines))]
    proof = _tiles(keeper, minute.epoch, stands.checkpoint.size).inclusion(index)
    return RecordInclusion(
        header=lines[place].decode(),
        header_hash=header_hash(lines[place]),
        place=place,
        count=len(lines),
        minute_proof=_encoded(beside),
        index=index,
        leaf=encode_base64(minute.leaf),
        proof=_encoded(proof),
        checkpoint=stands.note.encode().decode(),
    )


def _left(keeper: Keeper, epoch: int) -> Opened | None:
    """The last checkpoint of a former epoch."""
    data = Folder(keeper.folder / str(epoch)).read(CHECKPOINT)
    key = NoteKey(name=origin_of(keeper.ledger.deployment, epoch), kind=ED25519, public=keeper.publisher.key.public)
    return None if data is None else open_checkpoint(data, key)
