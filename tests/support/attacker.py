"""What a hostile analyser tries once it runs: Python and raw system calls, each attack a function that says whether it
got what it wanted.

It runs as a process of its own, in which ``TARGETS`` and ``LOCKED`` are set. Locked, it goes through the analyser's own
code (:func:`clairvoie.analyser.lock_for_good`) and then tries all attacks one after the other. Not locked, each attack
has a forked process to itself, so that what one breaks does not spoil the next: the control without which a failed
attack would prove nothing.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import platform
import select
import signal
import socket
import struct
import sys
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


# -- files


@attack
def read_passwd() -> bool:
    return read("/etc/passwd")


@attack
def read_key() -> bool:
    return read(targets["key"])


@attack
def read_outbox() -> bool:
    return read(targets["outbox"])


@attack
def open_by_openat2() -> bool:
    how = struct.pack("=QQQ", os.O_RDONLY, 0, 0)
    return raw(437, 437, -100, ctypes.c_char_p(path("key")), ctypes.c_char_p(how), 24) >= 0


@attack
def open_the_program_itself() -> bool:
    return read(sys.executable)


@attack
def open_own_descriptor_again() -> bool:
    return os.open("/proc/self/fd/0", os.O_RDWR) >= 0


@attack
def list_the_root() -> bool:
    return bool(os.listdir("/"))  # noqa: PTH208


@attack
def see_that_a_file_is_there() -> bool:
    return os.stat(targets["key"]).st_size >= 0  # noqa: PTH116


@attack
def write_a_file() -> bool:
    return os.open(targets["folder"] + "/new", os.O_CREAT | os.O_WRONLY) >= 0


@attack
def append_to_the_outbox() -> bool:
    return os.write(os.open(targets["outbox"], os.O_WRONLY | os.O_APPEND), b"x") == 1


@attack
def make_a_folder() -> bool:
    return os.mkdir(targets["folder"] + "/d") is None  # noqa: PTH102


@attack
def make_a_symbolic_link() -> bool:
    return os.symlink("/etc/passwd", targets["folder"] + "/s") is None  # noqa: PTH211


@attack
def make_a_hard_link() -> bool:
    return os.link(targets["key"], targets["folder"] + "/h") is None


@attack
def make_a_fifo() -> bool:
    return os.mkfifo(targets["folder"] + "/f") is None


@attack
def rename_a_file() -> bool:
    return os.rename(targets["victim"], targets["victim"] + ".away") is None  # noqa: PTH104


@attack
def remove_a_file() -> bool:
    return os.unlink(targets["folder"] + "/removable") is None  # noqa: PTH108


@attack
def cut_a_file() -> bool:
    return os.truncate(targets["outbox"], 1) is None


@attack
def change_the_mode_of_a_file() -> bool:
    return os.chmod(targets["key"], 0o600) is None  # noqa: PTH101


@attack
def change_the_owner_of_a_file() -> bool:
    return os.chown(targets["key"], os.getuid(), -1) is None


@attack
def change_the_time_of_a_file() -> bool:
    return os.utime(targets["key"], (1, 1)) is None


@attack
def hide_bits_in_an_attribute() -> bool:
    return os.setxattr(targets["key"], "user.word", b"secret") is None


@attack
def watch_a_folder() -> bool:
    return raw(294, 26, 0) >= 0  # inotify_init1


# -- the network


@attack
def send_udp() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"secret", ("127.0.0.1", targets["udp"])) == 6


@attack
def connect_by_tcp() -> bool:
    with socket.socket() as sender:
        return sender.connect(("127.0.0.1", targets["tcp"])) is None


@attack
def listen_by_tcp() -> bool:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.listen() is None


@attack
def connect_to_a_unix_socket() -> bool:
    with socket.socket(socket.AF_UNIX) as sender:
        return sender.connect(targets["unix"]) is None


@attack
def connect_to_an_abstract_socket() -> bool:
    with socket.socket(socket.AF_UNIX) as sender:
        return sender.connect("\0" + targets["abstract"]) is None


@attack
def ask_the_kernel_by_netlink() -> bool:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sender:
        return sender.bind((0, 0)) is None


@attack
def make_a_pair_of_sockets() -> bool:
    one, other = socket.socketpair()
    one.close()
    return other.close() is None


# -- processes


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


# -- memory that others see, or that can be run


@attack
def shared_memory_by_name() -> bool:
    name = f"/clairvoie-{os.getpid()}".encode()
    return call("shm_open", name, os.O_CREAT | os.O_RDWR, 0o600) >= 0 and call("shm_unlink", name) == 0


@attack
def shared_memory_by_number() -> bool:
    segment = raw(29, 194, 0, 4096, 0o1600)
    return raw(31, 195, segment, 0, None) == 0


@attack
def message_queue_by_number() -> bool:
    queue = raw(68, 186, 0, 0o1600)
    return raw(71, 187, queue, 0, None) == 0


@attack
def semaphores_by_number() -> bool:
    found = raw(64, 190, 0, 1, 0o1600)
    return raw(66, 191, found, 0, 0, 0) == 0


@attack
def message_queue_by_name() -> bool:
    name = ctypes.c_char_p(f"clairvoie-{os.getpid()}".encode())
    return raw(240, 180, name, os.O_CREAT | os.O_RDWR, 0o600, None) >= 0 and raw(241, 181, name) == 0


@attack
def memory_file() -> bool:
    return os.memfd_create("memory") >= 0


@attack
def executable_memory() -> bool:
    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close() is None


@attack
def memory_made_executable() -> bool:
    area = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    return raw(10, 226, ctypes.c_void_p(address), ctypes.c_size_t(4096), 5) == 0


@attack
def reading_made_to_imply_executing() -> bool:
    return raw(135, 92, ctypes.c_ulong(0x0400000)) >= 0


# -- the kernel


@attack
def io_uring() -> bool:
    return raw(425, 425, 1, ctypes.c_char_p(bytes(120))) >= 0


@attack
def user_faults() -> bool:
    return raw(323, 282, 1) >= 0


@attack
def programs_in_the_kernel() -> bool:
    attributes = struct.pack("=IIII", 2, 4, 4, 1) + bytes(112)  # BPF_MAP_CREATE, an array
    return raw(321, 280, 0, ctypes.c_char_p(attributes), 128) >= 0


@attack
def counters_of_the_processor() -> bool:
    attributes = struct.pack("=IIQ", 1, 128, 0) + bytes(112)  # PERF_TYPE_SOFTWARE, the time
    return raw(298, 241, ctypes.c_char_p(attributes), 0, -1, -1, 0) >= 0


@attack
def keys_in_the_kernel() -> bool:
    return raw(248, 217, ctypes.c_char_p(b"user"), ctypes.c_char_p(b"word"), ctypes.c_char_p(b"x"), 1, -2) >= 0


@attack
def change_the_root() -> bool:
    return os.chroot("/") is None


# -- undoing the locks


@attack
def become_dumpable_again() -> bool:
    call("prctl", 4, 1, 0, 0, 0)
    return call("prctl", 3, 0, 0, 0, 0) == 1


@attack
def put_a_word_into_the_process_name() -> bool:
    return call("prctl", 15, b"secret", 0, 0, 0) == 0


@attack
def allow_core_files_again() -> bool:
    limits = struct.pack("=QQ", 4096, 4096)
    return raw(302, 261, 0, 4, ctypes.c_char_p(limits), None) == 0


@attack
def unlock_memory() -> bool:
    return raw(152, 231) == 0


@attack
def find_a_descriptor_left_open() -> bool:
    return fcntl.fcntl(EXTRA_DESCRIPTOR, fcntl.F_GETFD) >= 0


@attack
def make_another_descriptor() -> bool:
    return os.dup(0) >= 0


@attack
def make_a_pipe() -> bool:
    return len(os.pipe()) == 2


@attack
def ask_how_busy_the_machine_is() -> bool:
    return raw(99, 179, ctypes.c_char_p(bytes(256))) == 0


# -- how they are run


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
    from clairvoie.analyser import lock_for_good
    from clairvoie.egress.pipe import write_packet
    from clairvoie.lifeline import tie_to_parent
    from clairvoie.orders import READY, AnalyserOrders, read_orders

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
