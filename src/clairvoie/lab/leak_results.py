"""What the leak audit found: the shape of its JSON, which other programs may rely on (:data:`VERSION`).

Every share and every mean is an :class:`Interval`: the value with its 95 % interval. Shares run from 0 to 1.
"""

from __future__ import annotations

from msgspec import Struct

VERSION = 1


class Interval(Struct, frozen=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Row(Struct, frozen=True, kw_only=True):
    """What was rebuilt by one method of one corpus: means over ``count`` sentences. ``word_errors`` is a share of the
    words said (a recogniser that knows the lists), ``None`` where there is no transcript."""

    corpus: str
    background: str
    method: str
    count: int
    stoi: Interval
    estoi: Interval
    word_errors: Interval | None = None


class Reading(Struct, frozen=True, kw_only=True):
    """Words told from values without any sound: a classifier for each place of the sentence, of ten words."""

    corpus: str
    background: str
    material: str
    sentences: int
    word_errors: Interval
    chance: float


class Guess(Struct, frozen=True, kw_only=True):
    """How often the right one of ``size`` candidates is named, and by chance."""

    size: int
    found: Interval
    chance: float


class ListAttack(Struct, frozen=True, kw_only=True):
    """An attacker with a list. ``voice``: whether the candidates are in the voice of who talked; ``setting``: what was
    released; ``bits``: information about which one was said, of the log2 of the whole list."""

    corpus: str
    background: str
    voice: str
    setting: str
    candidates: int
    by_size: tuple[Guess, ...]
    bits: Interval


class Speaker(Struct, frozen=True, kw_only=True):
    """Equal error rate of telling, against a speaker's other sentences, who talked; 0.5 is guessing."""

    corpus: str
    background: str
    material: str
    speakers: int
    count: int
    equal_error_rate: Interval


class Talking(Struct, frozen=True, kw_only=True):
    """ "Was somebody talking?": area under the curve at one loudness of talk, for minutes and for ten seconds."""

    over_street: int
    minutes: int
    by_minute: Interval
    by_ten_seconds: Interval


class Audit(Struct, frozen=True, kw_only=True):
    """Everything measured. ``left_out`` says what was not, and why."""

    version: int
    made_with: dict[str, str]
    seed: int
    quick: bool
    sentences: int
    candidates: int
    rows: tuple[Row, ...]
    readings: tuple[Reading, ...]
    lists: tuple[ListAttack, ...]
    speakers: tuple[Speaker, ...]
    talking: tuple[Talking, ...]
    left_out: tuple[str, ...]
