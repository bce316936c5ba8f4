"""Recordings as blocks: one channel of anything FFmpeg reads, or of raw samples, at the file's own rate.

Nothing is resampled, averaged or filled in. Where the container's timestamps jump ahead the lost samples are counted
in the next block's ``missing``; where they step back the repeated samples are left out. Both, and data that cannot be
decoded, are listed in :attr:`Recording.defects`, so that nothing of it passes unnoticed. Opening is confined to local
files: a playlist that points elsewhere is unreadable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from clairvoie.capture.blocks import Block, Samples
from clairvoie.errors import CaptureError, UnreadableRecording

BLOCK_SECONDS = 0.1
JITTER_SECONDS = 0.005
"""Timestamps are rounded in many containers; a smaller step is no gap."""
VORBIS_JITTER_SECONDS = 0.06
"""FFmpeg times Vorbis frames by the block before, of another size, which puts sound frames out of step for a while."""
LONGEST_OVERLAP_SECONDS = 1.0
LONGEST_GAP_SECONDS = 86_400.0
LOUDEST_SAMPLE = 1000.0
"""60 dB above full scale: no recording, but other data read as samples."""
SHORTFALL_SECONDS = 0.1
PACKET_BYTES = 16_384
"""Of a WAV file as FFmpeg hands it on. By default it is 4,096, and handing on costs more than decoding."""
RAW_FORMATS = (
    *("s8", "u8", "s16le", "s16be", "u16le", "u16be", "s24le", "s24be", "s32le", "s32be"),
    *("f32le", "f32be", "f64le", "f64be", "alaw", "mulaw"),
)
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
"""FFmpeg's sample formats; a planar one has the same name with a p."""
_EXACT_DURATIONS = ("flac", "mov", "matroska", "wav")
"""Containers whose header states how long the sound is; others estimate it."""


class DefectKind(StrEnum):
    """What may be wrong with a recording that can be read."""

    GAP = "gap"
    OVERLAP = "overlap"
    RESTART = "restart"
    UNDECODABLE = "undecodable"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong ``at`` seconds from the start. ``seconds`` is how much is missing or was there twice.

    After a ``restart`` of the timestamps nobody knows how much is missing; one sample is counted.
    """

    kind: DefectKind
    at: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Samples as FFmpeg has them, which adjoin the run before unless ``missing`` says how many were lost in between."""

    values: NDArray[Any]
    missing: int


