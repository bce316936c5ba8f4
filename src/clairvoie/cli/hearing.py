"""What ``listen`` heard in one recording: begins and ends joined to detections, levels kept, a summary at the end."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clairvoie.boundary.detection import DetectionBegin, DetectionEnd, ImpulseDetection
from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.capture.blocks import Block
from clairvoie.capture.recording import Defect, Recording
from clairvoie.cli.hearing_series import LevelSeries, SourceSeries, Totals
from clairvoie.detect.sound.analysis import Output, SoundAnalyser
from clairvoie.detect.sound.bands import BandLevels
from clairvoie.detect.sound.emergence import Emergence, Interval
from clairvoie.detect.sound.indicators import Indicators
from clairvoie.detect.sound.indicators_day import DayIndicators, lden_of
from clairvoie.detect.sound.indicators_hour import LEAST_COVERAGE, HourIndicators, HourMeter
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.noise_events import NoiseEvent
from clairvoie.detect.sound.sources import SourceScores

BLOCK_SECONDS = 10.0
MOST_SOURCES = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """A hazard from ``onset`` to ``offset``. An impulse has no length and, found by a rule, no confidence."""

    kind: HazardKind
    onset: float
    offset: float
    confidence: float | None
    level: float


Line = SecondLevels | BandLevels | SourceScores | Heard | NoiseEvent | HourIndicators


@dataclass(slots=True)
class Hearing:
    """Everything heard so far in ``recording``. ``model`` is the recogniser's hash, or ``None`` without one.

    ``start`` is when the recording began, with its time zone, where that is known. Hours count from its beginning.
    """

    recording: Recording
    calibration: float | None
    model: str | None
    start: datetime.datetime | None = None
    levels: LevelSeries = field(default_factory=LevelSeries)
    sources: SourceSeries = field(default_factory=SourceSeries)
    bands: list[BandLevels] = field(default_factory=list)
    detections: list[Heard] = field(default_factory=list)
    events: list[NoiseEvent] = field(default_factory=list)
    hours: list[HourIndicators] = field(default_factory=list)
    residual: tuple[Interval, ...] = ()
    ambient: tuple[Interval, ...] = ()
    emergence: Emergence | None = None
    _begun: dict[int, DetectionBegin] = field(default_factory=dict)
    _hour: HourMeter = field(init=False)
    _events_over: int = 0
    _totals: tuple[int, Totals] | None = None

    def __post_init__(self) -> None:
        self._hour = HourMeter(calibrated=self.calibration is not None)

    @property
    def unit(self) -> str:
        """``dB`` where there is a calibration, else ``dBFS`` after AES17."""
        return "dB" if self.calibration is not None else "dBFS"

    @property
    def defects(self) -> list[Defect]:
        """What is wrong with the recording, as far as it has been read."""
        return self.recording.defects

    @property
    def length(self) -> float:
        """How long the recording is, in seconds, as far as it has been read."""
        return self.levels.length

    def take(self, output: Output) -> list[Line]:
        """Keep ``output``; what is to be printed because of it."""
        if isinstance(output, SecondLevels):
            self.levels.append(output)
            over, self._events_over = self._events_over, 0
            hours = self._hour.feed(output, over)
            self.hours += hours
            return [output, *hours]
        if isinstance(output, BandLevels):
            self.bands.append(output)
        elif isinstance(output, SourceScores):
            self.sources.append(output)
        elif isinstance(output, NoiseEvent):
            self.events.append(output)
            self._events_over += 1
        elif isinstance(output, DetectionEnd | ImpulseDetection):
            heard = self._heard(output)
            self.detections.append(heard)
            return [heard]
        else:
            if isinstance(output, DetectionBegin):
                self._begun[output.local] = output
            return []
        return [output]

    def finish(self) -> list[Line]:
        """The last hour, where enough of it was heard."""
        hours = [hour for hour in self._hour.finish() if hour.coverage >= LEAST_COVERAGE]
        self.hours += hours
        return [*hours]

    def _heard(self, output: DetectionEnd | ImpulseDetection) -> Heard:
        if isinstance(output, ImpulseDetection):
            return Heard(HazardKind.IMPULSE, output.onset, output.onset, None, output.level)
        begin = self._begun.pop(output.local)
        return Heard(output.kind, begin.onset, output.offset, output.confidence, output.level)

    @property
    def totals(self) -> Totals:
        """What the whole recording comes to; its last part of a second counts for what it is."""
        if self._totals is None or self._totals[0] != len(self.levels):
            self._totals = len(self.levels), self.levels.totals()
        return self._totals[1]

    def indicators(self) -> Indicators:
        """The indicators of the whole recording."""
        return self.totals.indicators

    def harmonica(self) -> float | None:
        """The mean Harmonica index of the hours that have one."""
        found = [hour.harmonica.index for hour in self.hours if hour.harmonica is not None]
        return sum(found) / len(found) if found else None

    def day(self) -> DayIndicators | None:
        """Lden of a recording of at least a day of which it is known when it began."""
        if self.start is None or self.start.tzinfo is None:
            return None
        first, levels = self.start.timestamp(), self.levels
        valid = levels.valid
        columns = (levels.t_end[valid] + first, levels.seconds[valid], levels.laeq[valid])
        rows = zip(*(column.tolist() for column in columns), strict=True)
        heard = ((t, seconds, level if math.isfinite(level) else None) for t, seconds, level in rows)
        return lden_of(heard, first, first + self.length, self.start.tzinfo)

    def detection_counts(self) -> dict[HazardKind, int]:
        """How many detections of each kind, most frequent first."""
        return dict(Counter(heard.kind for heard in self.detections).most_common())

    def best_sources(self) -> list[tuple[NoiseSource, float]]:
        """The sources named, with the greatest score of each in any second, best first."""
        return self.sources.best()[:MOST_SOURCES]


def hear(hearing: Hearing, analyser: SoundAnalyser) -> Iterator[tuple[Block | None, list[Line]]]:
    """Block after block of the recording with the lines it leads to; ``None`` stands for the end."""
    for block in hearing.recording.blocks(BLOCK_SECONDS):
        yield block, _taken(hearing, analyser.feed(block))
    yield None, _taken(hearing, analyser.finish()) + hearing.finish()


def _taken(hearing: Hearing, outputs: list[Output]) -> list[Line]:
    return [line for output in outputs for line in hearing.take(output)]
