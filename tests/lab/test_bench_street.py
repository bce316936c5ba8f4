"""The figures of the street: ratios are what they say, intervals are exact, and the bench runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab.bench_street import measure
from clairvoie.lab.dataset import RATE
from clairvoie.lab.exposure import poisson_interval
from clairvoie.lab.modelcard import figures_text
from clairvoie.lab.synthesis import MAKERS
from clairvoie.lab.trials import LASTING, LEAD, TAIL, a_weighted_power, mixed


def test_a_tone_at_1_khz_has_its_own_power() -> None:
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)
    assert a_weighted_power(tone) == pytest.approx(0.125, rel=0.01)


@pytest.mark.parametrize("ratio", [20.0, 10.0, 0.0])
def test_the_ratio_is_between_the_sound_and_what_lies_under_it(ratio: float) -> None:
    rng = np.random.default_rng(4)
    sound, street = MAKERS["horn"](rng, 2.0, RATE), MAKERS["rain"](rng, 20.0, RATE)
    trial = mixed(sound, "horn", street, "rain", ratio, 1234)
    lead = round(LEAD * RATE)
    before = a_weighted_power(trial.samples[: lead - RATE // 10])
    during = a_weighted_power(trial.samples[lead : lead + sound.size])
    assert 10 * np.log10(during / before) == pytest.approx(10 * np.log10(10 ** (ratio / 10) + 1), abs=1.0)
    assert trial.offset - trial.onset == pytest.approx(2.0, abs=0.01)
    assert trial.samples.size == round((LEAD + 2.0 + TAIL) * RATE)


def test_what_must_last_is_made_to_last() -> None:
    sound = MAKERS["horn"](np.random.default_rng(4), 1.0, RATE)
    trial = mixed(sound, "car_horn", np.ones(RATE, dtype=np.float32), "none", 10.0, 0)
    assert trial.offset - trial.onset == pytest.approx(LASTING["car_horn"])


@given(st.integers(0, 60), st.floats(0.1, 50))
def test_the_interval_is_exact(count: int, hours: float) -> None:
    low, high = poisson_interval(count, hours)
    assert low <= count / hours <= high
    assert poisson.cdf(count, high * hours) == pytest.approx(0.025, abs=1e-6)
    if count:
        assert poisson.sf(count - 1, low * hours) == pytest.approx(0.025, abs=1e-6)


def test_the_bench_runs_and_counts_every_trial(needs_shared: Path) -> None:
    figures = measure(needs_shared, SoundTagger.load(), compare=False, every=40)
    assert figures.fold == 4
    for cells in figures.hazards.values():
        assert cells["10"].of == 7 * cells["alone"].of
        assert cells["10"].hits <= cells["10"].of
    assert figures.false_alarms[HazardKind.GLASS_BREAKING]["test backgrounds"].hours > 0
    assert "95 % Poisson" in figures_text(figures)
