"""The bar of ``listen``: on a terminal only, with the time left, and never in the way of what is printed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from clairvoie.cli.listen_progress import progress_of_many, progress_of_one

PRINTS_WHILE_THE_BAR_RUNS = """
from clairvoie.cli.listen_progress import progress_of_one
with progress_of_one(100.0, quiet=False) as advance:
    for position in range(100):
        advance(float(position))
        print(position)
"""


def test_what_is_printed_meanwhile_goes_to_standard_output_and_the_bar_to_the_terminal() -> None:
    theirs, ours = pty.openpty()
    try:
        ran = subprocess.run(
            [sys.executable, "-c", PRINTS_WHILE_THE_BAR_RUNS],
            stdout=subprocess.PIPE,
            stderr=ours,
            check=True,
            text=True,
        )
        shown = os.read(theirs, 1 << 16).decode(errors="replace")
    finally:
        os.close(theirs)
        os.close(ours)
    assert ran.stdout.split() == [str(position) for position in range(100)]
    assert "listening" in shown


def test_there_is_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of_one(1000.0, quiet=False) as advance:
        advance(500.0)
    with progress_of_many(2, quiet=False) as begin:
        for number in range(2):
            begin(number, Path("a.wav"))(None)(3.0)
            begin(number, Path("a.wav"))(6.0)(3.0)
    assert capsys.readouterr() == ("", "")
