"""What a hostile analyser tries once it runs: Python and raw system calls, each attack a function that says whether it
got what it wanted.

It runs as a process of its own, in which ``TARGETS`` and ``LOCKED`` are set. Locked, it goes through the analyser's own
code (:func:`clairvoie.node.analyser.lock_for_good`) and then tries all attacks one after the other. Not locked, each
attack has a forked process to itself, so that what one breaks does not spoil the next: the control without which a
failed attack would prove nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import select
import threading
from collections.abc import Callable
from typing import Any

ARM = platform.machine() == "aarch64"
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
targets: dict[str, Any] = {}
ATTACKS: dict[str, Callable[[], bool]] = {}
EXTRA_DESCRIPTOR = 60


def attack(function: Callable[[], bool]) -> Callable[[], bool]:
    ATTACKS[function.__name__] = function
    return function


def raw(x86: int, arm: int, *arguments: object) -> int:
    """A system call by number; raises ``OSError`` as the kernel says."""
    result = int(libc.syscall(ctypes.c_long(arm if ARM else x86), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def call(name: str, *arguments: object) -> int:
    result = int(getattr(libc, name)(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def path(name: str) -> bytes:
    return str(targets[name]).encode()


def read(name: str) -> bool:
    with open(name, "rb") as file:  # noqa: PTH123  (no module of Python's own may be in the way)
        return len(file.read(1)) >= 0


def outcome(function: Callable[[], bool]) -> str:
    """``done``, or why not."""
    try:
        return "done" if function() else "no"
    except OSError as error:
        return f"{type(error).__name__} {error.errno}"


def alone(function: Callable[[], bool]) -> str:
    """The outcome in a process of its own; one that ends with status 0 by itself has done it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        found = outcome(function)
        os.write(writing, found.encode())
        os._exit(0 if found == "done" else 1)
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    return said or ("done" if status == 0 else f"status {status}")


def tell(descriptor: int, found: dict[str, str]) -> None:
    for name, result in found.items():
        os.write(descriptor, json.dumps([name, result]).encode())


def thread_starts() -> bool:
    """Not an attack: threads are allowed."""
    seen: list[int] = []
    thread = threading.Thread(target=seen.append, args=(1,))
    thread.start()
    thread.join()
    return seen == [1]


def run(given: dict[str, Any], *, locked: bool) -> None:
    """Be an analyser that turns hostile once it is locked."""
    from clairvoie.egress.pipe import write_packet
    from clairvoie.node.analyser import lock_for_good
    from clairvoie.node.lifeline import tie_to_parent
    from clairvoie.node.orders import READY, AnalyserOrders, read_orders

    orders = read_orders(AnalyserOrders)
    tie_to_parent(orders.parent)
    targets.update(given, pipe=orders.claims)
    os.dup2(0, EXTRA_DESCRIPTOR)
    if not locked:
        tell(orders.claims, {name: alone(function) for name, function in ATTACKS.items()})
        return
    lock_for_good(orders, ())
    write_packet(orders.ready, READY)
    last_words = targets.get("last words")
    if last_words == "x32":
        libc.syscall(ctypes.c_long(0x40000000 + 39))
    elif last_words == "crash":
        ctypes.string_at(8)
    found = {name: outcome(function) for name, function in ATTACKS.items()}
    tell(orders.claims, found | {"thread_starts": outcome(thread_starts), "end": "done"})
    select.select([orders.control], [], [])
