"""``clairvoie lab labels``: when each recording sounds, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def labels(
    data: Annotated[Path, typer.Option(help="Folder that holds sounds/labels.csv.")],
    out: Annotated[Path, typer.Option(help="The table to write, tab-separated.")],
    folds: Annotated[str, typer.Option(help="Folds of ESC-50, with commas.")] = "1,2,3,4",
) -> None:
    """Write strong labels: filename, onset, offset and event_label of every sound, as DCASE has them.

    A recording sounds while its A-weighted envelope over 50 ms lies within 25 dB of its maximum; gaps under 0.25 s are
    joined. Labels are the words of the closed lists, so voices have no line. Training and benches use the same
    envelope.
    """
    from clairvoie.cli.train import folds_of
    from clairvoie.lab.dataset import esc, read_clips
    from clairvoie.lab.strong_labels import strong_labels, write_lines

    clips = esc(read_clips(data), folds_of(folds), shippable=False)
    count = write_lines(strong_labels(clips, data / "sounds"), out)
    typer.echo(f"{count} lines for {len(clips)} recordings in {out}")
