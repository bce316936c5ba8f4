"""A hostile analyser, as native code: whatever it tries fails once it is locked, and would work if it were not."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attacker import ATTACKS
from locked_process import MODULES, LockedProcess

from clairvoie.boundary.confinement import Lock
from clairvoie.egress import landlock

for _module in MODULES:
    importlib.import_module(_module)
MEANT = ("1", "13", "38", "9")
"""Refused by seccomp, by Landlock, "no such call" for clone3, or the descriptor is closed."""
NO_SWAP_HERE = Lock(0) if os.geteuid() == 0 else Lock.NO_SWAP
"""An ordinary user may lock only a little memory, and then this one lock is missing, and said to be."""

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_it_fails_inside_the_locks_and_works_outside(
    name: str, locked: dict[str, str], control: dict[str, str]
) -> None:
    assert locked[name].split()[-1] in MEANT, locked[name]
    assert control[name] == "done", "the attack itself does not work here, so its failure inside shows nothing"


def test_what_an_analyser_needs_still_works(locked: dict[str, str]) -> None:
    assert locked["thread_starts"] == "done"


@pytest.fixture
def hostile(targets: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[LockedProcess]:
    process = LockedProcess(Path(targets["folder"]), {**targets, "last words": getattr(request, "param", None)})
    yield process
    process.close()


def test_the_launcher_sees_from_outside_that_all_locks_hold(hostile: LockedProcess) -> None:
    hostile.said()
    assert hostile.handshake.is_ready
    assert hostile.handshake.strangers == []
    assert hostile.handshake.confinement.missing & ~NO_SWAP_HERE == Lock(0)


@pytest.mark.parametrize("hostile", ["x32"], indirect=True)
def test_a_call_by_another_convention_kills(hostile: LockedProcess) -> None:
    assert hostile.wait() == -signal.SIGSYS


@pytest.mark.parametrize("hostile", ["crash"], indirect=True)
def test_a_crash_leaves_no_core_file(hostile: LockedProcess, targets: dict[str, Any]) -> None:
    hostile.said()
    _, status = os.waitpid(hostile.process.pid, 0)
    hostile.process.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)