class Recording:
    """One channel of a file. May be read any number of times; each reading starts at the beginning.

    ``channel`` counts from 1. ``raw`` names one of ``RAW_FORMATS``, and then ``rate`` and ``channels`` say how to
    read it. With ``hold`` the file is opened once, here, by a process that may open none later. Raises
    ``UnreadableRecording`` for a file that is missing, empty, without sound, or that FFmpeg cannot
    read.
    """

    def __init__(
        self,
        path: Path,
        *,
        channel: int = 1,
        raw: str | None = None,
        rate: int | None = None,
        channels: int = 1,
        hold: bool = False,
    ) -> None:
        self.path = path
        self.channel = channel
        self.defects: list[Defect] = []
        self._format = raw
        self._options = {"protocol_whitelist": "file", "max_size": str(PACKET_BYTES)}
        if raw is not None:
            self._options |= _raw_options(raw, rate, channels)
        _check_file(path)
        self._held = HeldFile(path) if hold else None
        self._missing_share = 0.0 if raw is not None else _riff_shortfall(path) / path.stat().st_size
        with self._open() as container:
            stream = self._stream(container)
            self.rate = int(stream.rate)
            self.channels = int(stream.codec_context.channels)
            self.duration = _duration(container, stream)
            self._exact = any(name in _EXACT_DURATIONS for name in container.format.name.split(","))
            if not 1 <= channel <= self.channels:
                raise CaptureError(f"{path.name} has {self.channels} channel(s)", channel, "Channels count from 1.")
            self._check_sound(container, stream)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What it holds open."""
        return () if self._held is None else (self._held.descriptor,)

    def blocks(self, seconds: float = BLOCK_SECONDS) -> Iterator[Block]:
        """Blocks of ``seconds``, shorter before a gap and at the end. Times are from the start of the file.

        Raises ``UnreadableRecording`` when the rate or the number of channels changes midway.
        """
        self.defects = []
        size = max(1, round(seconds * self.rate))
        held: list[NDArray[Any]] = []
        count = index = missing = 0
        for run in self._runs():
            if run.missing:
                if count:
                    yield self._block(self._samples(_joined(held)), index, missing)
                    index, held, count, missing = index + count, [], 0, 0
                index += run.missing
                missing += run.missing
            held.append(run.values)
            count += run.values.size
            if count >= size:
                joined = _joined(held)
                whole = count - count % size
                samples = self._samples(joined[:whole])
                for first in range(0, whole, size):
                    yield self._block(samples[first : first + size], index + first, missing if first == 0 else 0)
                held, count, index, missing = [joined[whole:]], count - whole, index + whole, 0
        if count:
            yield self._block(self._samples(_joined(held)), index, missing)
        self._note_shortfall((index + count) / self.rate)

    def _block(self, samples: Samples, index: int, missing: int) -> Block:
        return Block(samples=samples, rate=self.rate, start=index / self.rate, sigma=0.0, index=index, missing=missing)

    def _open(self) -> Any:
        try:
            file = f"file:{self.path}" if self._held is None else self._held.reader()
            return av.open(file, format=self._format, options=self._options)
        except (av.error.FFmpegError, ValueError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> UnreadableRecording:
        reason = getattr(error, "strerror", None) or type(error).__name__
        remedy = "Give a recording that FFmpeg reads, or --raw for raw samples."
        return UnreadableRecording(f"FFmpeg cannot read this as sound ({reason})", str(self.path), remedy)

    def _stream(self, container: Any) -> Any:
        if not container.streams.audio:
            raise UnreadableRecording("there is no sound in this file", str(self.path), "Give a recording with sound.")
        stream = container.streams.audio[0]
        if not stream.rate:
            raise UnreadableRecording("the sampling rate is not known", str(self.path), "Convert it first.")
        return stream

    def _check_sound(self, container: Any, stream: Any) -> None:
        try:
            for packet in container.demux(stream):
                try:
                    if any(frame.samples for frame in packet.decode()):
                        return
                except av.error.InvalidDataError:
                    continue  # A damaged start; what can be decoded later is enough.
        except av.error.FFmpegError as error:
            raise self._unreadable(error) from error
        raise UnreadableRecording(
            "there is not one sample of sound in this file", str(self.path), "It may be cut off or damaged."
        )

    def _runs(self) -> Iterator[_Run]:
        with self._open() as container:
            stream = self._stream(container)
            if stream.codec_context.name == "flac":
                # Otherwise FFmpeg passes on what it makes of a damaged frame.
                stream.codec_context.options = {"err_detect": "crccheck+explode"}
            jitter = VORBIS_JITTER_SECONDS if stream.codec_context.name == "vorbis" else JITTER_SECONDS
            placing = _Placing(self.rate, float(stream.time_base or 0), jitter)
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    self.defects.append(Defect(DefectKind.UNDECODABLE, placing.index / self.rate, 0.0))
                    continue
                except av.error.FFmpegError as error:
                    raise self._unreadable(error) from error
                for frame in frames:
                    values = self._one_channel(frame)
                    skip, missing, defect = placing.place(frame.pts, values.size)
                    if defect is not None:
                        self.defects.append(defect)
                    if skip < values.size:
                        yield _Run(values[skip:], missing)

    def _one_channel(self, frame: Any) -> NDArray[Any]:
        if frame.sample_rate != self.rate or frame.layout.nb_channels != self.channels:
            raise UnreadableRecording(
                "the rate or the number of channels changes midway",
                (str(self.path), frame.sample_rate, frame.layout.nb_channels),
                "Cut the file there.",
            )
        form = frame.format
        dtype = _DTYPES[form.name.removesuffix("p")]
        # A view of the frame's own memory, which it keeps alive; many are turned into samples at once.
        if form.is_planar:
            return np.frombuffer(frame.planes[self.channel - 1], dtype, frame.samples)
        return np.frombuffer(frame.planes[0], dtype, frame.samples * self.channels)[self.channel - 1 :: self.channels]

    def _samples(self, values: NDArray[Any]) -> Samples:
        """``values`` with full scale ±1."""
        samples = full_scale(values)
        if values.dtype.kind == "f" and samples.size and not np.abs(samples).max() <= LOUDEST_SAMPLE:
            raise UnreadableRecording(
                "these samples are not sound", str(self.path), "Check --raw, --rate and --channels."
            )
        return samples

    def _note_shortfall(self, heard: float) -> None:
        if self._format is not None:
            return
        # FFmpeg shortens a RIFF file's duration to what is there, so its own header is asked.
        missing = heard * self._missing_share
        if self._exact and self.duration is not None:
            missing = max(missing, self.duration - heard)
        if missing > SHORTFALL_SECONDS:
            self.defects.append(Defect(DefectKind.TRUNCATED, heard, missing))


class HeldFile:
    """A file that stays open as long as the process lives: any number of readers, each with a place of its own."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.name = f"file:{path}"
        self.size = path.stat().st_size

    def reader(self) -> HeldReader:
        """A reader at the beginning."""
        return HeldReader(self)


