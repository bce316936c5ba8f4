"""Everything that one microphone's sound is turned into, in one place: blocks in, claims out.

:class:`SoundAnalyser` joins the weightings, levels, bands, onsets and, when there is one, the recogniser. What comes
out depends on the samples and their times, not on how they were cut into blocks. By default only claims come out, the
types that the pipe to the gate can carry. With ``details`` the levels of each second, the bands of each minute, the
scores of sources and noise events come out as well, for ``listen`` and ``lab``: no pipe has a type for those.

>>> import numpy as np
>>> analyser = SoundAnalyser(rate=8000, calibration=114.0)
>>> tone = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(80_000) / 8000)).astype(np.float32)
>>> [claim] = analyser.feed(Block(samples=tone, rate=8000, start=1_800_000_000.0, sigma=0.001, index=0))
>>> claim.end, round(claim.laeq, 1)
(1800000010, 94.0)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import Claim, HourNoise, MinuteLevels, TenSecondLevel, ThirdLevels
from clairvoie.boundary.hazards import Health, NoiseSource
from clairvoie.capture.blocks import Block, Samples
from clairvoie.detect.sound.bands import (
    NOTHING,
    BandEnergy,
    BandLevels,
    BandMeter,
    octave_levels,
    third_levels,
)
from clairvoie.detect.sound.block_weighting import BlockWeighting
from clairvoie.detect.sound.even_pieces import EvenPieces
from clairvoie.detect.sound.events import HazardEvents
from clairvoie.detect.sound.indicators import energy_mean, indicators_of, percentile_levels
from clairvoie.detect.sound.indicators_hour import LEAST_COVERAGE, HourIndicators, HourMeter
from clairvoie.detect.sound.levels import FULL_SCALE_SINE_DB, FastHistory, LevelMeter, SecondLevels
from clairvoie.detect.sound.noise_events import EventRule, NoiseEvent, NoiseEventMeter
from clairvoie.detect.sound.onset import OnsetDetector
from clairvoie.detect.sound.seconds import Gap, Piece, SecondCutter, SecondEnd, Step
from clairvoie.detect.sound.sources import SourceScores, SourceTally
from clairvoie.detect.sound.tagging import Scores, Tagger
from clairvoie.detect.sound.time_weighting import BLOCK
from clairvoie.detect.sound.weighting import Weighted

Detail = SecondLevels | BandLevels | SourceScores | NoiseEvent
Output = Claim | Detail

TEN_SECONDS = 10
MINUTE = 60
THIRDS_SECONDS = 600
LEAST_VALID_SHARE = 0.5
"""A period of which less is valid has no level."""
BACKGROUND_SECONDS = 60
QUIETEST_BACKGROUND = 1e-9
"""L50 counts as -87 dBFS at least: out of digital silence everything would be an impulse."""
LATEST_SCORE_SECONDS = 3.0
PIECES_A_SECOND = 4
"""In a node, which must not be late. With ``details``, for recordings, it is one."""
SLACK_SECONDS = 1e-6
"""Times of day have no more digits than this."""
SILENT_LEVEL = -200.0
"""What a hazard in digital silence is said to have as its level; the boundary has no "none" there."""
WIND_LC_MINUS_LA = 20.0
DOUBTFUL_CLOCK_SECONDS = 1.0
OVERLOADED_SECONDS = 6
SILENT_SECONDS = 54


class _Sound(NamedTuple):
    """A piece, weighted, with the mean squares behind LAF."""

    piece: Piece
    weighted: Weighted
    fast: NDArray[np.float64]


class _Second(NamedTuple):
    """A second that is over; ``usable`` is its sound, where it counts."""

    end: SecondEnd
    levels: SecondLevels
    usable: Samples | None


class SoundAnalyser:
    """Analyses the blocks of one stream of ``rate`` samples a second.

    ``calibration`` is the sound pressure level in dB of a full-scale sine; without it levels are dBFS after AES17.
    ``thirds_seconds`` is how often thirds leave: 600 in a node. Blocks of another rate raise ``InvalidValue``.
    """

    def __init__(
        self,
        rate: int,
        calibration: float | None,
        tagger: Tagger | None = None,
        *,
        details: bool = False,
        thirds_seconds: int = THIRDS_SECONDS,
        events: EventRule | None = None,
    ) -> None:
        self.rate = rate
        self.calibration = calibration
        self._details = details
        self._thirds_seconds = thirds_seconds
        self._cutter = SecondCutter(rate)
        self._even = EvenPieces(rate, 1 if details else PIECES_A_SECOND)
        self._filters = BlockWeighting(rate)
        self._levels = LevelMeter(rate, calibration, slow=details)
        self._bands = BandMeter(rate)
        self._onsets = OnsetDetector(rate, calibration)
        self._tagger = tagger
        self._hazards = HazardEvents(tagger.rules) if tagger is not None else None
        self._fast = FastHistory(rate / BLOCK, calibration)
        self._ticks: deque[Scores] = deque()
        self._heard_until = -math.inf
        self._tally = SourceTally()
        self._noise = NoiseEventMeter(events)
        self._noise_events_over = 0
        self._hours = HourMeter(calibrated=calibration is not None, percentiles=())
        self._sigma = 0.0
        self._second: list[Samples] = []
        self._seconds_end: float | None = None
        self._minute: list[SecondLevels] = []
        self._minute_energy = NOTHING
        self._thirds_energy = NOTHING
        self._laf: deque[float] = deque(maxlen=BACKGROUND_SECONDS * 8)

    def feed(self, block: Block) -> list[Output]:
        """What can be said now that ``block`` has been heard, in the order in which it became certain."""
        self._sigma = block.sigma
        outputs: list[Output] = []
        scores = [] if self._tagger is None else self._tagger.feed(block)
        self._tally.feed(scores)
        if self._details:
            self._noise.hear(scores)
        self._take(self._even.feed(self._cutter.feed(block)), outputs)
        self._follow_hazards(scores, outputs, self._heard_until)
        self._fast.forget(block.end - LATEST_SCORE_SECONDS)
        return outputs

    def finish(self) -> list[Output]:
        """What can be said at the end of the stream. Periods that are not over yield details, never claims."""
        outputs: list[Output] = []
        scores = [] if self._tagger is None else self._tagger.finish()
        self._tally.feed(scores)
        self._take(self._even.finish(), outputs)
        outputs += self._onsets.finish(self._sigma)
        self._follow_hazards(scores, outputs, math.inf)
        if self._details:
            self._noise.hear(scores)
        if self._hazards is not None:
            outputs += self._hazards.finish()
        self._take(self._cutter.finish(), outputs, at_end=True)
        if self._seconds_end is not None:
            for t_end in sorted({float(math.floor(self._seconds_end)), self._seconds_end}):
                self._name_sources(t_end, outputs)
        if self._details:
            outputs += self._noise.finish()
        self._add_bands(self._bands.finish())
        if self._details and self._minute:
            outputs.append(self._band_levels(self._minute[-1].t_end))
        return outputs

    def _take(self, steps: Sequence[Step], outputs: list[Output], *, at_end: bool = False) -> None:
        """Take ``steps`` stage by stage: what a stage computes with then stays in the core's cache."""
        measured = [self._measured(step, at_end=at_end) for step in steps]
        energies = [self._bands.feed(step.usable) for step in measured if isinstance(step, _Second)]
        bands = iter(energies)
        for step in measured:
            if isinstance(step, _Sound):
                outputs += self._onsets.feed(step.weighted, step.piece.start, self._sigma)
                if self._hazards is not None:
                    self._fast.add(step.piece.start, step.fast)
                self._heard_until = step.piece.start + step.piece.samples.size / self.rate
            elif isinstance(step, _Second):
                self._add_bands(next(bands))
                self._end_second(step.end, step.levels, outputs, at_end=at_end)
            else:
                outputs += self._onsets.finish(self._sigma)
                self._onsets.reset()

    def _measured(self, step: Step, *, at_end: bool) -> _Sound | _Second | Gap:
        """``step`` with the weightings and levels of a piece, or with the levels of a second."""
        if isinstance(step, Piece):
            weighted = self._filters.feed(step.samples)
            self._second.append(step.samples)
            return _Sound(step, weighted, self._levels.feed(step.samples, weighted, step.offset))
        if isinstance(step, Gap):
            self._filters.reset()
            self._levels.reset()
            return step
        t_end = step.second + step.samples / self.rate if at_end else float(step.second + 1)
        rest = at_end and not step.broken
        levels = self._levels.end_second(t_end, step.samples, whole=step.whole, rest=rest)
        pieces, self._second = self._second, []
        usable = pieces[0] if len(pieces) == 1 else np.concatenate(pieces) if pieces else None
        return _Second(step, levels, usable if levels.usable else None)

    def _end_second(self, end: SecondEnd, levels: SecondLevels, outputs: list[Output], *, at_end: bool) -> None:
        t_end = levels.t_end
        self._minute.append(levels)
        self._learn_background(levels)
        self._seconds_end = t_end
        over = self._noise.feed(levels)
        if self._details:
            outputs.append(levels)
            outputs += over
        if not at_end:
            # As in `listen`, where a second is known before the events that it shows to be over.
            hours = self._hours.feed(levels, self._noise_events_over)
            self._noise_events_over = len(over)
            # Scores come up to a second late, so that sources are named a second late, wherever blocks were cut.
            self._name_sources(t_end - 1, outputs)
            self._end_periods(end.second + 1, outputs)
            outputs += [_hour_noise(hour) for hour in hours if hour.end == end.second + 1]

    def _name_sources(self, t_end: float, outputs: list[Output]) -> None:
        sources = self._tally.end_second(t_end)
        if self._details and sources is not None:
            outputs.append(sources)

    def _follow_hazards(self, scores: list[Scores], outputs: list[Output], until: float) -> None:
        """Follow the ticks that end by ``until``; the level of later ones is not known yet."""
        if self._hazards is None:
            return
        self._ticks.extend(scores)
        while self._ticks and self._ticks[0].time <= until + SLACK_SECONDS:
            tick = self._ticks.popleft()
            self._fast.forget(tick.time - LATEST_SCORE_SECONDS)
            level = self._fast.greatest(tick.time - tick.seconds, tick.time)
            outputs += self._hazards.feed(tick, SILENT_LEVEL if level is None else level, self._sigma)

    def _add_bands(self, energy: BandEnergy) -> None:
        self._minute_energy += energy
        self._thirds_energy += energy

    def _learn_background(self, levels: SecondLevels) -> None:
        if not levels.valid:
            return
        self._laf.extend(levels.laf)
        l50 = percentile_levels(self._laf, [50])[50]
        power = 0.0 if l50 is None else 10 ** ((l50 - FULL_SCALE_SINE_DB - (self.calibration or 0.0)) / 10)
        self._onsets.background = max(power, QUIETEST_BACKGROUND)

    def _end_periods(self, now: int, outputs: list[Output]) -> None:
        if now % TEN_SECONDS == 0:
            outputs.append(self._ten_seconds(now))
        if now % MINUTE == 0:
            outputs.append(self._minute_levels(now))
            if self._details:
                outputs.append(self._band_levels(float(now)))
            self._minute = []
            self._minute_energy = NOTHING
        if now % self._thirds_seconds == 0:
            enough = self._thirds_energy.seconds >= LEAST_VALID_SHARE * self._thirds_seconds
            thirds = third_levels(self._thirds_energy if enough else NOTHING, self.rate, self.calibration)
            outputs.append(ThirdLevels(end=now, seconds=self._thirds_seconds, thirds=thirds))
            self._thirds_energy = NOTHING

    def _band_levels(self, t_end: float) -> BandLevels:
        return BandLevels(
            t_end=t_end,
            seconds=sum(s.seconds for s in self._minute if s.usable),
            thirds=third_levels(self._minute_energy, self.rate, self.calibration),
            octaves=octave_levels(self._minute_energy, self.rate, self.calibration),
        )

    def _ten_seconds(self, now: int) -> TenSecondLevel:
        valid = [s for s in self._minute[-TEN_SECONDS:] if s.valid]
        enough = len(valid) >= LEAST_VALID_SHARE * TEN_SECONDS
        return TenSecondLevel(end=now, laeq=energy_mean((s.laeq, 1.0) for s in valid) if enough else None)

    def _minute_levels(self, now: int) -> MinuteLevels:
        found = indicators_of(self._minute, (10, 50, 90))
        valid = sum(s.valid for s in self._minute)
        enough = valid >= LEAST_VALID_SHARE * MINUTE
        energy = self._minute_energy if enough else NOTHING
        sources = self._tally.end_period(MINUTE)
        differs = None not in (found.lceq, found.laeq) and (found.lceq or 0.0) - (found.laeq or 0.0) > WIND_LC_MINUS_LA
        return MinuteLevels(
            end=now,
            laeq=found.laeq if enough else None,
            lceq=found.lceq if enough else None,
            lafmax=found.lafmax if enough else None,
            lcpeak=found.lcpeak if enough else None,
            l10=found.percentiles[10] if enough else None,
            l50=found.percentiles[50] if enough else None,
            l90=found.percentiles[90] if enough else None,
            octaves=octave_levels(energy, self.rate, self.calibration),
            sources=sources,
            valid_seconds=valid,
            overload_seconds=sum(s.overload for s in self._minute),
            windy=differs or dict(sources).get(NoiseSource.WIND, 0.0) >= LEAST_VALID_SHARE,
            health=self._health(valid),
        )

    def _health(self, valid: int) -> Health:
        heard = [s for s in self._minute if s.seconds > 0]
        if not heard:
            return Health.SOURCE_LOST
        if self._sigma > DOUBTFUL_CLOCK_SECONDS:
            return Health.CLOCK_DOUBTFUL
        if valid < len(self._minute):
            return Health.GAPS
        if sum(s.overload for s in heard) >= OVERLOADED_SECONDS:
            return Health.OVERLOADED
        if sum(s.laeq is None for s in heard) >= SILENT_SECONDS:
            return Health.SILENT
        return Health.FINE


def _hour_noise(hour: HourIndicators) -> HourNoise:
    """What of an hour is said. The number of events in a short part of it is no indicator of the hour."""
    return HourNoise(
        end=hour.end,
        harmonica=None if hour.harmonica is None else hour.harmonica.index,
        intermittency=hour.intermittency,
        events=hour.events if hour.coverage >= LEAST_COVERAGE else None,
        coverage=hour.coverage,
    )
