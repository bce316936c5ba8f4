"""What is heard, ten times a second: scores of hazards and noise sources from a small network in the package.

Scores are between 0 and 1; those of hazards are probabilities as far as the card calibrates them, and no further.
:mod:`clairvoie.detect.sound.events` turns them into detections by rules that stand in the model card. Voices and the
sounds of bodies are learned for one purpose, to be withheld: they have a single output, ``withheld``, which is neither
a source nor a hazard and lowers no hazard.

:class:`SoundTagger` guarantees: its scores do not depend on how the stream was cut into blocks (within rounding); a
tick is scored at most 0.95 s after it has ended; a file that is not the one its card describes is refused; nothing is
written and nothing is sent. A gap in the stream starts it anew, so that no score spans what was not heard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.card import HAZARD_OUTPUTS, IDENTITY, WITHHELD, HazardRule, ModelCard, packaged, read_card
from clairvoie.detect.sound.spectra import BANDS, HOP_SECONDS, Contrast, MelPower
from clairvoie.errors import ModelError

TICK_SECONDS: Final = 0.1
TICK_FRAMES: Final = round(TICK_SECONDS / HOP_SECONDS)
STEP_TICKS: Final = 5
"""The network runs twice a second."""
LONGEST_TICKS: Final = 300
FRAMES_BEFORE: Final = 15
"""Frames before a tick that its vector depends on; with ``FRAMES_AFTER`` the reach of the trunk."""
FRAMES_AFTER: Final = 16
TICKS_AFTER: Final = 2
PAST_TICKS: Final = 14

Pictures = NDArray[np.float32]


class Scores(NamedTuple):
    """What was heard in the ``seconds`` that end at ``time`` on the blocks' clock."""

    time: float
    seconds: float
    hazards: Mapping[HazardKind, float]
    """Glass breaking, firework, alarm and horn; the last two as heard now, not yet as lasting ones."""
    sources: Mapping[NoiseSource, float]
    """Every source that the model has learned."""
    withheld: float
    """How much the sound is of a kind that is never released."""


class Tagger(Protocol):
    """Something that scores a stream of blocks."""

    @property
    def rules(self) -> Mapping[HazardKind, HazardRule]:
        """When its scores become detections."""
        ...

    def feed(self, block: Block) -> list[Scores]:
        """Scores of the ticks that this block completes, oldest first."""
        ...

    def finish(self) -> list[Scores]:
        """Scores of the last ticks, at the end of a recording."""
        ...


class _Stream:
    """What is kept of one unbroken stream: pictures not yet used up, and the vectors of the last ticks."""

    def __init__(self, block: Block, width: int) -> None:
        self.rate = block.rate
        self.next = block.index
        self.tick = 0
        """The next tick whose vector is to be made; its scores come ``TICKS_AFTER`` ticks later."""
        self.past = np.zeros((1, width, PAST_TICKS), dtype=np.float32)
        self._power = MelPower(block.rate)
        self._contrast = Contrast()
        self._origin = block.index
        self._anchor = (block.index, block.start)
        self._first = -FRAMES_BEFORE
        """Number of the frame that ``_pictures`` begins with; what lies before the stream is zero."""
        self._pictures: Pictures = np.zeros((2, FRAMES_BEFORE, BANDS), dtype=np.float32)

    def take(self, block: Block) -> None:
        """Add the pictures of this block."""
        self.next = block.index + block.samples.size
        self._anchor = (block.index, block.start)
        pictures = self._contrast(self._power(block.samples))
        self._pictures = np.concatenate([self._pictures, pictures], axis=1)

    @property
    def frames(self) -> int:
        """How many frames of the stream are known."""
        return self._first + int(self._pictures.shape[1])

    def mirror(self, until: int) -> None:
        """Continue the pictures backwards until ``until`` frames are known, for want of a future."""
        missing = max(0, until - self.frames)
        self._pictures = np.pad(self._pictures, [(0, 0), (0, missing), (0, 0)], mode="reflect")

    def pictures(self, ticks: int) -> Pictures:
        """All that the next ``ticks`` ticks depend on, shape (2, frames, bands)."""
        return self._pictures[:, : (ticks - 1) * TICK_FRAMES + FRAMES_BEFORE + TICK_FRAMES + FRAMES_AFTER]

    def advance(self, ticks: int) -> None:
        """Forget what the next ``ticks`` ticks have used up."""
        self.tick += ticks
        self._pictures = self._pictures[:, ticks * TICK_FRAMES :]
        self._first += ticks * TICK_FRAMES

    def end_of(self, tick: int) -> float:
        """Time at which ``tick`` ends, reckoned from the newest block, so that a drifting clock is followed."""
        index, start = self._anchor
        return start + (self._origin - index) / self.rate + (tick + 1) * TICK_SECONDS


