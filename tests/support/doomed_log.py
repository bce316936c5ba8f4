"""A hub's ledger that is killed with SIGKILL at its n-th step, for every n, each time in a process of its own.

    python doomed_log.py FOLDER

makes FOLDER/0, FOLDER/1... until a run reaches its end. Beside each, ``seen/`` holds every checkpoint that could be
read from the published folder at any step. The last line printed: how many runs were killed, how the last one ended.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from log_house import LogHouse

from clairvoie.boundary.entry import EntryKind


def scenario(folder: Path, deadly: int) -> None:
    """Three publications, one across a tile's end, one after something was forgotten."""
    folder.mkdir(parents=True)
    (folder / "seen").mkdir()
    steps = 0

    def step(_name: str) -> None:
        nonlocal steps
        published = folder / "log" / "0" / "checkpoint"
        if published.is_file():
            data = published.read_bytes()
            (folder / "seen" / data.split(b"\n")[1].decode()).write_bytes(data)
        if steps == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    house = LogHouse(folder, step=step)
    house.open()
    house.acts(2, EntryKind.MODEL)
    house.publisher.publish()
    house.hear("mic-a", b"one")
    house.minute()
    house.acts(256)
    house.publisher.publish()
    house.store.submit(lambda connection: house.ledger.forget(connection, entries=[2])).result()
    house.acts(1, EntryKind.MODEL)
    house.publisher.publish()
    house.close()


def main() -> None:
    """Fork before any thread is started, once for each step."""
    base = Path(sys.argv[1])
    number = 0
    while True:
        child = os.fork()
        if child == 0:
            scenario(base / str(number), number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            break
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        number += 1
    sys.stdout.write(f"{number} {os.WEXITSTATUS(status)}\n")


if __name__ == "__main__":
    main()
