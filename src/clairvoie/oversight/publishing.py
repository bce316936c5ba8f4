"""The published log over HTTP, open to everybody: ``/tlog/...`` and two questions under ``/api/v1/ledger``.

``/tlog/<epoch>/...`` are the files of the folder as they lie there (see :mod:`clairvoie.boundary.tile`);
``/tlog/checkpoint`` is the present epoch's. Nothing else is served from that folder.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response
from msgspec import Struct
from sqlalchemy import Connection, select

from clairvoie.boundary.leaf import header_hash
from clairvoie.boundary.problem import Problem
from clairvoie.boundary.tile import CHECKPOINT, Tile, is_epoch, read_path
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import encode_base64
from clairvoie.oversight.keeper import Keeper
from clairvoie.oversight.ledger import headers_of
from clairvoie.oversight.merkle import inclusion_ranges, leaf_hash, root_of
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.tree import TreeTiles

LONGEST_PATH = 200
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
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


class RecordInclusion(Struct, frozen=True, kw_only=True):
    """Where a sensor's record stands in the log. Hashes are base64, proofs from the leaf upwards.

    The record's ``header`` is leaf ``place`` of the ``count`` in its minute, whose root is in the leaf at ``index`` of
    the log; ``checkpoint`` is the signed head that ``proof`` leads to.
    """

    header: str
    header_hash: str
    place: int
    count: int
    minute_proof: tuple[str, ...]
    index: int
    leaf: str
    proof: tuple[str, ...]
    checkpoint: str


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

    @router.get("/api/v1/ledger/inclusion", summary="Where a record stands in the log", responses=INCLUSION)
    def inclusion(
        sensor: str = Query(max_length=64),
        epoch: int = Query(ge=0, le=2**53),
        sequence: int = Query(ge=0, le=2**53),
    ) -> Response:
        """For a node that checks whether its records are in the log; the record's body is not told, nor its salt."""
        found = None
        if keeper is not None:
            with keeper.reading() as connection:
                found = _inclusion(keeper, connection, sensor, epoch, sequence)
        if found is None:
            return _missing("no such record is in the log yet", "Ask again when its minute is over.")
        return Response(msgspec.json.encode(found), media_type="application/json", headers=FRESH)

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


def _inclusion(
    keeper: Keeper, connection: Connection, sensor: str, epoch: int, sequence: int
) -> RecordInclusion | None:
    record, entry = tables.records.c, tables.entries.c
    identity = (record.sensor == sensor) & (record.epoch == epoch) & (record.sequence == sequence)
    row = connection.execute(select(record.id, record.entry).where(identity, record.entry.is_not(None))).first()
    head = keeper.publisher.head
    if row is None or head is None:
        return None
    minute = connection.execute(select(entry.position, entry.epoch, entry.leaf).where(entry.id == row.entry)).one()
    size, index = head.checkpoint.size, minute.position
    if minute.epoch != keeper.ledger.epoch or index >= size:
        return None
    lines = headers_of(connection, row.entry)
    before = select(record.id).where(record.entry == row.entry, record.id < row.id)
    place = len(connection.execute(before).all())
    hashes = [leaf_hash(line) for line in lines]
    beside = [root_of(hashes[start:end]) for start, end in inclusion_ranges(place, len(lines))]
    proof = TreeTiles(Folder(keeper.publisher.place).read, size).inclusion(index)
    return RecordInclusion(
        header=lines[place].decode(),
        header_hash=header_hash(lines[place]),
        place=place,
        count=len(lines),
        minute_proof=tuple(encode_base64(digest) for digest in beside),
        index=index,
        leaf=encode_base64(minute.leaf),
        proof=tuple(encode_base64(digest) for digest in proof),
        checkpoint=head.note.encode().decode(),
    )
