"""Landlock: which files and ports a process, and all that it starts, may still reach; taken away once and for ever.

The kernel's interface is three system calls without a library (landlock(7)), so they are called by number, which is the
same on every architecture. What the running kernel does not know is left out: :func:`version` tells what it knows.
A ruleset is made in one process and may be enforced in its child, where only :func:`enforce` is called.

What Landlock does not cover: reading or changing attributes of a file, and every socket that is not TCP. That is left
to :mod:`clairvoie.egress.seccomp`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Mapping
from enum import IntFlag
from pathlib import Path

from clairvoie.errors import EgressError

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH, NET_PORT = 1, 2
PR_SET_NO_NEW_PRIVS = 38


class Access(IntFlag):
    """What may be done to files below a path (linux/landlock.h)."""

    EXECUTE = 1
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


READ = Access.READ_FILE | Access.READ_DIR
RUN = READ | Access.EXECUTE
LIST = Access.READ_DIR
DEVICE = Access.READ_FILE | Access.WRITE_FILE | Access.READ_DIR | Access.IOCTL_DEV
KEEP = READ | Access.WRITE_FILE | Access.REMOVE_FILE | Access.MAKE_REG | Access.TRUNCATE
"""Files that are kept: read, written, made and removed, but no folders, links, devices or sockets."""
OF_A_FILE = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
KNOWN_SINCE = ((1, (1 << 13) - 1), (2, Access.REFER.value), (3, Access.TRUNCATE.value), (5, Access.IOCTL_DEV.value))
BIND_TCP, CONNECT_TCP = 1, 2
NETWORK_SINCE = 4
ABSTRACT_SOCKETS, SIGNALS = 1, 2
SCOPE_SINCE = 6

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _call(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def version() -> int:
    """The newest version of Landlock that the running kernel knows; 0 where there is none."""
    return max(0, _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG)))


def known_access(known: int) -> Access:
    """All that version ``known`` can take away."""
    return Access(sum(bits for since, bits in KNOWN_SINCE if since <= known))


def make_ruleset(paths: Mapping[Path, Access], ports: Iterable[int] = ()) -> int:
    """A descriptor of a ruleset: everything is forbidden but ``paths`` and connecting to TCP ``ports``.

    Paths that do not exist, or that this user cannot reach anyway, are left out. Raises :class:`EgressError` where
    there is no Landlock or a rule is refused.
    """
    known = version()
    if known < 1:
        raise EgressError("this kernel has no Landlock", None, "Simulated sensors run without it; live ones do not.")
    handled = known_access(known)
    attributes = struct.pack(
        "=QQQ",
        handled,
        BIND_TCP | CONNECT_TCP if known >= NETWORK_SINCE else 0,
        ABSTRACT_SOCKETS | SIGNALS if known >= SCOPE_SINCE else 0,
    )
    size = 24 if known >= SCOPE_SINCE else 16 if known >= NETWORK_SINCE else 8
    ruleset = _call(CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        raise _failed("Landlock makes no ruleset", size)
    for path, access in paths.items():
        _allow_path(ruleset, path, access & handled)
    if known >= NETWORK_SINCE:
        for port in ports:
            _add_rule(ruleset, NET_PORT, struct.pack("=QQ", CONNECT_TCP, port), port)
    return ruleset


def _allow_path(ruleset: int, path: Path, access: Access) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return
        raise EgressError(f"this path cannot be allowed ({error.strerror})", str(path)) from error
    try:
        allowed = access if path.is_dir() else access & OF_A_FILE
        if allowed:
            _add_rule(ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, descriptor), str(path))
    finally:
        os.close(descriptor)


def _add_rule(ruleset: int, kind: int, rule: bytes, what: object) -> None:
    added = _call(
        ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(kind), ctypes.c_char_p(rule), ctypes.c_uint32(0)
    )  # fmt: skip
    if added != 0:
        raise _failed("Landlock refuses a rule", what)


def enforce(ruleset: int) -> None:
    """Bind the calling thread, and whatever it starts from now on, to ``ruleset``. There is no way back.

    Only two system calls, so that it may be called between fork and exec. Raises :class:`EgressError`.
    """
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise _failed("privileges cannot be given up", None)
    if _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
        raise _failed("Landlock does not bind this process", ruleset)


def _failed(what: str, value: object) -> EgressError:
    return EgressError(f"{what} ({os.strerror(ctypes.get_errno())})", value)
