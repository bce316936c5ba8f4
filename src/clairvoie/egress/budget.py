"""How much a sensor may say: two token buckets in whole thousandths of a bit, refilled by seconds of UTC.

Scheduled parts draw on one bucket (5 bit/s, 300 deep), events and their absence on the other (3 bit/s, 724 deep). A
bucket never holds more than its depth and never less than nothing, so what leaves in the seconds ``a`` to ``b`` is at
most depth + rate · (b − a): over both, 1,024 bits and 8 bit/s. A sensor whose state is lost starts with empty buckets.

>>> budget = Budget().refilled(1)
>>> budget.scheduled, budget.events
(5000, 3000)
>>> budget.refilled(10_000).charged(Charge(scheduled=0, events=23)).events
723977
"""

from __future__ import annotations

from msgspec import Struct

from clairvoie.boundary.bulletin import (
    EVENT_BITS_PER_SECOND,
    EVENT_DEPTH_BITS,
    SCHEDULED_BITS_PER_SECOND,
    SCHEDULED_DEPTH_BITS,
    Charge,
)
from clairvoie.boundary.units import MILLIBITS_PER_BIT
from clairvoie.errors import EgressError, InvalidValue

SCHEDULED_RATE = SCHEDULED_BITS_PER_SECOND * MILLIBITS_PER_BIT
SCHEDULED_DEPTH = SCHEDULED_DEPTH_BITS * MILLIBITS_PER_BIT
EVENT_RATE = EVENT_BITS_PER_SECOND * MILLIBITS_PER_BIT
EVENT_DEPTH = EVENT_DEPTH_BITS * MILLIBITS_PER_BIT


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sensor may still release, in thousandths of a bit; empty unless said otherwise."""

    scheduled: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.scheduled <= SCHEDULED_DEPTH:
            raise InvalidValue("the bucket of scheduled parts holds 0 to 300 bits", self.scheduled)
        if not 0 <= self.events <= EVENT_DEPTH:
            raise InvalidValue("the bucket of events holds 0 to 724 bits", self.events)

    def refilled(self, seconds: int) -> Budget:
        """The budget after ``seconds`` more seconds of UTC; time that runs backwards adds nothing."""
        elapsed = max(0, seconds)
        return Budget(
            scheduled=min(SCHEDULED_DEPTH, self.scheduled + elapsed * SCHEDULED_RATE),
            events=min(EVENT_DEPTH, self.events + elapsed * EVENT_RATE),
        )

    def holds(self, charge: Charge) -> bool:
        """Whether both buckets can pay ``charge``."""
        return charge.scheduled <= self.scheduled and charge.events <= self.events

    def charged(self, charge: Charge) -> Budget:
        """The budget after paying ``charge``. Raises :class:`EgressError` rather than go below nothing."""
        if not self.holds(charge):
            raise EgressError("a bulletin would cost more than its sensor's budget holds", tuple(charge))
        return Budget(scheduled=self.scheduled - charge.scheduled, events=self.events - charge.events)
