"""The bench of arrival times: that it measures what it says, on a handful of bangs; figures are its own business."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clairvoie.cli.bench_onsets import figures_text
from clairvoie.cli.onset_plot import draw
from clairvoie.errors import LabError
from clairvoie.lab import bench_onsets
from clairvoie.lab.bangs import FINER, KINDS, heard_bang, in_band, white
from clairvoie.lab.bench_onsets import Noises, OnsetFigures, Timed, figures, made_trials, summary
from clairvoie.lab.impulse_rule import SET_APART, Heard, impulses, together
from clairvoie.lab.onset_peers import PEERS
from clairvoie.lab.real_bangs import clearest

RATE = 16_000


def trial(error: float, sigma: float, *, pair: bool = False, found: float | None = None) -> Timed:
    return Timed(
        kind="clap", rate=RATE, ratio=20.0, echo=False, background="white", error=error, sigma=sigma,
        peers=dict.fromkeys(PEERS, 0.001), found_error=found, pair=pair,
    )  # fmt: skip


def test_the_ratio_is_that_of_energies_in_ten_milliseconds_of_the_band() -> None:
    noise = white(RATE, np.random.default_rng(1))
    heard = heard_bang("ringing", RATE, 12.0, noise, 2)
    begin = round(heard.arrival * RATE)
    direct = in_band(heard.samples - noise, RATE)[begin : begin + 160]
    around = in_band(noise, RATE)
    measured = np.square(direct).sum() / (np.square(around).mean() * 160)
    assert 10 * np.log10(measured) == pytest.approx(12.0, abs=0.3)


def test_an_echo_leaves_the_first_two_milliseconds_as_they_are() -> None:
    noise = white(RATE, np.random.default_rng(1))
    alone, echoed = (heard_bang("clap", RATE, 20.0, noise, 3, echo=echo) for echo in (False, True))
    assert alone.arrival == echoed.arrival
    until = round((alone.arrival + 0.0013) * RATE)
    difference = np.abs(echoed.samples - alone.samples)
    assert difference[:until].max() < 0.01 * np.abs(alone.samples).max() < difference.max()


def test_a_bang_begins_where_it_is_said_to() -> None:
    for kind in KINDS:
        made = heard_bang(kind, RATE, 60.0, 1e-6 * white(4000, np.random.default_rng(1)), 4)
        first = int(np.flatnonzero(np.abs(made.samples) > 0.02 * np.abs(made.samples).max())[0])
        assert -0.0006 < made.arrival - first / RATE < 0.0002, kind


def test_without_sound_there_is_no_ratio() -> None:
    with pytest.raises(LabError):
        heard_bang(np.zeros(FINER * 10), RATE, 6.0, white(4000, np.random.default_rng(1)), 1)


def test_a_summary_counts_a_pair_as_one_sensor() -> None:
    alone = summary("x", [trial(0.001, 0.001), trial(-0.003, 0.001)])
    assert (alone.rms, alone.bias, alone.coverage) == pytest.approx((np.sqrt(5.0), -1.0, 0.5))
    pair = summary("x", [trial(0.002, 0.001, pair=True, found=0.002)])
    assert (pair.rms, pair.sigma, pair.found_rms) == pytest.approx((np.sqrt(2.0), np.sqrt(0.5), np.sqrt(2.0)))


@pytest.fixture(scope="module")
def small() -> OnsetFigures:
    """Two ratios of three kinds without recordings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_onsets, "RATIOS", (6.0, 20.0))
        patch.setattr(bench_onsets, "KINDS", {kind: KINDS[kind] for kind in ("friedlander", "clap", "burst 0.2 ms")})
        made = list(made_trials(Noises(None), 1, 2))
        heard = [Heard("footsteps", 2, 1, 3, 0.1), Heard("rain", 1, 0, 0, 0.1), Heard("speech", 1, 0, 0, 0.1)]
        return figures(made, [], heard, 1, quick=True)


def test_strong_bangs_are_timed_better_than_by_the_former_rule(small: OnsetFigures) -> None:
    weak, strong = small.all
    assert (weak.of, strong.of, strong.count) == ("6 dB", "20 dB", 12)
    assert strong.rms < 0.25
    assert strong.rms < strong.peers["tenth of peak"]
    assert strong.found > 0.4 > weak.found
    assert {goal.ratio: goal.met for goal in small.goals}[6.0]


def test_tables_and_picture_say_what_was_measured(small: OnsetFigures, tmp_path: Path) -> None:
    text = figures_text(small)
    assert "too few to cite" in text
    assert "footsteps" in text
    assert "arrival at 6 dB" in text.splitlines()[-1]
    draw(small, tmp_path / "onsets.png")
    assert (tmp_path / "onsets.png").read_bytes().startswith(b"\x89PNG")


def test_the_clearest_bang_of_a_clip_is_cut_out_around_its_front() -> None:
    sound = 0.001 * np.random.default_rng(1).standard_normal(RATE)
    sound[8000:8400] += np.exp(-np.arange(400) / 60)
    bang = clearest("x", sound.astype(np.float32))
    assert bang is not None
    assert abs(int(np.abs(bang.samples).argmax()) - 160) <= 16
    assert bang.fine(48_000).size == bang.samples.size * 3 * FINER
    assert clearest("x", (0.001 * np.ones(RATE)).astype(np.float32)) is None


def test_recordings_are_grouped_and_rates_have_exact_intervals() -> None:
    heard = [
        Heard("clapping", 2, 1, 3, 0.5), Heard("footsteps", 1, 1, 1, 0.5), Heard("background city", 1, 0, 0, 0.1),
        Heard("speech", 1, 0, 0, 0.2), Heard(SET_APART, 1, 0, 0, 0.1),
    ]  # fmt: skip
    sums = {one.of: one for one in together(heard)}
    assert sums["clips of bangs"] == Heard("clips of bangs", 3, 2, 4, 1.0)
    assert sums["speech"].clips == sums[SET_APART].clips == 1
    assert sums["clips of bangs"].rate == pytest.approx((4.0, 1.09, 10.24), abs=0.01)
    assert sums["backgrounds"].rate[:2] == (0.0, 0.0)


def test_an_impulse_in_a_recording_is_counted() -> None:
    sound = 0.001 * np.random.default_rng(1).standard_normal(3 * RATE)
    assert impulses(sound.astype(np.float32)) == 0
    noise = np.random.default_rng(2).standard_normal(4000)
    sound[24_000:28_000] += 0.5 * noise * np.exp(-np.arange(4000) / 500)
    assert impulses(sound.astype(np.float32)) == 1
