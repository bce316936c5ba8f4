"""``clairvoie authorise``, one command after the other, as a person would give them."""

from __future__ import annotations

import shlex

from typer.testing import CliRunner

from clairvoie.cli import app
from clairvoie.errors import ClairvoieError


def told(line: str, lines: str = "") -> str:
    """What a command prints, without its line breaks. Raises its error."""
    result = CliRunner().invoke(app, ["authorise", *shlex.split(line)], input=lines)
    if isinstance(result.exception, ClairvoieError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())
