"""`clairvoie lab speed` in its small size: stages of a stream beside a straightforward SciPy pipeline, same network.

The figures to cite come from `clairvoie lab speed` on a machine that does nothing else. Nothing here fails on speed.

    python benchmarks/speed.py
"""

from __future__ import annotations

import sys

from clairvoie.lab.one_core import stay_on_one_core

stay_on_one_core()  # before numpy is loaded, which counts the cores then

from clairvoie.cli.speed_table import speed_text  # noqa: E402
from clairvoie.lab.speed import measure  # noqa: E402


def main() -> None:
    """Measure and print."""
    found = measure(None, quick=True, sensor=False, report=lambda what, *_: print(what, file=sys.stderr))
    print(speed_text(found))


if __name__ == "__main__":
    main()
