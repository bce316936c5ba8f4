"""Pipes between processes: messages stay whole whatever dies, and a full pipe never blocks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.egress.pipe import (
    MessageReader,
    open_pipe,
    open_writing_end,
    read_packets,
    write_message,
    write_packet,
)


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = open_pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:  # the test has closed it itself
            continue


@given(messages=st.lists(st.binary(min_size=1, max_size=20_000), max_size=8))
def test_messages_of_any_length_come_out_as_they_went_in(messages: list[bytes]) -> None:
    reading, writing = open_pipe()
    try:
        assert all(write_message(writing, message) for message in messages)
        assert list(MessageReader(reading).messages()) == messages
    finally:
        os.close(reading)
        os.close(writing)


def test_a_full_pipe_takes_nothing_and_does_not_block(ends: tuple[int, int]) -> None:
    reading, writing = ends
    written = 0
    while write_packet(writing, bytes(512)):
        written += 1
    packets, ended = read_packets(reading, 10_000, 512)
    assert len(packets) == written >= 16
    assert not ended


def test_a_message_that_did_not_fit_leaves_no_trace(ends: tuple[int, int]) -> None:
    reading, writing = ends
    big = bytes(100_000)
    whole = 0
    while write_message(writing, big):
        whole += 1
    reader = MessageReader(reading)
    assert list(reader.messages()) == [big] * whole
    assert write_message(writing, b"next")
    assert list(reader.messages()) == [b"next"]


def test_a_reader_that_begins_in_the_middle_drops_the_rest_of_that_message(ends: tuple[int, int]) -> None:
    reading, writing = ends
    write_message(writing, bytes(10_000))
    write_message(writing, b"whole")
    read_packets(reading, 1, 4096)
    assert list(MessageReader(reading).messages()) == [b"whole"]


def test_the_reader_learns_that_no_writer_is_left_and_that_one_is_back(ends: tuple[int, int]) -> None:
    reading, writing = ends
    write_packet(writing, b"last words")
    os.close(writing)
    assert read_packets(reading, 10, 512) == ([b"last words"], True)
    second = open_writing_end(reading)
    assert read_packets(reading, 10, 512) == ([], False)
    os.close(second)


def test_what_a_writer_does_to_its_end_ends_with_it(ends: tuple[int, int]) -> None:
    reading, writing = ends
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)  # packet mode off: what it writes now runs together
    write_packet(writing, b"x" * 100)
    write_packet(writing, b"y" * 100)
    os.close(writing)
    assert read_packets(reading, 10, 512) == ([b"x" * 100 + b"y" * 100], True)
    second = open_writing_end(reading)
    write_packet(second, b"a" * 512)
    write_packet(second, b"b" * 512)
    assert read_packets(reading, 10, 512) == ([b"a" * 512, b"b" * 512], False)
    os.close(second)
