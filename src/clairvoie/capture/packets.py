"""What goes down the one-way pipe from a fetcher to its analyser: compressed packets of a camera, framed and bounded.

Four bytes of length (big-endian), then one MessagePack array. A reader believes nothing: lengths, kinds, codecs and
numbers are checked, and anything else ends the reading with a named error. Nothing here is decoded, and no such frame
ever goes anywhere but down that pipe.

>>> frames = FrameReader()
>>> list(frames.frames(encode_frame(Packet(stream=0, time=0.5, key=True, data=b"x"))))
[Packet(stream=0, time=0.5, key=True, data=b'x')]
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from clairvoie.errors import CaptureError

LENGTH_BYTES = 4
LONGEST_FRAME = 8 << 20
"""A key frame of a 4K camera is shorter."""
MOST_STREAMS = 8
LONGEST_EXTRADATA = 65_536


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


AUDIO_CODECS = _named(
    """aac opus vorbis mp2 mp3 flac g722 g726 g726le adpcm_ima_wav pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le
    pcm_f32le pcm_u8 pcm_alaw pcm_mulaw"""
)
"""Decoders of sound that a network source may ask for; the rest of FFmpeg's stay out of its reach."""
VIDEO_CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4", "av1", "vp8", "vp9"})


class StreamParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True):
    """What a decoder must know of a stream. For sound ``rate`` and ``channels``, for pictures ``width``, ``height``."""

    number: int
    codec: str
    extradata: bytes = b""
    rate: int = 0
    channels: int = 0
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.number < 64 or len(self.extradata) > LONGEST_EXTRADATA:
            raise CaptureError("a stream has a number and bounded extra data", (self.number, len(self.extradata)))
        if self.is_sound and not (1000 <= self.rate <= 384_000 and 1 <= self.channels <= 64):
            raise CaptureError("a stream of sound has a rate and channels", (self.rate, self.channels))
        if not self.is_sound and self.codec not in VIDEO_CODECS:
            raise CaptureError("a stream of no codec that is read here", self.codec)
        if not self.is_sound and not (1 <= self.width <= 16_384 and 1 <= self.height <= 16_384):
            raise CaptureError("a stream of pictures has a size", (self.width, self.height))

    @property
    def is_sound(self) -> bool:
        """Whether it is sound."""
        return self.codec in AUDIO_CODECS


class Opened(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True, tag="opened"):
    """A connection begins; it has these streams."""

    streams: tuple[StreamParameters, ...]

    def __post_init__(self) -> None:
        if len(self.streams) > MOST_STREAMS:
            raise CaptureError(f"a source has at most {MOST_STREAMS} streams", len(self.streams))


class Packet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True, tag="packet"):
    """One compressed packet; ``time`` in seconds on the source's own clock, if it says, ``key`` for a key frame."""

    stream: int
    time: float | None
    key: bool
    data: bytes

    def __post_init__(self) -> None:
        if self.time is not None and not math.isfinite(self.time):
            raise CaptureError("a packet's time is a number", self.time)


class Lost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True, tag="lost"):
    """The connection is gone; the fetcher tries again."""


Frame = Opened | Packet | Lost
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode_frame(frame: Frame) -> bytes:
    """A frame with its length before it. Raises :class:`CaptureError` when it is too long."""
    encoded = _encoder.encode(frame)
    if len(encoded) > LONGEST_FRAME:
        raise CaptureError("a packet is longer than a frame may be", len(encoded))
    return len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded


class FrameReader:
    """Cuts what comes down the pipe into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def frames(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes. Raises :class:`CaptureError` at the first that is none."""
        self._held += data
        while len(self._held) >= LENGTH_BYTES:
            length = int.from_bytes(self._held[:LENGTH_BYTES], "big")
            if length > LONGEST_FRAME:
                raise CaptureError("a frame says that it is longer than one may be", length)
            if len(self._held) < LENGTH_BYTES + length:
                return
            encoded = bytes(self._held[LENGTH_BYTES : LENGTH_BYTES + length])
            del self._held[: LENGTH_BYTES + length]
            try:
                yield _decoder.decode(encoded)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise CaptureError("this is no frame of a fetcher", str(error)) from error
