"""The first half of the sandbox: what the launcher takes from a process before its program begins.

Between fork and exec the child gives up, for itself and whatever it becomes, all files but those named, all of TCP
but the ports named, all capabilities but that to lock memory, core files and resources beyond its need. So the
interpreter already starts locked, with one thread, before any import; and the launcher knows at first hand what holds,
because a child for which a step failed never reaches its program.

What the kernel does not have is left out and told: :attr:`Confining.locks`. :mod:`clairvoie.egress.sealing` is the
other half.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from clairvoie.boundary.confinement import Lock
from clairvoie.egress import landlock
from clairvoie.egress.landlock import LIST, READ, RUN, Access
from clairvoie.errors import EgressError

PACKAGE = Path(__file__).resolve().parents[1]
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom", "/usr/share/zoneinfo")
NULL_DEVICE = Path("/dev/null")
NOT_SECRET = (*LIBRARIES, *MACHINE)
UNLIMITED = -1
ADDRESS_SPACE = 8 << 30
PROCESSES = 4096
"""Of all processes and threads of this user; seccomp is what forbids to start a process."""
DESCRIPTORS = 256

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = 64
CAP_IPC_LOCK = 14


def program_paths() -> dict[Path, Access]:
    """What any program of ours needs to start: interpreter, libraries, this package; all public, none writable."""
    paths: dict[Path, Access] = {Path(name): READ for name in NOT_SECRET}
    paths |= {Path(prefix) / "lib": READ for prefix in (sys.prefix, sys.base_prefix)}
    paths |= {Path(sys.prefix) / "pyvenv.cfg": READ, PACKAGE: READ, PACKAGE.parent: LIST}
    paths |= {Path(name).resolve(): RUN for name in (sys.executable, *LOADERS)}
    paths[NULL_DEVICE] = Access.READ_FILE | Access.WRITE_FILE
    return paths


class Confining:
    """Locks made ready in the launcher, applied in its child: ``subprocess.Popen(preexec_fn=confining)``.

    ``paths``: what the process may reach beside :func:`program_paths`; ``ports``: where it may connect to by TCP;
    ``file_bytes``: the longest file it may write, a log on its standard error included. Close it when
    the child has been started.
    """

    def __init__(self, paths: Mapping[Path, Access], *, ports: Iterable[int] = (), file_bytes: int = 0) -> None:
        self.locks = Lock.NO_CORE | Lock.RESOURCE_LIMITS | Lock.NO_NEW_PRIVILEGES
        self._limits = _limits(file_bytes)
        self._ruleset = -1
        known = landlock.version()
        if known:
            self._ruleset = landlock.make_ruleset({**program_paths(), **paths}, ports)
            self.locks |= Lock.LANDLOCK_FILES
            self.locks |= Lock.LANDLOCK_NETWORK if known >= landlock.NETWORK_SINCE else Lock(0)
            self.locks |= Lock.LANDLOCK_SCOPE if known >= landlock.SCOPE_SINCE else Lock(0)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._capset = CAPSET.get(os.uname().machine)

    def __call__(self) -> None:
        """Apply them to this process. An error ends it before its program begins."""
        for kind, value in self._limits.items():
            resource.setrlimit(kind, (value, value))
        _raise_locked_memory()
        for capability in set(range(CAPABILITIES)) - {CAP_IPC_LOCK}:
            # Those that the kernel lacks fail: nothing to drop.
            self._libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        if self._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "privileges cannot be given up")
        if self._ruleset >= 0:
            landlock.enforce(self._ruleset)
        self._give_up_capabilities()

    def close(self) -> None:
        """Forget the ruleset; whoever was bound by it stays bound."""
        if self._ruleset >= 0:
            os.close(self._ruleset)
            self._ruleset = -1

    def _give_up_capabilities(self) -> None:
        """All of them, but the one to lock memory if this process has it."""
        if self._capset is None:
            raise EgressError("capabilities cannot be given up on this machine", os.uname().machine)
        head = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
        for kept in (1 << CAP_IPC_LOCK, 0):
            # Effective, permitted, inheritable; then the upper half of each.
            data = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
            if self._libc.syscall(ctypes.c_long(self._capset), ctypes.c_char_p(head), ctypes.c_char_p(data)) == 0:
                return
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")


def _limits(file_bytes: int) -> dict[int, int]:
    """Resource -> the most that is asked for and that the launcher itself may have."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_NOFILE: DESCRIPTORS,
        resource.RLIMIT_AS: ADDRESS_SPACE,
    }
    return {kind: _lower(value, resource.getrlimit(kind)[1]) for kind, value in wanted.items()}


def _lower(wanted: int, most: int) -> int:
    if most == resource.RLIM_INFINITY:
        return wanted
    return most if wanted == UNLIMITED else min(wanted, most)


def _raise_locked_memory() -> None:
    """As much locked memory as this user may have, so that :mod:`clairvoie.egress.sealing` can keep all of it from
    swap."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        most = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
