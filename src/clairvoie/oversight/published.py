"""What a published ledger says: the acts whose bodies are public, and records' headers.

:func:`verified_logs` is the only way to a :class:`Log`, so nothing is read from files that were not verified against
public keys just before. Other programs may change the files in between; each is verified and read in one go where that
matters (``clairvoie ledger verify`` says what is wrong, and where).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.leaf import ActBody, MinuteLeaf, RecordHeader, decode_line, read_leaf
from clairvoie.boundary.tile import CHECKPOINT, WIDTH, bodies_path, minute_path
from clairvoie.errors import OversightError
from clairvoie.oversight.checkpoint import Checkpoint
from clairvoie.oversight.inspection import RecordedFacts
from clairvoie.oversight.merkle import check_consistency
from clairvoie.oversight.mirror import logs_in
from clairvoie.oversight.report import Report, check_succession
from clairvoie.oversight.traffic import Identity
from clairvoie.oversight.tree import Source, TreeTiles, Trust
from clairvoie.oversight.verify import verify_log

REMEDY = "`clairvoie ledger verify` names every fault."


class Log(NamedTuple):
    """One epoch's log, found sound: its files, and what the verification counted."""

    source: Source
    report: Report


def verified_logs(where: str, trust: Callable[[bytes | None], Trust]) -> tuple[Log, ...]:
    """Every epoch's log at ``where``, a folder or an address. ``trust`` names the keys for a checkpoint.

    Raises :class:`OversightError` when anything in them is not as it must be.
    """
    sources = [source for _, source in logs_in(where)]
    reports = check_succession([verify_log(source, trust(source.read(CHECKPOINT))) for source in sources])
    for report in reports:
        if report.faults:
            raise OversightError("the ledger is not sound", str(report.faults[0]), REMEDY)
    return tuple(map(Log, sources, reports))


def published_acts(log: Log) -> Iterator[ActBody]:
    """The public acts of a log, in order."""
    for number in range(-(-log.report.size // WIDTH)):
        for line in (log.source.read(bodies_path(number)) or b"").splitlines():
            body = decode_line(line, ActBody)
            if body.index < log.report.size:
                yield body


def published_headers(log: Log) -> Iterator[RecordHeader]:
    """The header of every record of a log, in the order in which they were sealed."""
    tiles = TreeTiles(log.source.read, log.report.size)
    for number in range(-(-log.report.size // WIDTH)):
        for index, leaf in enumerate(tiles.leaves(number), start=number * WIDTH):
            if isinstance(read_leaf(leaf), MinuteLeaf):
                for line in (log.source.read(minute_path(index)) or b"").splitlines():
                    yield decode_line(line, RecordHeader)


def not_continued(logs: Iterable[Log], head: Checkpoint) -> str | None:
    """Why the published log does not go on from ``head``, which somebody kept; ``None`` if it does."""
    for log in logs:
        if log.report.origin == head.origin and log.report.size < head.size:
            return f"{log.report.size} entries are published, {head.size} were shown to the node"
        if log.report.origin == head.origin:
            proof = TreeTiles(log.source.read, log.report.size).consistency(head.size)
            begins = check_consistency(head.size, log.report.size, head.root, log.report.root, proof)
            return None if begins else f"other entries are published than the {head.size} shown to the node"
    return f"nothing is published of {head.origin}"


def millibits_in(logs: Iterable[Log]) -> dict[Identity, int]:
    """What each record in the ledger was charged, in thousandths of a bit."""
    headers = (header for log in logs for header in published_headers(log))
    return {(header.sensor, header.epoch, header.sequence): header.millibits for header in headers}


def recorded_facts(logs: Iterable[Log], node: str, now: float) -> RecordedFacts:
    """What the ledger says last of ``node`` and its sensors, by acts dated up to ``now`` (POSIX seconds)."""
    keys: dict[str, bool] = {}
    software: dict[str, str] = {}
    model: dict[str, str] = {}
    states: dict[str, str] = {}
    for log in logs:
        for act in published_acts(log):
            kind, about, detail = act.entry.kind, act.entry.about, act.entry.detail
            if kind is EntryKind.LIFE and detail.get("node") == node and float(detail["dated"]) <= now:
                if "state" in detail:
                    states[about] = detail["state"]
                else:
                    keys[detail["key"]] = "revoked" not in detail
            elif kind is EntryKind.SANDBOX and act.entry.who == node:
                software[about] = detail["software"]
            elif kind is EntryKind.MODEL and act.entry.who == node:
                model[about] = detail["model"]
    newest, believed = next(reversed(keys.items()), ("", True))
    return RecordedFacts(
        public_key=newest,
        revoked=not believed,
        software=software,
        model=model,
        states=states,
    )
