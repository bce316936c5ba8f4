"""Sounds to learn from, as one table of mel power that a whole training can keep in memory, or carry as one file.

Levels are kept in steps of half a decibel, one byte a band, which is finer than any recording repeats itself; so the
sounds of a thousand clips at five speeds take some sixty megabytes and a machine without recordings, and without the
libraries to read them, can train from the file alone.

>>> from clairvoie.lab.dataset import Voice
>>> power, active = np.full((3, BANDS), 1e-4, dtype=np.float32), np.array([True, True, False])
>>> tone = Voice(power, active, "horn", ("horn",), (), True)
>>> bank = Bank.of([[tone]], [])
>>> bank.sounds.label, bank.sounds.length.tolist(), bank.labels
(array(['horn'], dtype='<U4'), [2], ('horn',))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clairvoie.detect.sound.spectra import BANDS
from clairvoie.errors import LabError
from clairvoie.lab.dataset import Power, Voice

STEP_DB = 0.5
FLOOR_DB = -127.0
FORMAT = 3


def quantised(power: Power) -> NDArray[np.uint8]:
    """Power as half decibels over :data:`FLOOR_DB`; what lies under the floor is silence, 0."""
    level = 10.0 * np.log10(np.maximum(power, 1e-14))
    return np.clip(np.rint((level - FLOOR_DB) / STEP_DB), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Sounds one after the other: frame ``start[i]`` to ``start[i] + length[i]`` of ``level`` is sound ``i``.

    ``level``: (frames, ``BANDS``), half decibels; ``active``: (frames,), where it sounds; ``label``: what it is;
    ``clip``: which recording it comes from, so that its speeds are known to be one sound; ``fold``: its fold, 0 for
    what belongs to none.
    """

    level: NDArray[np.uint8]
    active: NDArray[np.bool_]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    label: NDArray[np.str_]
    clip: NDArray[np.int64]
    real: NDArray[np.bool_]
    fold: NDArray[np.int64]

    @classmethod
    def of(cls, sounds: Iterable[Sequence[Voice]], *, trim: bool, folds: Sequence[int] = ()) -> Table:
        """All versions of all sounds; with ``trim`` from the first to the last frame in which they sound.

        ``folds``: of the first so many sounds; the others have none.
        """
        levels, actives, labels, clips, real = [], [], [], [], []
        for number, versions in enumerate(sounds):
            for voice in versions:
                where = np.flatnonzero(voice.active)
                if where.size == 0:
                    continue
                part = slice(int(where[0]), int(where[-1]) + 1) if trim else slice(None)
                levels.append(quantised(voice.power[part]))
                actives.append(voice.active[part])
                labels.append(voice.label)
                clips.append(number)
                real.append(voice.real)
        lengths = np.array([len(x) for x in levels], dtype=np.int64)
        return cls(
            level=np.concatenate(levels) if levels else np.zeros((0, BANDS), dtype=np.uint8),
            active=np.concatenate(actives) if actives else np.zeros(0, dtype=np.bool_),
            start=np.cumsum(lengths) - lengths,
            length=lengths,
            label=np.array(labels, dtype=np.str_),
            clip=np.array(clips, dtype=np.int64),
            real=np.array(real, dtype=np.bool_),
            fold=np.array([folds[n] if n < len(folds) else 0 for n in clips], dtype=np.int64),
        )

    def part(self, folds: Sequence[int]) -> Table:
        """Only the sounds of these folds, and those of none."""
        chosen = np.flatnonzero(np.isin(self.fold, [0, *folds]))
        frames = np.concatenate([np.arange(self.start[i], self.start[i] + self.length[i]) for i in chosen])
        lengths = self.length[chosen]
        return Table(
            self.level[frames], self.active[frames], np.cumsum(lengths) - lengths, lengths, self.label[chosen],
            self.clip[chosen], self.real[chosen], self.fold[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Events, cut to where they sound, and backgrounds, whole; ``origin`` says in words what it was made from."""

    sounds: Table
    grounds: Table
    origin: str = ""

    @classmethod
    def of(
        cls,
        events: Iterable[Sequence[Voice]],
        backgrounds: Iterable[Sequence[Voice]],
        origin: str = "",
        folds: Sequence[int] = (),
    ) -> Bank:
        """A bank of these voices; ``folds``: of the first so many events."""
        return cls(Table.of(events, trim=True, folds=folds), Table.of(backgrounds, trim=False), origin)

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds that its recordings come from."""
        return tuple(sorted(set(self.sounds.fold.tolist()) - {0}))

    def part(self, folds: Sequence[int]) -> Bank:
        """Without the recordings of all other folds."""
        return self if set(self.folds) <= set(folds) else Bank(self.sounds.part(folds), self.grounds, self.origin)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label among the events, sorted."""
        return tuple(sorted(set(self.sounds.label.tolist())))

    def write(self, path: Path) -> None:
        """Keep it in one file."""
        tables = {"sounds": self.sounds, "grounds": self.grounds}
        arrays = {f"{name}_{field}": getattr(table, field) for name, table in tables.items() for field in _FIELDS}
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez_compressed(file, format=FORMAT, bands=BANDS, origin=self.origin, **arrays)

    @classmethod
    def read(cls, path: Path) -> Bank:
        """The bank in ``path``; :class:`LabError` where it is no bank or one of another format."""
        try:
            with np.load(path, allow_pickle=False) as held:
                if int(held["format"]) != FORMAT or int(held["bands"]) != BANDS:
                    raise LabError("this bank is of another format", int(held["format"]), "Make it anew.")
                tables = [Table(**{field: held[f"{name}_{field}"] for field in _FIELDS}) for name in _TABLES]
                return cls(tables[0], tables[1], str(held["origin"]))
        except (OSError, KeyError, ValueError) as error:
            raise LabError(f"this is no bank of sounds ({error})", str(path), "Give the file of --bank.") from error


_TABLES = ("sounds", "grounds")
_FIELDS = ("level", "active", "start", "length", "label", "clip", "real", "fold")