class SoundTagger:
    """The tagger of the package: one stream, one thread."""

    def __init__(self, session: onnxruntime.InferenceSession, card: ModelCard) -> None:
        self.card = card
        self._session = session
        self._hazards = [
            (kind, card.outputs.index(name), card.calibration.get(kind, IDENTITY))
            for kind, name in HAZARD_OUTPUTS.items()
        ]
        self._sources = itemgetter(*(card.outputs.index(source.value) for source in card.sources))
        self._names = card.sources
        self._withheld = card.outputs.index(WITHHELD)
        self._stream: _Stream | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> SoundTagger:
        """The model at ``path`` with its card beside it, or the packaged one.

        Raises :class:`ModelError` where the file is missing, is not the one its card describes, or has another shape.
        """
        source = packaged() if path is None else path
        card = read_card(path)
        try:
            data = source.read_bytes()
        except OSError as error:
            raise ModelError("there is no model", source.name, "Install the package anew.") from error
        found = hashlib.sha256(data).hexdigest()
        if found != card.sha256:
            raise ModelError(f"the model {source.name} is not the one its card describes", found, "Do not run it.")
        return cls(_session(data, card), card)

    @property
    def rules(self) -> Mapping[HazardKind, HazardRule]:
        """When its scores become detections, from the card."""
        return self.card.rules

    @property
    def model_hash(self) -> str:
        """``sha256:`` and the digest of the model file."""
        return f"sha256:{self.card.sha256}"

    def feed(self, block: Block) -> list[Scores]:
        """Scores of the ticks that this block completes, oldest first."""
        before: list[Scores] = []
        stream = self._stream
        if stream is None or stream.rate != block.rate or block.missing or block.index != stream.next:
            before = self.finish()
            stream = self._stream = _Stream(block, self.card.width)
        stream.take(block)
        ready = (stream.frames - FRAMES_AFTER) // TICK_FRAMES - stream.tick
        return before + self._run(stream, ready // STEP_TICKS * STEP_TICKS)

    def finish(self) -> list[Scores]:
        """Scores of the last ticks: what would come after is taken to mirror what came before. Then it starts anew."""
        stream, self._stream = self._stream, None
        if stream is None or (ticks := stream.frames // TICK_FRAMES) < 1:
            return []
        stream.mirror((ticks + TICKS_AFTER) * TICK_FRAMES + FRAMES_AFTER)
        return self._run(stream, ticks + TICKS_AFTER - stream.tick)

    def run(self, pictures: Pictures, past: Pictures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The network on any number of streams: scores (streams, ticks, outputs), and the ``past`` for next time.

        ``pictures`` (streams, 2, frames, bands) as ticks need them, ``past`` (streams, width, ``PAST_TICKS``).
        """
        scores, vectors = self._session.run(["scores", "vectors"], {"pictures": pictures, "past": past})
        return scores, vectors

    def _run(self, stream: _Stream, ticks: int) -> list[Scores]:
        """Make the vectors of the next ``ticks`` ticks and return the scores that become known with them."""
        found: list[Scores] = []
        while ticks > 0:
            count = min(ticks, LONGEST_TICKS)
            scores, stream.past = self.run(stream.pictures(count)[None], stream.past)
            rows = enumerate(scores[0].tolist(), start=stream.tick - TICKS_AFTER)
            found += [self._scores(stream.end_of(tick), row) for tick, row in rows if tick >= 0]
            stream.advance(count)
            ticks -= count
        return found

    def _scores(self, end: float, row: list[float]) -> Scores:
        return Scores(
            time=end,
            seconds=TICK_SECONDS,
            hazards={kind: calibrated(row[column]) for kind, column, calibrated in self._hazards},
            sources=dict(zip(self._names, self._sources(row), strict=True)),
            withheld=row[self._withheld],
        )


def _session(data: bytes, card: ModelCard) -> onnxruntime.InferenceSession:
    """One thread, no spinning, CPU only. Telemetry is off by the launcher's environment and, if possible, here."""
    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    inputs = {each.name: each.shape for each in session.get_inputs()}
    if set(inputs) != {"pictures", "past"} or inputs["past"][1:] != [card.width, PAST_TICKS]:
        raise ModelError("the model has other inputs than its card says", inputs, "Take both from the same release.")
    return session
