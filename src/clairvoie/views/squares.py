"""The last minute as sixty squares, one a second, each in the place that its second has on a clock.

A square never moves: the second 12 of every minute is the same square, so the tens of seconds in which a level leaves
form columns, and the newest square walks through the minute. Its fill is the share of 8 bits that was used; above 8
bits the second drew on the burst and shows its number instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clairvoie.boundary.bulletin import BITS_PER_SECOND
from clairvoie.boundary.reading import SecondSaid
from clairvoie.boundary.units import MILLIBITS_PER_BIT
from clairvoie.views.said import Speech, Statement

SECOND_MILLIBITS = BITS_PER_SECOND * MILLIBITS_PER_BIT
COLUMNS = 10
NOTICEABLE = MILLIBITS_PER_BIT // 2
"""Less than half a bit has no visible fill: an empty bulletin costs a fortieth of a bit."""


class SquareState(StrEnum):
    """How a square is drawn."""

    UNHEARD = "unheard"
    NOTHING = "nothing"
    USED = "used"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Square:
    """One second. ``fill`` is 0 to 8 in bits; ``number`` stands inside where it says more than the fill."""

    second: int
    state: SquareState
    fill: float
    number: str
    label: str
    clock: str
    statements: tuple[Statement, ...]
    costs: tuple[str, ...]
    bits: str
    newest: bool

    @property
    def position(self) -> int:
        """Its place among the sixty."""
        return self.second % 60


def squares_of(speech: Speech, said: Sequence[SecondSaid]) -> tuple[Square, ...]:
    """The seconds ``said`` (oldest first) by their place on the clock."""
    newest = said[-1].second if said else None
    found = [_square(speech, second, newest=second.second == newest) for second in said]
    return tuple(sorted(found, key=lambda square: square.position))


def state_of(said: SecondSaid) -> SquareState:
    """How much of its 8 bits a second used."""
    if said.bulletin is None:
        return SquareState.UNHEARD
    if said.millibits > SECOND_MILLIBITS:
        return SquareState.BURST
    return SquareState.USED if said.millibits >= NOTICEABLE else SquareState.NOTHING


def _square(speech: Speech, said: SecondSaid, *, newest: bool) -> Square:
    state = state_of(said)
    bits = speech.bits(said.millibits)
    statements = () if said.bulletin is None else speech.statements(said.bulletin)
    words = speech.sentence(said.second, said.bulletin)
    return Square(
        second=said.second,
        state=state,
        fill=round(min(said.millibits, SECOND_MILLIBITS) / MILLIBITS_PER_BIT, 2),
        number=str(round(said.millibits / MILLIBITS_PER_BIT)) if state is SquareState.BURST else "",
        label=words if said.bulletin is None else f"{words} ({bits})",
        clock=speech.clock.time(said.second),
        statements=statements,
        costs=tuple(speech.bits(statement.millibits) for statement in statements),
        bits=bits,
        newest=newest,
    )
