"""Two clips become an example: moved, played faster or slower, coloured, mixed in a known ratio, partly hidden.

Between-class mixing (Tokozume et al., ICLR 2018): the ratio of the mixture is that of loudness as it is heard, and it
is what the network has to say. Filters and devices are a smooth curve over the bands, which in decibels is exactly
what a filter does; masks are SpecAugment's (Park et al., Interspeech 2019). All on the device, a batch at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clairvoie.lab.bank import FLOOR_DB, STEP_DB
from clairvoie.lab.colours import interpolation
from clairvoie.lab.esc50_spectra import BANDS, FRAMES, HIGHEST_HZ, LOWEST_HZ

RANGE_DB = 80.0


@dataclass(frozen=True, slots=True)
class Strength:
    """How much is done: factors of speed and pitch, dB of filters, frames and bands that are hidden, shares."""

    speed: float = 0.08
    pitch: float = 0.05
    filter_db: float = 1.2
    hidden_frames: int = 60
    hidden_bands: int = 10
    masks: int = 1
    noise_share: float = 0.1
    mix_share: float = 0.7


class Augmenter:
    """Draws from ``rng`` on ``device``."""

    def __init__(self, rng: torch.Generator, device: torch.device, strength: Strength | None = None) -> None:
        self._rng = rng
        self._device = device
        self._by = strength or Strength()
        self._knots = interpolation(7, BANDS).to(device)

    def mixed(self, levels: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (clips, 1, frames, bands) and what they hold, from clips in half decibels that hold ``held``.

        ``held``: (clips, anything), mixed in the same proportion as the clips are.
        """
        count = levels.shape[0]
        other = torch.randperm(count, generator=self._rng, device=self._device)
        first = self._heard_anew(decibels(levels))
        share = self._uniform(count)
        share = torch.where(self._uniform(count) < self._by.mix_share, share, torch.ones_like(share))
        loud = peak(first)
        gain = 1 / (1 + torch.pow(10.0, (loud - loud[other]) / 20) * (1 - share) / share.clamp(min=1e-3))
        alone = torch.pow(10.0, first / 10)
        power = gain[:, None, None].square() * alone + (1 - gain)[:, None, None].square() * alone[other]
        target = share[:, None] * held + (1 - share)[:, None] * held[other]
        return self._hidden(pictures(self._noisy(10 * torch.log10(power + 1e-14)))), target

    def _heard_anew(self, level: Tensor) -> Tensor:
        """Another speed, pitch, place in time and filter."""
        count = level.shape[0]
        speed = torch.exp(self._by.speed * (2 * self._uniform(count) - 1))
        pitch = torch.exp(self._by.pitch * (2 * self._uniform(count) - 1))
        time = torch.linspace(-1, 1, FRAMES, device=self._device)
        rows = speed[:, None] * time + (1 - speed)[:, None] * (2 * self._uniform(count, 1) - 1)
        columns = warped_bands(pitch)
        shape = (count, FRAMES, BANDS)
        grid = torch.stack([columns[:, None, :].expand(shape), rows[:, :, None].expand(shape)], dim=3)
        moved = torch.nn.functional.grid_sample(level[:, None] - FLOOR_DB, grid, align_corners=True)[:, 0] + FLOOR_DB
        shift = (self._uniform(count) * FRAMES).long()
        index = (torch.arange(FRAMES, device=self._device) + shift[:, None]) % FRAMES
        moved = moved.gather(1, index[..., None].expand(-1, -1, BANDS))
        curve = (self._by.filter_db * self._normal(count, 7)) @ self._knots
        tilt = self._by.filter_db * self._normal(count, 1) * torch.linspace(-1, 1, BANDS, device=self._device)
        return moved + (curve + tilt)[:, None]

    def _noisy(self, level: Tensor) -> Tensor:
        """Some with a noise 25 to 60 dB under the loudest, of a random slope: another room, another device."""
        count = level.shape[0]
        under = peak(level) - 25 - 35 * self._uniform(count)
        slope = 10 * self._normal(count, 1) * torch.linspace(-1, 1, BANDS, device=self._device)
        flicker = -torch.log(self._uniform(count, FRAMES, BANDS).clamp(min=1e-6))
        noise = torch.pow(10.0, (under[:, None, None] + slope[:, None]) / 10) * flicker
        chosen = (self._uniform(count) < self._by.noise_share)[:, None, None]
        return 10 * torch.log10(torch.pow(10.0, level / 10) + noise * chosen + 1e-14)

    def _hidden(self, pictures: Tensor) -> Tensor:
        """Stretches of time and of frequency set to nothing."""
        for _ in range(self._by.masks):
            for axis, most in ((2, self._by.hidden_frames), (3, self._by.hidden_bands)):
                size = pictures.shape[axis]
                width = (self._uniform(pictures.shape[0]) * most)[:, None]
                start = self._uniform(pictures.shape[0], 1) * (size - width)
                place = torch.arange(size, device=self._device)
                inside = (place >= start) & (place < start + width)
                shape = (-1, 1, size, 1) if axis == 2 else (-1, 1, 1, size)
                pictures = pictures.masked_fill(inside.reshape(shape), 0.0)
        return pictures

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._rng, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._rng, device=self._device)


def decibels(levels: Tensor) -> Tensor:
    """Half decibels as they are kept, in dB."""
    return levels.float() * STEP_DB + FLOOR_DB


def peak(level: Tensor) -> Tensor:
    """Level of the loudest 50 ms of each clip in dB, all bands together."""
    power = torch.pow(10.0, level / 10).sum(dim=2)
    mean = torch.nn.functional.avg_pool1d(power[:, None], 5, stride=1)[:, 0]
    return 10 * torch.log10(mean.amax(dim=1) + 1e-14)


def pictures(level: Tensor) -> Tensor:
    """What the network sees: level under the loudest band of the clip, 80 dB of it, about -1 to 1."""
    top = level.amax(dim=(1, 2), keepdim=True)
    return (((level - top).clamp(min=-RANGE_DB) + RANGE_DB) / (RANGE_DB / 2) - 1)[:, None]


def warped_bands(pitch: Tensor) -> Tensor:
    """Where, from -1 to 1 over the bands, to look for what a change of ``pitch`` moved to each band."""

    def mel(hertz: Tensor) -> Tensor:
        return 2595 * torch.log10(1 + hertz / 700)

    low, high = (float(mel(torch.tensor(hertz))) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    own = torch.linspace(low, high, BANDS, device=pitch.device)
    hertz = 700 * (torch.pow(10.0, own / 2595) - 1)
    return 2 * (mel(hertz / pitch[:, None]) - low) / (high - low) - 1
