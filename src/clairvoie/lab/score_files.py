"""Raw scores and ground truth of a bench, as other programs read them: one table a scene, and one of what is in them.

::

    DIR/Clairvoie/scene-10-0001.tsv    onset, offset, then a column for each kind (the format of sed_scores_eval)
    DIR/ground-truth.tsv               filename, onset, offset, event_label (DCASE)

Nothing else is kept: with the seed and the recordings the scenes can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from clairvoie.lab.detection_scores import ScoreTable
from clairvoie.lab.strong_labels import Line, write_lines


class ScoreFiles:
    """Writes into ``folder``; without one, nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lines: list[Line] = []

    def truth(self, lines: Iterable[Line]) -> None:
        """What is in a scene."""
        if self._folder is not None:
            self._lines.extend(lines)

    def scores(self, recogniser: str, kinds: Sequence[str], scene: str, table: ScoreTable) -> None:
        """What a recogniser says of a scene."""
        if self._folder is None:
            return
        path = self._folder / recogniser / Path(scene).with_suffix(".tsv").name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = ["\t".join(["onset", "offset", *kinds])]
        for begin, end, values in zip(table.edges[:-1], table.edges[1:], table.values, strict=True):
            rows.append("\t".join([f"{begin:.3f}", f"{end:.3f}", *(f"{value:.5f}" for value in values)]))
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")

    def finish(self) -> None:
        """Write the ground truth."""
        if self._folder is not None:
            write_lines(self._lines, self._folder / "ground-truth.tsv")
