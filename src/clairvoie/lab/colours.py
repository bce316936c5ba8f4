"""Random frequency responses, gusts and the flicker of noise, as tensors: what no two recordings of a sound share."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from clairvoie.detect.sound.spectra import BANDS

KNOTS = 6
GUST_KNOTS = 7
POOL_FRAMES = 30_000


def interpolation(knots: int, points: int) -> Tensor:
    """A matrix (knots, points) that interpolates linearly between evenly spaced knots.

    >>> interpolation(2, 3).tolist()
    [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]
    """
    place = torch.linspace(0, knots - 1, points)
    return (1 - (place - torch.arange(knots)[:, None]).abs()).clamp(min=0)


class Colours:
    """Draws from ``rng`` on ``device``."""

    def __init__(self, rng: torch.Generator, device: torch.device) -> None:
        self._rng = rng
        self._device = device
        self._bands = interpolation(KNOTS, BANDS).to(device)

    def response(self, decibels: float, *shape: int) -> Tensor:
        """Smooth random responses with a tilt, as power, (*shape, bands); some as if heard from far away."""
        knots = self._normal(*shape, KNOTS) * decibels
        ramp = torch.linspace(0.0, 1.0, BANDS, device=self._device)
        tilt = self._normal(*shape, 1) * decibels * (2 * ramp - 1)
        far = (self._uniform(*shape, 1) < 0.3) * 15 * self._uniform(*shape, 1) * ramp.square()
        return torch.pow(10.0, (knots @ self._bands + tilt - far) / 10)

    def gusts(self, count: int, frames: int) -> Tensor:
        """Slow changes of level in dB, (count, frames)."""
        knots = self._normal(count, GUST_KNOTS) * 4 * self._uniform(count, 1)
        return knots @ interpolation(GUST_KNOTS, frames).to(self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._rng, device=self._device)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._rng, device=self._device)


@functools.cache
def _pool() -> Tensor:
    """Gamma variables whose shape grows with the width of the band: the power of noise in each frame and band."""
    shapes = np.linspace(1.2, 8.0, BANDS)
    drawn = np.random.default_rng(0).standard_gamma(shapes, size=(POOL_FRAMES, BANDS)) / shapes
    return torch.from_numpy(drawn.astype(np.float32))


def flicker_pool(device: torch.device) -> Tensor:
    """The pool on ``device``."""
    return _pool().to(device)
