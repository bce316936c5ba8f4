"""Sound of a network source, from the packets that its fetcher sends: decoded here, inside the locks.

Each connection begins with what its decoders must know, so packets of any number of connections are decoded by one
process that can open nothing itself. The time of a sample is when its packet arrived, carried on by the source's own
clock; how long the source and the network held it back nobody knows, so the uncertainty is a setting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import av.error

from clairvoie.capture.blocks import Block, Samples
from clairvoie.capture.live import LiveStream
from clairvoie.capture.packets import FrameReader, Lost, Opened, Packet, StreamParameters
from clairvoie.capture.recording import full_scale
from clairvoie.errors import CaptureError

READ_BYTES = 1 << 16
LIKELY_RATE = 48_000
TICKS = 1_000_000


class FetchedSound:
    """The first stream of sound that comes down the pipe ``reading``, one channel of it, counted from 1."""

    rate = LIKELY_RATE
    """To get ready for; what a source really has is in its blocks."""

    def __init__(self, reading: int, *, channel: int = 1) -> None:
        self.descriptors = (reading,)
        self.channel = channel
        self._reading = reading
        # PyAV loads its modules when they are first used, and later nothing can be loaded.
        blank = StreamParameters(number=0, codec="pcm_s16le", rate=8000, channels=1)
        for _ in _Track(blank, 1, 0.0, None).decode(Packet(stream=0, time=0.0, key=True, data=bytes(1600)), 0.0):
            continue

    def blocks(self, *, sigma: float, wall: Callable[[], float]) -> Iterator[Block]:
        """Blocks as they arrive, over all connections, until the fetcher is gone. A frame that is none raises
        :class:`CaptureError`."""
        reader = FrameReader()
        track: _Track | None = None
        while data := os.read(self._reading, READ_BYTES):
            for frame in reader.frames(data):
                if isinstance(frame, Opened):
                    sounds = [stream for stream in frame.streams if stream.is_sound]
                    track = _Track(sounds[0], self.channel, sigma, track) if sounds else None
                elif isinstance(frame, Lost):
                    if track is not None:
                        track.is_adrift = True
                elif track is not None and frame.stream == track.number:
                    yield from track.decode(frame, wall())


class _Track:
    """A decoder and the stream that its samples belong to; a new connection of the same rate goes on with it."""

    def __init__(self, parameters: StreamParameters, channel: int, sigma: float, last: _Track | None) -> None:
        self.number = parameters.number
        self.is_adrift = True
        """Whether the source's clock is not yet tied to ours."""
        self._channel = channel
        self._sigma = sigma
        self._offset = 0.0
        self._samples = LiveStream(parameters.rate, sigma)
        if last is not None and last._samples.rate == parameters.rate:
            self._samples = last._samples
        self._decoder = _decoder(parameters)

    def decode(self, packet: Packet, now: float) -> Iterator[Block]:
        """The blocks that ``packet``, which arrived at ``now``, completes; one that cannot be decoded is a gap."""
        given = av.Packet(packet.data)
        if packet.time is not None:
            given.pts = round(packet.time * TICKS)
            given.time_base = Fraction(1, TICKS)
        try:
            frames = self._decoder.decode(given)
        except av.error.InvalidDataError:
            return
        except av.error.FFmpegError as error:
            raise CaptureError(f"this sound cannot be decoded ({error.strerror})", self._decoder.name) from error
        for frame in frames:
            samples = self._one_channel(frame)
            if frame.sample_rate != self._samples.rate:
                self._samples = LiveStream(frame.sample_rate, self._sigma)
            yield from self._samples.add(samples, self._time(packet.time, samples.size / frame.sample_rate, now))

    def _time(self, source: float | None, seconds: float, now: float) -> float:
        """When the first sample was taken, as far as can be told from here."""
        if source is None:
            return now - seconds
        if self.is_adrift:
            self._offset = now - seconds - source
            self.is_adrift = False
        return source + self._offset

    def _one_channel(self, frame: Any) -> Samples:
        count = frame.layout.nb_channels
        if self._channel > count:
            raise CaptureError(f"this source has {count} channel(s)", self._channel, "Channels count from 1.")
        values = frame.to_ndarray()
        one = values[self._channel - 1] if frame.format.is_planar else values[0, self._channel - 1 :: count]
        return full_scale(one)


def _decoder(parameters: StreamParameters) -> Any:
    try:
        decoder: Any = av.CodecContext.create(parameters.codec, "r")
        decoder.extradata = parameters.extradata or None
        decoder.sample_rate = parameters.rate
        decoder.layout = {1: "mono", 2: "stereo"}.get(parameters.channels, f"{parameters.channels}c")
        decoder.thread_count = 1
    except (av.error.FFmpegError, ValueError) as error:
        raise CaptureError(f"there is no decoder for this sound ({error})", parameters.codec) from error
    return decoder