class HeldReader:
    """What FFmpeg asks of a file: read, seek and tell."""

    def __init__(self, held: HeldFile) -> None:
        self.name = held.name
        self._held = held
        self._at = 0

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer at the end."""
        data = os.pread(self._held.descriptor, count, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there, as ``io`` has it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._held.size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at


class _Placing:
    """Where frames belong by their timestamps, and whether they adjoin."""

    def __init__(self, rate: int, time_base: float, jitter: float) -> None:
        self.rate = rate
        self.index = 0
        self._time_base = time_base
        self._jitter = max(jitter, 2 * time_base) * rate
        self._first: float | None = None

    def place(self, pts: int | None, size: int) -> tuple[int, int, Defect | None]:
        """How many samples of the frame to skip, how many are missing before it, and what is wrong, if anything."""
        step = 0
        if pts is not None:
            place = pts * self._time_base * self.rate
            if self._first is None:
                self._first = place - self.index
            step = round(place - self._first) - self.index
        at = self.index / self.rate
        if abs(step) <= self._jitter:
            self.index += size
            return 0, 0, None
        if 0 < step <= LONGEST_GAP_SECONDS * self.rate:
            self.index += step + size
            return 0, step, Defect(DefectKind.GAP, at, step / self.rate)
        if -LONGEST_OVERLAP_SECONDS * self.rate <= step < 0:
            skip = min(size, -step)
            self.index += size - skip
            return skip, 0, Defect(DefectKind.OVERLAP, at, skip / self.rate)
        self._first = (self._first or 0.0) + step - 1
        self.index += 1 + size
        return 0, 1, Defect(DefectKind.RESTART, at, 1 / self.rate)


def _joined(held: list[NDArray[Any]]) -> NDArray[Any]:
    """``held`` as one; where the type of samples changed midway, all with full scale ±1."""
    if len({values.dtype for values in held}) > 1:
        held = [full_scale(values) for values in held]
    return np.concatenate(held)


def full_scale(values: NDArray[Any]) -> Samples:
    """Samples of any type FFmpeg has as float32 with full scale ±1.

    >>> full_scale(np.array([-32768, 16384], dtype=np.int16)).tolist()
    [-1.0, 0.5]
    """
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind == "u":
        half = 2.0 ** (8 * values.dtype.itemsize - 1)
        return ((values - half) / half).astype(np.float32)
    scale = 2.0 ** (1 - 8 * values.dtype.itemsize)
    if values.dtype.itemsize > 4:
        return (values * scale).astype(np.float32)
    return np.asarray(np.multiply(values, np.float32(scale), dtype=np.float32))


def _raw_options(raw: str, rate: int | None, channels: int) -> dict[str, str]:
    if raw not in RAW_FORMATS:
        raise CaptureError("no such format of raw samples", raw, f"Give one of {', '.join(RAW_FORMATS)}.")
    if rate is None or not 1 <= rate <= 1_000_000:
        raise CaptureError("raw samples need a sampling rate", rate, "Give --rate, for instance 32000.")
    if not 1 <= channels <= 64:
        raise CaptureError("raw samples have 1 to 64 channels", channels, "Give --channels.")
    return {"sample_rate": str(rate), "ch_layout": f"{channels}c" if channels > 2 else ("mono", "stereo")[channels - 1]}


def _check_file(path: Path) -> None:
    if not path.exists():
        raise UnreadableRecording("there is no such recording", str(path), "Check the path.")
    if not path.is_file():
        raise UnreadableRecording("this is not a file", str(path), "Give a recording.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise UnreadableRecording(f"the recording cannot be opened ({error.strerror})", str(path)) from error
    if empty:
        raise UnreadableRecording("the recording is empty", str(path), "Record it again.")


def _duration(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _riff_shortfall(path: Path) -> int:
    """How many bytes a RIFF file is shorter than its header says; 0 for any other file, and where it says nothing."""
    with path.open("rb") as file:
        head = file.read(8)
    size = int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):
        return 0
    return max(0, size + 8 - path.stat().st_size)
