"""How much a hostile analyser gets past the gate to an accomplice at the hub: measured, one trick at a time.

Each :class:`Trick` writes random symbols into what it claims, or into when it crashes, and reads them back from the
bulletins alone, as somebody would who holds everything that the hub stores. What arrived is the bits of the symbols
that were read rightly, less those read wrongly. An hour of the real gate's rules, in this process, takes seconds.

The bound that everything is held against: 8 bit/s, and a burst of 1,024 bits once. The tricks of
:mod:`clairvoie.lab.tricks` are those that we thought of. That no other does better is not measured here; it follows
from the charges, which cover every field and moment of a bulletin (:func:`clairvoie.boundary.bulletin.charge`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS, Bulletin, charge
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.standing import Act, Standing
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.gate import tick
from clairvoie.egress.screening import Refused
from clairvoie.egress.state import GateState
from clairvoie.lab.leave import exercise_authorisation

START = 1_800_000_000
HOUR = 3600
SENSOR = "mic-1"
Key = tuple[Any, ...]
Said = list[Claim | Refused]


def bound(seconds: int) -> float:
    """What may arrive in so many seconds, in bits."""
    return BITS_PER_SECOND * seconds + BURST_BITS


class Trick:
    """A way to hide symbols: ``sent`` and what is ``read`` map their names to values, ``sizes`` to their alphabets."""

    name = "nothing"

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.sent: dict[Key, int] = {}
        self.sizes: dict[Key, int] = {}

    def claims(self, second: int) -> Said:
        """What the analyser says in this second."""
        return []

    def crashes(self, second: int) -> bool:
        """Whether it is not there in this second."""
        return False

    def read(self, bulletins: Sequence[Bulletin]) -> dict[Key, int]:
        """The symbols, as far as the bulletins tell."""
        return {}

    def symbol(self, key: Key, size: int) -> int:
        """A new random symbol to send under that name."""
        self.sent[key] = self.random.randrange(size)
        self.sizes[key] = size
        return self.sent[key]


@dataclass(frozen=True, slots=True)
class Capacity:
    """Of one trick over ``seconds``: bits that it tried to send, that arrived, and that the gate charged."""

    name: str
    seconds: int
    offered: float
    arrived: float
    charged: float

    @property
    def holds(self) -> bool:
        """Whether no more arrived than may."""
        return self.arrived <= bound(self.seconds) and self.charged <= bound(self.seconds)


def everything_permitted() -> Rules:
    """Rules of a microphone that may say all that there is to say."""
    act = exercise_authorisation("town", [SENSOR], exercise=False, ends=START + 10**8)
    standing = Standing(acts=(Act(digest="0" * 64, authorisation=act, signed_by=("authority",)),))
    return Rules(sensor=SENSOR, standing=standing, leave=Leave(since=0.0, earliest=START, latest=START))


def measure(trick: Trick, seconds: int = HOUR) -> Capacity:
    """Let ``trick`` loose on a gate whose buckets are full, and read what left."""
    rules, state = everything_permitted(), GateState(sensor=SENSOR)
    for second in range(START - 600, START):
        state = tick(rules, state, second, ()).state
    bulletins: list[Bulletin] = []
    for second in range(START, START + seconds):
        release = tick(rules, state, second, trick.claims(second), gone=trick.crashes(second))
        state = release.state
        if release.bulletin is not None:
            bulletins.append(release.bulletin)
    return score(trick, trick.read(bulletins), seconds, sum(charge(b).total for b in bulletins) / 1000)


def score(trick: Trick, read: dict[Key, int], seconds: int, charged: float) -> Capacity:
    """Count the symbols of ``read`` that were sent so, less those that were not."""
    arrived = sum(
        math.log2(trick.sizes[key]) * (1 if value == trick.sent[key] else -1)
        for key, value in read.items()
        if key in trick.sent
    )
    offered = sum(math.log2(size) for size in trick.sizes.values())
    return Capacity(trick.name, seconds, offered, max(0.0, arrived), charged)


def table(found: Sequence[Capacity]) -> str:
    """The capacities as lines of text, the bound last."""
    lines = [f"{'trick':28} {'offered':>9} {'arrived':>9} {'charged':>9}   bit/s over {found[0].seconds} s"]
    for each in found:
        rates = (value / each.seconds for value in (each.offered, each.arrived, each.charged))
        lines.append(f"{each.name:28} " + " ".join(f"{rate:9.3f}" for rate in rates))
    limit = bound(found[0].seconds) / found[0].seconds
    lines.append(f"{'may arrive at most':28} {'':9} {limit:9.3f}   8 bit/s, and 1,024 bits once")
    return "\n".join(lines)
