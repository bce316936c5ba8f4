"""Local hours of the week, as an authorisation names them.

They are hours on the wall: when clocks go forward, hours that do not exist permit nothing; when they go back, an hour
that comes twice counts twice.

>>> evening = Hours(days=(5, 6), start="22:00", end="02:00")
>>> evening.hold(datetime.datetime(2026, 11, 21, 1, 59)), evening.hold(datetime.datetime(2026, 11, 21, 2, 0))
(True, False)
"""

from __future__ import annotations

import datetime
import re

from msgspec import Struct

from clairvoie.errors import InvalidValue

_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def minute_of_day(text: str) -> int:
    """``HH:MM``, 00:00 to 24:00, as minutes since midnight."""
    if not isinstance(text, str) or _HOUR.fullmatch(text) is None:
        raise InvalidValue("an hour is written HH:MM, 00:00 to 24:00", text)
    return int(text[:2]) * 60 + int(text[3:])


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local hours on some days of the week (1 Monday to 7 Sunday), from ``start`` to before ``end``, as HH:MM.

    An end at or before the start lies on the next day; ``00:00`` to ``24:00`` is the whole day.
    """

    days: tuple[int, ...] = EVERY_DAY
    start: str = "00:00"
    end: str = "24:00"

    def __post_init__(self) -> None:
        if not self.days or any(day not in EVERY_DAY for day in self.days) or len(set(self.days)) < len(self.days):
            raise InvalidValue("days of the week are 1 (Monday) to 7 (Sunday), each once", self.days)
        if minute_of_day(self.start) == 1440:
            raise InvalidValue("hours that begin at the end of a day begin on the next", self.start, "Write 00:00.")
        minute_of_day(self.end)

    def hold(self, moment: datetime.datetime) -> bool:
        """Whether local ``moment`` lies within them: from the first second of ``start`` to the last before ``end``."""
        minute = moment.hour * 60 + moment.minute
        start, end = minute_of_day(self.start), minute_of_day(self.end)
        if start < end:
            return moment.isoweekday() in self.days and start <= minute < end
        yesterday = (moment.isoweekday() - 2) % 7 + 1
        return (moment.isoweekday() in self.days and minute >= start) or (yesterday in self.days and minute < end)
