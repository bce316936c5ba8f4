"""What a verification found, and whether one epoch's log follows another's."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.leaf import ActBody
from clairvoie.boundary.tile import bodies_path
from clairvoie.oversight.checkpoint import Checkpoint
from clairvoie.oversight.tree import Fault


class Report(Struct, frozen=True, kw_only=True):
    """What was checked, and every fault. ``notices`` are no faults: files of a publication that is under
    way, and numbers that are missing between records."""

    origin: str = ""
    size: int = 0
    root: bytes = b""
    cosigners: tuple[str, ...] = ()
    entries: int = 0
    minutes: int = 0
    records: int = 0
    acts: int = 0
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()
    first: ActBody | None = None
    """The published body of entry 0, which says of which epoch this log is."""

    @property
    def text(self) -> str:
        """The checkpoint's text."""
        return Checkpoint(origin=self.origin, size=self.size, root=self.root).text

    def with_fault(self, fault: Fault) -> Report:
        """The same with one fault more."""
        return replace(self, faults=(*self.faults, fault))


def check_succession(reports: Sequence[Report]) -> list[Report]:
    """Epochs of one deployment, oldest first: each but the first must name the last checkpoint of the one before, and
    each must say in its first entry which it is, as far as that entry is published."""
    checked: list[Report] = []
    for number, report in enumerate(reports):
        place, found = bodies_path(0), None
        if report.first is not None and not report.faults:
            entry = report.first.entry
            if entry.kind is not EntryKind.EPOCH or entry.about != report.origin:
                found = "the log does not begin with the entry of its epoch"
            elif number and entry.detail.get("former-checkpoint") != checked[-1].text:
                found = "does not name the last checkpoint of the epoch before"
        checked.append(report if found is None else report.with_fault(Fault(place, 0, found)))
    return checked
