"""The fetcher as its locked process: what a camera sends arrives as sound, over cut connections too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, pairwise

import numpy as np
import pytest
from street_camera import RATE, TYPES, Camera, recording

from clairvoie.capture.blocks import Block
from clairvoie.capture.fetcher import FetchedSound
from clairvoie.capture.packets import FrameReader, Opened, Packet
from clairvoie.node import reach
from clairvoie.node.fetcher import fetch
from clairvoie.node.orders import AnalyserEnd, FetcherOrders
from clairvoie.node.post import FETCHER
from clairvoie.node.processes import spawn

NOW = 1_800_000_000.0


@contextmanager
def fetching(url: str) -> Iterator[int]:
    """A fetcher of ``url`` inside its locks; the reading end of its pipe."""
    reading, writing = os.pipe()
    control, lifeline = os.pipe()
    orders = FetcherOrders(parent=os.getpid(), url=url, packets=writing, control=control)
    process = spawn(FETCHER, orders, [writing, control], confining=reach.of_fetcher(url), silent=True)
    os.close(writing)
    os.close(control)
    try:
        yield reading
    finally:
        os.close(lifeline)
        os.close(reading)
        try:
            assert process.wait(30) == AnalyserEnd.LAUNCHER_GONE
        finally:
            process.kill()
            process.wait()


def heard(reading: int, count: int) -> list[Block]:
    return list(islice(FetchedSound(reading).blocks(sigma=0.5, wall=lambda: NOW), count))


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("ogg", "libopus"), ("mpegts", "aac")])
def test_sound_arrives_through_the_pipe(container: str, codec: str) -> None:
    with Camera(recording(container, codec, 2.0), TYPES[container]).serve() as url, fetching(url) as reading:
        blocks = heard(reading, 15)
    assert {block.rate for block in blocks} == {RATE}
    assert [block.index for block in blocks] == [RATE // 10 * number for number in range(15)]
    assert all(block.sigma == 0.5 and block.missing == 0 for block in blocks)
    level = np.sqrt(np.mean(np.square(np.concatenate([block.samples for block in blocks[2:]]))))
    assert level == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_cut_connection_is_made_again_and_the_sound_goes_on() -> None:
    data = recording("wav", "pcm_s16le", 1.0)
    camera = Camera(data, TYPES["wav"], cuts=(44 + RATE, 44 + RATE // 2))
    with camera.serve() as url, fetching(url) as reading:
        blocks = heard(reading, 16)
        assert camera.connections >= 3
    assert all(later.index > earlier.index for earlier, later in pairwise(blocks))


def test_pictures_are_carried_too_and_nothing_is_decoded() -> None:
    camera = Camera(recording("mpegts", "aac", 1.0, video=True), TYPES["mpegts"])
    reader = FrameReader()
    found: list[object] = []
    with camera.serve() as url, fetching(url) as reading:
        while sum(isinstance(frame, Packet) for frame in found) < 30:
            data = os.read(reading, 65_536)
            assert data, "the fetcher has ended"
            found += reader.frames(data)
    opened = next(frame for frame in found if isinstance(frame, Opened))
    assert {stream.codec for stream in opened.streams} == {"aac", "mpeg4"}
    numbers = {stream.number for stream in opened.streams}
    assert {frame.stream for frame in found if isinstance(frame, Packet)} == numbers


def test_a_source_that_is_not_there_is_lost_and_nothing_more() -> None:
    assert [type(frame).__name__ for frame in fetch("http://127.0.0.1:9/none")] == ["Lost"]
