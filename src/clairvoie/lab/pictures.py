"""What the network sees of mixed scenes, as tensors on any device: the same as ``detect.sound.spectra.Contrast``.

``tests/lab/test_pictures.py`` holds the two against each other.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from clairvoie.detect.sound.spectra import FLOOR_POWER, HOP_SECONDS, MEAN_SECONDS, PEAK_DECAY_DB
from clairvoie.lab.network import FRAMES_BEFORE


@functools.cache
def _running_mean(frames: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Weights (frames, frames) of a first-order mean over the frames so far, and what is left of its beginning."""
    share = HOP_SECONDS / MEAN_SECONDS
    age = torch.arange(frames)[:, None] - torch.arange(frames)
    weights = torch.where(age >= 0, share * (1 - share) ** age.clamp(min=0), 0.0)
    return weights.float().to(device), ((1 - share) ** torch.arange(1, frames + 1)).float()[:, None].to(device)


def pictures_of(power: Tensor) -> Tensor:
    """(scenes, frames, bands) of mel power becomes (scenes, 2, frames + before, bands), from the start of a stream."""
    level = 10.0 * torch.log10(power + FLOOR_POWER)
    total = 10.0 * torch.log10(power.sum(dim=2) + FLOOR_POWER)
    sunk = PEAK_DECAY_DB * torch.arange(1, power.shape[1] + 1, device=power.device)
    peak = torch.cummax(total + sunk, dim=1).values - sunk
    weights, left = _running_mean(power.shape[1], power.device)
    mean = weights @ level + left * level[:, :1]
    shape = (level - peak[..., None]).clamp(-60.0, 0.0) / 20.0 + 1.5
    change = (level - mean).clamp(-15.0, 35.0) / 20.0
    return torch.nn.functional.pad(torch.stack([shape, change], dim=1), (0, 0, FRAMES_BEFORE, 0))
