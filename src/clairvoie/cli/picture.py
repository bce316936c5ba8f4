"""A drawing becomes a PNG file; a place that cannot be written to is a named error, not the end of a long run."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from clairvoie.errors import ConfigurationError


def write_picture(figure: Figure, path: Path, *, optimize: bool = True) -> None:
    """Write ``figure`` to ``path``; ``optimize`` takes longer for a smaller file.

    Raises :class:`ConfigurationError` when it cannot be written.
    """
    try:
        figure.savefig(path, format="png", facecolor=figure.get_facecolor(), pil_kwargs={"optimize": optimize})
    except OSError as error:
        reason = f"the plot cannot be written ({error.strerror})"
        raise ConfigurationError(reason, str(path), "Check --plot.") from error
