"""The site's clock: POSIX seconds in UTC become local times, and local days become ranges of POSIX seconds.

A local day begins at its first instant and ends at the first instant of the next, so it lasts 23 hours when the clock
goes forward and 25 when it goes back.

>>> clock = SiteClock("Europe/Paris")
>>> clock.time(1_800_000_000.0), clock.offset(1_800_000_000.0)
('09:00:00', 'UTC+01:00')
>>> start, end = clock.day(dt.date(2026, 3, 29))
>>> (end - start) / 3600
23.0
>>> start, end = clock.day(dt.date(2026, 10, 25))
>>> (end - start) / 3600
25.0
"""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class SiteClock:
    """Local time in one IANA zone."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)

    def local(self, at: float) -> datetime:
        """The local date and time of a POSIX second, with its offset."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone)

    def date(self, at: float) -> dt.date:
        """The local date."""
        return self.local(at).date()

    def time(self, at: float, *, tenths: bool = False, seconds: bool = True) -> str:
        """The local time of day, 24 h; ``tenths`` of a second are cut off, never rounded into the next second."""
        moment = self.local(at)
        if tenths:
            return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"
        return f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"

    def offset(self, at: float) -> str:
        """The offset from UTC in force at that instant, as ``UTC+02:00``."""
        minutes = round((self.local(at).utcoffset() or timedelta()).total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    def iso(self, at: float) -> str:
        """ISO 8601 with the offset, to the second, for machines and exports."""
        return self.local(at).isoformat(timespec="seconds")

    def start_of(self, day: dt.date) -> float:
        """The first instant of a local day, as POSIX seconds.

        Where the clock skips midnight, Python counts the missing hour from the offset before, which is that instant.
        """
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()

    def day(self, day: dt.date) -> tuple[float, float]:
        """The first instant of a local day and of the next: 23, 24 or 25 hours apart."""
        return self.start_of(day), self.start_of(day + timedelta(days=1))

    def instant(self, text: str) -> float:
        """POSIX seconds of a local date and time ``2026-11-22T21:04`` as a browser's form sends it.

        In the hour that occurs twice, the first is meant. Raises ``ValueError`` on anything else.
        """
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).timestamp()
