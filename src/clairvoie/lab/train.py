"""Training of the recogniser for the street, from recordings and the laboratory's own sounds, on one core.

The last epoch counts: nothing is chosen by looking at the test fold. Weights are averaged exponentially over steps
(EMA). Needs the extra ``lab`` (torch, onnx).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clairvoie.detect.sound.spectra import Contrast
from clairvoie.errors import LabError
from clairvoie.lab import classes, dataset
from clairvoie.lab.mixing import Mixer
from clairvoie.lab.network import FRAMES_BEFORE, Street

Say = Callable[[str], None]
SCENE_TICKS = 44


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train. An epoch is ``batches`` batches of ``size`` scenes of 4.4 seconds."""

    data: Path
    folds: tuple[int, ...] = (1, 2, 3)
    epochs: int = 60
    batches: int = 100
    size: int = 48
    rate: float = 3e-3
    seed: int = 1
    synthetic: int = 30
    smoke: bool = False
    start: Path | None = None
    """Weights of an earlier run to go on from: it must have learned from some of the same folds and no others."""


def pictures_of(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees of whole scenes: (scenes, frames, bands) becomes (scenes, 2, frames + before, bands)."""
    return np.pad(Contrast()(power), ((0, 0), (0, 0), (FRAMES_BEFORE, 0), (0, 0)))


def bank(plan: Plan, say: Say) -> tuple[list[list[dataset.Voice]], list[list[dataset.Voice]]]:
    """The events and the backgrounds to learn from."""
    clips = dataset.esc(dataset.read_clips(plan.data), plan.folds, shippable=True)
    if plan.smoke:
        clips = clips[::40]
    rng = np.random.default_rng(plan.seed)
    events = dataset.real_bank(clips)
    say(f"{len(events)} clips from folds {plan.folds}")
    if not plan.smoke:
        events += dataset.speech_bank(plan.data) + dataset.synthetic_bank(rng, plan.synthetic)
        say(f"{len(events)} sounds with speech and synthesis")
    names = classes.TRAIN_BACKGROUNDS[-2:] if plan.smoke else classes.TRAIN_BACKGROUNDS
    backgrounds = dataset.background_bank(plan.data, names)
    return events, backgrounds


def train(plan: Plan, say: Say = print) -> Street:
    """A trained network, in evaluation mode."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    events, backgrounds = bank(plan, say)
    mixer = Mixer(events, backgrounds, np.random.default_rng(plan.seed + 1), SCENE_TICKS)
    network = Street(len(classes.OUTPUTS), len(mixer.labels)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if plan.start is not None:
        _go_on(network, plan.start)
    steps = plan.epochs * plan.batches
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps, pct_start=0.1)
    mean = torch.optim.swa_utils.get_ema_multi_avg_fn(0.998 if steps > 1000 else 0.9)  # type: ignore[no-untyped-call]
    averaged = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
    began = time.monotonic()
    for epoch in range(plan.epochs):
        network.train()
        total = 0.0
        for _ in range(plan.batches):
            total += _learn(network, optimiser, mixer, plan.size)
            schedule.step()
            averaged.update_parameters(network)
        say(f"epoch {epoch + 1}/{plan.epochs}: loss {total / plan.batches:.4f}, {time.monotonic() - began:.0f} s")
    return cast(Street, averaged.module).eval()


def _go_on(network: Street, path: Path) -> None:
    """Take the weights at ``path``."""
    try:
        network.load_state_dict(torch.load(path, weights_only=True))
    except (OSError, RuntimeError) as error:
        raise LabError(f"these weights cannot be gone on from ({error})", str(path)) from error


def _learn(network: Street, optimiser: torch.optim.Optimizer, mixer: Mixer, size: int) -> float:
    scenes = [mixer.scene() for _ in range(size)]
    pictures = torch.from_numpy(pictures_of(np.stack([s.power for s in scenes])))
    targets, weights, labels = (
        torch.from_numpy(np.stack(x)) for x in zip(*((s.targets, s.weights, s.labels) for s in scenes), strict=True)
    )
    with torch.autocast("cpu", torch.bfloat16):
        scores, names = network.taught(pictures.contiguous(memory_format=torch.channels_last))
    loss = loss_of(scores.float(), targets, weights) + 0.5 * loss_of(names.float(), labels, None)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def loss_of(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Weighted binary cross entropy over the ticks that have a full future, summed over outputs."""
    ticks = logits.shape[1]
    losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets[:, :ticks], reduction="none")
    return (losses if weights is None else losses * weights[:, :ticks]).sum(dim=2).mean()
