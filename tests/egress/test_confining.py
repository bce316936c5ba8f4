"""What is taken before a program begins; and a kernel without Landlock, where that much less is claimed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from clairvoie.boundary.confinement import Confinement, Lock
from clairvoie.egress import landlock
from clairvoie.egress.confining import Confining
from clairvoie.egress.landlock import Access, known_access, make_ruleset
from clairvoie.errors import EgressError

LIMITS = """
import json, resource as r
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps([r.getrlimit(k)[1] for k in (r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE)]
      + [int(status["CapEff"], 16) & ~(1 << 14), int(status["NoNewPrivs"])]), flush=True)
"""


def test_what_a_version_of_landlock_knows_grows() -> None:
    assert not known_access(1) & (Access.REFER | Access.TRUNCATE | Access.IOCTL_DEV)
    assert known_access(2) & Access.REFER
    assert known_access(3) & Access.TRUNCATE
    assert not known_access(4) & Access.IOCTL_DEV
    assert known_access(7) == Access((1 << 16) - 1)


@pytest.fixture
def no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that knows none."""
    monkeypatch.setattr(landlock, "version", lambda: 0)


@pytest.mark.usefixtures("no_landlock")
def test_without_landlock_a_process_starts_with_what_could_be_had_and_is_not_fit_for_live() -> None:
    confining = Confining({Path("/proc"): landlock.READ})
    ended = subprocess.run([sys.executable, "-P", "-c", LIMITS], preexec_fn=confining, capture_output=True, timeout=60)
    assert json.loads(ended.stdout) == [0, 0, min(256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]), 0, 1]
    assert not confining.locks & (Lock.LANDLOCK_FILES | Lock.LANDLOCK_NETWORK | Lock.LANDLOCK_SCOPE)
    everything_else = confining.locks | Lock.SECCOMP | Lock.NOT_DUMPABLE | Lock.DESCRIPTORS_CLOSED
    assert not Confinement(locks=everything_else).fit_for_live
    with pytest.raises(EgressError, match="has no Landlock"):
        make_ruleset({})


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_a_step_that_fails_keeps_the_program_from_beginning() -> None:
    confining = Confining({})
    confining.close()
    confining._ruleset = 9999  # a descriptor that is none
    with pytest.raises(subprocess.SubprocessError):
        subprocess.run([sys.executable, "-c", "raise SystemExit(0)"], preexec_fn=confining, timeout=60)
