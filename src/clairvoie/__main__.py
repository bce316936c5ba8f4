"""``python -m clairvoie`` and the ``clairvoie`` command: run the command line, turn named errors into one line.

Exit status: 0 done; 1 a :class:`~clairvoie.errors.ClairvoieError`, printed as one line on stderr; 2 a mistake in the
command itself; 130 after Ctrl-C. A reader that goes away (``clairvoie listen ... | head``) ends it quietly, with 1.
Any other exception is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import os
import sys

from clairvoie.errors import ClairvoieError
from clairvoie.threads import one_thread


def main() -> None:
    """Run the command line with ``sys.argv``, then leave with an exit status."""
    status: int | str | None
    one_thread()
    try:
        from clairvoie.cli import app

        app(prog_name="clairvoie")
        status = 0
    except SystemExit as leaving:
        status = leaving.code
    except ClairvoieError as error:
        sys.stderr.write(f"clairvoie: {' '.join(str(error).split())}\n")
        status = 1
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 1
    sys.exit(_flushed(status))


def _flushed(status: int | str | None) -> int | str | None:
    """``status``, or 1 when what was printed can no longer be delivered: the interpreter would complain on its way
    out."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status or 1
    return status


if __name__ == "__main__":
    main()
