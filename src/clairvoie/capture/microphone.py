"""A microphone on this machine, through ALSA as FFmpeg has it.

The device is opened once, before the process is locked; the descriptors that this makes are all that recording needs.
FFmpeg stamps what it reads with the wall clock and the delay that the device reports. What the device lost shows as a
gap in these stamps.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from typing import Any

import av
import av.error

from clairvoie.capture.blocks import Block
from clairvoie.capture.live import LiveStream
from clairvoie.capture.recording import full_scale
from clairvoie.errors import CaptureError

HIGHEST_DESCRIPTOR = 256


class Microphone:
    """One channel, counted from 1, of the ALSA device of that name. Raises :class:`CaptureError`."""

    def __init__(self, device: str, *, rate: int, channel: int = 1, channels: int = 1) -> None:
        self.device = device
        self.channel = channel
        before = _open_descriptors()
        options = {"sample_rate": str(rate), "channels": str(channels)}
        try:
            self._container: Any = av.open(device, format="alsa", options=options)
        except (av.error.FFmpegError, ValueError, OSError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            remedy = "`arecord -L` lists the devices; this user must be in the group audio."
            raise CaptureError(f"this microphone cannot be opened ({why})", device, remedy) from error
        self._stream = self._container.streams.audio[0]
        self.rate = int(self._stream.rate)
        found = int(self._stream.codec_context.channels)
        if not 1 <= channel <= found:
            raise CaptureError(f"this microphone has {found} channel(s)", channel, "Channels count from 1.")
        self.descriptors = tuple(sorted(_open_descriptors() - before))

    def blocks(self, *, sigma: float, wall: Callable[[], float]) -> Iterator[Block]:
        """Blocks as they are heard, until the device is gone. Times are UTC with uncertainty ``sigma``."""
        stream = LiveStream(self.rate, sigma)
        try:
            for packet in self._container.demux(self._stream):
                for frame in packet.decode():
                    values = frame.to_ndarray()
                    count = frame.layout.nb_channels
                    one = values[self.channel - 1] if frame.format.is_planar else values[0, self.channel - 1 :: count]
                    samples = full_scale(one)
                    stamped = None if frame.pts is None else float(frame.pts * frame.time_base)
                    yield from stream.add(samples, wall() - samples.size / self.rate if stamped is None else stamped)
        except av.error.FFmpegError as error:
            raise CaptureError(f"this microphone is gone ({error.strerror})", self.device) from error


def _open_descriptors() -> set[int]:
    """Which descriptors are open; asked one by one, because ``/proc`` cannot be read inside the locks."""
    found = set()
    for descriptor in range(HIGHEST_DESCRIPTOR):
        try:
            fcntl.fcntl(descriptor, fcntl.F_GETFD)
        except OSError:
            continue
        found.add(descriptor)
    return found
