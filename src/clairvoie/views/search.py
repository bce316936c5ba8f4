"""Which incidents a person wants to see: by state, kind, local dates and words. What makes no sense is left out."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Incident, IncidentState
from clairvoie.views.clock import SiteClock


@dataclass(frozen=True, slots=True)
class Search:
    """``first`` and ``last`` are local dates as typed, both included; ``since`` and ``until`` what they mean."""

    state: IncidentState | None = None
    kind: HazardKind | None = None
    words: str = ""
    first: str = ""
    last: str = ""
    since: float | None = None
    until: float | None = None

    @classmethod
    def of(cls, asked: Mapping[str, str], clock: SiteClock) -> Search:
        """The search in the parameters of a request."""
        state, kind = asked.get("state", ""), asked.get("kind", "")
        first, last = day_of(asked.get("from", "")), day_of(asked.get("to", ""))
        return cls(
            state=IncidentState(state) if state in set(IncidentState) else None,
            kind=HazardKind(kind) if kind in set(HazardKind) else None,
            words=asked.get("q", "").strip()[:100],
            first=first.isoformat() if first else "",
            last=last.isoformat() if last else "",
            since=clock.day(first)[0] if first else None,
            until=clock.day(last)[1] if last else None,
        )

    def keeps(self, incident: Incident, name: str) -> bool:
        """Whether this incident, whose kind is called ``name``, is one of those asked for."""
        text = plain(f"{incident.id} {name} {incident.kind} {incident.place.words} {incident.taken_by}")
        return (
            (self.kind is None or incident.kind is self.kind)
            and (self.until is None or incident.opened < self.until)
            and all(word in text for word in plain(self.words).split())
        )


def day_of(text: str) -> dt.date | None:
    """An ISO date, or ``None`` for anything else. Years far from now would leave the calendar's range."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1971 <= day.year <= 9000 else None


def plain(text: str) -> str:
    """Without case and accents, as people type when they are in a hurry.

    >>> plain("Écluse")
    'ecluse'
    """
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
