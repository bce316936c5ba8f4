"""A hostile analyser starts, traces, reads and signals processes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import struct

from attacker import attack, raw, read, targets


@attack
def start_a_program() -> bool:
    os.execv("/bin/true", ["/bin/true"])  # in the control, its exit status is the success
    return False


@attack
def start_a_program_by_descriptor() -> bool:
    arguments = (ctypes.c_char_p * 2)(b"true", None)
    return raw(322, 281, -100, ctypes.c_char_p(b"/bin/true"), arguments, None, 0) == 0  # execveat


@attack
def fork() -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@attack
def spawn_as_vfork_does() -> bool:
    return os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1] == 0


@attack
def clone_a_process() -> bool:
    child = raw(56, 220, signal.SIGCHLD, None, None, None, None)
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@attack
def clone3_a_process() -> bool:
    arguments = struct.pack("=11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
    child = raw(435, 435, ctypes.c_char_p(arguments), 88)
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@attack
def enter_a_new_namespace() -> bool:
    return raw(272, 97, 0x10000000) == 0  # unshare, a user's own


@attack
def trace_a_neighbour() -> bool:
    return raw(101, 117, 0x4206, targets["neighbour"], 0, 0) == 0  # PTRACE_SEIZE


@attack
def read_the_memory_of_a_neighbour() -> bool:
    into = ctypes.create_string_buffer(6)
    local = struct.pack("=QQ", ctypes.addressof(into), 6)
    remote = struct.pack("=QQ", targets["address"], 6)
    raw(310, 270, targets["neighbour"], ctypes.c_char_p(local), 1, ctypes.c_char_p(remote), 1, 0)
    return into.raw == b"secret"


@attack
def read_the_memory_file_of_a_neighbour() -> bool:
    descriptor = os.open(f"/proc/{targets['neighbour']}/mem", os.O_RDONLY)
    return os.pread(descriptor, 6, targets["address"]) == b"secret"


@attack
def read_the_environment_of_a_neighbour() -> bool:
    return read(f"/proc/{targets['neighbour']}/environ")


@attack
def take_a_descriptor_of_a_neighbour() -> bool:
    neighbour = raw(434, 434, targets["neighbour"], 0)
    return raw(438, 438, neighbour, 0, 0) >= 0


@attack
def signal_a_neighbour() -> bool:
    return os.kill(targets["neighbour"], signal.SIGWINCH) is None


@attack
def signal_the_launcher() -> bool:
    return os.kill(os.getppid(), signal.SIGWINCH) is None


@attack
def signal_a_thread_of_a_neighbour() -> bool:
    return raw(234, 131, targets["neighbour"], targets["neighbour"], signal.SIGWINCH) == 0


@attack
def queue_a_signal_with_a_value() -> bool:
    value = struct.pack("=iii", signal.SIGWINCH, 0, -1) + bytes(116)
    return raw(129, 138, targets["neighbour"], signal.SIGWINCH, ctypes.c_char_p(value)) == 0


@attack
def have_signals_sent_by_a_descriptor() -> bool:
    return fcntl.fcntl(targets["pipe"], fcntl.F_SETOWN, targets["neighbour"]) == 0


@attack
def change_priority() -> bool:
    return os.setpriority(os.PRIO_PROCESS, 0, 5) is None


@attack
def choose_a_processor() -> bool:
    return os.sched_setaffinity(0, os.sched_getaffinity(0)) is None
