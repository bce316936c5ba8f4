"""seccomp: an allow-list of system calls, as a small program that the kernel runs before each (seccomp(2)).

The program first looks at the calling convention: another than the machine's own (32-bit, or x32 on x86_64) numbers its
calls differently, so such a call kills the process. A call that is not on the list fails with ``EPERM`` and has no
effect. Killing there would be no safer, since the call is not made either way; but it would stop a measurement
because some library asks for a file that it can do without, and would hand a hostile analyser a way to end at will that
looks like an accident.

Four calls are allowed for some arguments only: memory may never be executable (``mmap``, ``mprotect``), a new thread
must be a thread of this process and nothing else (``clone``; ``clone3`` keeps its flags in memory, where a filter
cannot look, so it does "not exist", and libraries fall back to ``clone``), ``fcntl`` only asks, ``ioctl`` is for ALSA.
Processes that keep files or speak to the network have a little more of the last two.

The filter is written here and not by libseccomp, so that a node needs no library that a bare machine may lack.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from clairvoie.egress.syscalls import AUDIT_ARCHITECTURE, NUMBERS, SECCOMP_NUMBER
from clairvoie.errors import EgressError

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000
EPERM, ENOSYS = 1, 38
SET_MODE_FILTER, THREAD_SYNC = 1, 1
X32_BIT = 0x40000000

LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_SET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
OFFSET_NUMBER, OFFSET_ARCHITECTURE, OFFSET_ARGUMENTS = 0, 4, 16

PROT_EXEC = 4
THREAD_FLAGS = 0x00010000 | 0x00000100 | 0x00000800
"""CLONE_THREAD, CLONE_VM, CLONE_SIGHAND."""
NAMESPACE_FLAGS = 0x7E020080
"""CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS and NEWTIME."""
F_GETFD, F_GETFL = 1, 3
FIONBIO = 0x5421
ALSA_TYPE = ord("A") << 8
"""The middle byte of every ALSA PCM request."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """Which calls a process may make: ``calls`` with any arguments, threads, queries, and ``alsa`` if it records.

    ``descriptors`` allows every ``fcntl``, which file locks need; ``sockets`` the ``ioctl`` that sets whether reading
    waits.
    """

    calls: frozenset[str] = field(default_factory=frozenset)
    alsa: bool = False
    descriptors: bool = False
    sockets: bool = False


def _argument(index: int) -> int:
    """Offset of the lower half of an argument on a little-endian machine."""
    return OFFSET_ARGUMENTS + 8 * index


def _none_of(index: int, bits: int) -> list[Instruction]:
    """Allow when none of ``bits`` is set in the argument."""
    return [
        (LOAD, 0, 0, _argument(index)),
        (JUMP_SET, 0, 1, bits),
        (RETURN, 0, 0, ERRNO | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]


def _equal_under(index: int, mask: int, wanted: Iterable[int]) -> list[Instruction]:
    """Allow when the argument under ``mask`` is one of ``wanted``."""
    values = list(wanted)
    tests = [(JUMP_EQUAL, len(values) - number, 0, value) for number, value in enumerate(values)]
    head = [(LOAD, 0, 0, _argument(index)), (AND, 0, 0, mask)]
    return [*head, *tests, (RETURN, 0, 0, ERRNO | EPERM), (RETURN, 0, 0, ALLOW)]


def _conditions(allowed: AllowList) -> dict[str, list[Instruction]]:
    conditions = {
        "mmap": _none_of(2, PROT_EXEC),
        "mprotect": _none_of(2, PROT_EXEC),
        "clone": _equal_under(0, THREAD_FLAGS | NAMESPACE_FLAGS, [THREAD_FLAGS]),
        "clone3": [(RETURN, 0, 0, ERRNO | ENOSYS)],
        "fcntl": _equal_under(1, 0xFFFFFFFF, [F_GETFD, F_GETFL]),
    }
    if allowed.alsa:
        conditions["ioctl"] = _equal_under(1, 0xFF00, [ALSA_TYPE])
    if allowed.sockets:
        conditions["ioctl"] = _equal_under(1, 0xFFFFFFFF, [FIONBIO])
    if allowed.descriptors:
        conditions["fcntl"] = [(RETURN, 0, 0, ALLOW)]
    return conditions


def program(allowed: AllowList, machine: str) -> list[Instruction]:
    """The filter for ``machine``. Raises :class:`EgressError` for an architecture that it was not written for."""
    if machine not in NUMBERS:
        raise EgressError("the filter of system calls knows no such machine", machine, f"It knows {sorted(NUMBERS)}.")
    numbers = NUMBERS[machine]
    found: list[Instruction] = [
        (LOAD, 0, 0, OFFSET_ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        found += [(JUMP_ABOVE, 0, 1, X32_BIT), (RETURN, 0, 0, KILL_PROCESS)]
    conditions = _conditions(allowed)
    for name in sorted(allowed.calls - conditions.keys()):
        if name in numbers:
            found += [(JUMP_EQUAL, 0, 1, numbers[name]), (RETURN, 0, 0, ALLOW)]
    for name, condition in conditions.items():
        found += [(JUMP_EQUAL, 0, len(condition), numbers[name]), *condition]
    return [*found, (RETURN, 0, 0, ERRNO | EPERM)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def enforce(allowed: AllowList) -> None:
    """Bind all threads of this process to ``allowed``, for ever. Raises :class:`EgressError` when that cannot be done.

    Needs that privileges have been given up (``PR_SET_NO_NEW_PRIVS``).
    """
    machine = platform.machine()
    instructions = program(allowed, machine)
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = _Program(len(instructions), packed)
    result = libc.syscall(
        ctypes.c_long(SECCOMP_NUMBER[machine]),
        ctypes.c_uint(SET_MODE_FILTER),
        ctypes.c_uint(THREAD_SYNC),
        ctypes.byref(given),
    )
    if result != 0:
        why = os.strerror(ctypes.get_errno()) if result < 0 else f"thread {result} cannot be bound"
        raise EgressError("this process cannot be bound to its list of system calls", why)
