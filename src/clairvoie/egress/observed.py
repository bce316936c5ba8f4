"""What the launcher sees of a process's locks from outside, in ``/proc``, so that no process is believed about itself.

>>> status = "NoNewPrivs:\\t1\\nSeccomp:\\t2\\nCapEff:\\t0000000000000000\\nVmLck:\\t 80 kB\\nVmRSS:\\t 64 kB\\n"
>>> limits = "Max core file size        0                    0                    bytes\\n"
>>> sorted(lock.name for lock in locks_in(status, limits))
['NO_CORE', 'NO_NEW_PRIVILEGES', 'NO_SWAP', 'SECCOMP']

Landlock does not show in ``/proc``; the launcher knows of it because it applied it itself
(:mod:`clairvoie.egress.confining`). Whether a process is dumpable shows in who owns its files there, unless the
process belongs to root anyway: of root's processes it is taken on their word.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clairvoie.boundary.confinement import Lock

SECCOMP_FILTER = "2"
HARMLESS_CAPABILITIES = 1 << 14
"""To lock memory, so that none of it reaches swap."""


def locks_in(status: str, limits: str) -> Lock:
    """The locks that show in the text of ``/proc/PID/status`` and ``/proc/PID/limits``."""
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}
    locks = Lock(0)
    if fields.get("Seccomp") == SECCOMP_FILTER:
        locks |= Lock.SECCOMP
    if fields.get("NoNewPrivs") == "1" and int(fields.get("CapEff", "1"), 16) & ~HARMLESS_CAPABILITIES == 0:
        locks |= Lock.NO_NEW_PRIVILEGES
    if _kilobytes(fields.get("VmLck")) >= max(1, _kilobytes(fields.get("VmRSS"))):
        locks |= Lock.NO_SWAP
    core = next((line for line in limits.splitlines() if line.startswith("Max core file size")), "")
    if core.split()[4:6] == ["0", "0"]:
        locks |= Lock.NO_CORE
    return locks


def locks_of(pid: int) -> Lock:
    """The locks that show on process ``pid`` now; none if it is gone."""
    process = Path(f"/proc/{pid}")
    try:
        found = locks_in((process / "status").read_text(), (process / "limits").read_text())
        hidden = _is_hidden(process)
    except (FileNotFoundError, ProcessLookupError):
        return Lock(0)
    return found | Lock.NOT_DUMPABLE if hidden else found


def _is_hidden(process: Path) -> bool:
    """Whether the kernel has taken the process's files there from its user, as it does when it is not dumpable.

    Root's processes belong to root either way, and nothing else tells; there this is always true.
    """
    return (process / "status").stat().st_uid == 0


def descriptors_of(pid: int) -> dict[int, str] | None:
    """Descriptor -> what it is, as the kernel names it, for process ``pid``; ``None`` where that may not be seen."""
    folder = Path(f"/proc/{pid}/fd")
    try:
        return {int(entry.name): str(entry.readlink()) for entry in folder.iterdir()}
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return None


def strangers(held: dict[int, str], given: Iterable[str]) -> list[str]:
    """Those of the descriptors ``held`` that are neither the null device nor one of ``given``, by name.

    >>> strangers({0: "/dev/null", 3: "pipe:[7]", 9: "socket:[5]"}, ["pipe:[7]"])
    ['socket:[5]']
    """
    known = {"/dev/null", *given}
    return sorted(name for name in held.values() if name not in known)


def _kilobytes(value: str | None) -> int:
    return int(value.split()[0]) if value else 0
