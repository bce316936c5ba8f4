"""A hostile analyser asks the kernel for memory that others see or that can be run, and to undo its locks."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct

from attacker import EXTRA_DESCRIPTOR, attack, call, raw

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
