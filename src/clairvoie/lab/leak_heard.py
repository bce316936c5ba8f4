"""One corpus beside one sensor: what was said, and what the sensor released while it was said."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from clairvoie.lab.leak_scene import Background, Minute, minutes_of
from clairvoie.lab.leak_speech import Said

SEEDS = 10
"""So many for each run's seed."""


class Heard(Struct, frozen=True, kw_only=True):
    """``minutes`` of many talkers, ``again`` of the attacker's own voice, and the attacker's ``library``, in which that
    voice says the same sentences at other moments, louder or softer, over other noise. Row by row the same sentence.
    ``replayed``, where measured, is the library's very sound once more."""

    corpus: str
    background: Background
    said: tuple[Said, ...]
    minutes: tuple[Minute, ...]
    again: tuple[Minute, ...]
    library: tuple[Minute, ...]
    replayed: tuple[Minute, ...]
    again_speaker: str

    def talkers(self) -> list[tuple[str, Minute]]:
        """Who talked in which minute: everybody, the attacker's voice no oftener than the others."""
        found = [(said.speaker, minute) for said, minute in zip(self.said, self.minutes, strict=True)]
        each = len(found) // max(1, len({speaker for speaker, _ in found}))
        return found + [(self.again_speaker, minute) for minute in self.again[:each]]


def listen(
    said: Sequence[Said], again: Sequence[Said], library: Sequence[Said], background: Background, seed: int,
    *, replay: bool = False,
) -> Heard:  # fmt: skip
    """What a sensor hears and releases. The library is heard over other noise than the talkers are."""
    sets = [
        tuple(minutes_of([one.sound for one in sentences], background, SEEDS * seed + number, pool=int(number == 2)))
        for number, sentences in enumerate((said, again, library, library if replay else ()))
    ]
    return Heard(
        corpus=said[0].corpus,
        background=background,
        said=tuple(said),
        minutes=sets[0],
        again=sets[1],
        library=sets[2],
        replayed=sets[3],
        again_speaker=again[0].speaker,
    )
