"""What ``listen`` heard in one recording: begins and ends joined to detections, levels kept, a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clairvoie.boundary.detection import DetectionBegin, DetectionEnd, ImpulseDetection
from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.capture.blocks import Block
from clairvoie.capture.recording import Defect, Recording
from clairvoie.detect.sound.analysis import Output, SoundAnalyser
from clairvoie.detect.sound.bands import BandLevels
from clairvoie.detect.sound.indicators import Indicators, indicators_of
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.sources import SourceScores

BLOCK_SECONDS = 1.0
MOST_SOURCES = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """A hazard from ``onset`` to ``offset``. An impulse has no length and, found by a rule, no confidence."""

    kind: HazardKind
    onset: float
    offset: float
    confidence: float | None
    level: float


Line = SecondLevels | BandLevels | SourceScores | Heard


@dataclass(slots=True)
class Hearing:
    """Everything heard so far in ``recording``. ``model`` is the recogniser's hash, or ``None`` without one."""

    recording: Recording
    calibration: float | None
    model: str | None
    seconds: list[SecondLevels] = field(default_factory=list)
    bands: list[BandLevels] = field(default_factory=list)
    detections: list[Heard] = field(default_factory=list)
    sources: list[SourceScores] = field(default_factory=list)
    _begun: dict[int, DetectionBegin] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """``dB`` where there is a calibration, else ``dBFS`` after AES17."""
        return "dB" if self.calibration is not None else "dBFS"

    @property
    def reference(self) -> str:
        """What levels refer to, in words."""
        known = self.calibration is not None
        return f"calibration {self.calibration:g} dB" if known else "not calibrated: dBFS after AES17"

    @property
    def channel_words(self) -> str:
        """Which channel is heard, where there are several."""
        several = self.recording.channels > 1
        return f", channel {self.recording.channel} of {self.recording.channels}" if several else ""

    @property
    def defects(self) -> list[Defect]:
        """What is wrong with the recording, as far as it has been read."""
        return self.recording.defects

    @property
    def length(self) -> float:
        """How long the recording is, in seconds, as far as it has been read."""
        return self.seconds[-1].t_end if self.seconds else 0.0

    def take(self, output: Output) -> Line | None:
        """Keep ``output``; what is to be printed because of it, if anything."""
        if isinstance(output, SecondLevels):
            self.seconds.append(output)
        elif isinstance(output, BandLevels):
            self.bands.append(output)
        elif isinstance(output, SourceScores):
            self.sources.append(output)
        elif isinstance(output, DetectionBegin):
            self._begun[output.local] = output
            return None
        elif isinstance(output, DetectionEnd | ImpulseDetection):
            heard = self._heard(output)
            self.detections.append(heard)
            return heard
        else:
            return None
        return output

    def _heard(self, output: DetectionEnd | ImpulseDetection) -> Heard:
        if isinstance(output, ImpulseDetection):
            return Heard(HazardKind.IMPULSE, output.onset, output.onset, None, output.level)
        begin = self._begun.pop(output.local)
        return Heard(output.kind, begin.onset, output.offset, output.confidence, output.level)

    def indicators(self) -> Indicators:
        """The indicators of the whole recording; its last part of a second counts for what it is."""
        return indicators_of(self.seconds, with_rest=True)

    def detection_counts(self) -> dict[HazardKind, int]:
        """How many detections of each kind, most frequent first."""
        return dict(Counter(heard.kind for heard in self.detections).most_common())

    def best_sources(self) -> list[tuple[NoiseSource, float]]:
        """The sources named, with the greatest score of each in any second, best first."""
        best: dict[NoiseSource, float] = {}
        for named in self.sources:
            for source, score in named.top:
                best[source] = max(best.get(source, 0.0), score)
        return sorted(best.items(), key=lambda item: -item[1])[:MOST_SOURCES]


def hear(hearing: Hearing, analyser: SoundAnalyser) -> Iterator[tuple[Block | None, list[Line]]]:
    """Block after block of the recording with the lines it leads to; ``None`` stands for the end."""
    for block in hearing.recording.blocks(BLOCK_SECONDS):
        yield block, _taken(hearing, analyser.feed(block))
    yield None, _taken(hearing, analyser.finish())


def _taken(hearing: Hearing, outputs: list[Output]) -> list[Line]:
    return [line for line in map(hearing.take, outputs) if line is not None]
