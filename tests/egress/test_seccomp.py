"""The allow-list of system calls, as the kernel would run it: every number, every machine, every dangerous argument."""

from __future__ import annotations

import platform
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.egress import sealing, seccomp
from clairvoie.egress.seccomp import ALLOW, ENOSYS, EPERM, ERRNO, KILL_PROCESS, AllowList, Instruction, program
from clairvoie.egress.syscalls import AUDIT_ARCHITECTURE, NUMBERS
from clairvoie.errors import EgressError

MACHINES = sorted(NUMBERS)
PROFILES = {
    "analyser": sealing.ANALYSER,
    "microphone": sealing.MICROPHONE,
    "fetcher": sealing.FETCHER,
    "gate": sealing.GATE,
    "uplink": sealing.UPLINK,
}
REFUSED = ERRNO | EPERM


def verdict(
    instructions: list[Instruction], machine: str, number: int, *arguments: int, architecture: int | None = None
) -> int:
    """What the filter says of a call: the interpreter of classic BPF, as far as the filter uses it."""
    arch = AUDIT_ARCHITECTURE[machine] if architecture is None else architecture
    data = struct.pack("=IIQ", number & 0xFFFFFFFF, arch, 0)
    data += struct.pack("=6Q", *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    held, at = 0, 0
    while True:
        code, if_true, if_false, operand = instructions[at]
        at += 1
        if code == seccomp.LOAD:
            held = struct.unpack_from("=I", data, operand)[0]
        elif code == seccomp.AND:
            held &= operand
        elif code == seccomp.RETURN:
            return operand
        else:
            holds = {
                seccomp.JUMP_EQUAL: held == operand,
                seccomp.JUMP_ABOVE: held >= operand,
                seccomp.JUMP_SET: bool(held & operand),
            }[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", PROFILES)
def test_exactly_the_listed_calls_are_allowed(name: str, machine: str) -> None:
    allowed = PROFILES[name]
    instructions = program(allowed, machine)
    found = {number for number in range(1024) if verdict(instructions, machine, number) == ALLOW}
    listed = {NUMBERS[machine][call] for call in allowed.calls if call in NUMBERS[machine]}
    # With all arguments zero: memory that may not be executed; fcntl as far as this list has it.
    sometimes = {NUMBERS[machine][call] for call in ("mmap", "mprotect", *(["fcntl"] if allowed.descriptors else []))}
    assert found == listed | sometimes
    assert len(instructions) < 4096


@pytest.mark.parametrize("machine", MACHINES)
def test_no_list_lets_a_process_start_trace_or_signal_another(machine: str) -> None:
    never = {
        "x86_64": {57, 58, 59, 62, 101, 129, 200, 234, 272, 310, 311, 317, 319, 321, 322, 323, 425, 434, 438},
        "aarch64": {117, 129, 130, 131, 138, 221, 270, 271, 277, 279, 280, 281, 282, 425, 434, 438},
    }[machine]
    for allowed in PROFILES.values():
        instructions = program(allowed, machine)
        assert {verdict(instructions, machine, number) for number in never} == {REFUSED}


@pytest.mark.parametrize("machine", MACHINES)
def test_another_calling_convention_kills(machine: str) -> None:
    instructions = program(sealing.ANALYSER, machine)
    for architecture in (0x40000003, 0x40000028, *(set(AUDIT_ARCHITECTURE.values()) - {AUDIT_ARCHITECTURE[machine]})):
        assert verdict(instructions, machine, 0, architecture=architecture) == KILL_PROCESS
    if machine == "x86_64":
        assert verdict(instructions, machine, 0x40000000) == KILL_PROCESS
        assert verdict(instructions, machine, -1) == KILL_PROCESS


@pytest.mark.parametrize("machine", MACHINES)
@given(protection=st.integers(0, 2**64 - 1))
def test_memory_is_never_executable(machine: str, protection: int) -> None:
    instructions = program(sealing.ANALYSER, machine)
    for call in ("mmap", "mprotect"):
        expected = REFUSED if protection & 4 else ALLOW
        assert verdict(instructions, machine, NUMBERS[machine][call], 0, 0, protection) == expected


@pytest.mark.parametrize("machine", MACHINES)
@given(flags=st.integers(0, 2**64 - 1))
def test_what_is_cloned_is_a_thread_and_in_no_new_namespace(machine: str, flags: int) -> None:
    instructions = program(sealing.ANALYSER, machine)
    for tried in (flags, flags | seccomp.THREAD_FLAGS, (flags | seccomp.THREAD_FLAGS) & ~seccomp.NAMESPACE_FLAGS):
        is_thread = tried & seccomp.THREAD_FLAGS == seccomp.THREAD_FLAGS and not tried & seccomp.NAMESPACE_FLAGS
        expected = ALLOW if is_thread else REFUSED
        assert verdict(instructions, machine, NUMBERS[machine]["clone"], tried) == expected
    assert verdict(instructions, machine, NUMBERS[machine]["clone3"], flags) == ERRNO | ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
@given(request=st.integers(0, 2**32 - 1))
def test_devices_are_asked_about_sound_only_and_only_by_a_microphone(machine: str, request: int) -> None:
    number = NUMBERS[machine]["ioctl"]
    expected = ALLOW if request >> 8 & 0xFF == ord("A") else REFUSED
    assert verdict(program(sealing.MICROPHONE, machine), machine, number, 0, request) == expected
    assert verdict(program(sealing.ANALYSER, machine), machine, number, 0, request) == REFUSED


@pytest.mark.parametrize("machine", MACHINES)
@given(command=st.integers(0, 2**32 - 1))
def test_descriptors_are_asked_about_and_not_changed(machine: str, command: int) -> None:
    expected = ALLOW if command in (seccomp.F_GETFD, seccomp.F_GETFL) else REFUSED
    number = NUMBERS[machine]["fcntl"]
    assert verdict(program(sealing.ANALYSER, machine), machine, number, 0, command) == expected


def test_a_machine_that_the_filter_was_not_written_for_is_a_named_error() -> None:
    with pytest.raises(EgressError, match="knows no such machine"):
        program(AllowList(), "riscv64")


@pytest.mark.skipif(platform.machine() not in NUMBERS, reason="neither x86_64 nor aarch64")
def test_numbers_are_those_of_this_machine() -> None:
    """A few that can be asked without doing anything: the kernel's answer tells whether the number is right."""
    import ctypes
    import os
    import threading

    numbers = NUMBERS[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    assert libc.syscall(numbers["getpid"]) == os.getpid()
    assert libc.syscall(numbers["getppid"]) == os.getppid()
    assert libc.syscall(numbers["gettid"]) == threading.get_native_id()
    assert libc.syscall(numbers["getuid"]) == os.getuid()
    assert libc.syscall(numbers["sched_yield"]) == 0
