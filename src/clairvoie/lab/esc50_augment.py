"""Two clips become an example: a stretch of each, faster or slower, coloured, both mixed, partly hidden.

Pictures of two clips are mixed in a known ratio, which is what the network has to say (mixup, Zhang et al., ICLR 2018;
mixing the sounds themselves by loudness, as Tokozume et al. do, learned no better here). Filters and devices are a
smooth curve over the bands, which in decibels is exactly what a filter does; masks are SpecAugment's (Park et al.,
Interspeech 2019). All on the device, a batch at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from clairvoie.lab.colours import interpolation
from clairvoie.lab.esc50_network import ClipNetwork
from clairvoie.lab.esc50_spectra import BANDS, HIGHEST_HZ, LOWEST_HZ

HEARD_DB = 35.0
"""A stretch holds at least one frame that lies no further than this under the loudest of its clip."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much is done: frames of a stretch, factors of speed and pitch, dB of filters and of gain, frames and bands
    that are hidden, and the share of clips that are mixed with another."""

    stretch: int = 125
    speed: float = 0.22
    pitch: float = 0.14
    filter_db: float = 3.0
    gain_db: float = 6.0
    hidden_frames: int = 35
    hidden_bands: int = 14
    band_masks: int = 2
    mix_share: float = 1.0


class Augmenter:
    """Draws from ``rng`` on ``device``."""

    def __init__(self, rng: torch.Generator, device: torch.device, strength: Strength | None = None) -> None:
        self._rng = rng
        self._device = device
        self._by = strength or Strength()
        self._knots = interpolation(7, BANDS).to(device)

    def mixed(self, levels: Tensor, held: Tensor, network: ClipNetwork) -> tuple[Tensor, Tensor]:
        """Pictures for ``network``, (clips, 1, frames, bands), and what they hold, of clips in dB that hold ``held``.

        ``levels``: (clips, frames, bands). ``held``: (clips, anything), mixed in the same proportion as the clips are.
        """
        count = levels.shape[0]
        pictures = network.pictures(self._coloured(self._stretched(levels)))
        # Half the arcsine distribution: mostly one of the two, seldom as much of both.
        share = torch.sin(math.pi / 2 * self._uniform(count)).square()
        share = torch.maximum(share, 1 - share)
        share = torch.where(self._uniform(count) < self._by.mix_share, share, torch.ones_like(share))
        other = torch.randperm(count, generator=self._rng, device=self._device)
        across = share[:, None, None, None]
        pictures = across * pictures + (1 - across) * pictures[other]
        return self._hidden(pictures), share[:, None] * held + (1 - share)[:, None] * held[other]

    def _stretched(self, levels: Tensor) -> Tensor:
        """A stretch of each clip, which goes on at its beginning where it ends, at another speed and pitch."""
        count, frames, _ = levels.shape
        loud = levels.amax(dim=2)
        heard = (loud > loud.amax(dim=1, keepdim=True) - HEARD_DB).float()
        anchor = torch.multinomial(heard, 1, generator=self._rng)[:, 0]
        size = min(self._by.stretch, frames)
        speed = torch.exp(self._by.speed * (2 * self._uniform(count) - 1))
        start = anchor - (self._uniform(count) * (size - 1) * speed).round().long()
        place = torch.arange(size, device=self._device)
        index = ((place * speed[:, None]).round().long() + start[:, None]) % frames
        taken = levels.gather(1, index[..., None].expand(-1, -1, BANDS))
        pitch = torch.exp(self._by.pitch * (2 * self._uniform(count) - 1))
        return torch.bmm(taken, band_shift(pitch))

    def _coloured(self, level: Tensor) -> Tensor:
        """Another room, another device: a smooth filter, and another distance."""
        curve = (self._by.filter_db * self._normal(level.shape[0], 7)) @ self._knots
        gain = self._by.gain_db * self._normal(level.shape[0], 1)
        return level + (curve + gain)[:, None]

    def _hidden(self, pictures: Tensor) -> Tensor:
        """A stretch of time and some of frequency set to what is usual in their bands."""
        for axis, most in ((2, self._by.hidden_frames), *(((3, self._by.hidden_bands),) * self._by.band_masks)):
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


def band_shift(pitch: Tensor) -> Tensor:
    """What moves each band to where a change of ``pitch`` moved it, linearly between two: (clips, bands, bands).

    >>> levels = torch.arange(float(BANDS))[None, None]
    >>> torch.allclose(torch.bmm(levels, band_shift(torch.ones(1))), levels, atol=1e-3)
    True
    """

    def mel(hertz: Tensor) -> Tensor:
        return 2595 * torch.log10(1 + hertz / 700)

    low, high = (float(mel(torch.tensor(hertz))) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    own = torch.linspace(low, high, BANDS, device=pitch.device)
    hertz = 700 * (torch.pow(10.0, own / 2595) - 1)
    place = ((mel(hertz / pitch[:, None]) - low) / (high - low) * (BANDS - 1)).clamp(0, BANDS - 1)
    under = place.floor().clamp(max=BANDS - 2).long()
    share = place - under
    weights = torch.zeros(len(pitch), BANDS, BANDS, device=pitch.device)
    weights.scatter_(1, under[:, None], (1 - share)[:, None])
    return weights.scatter_add_(1, under[:, None] + 1, share[:, None])
