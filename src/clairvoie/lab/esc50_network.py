"""The benchmark's networks: one plain residual family whose only knob is its width, from 0.06 to under 1 M parameters.

| width | parameters |
|---|---|
| 8 | 0.06 M |
| 12 | 0.13 M |
| 16 | 0.22 M |
| 24 | 0.49 M |
| 32 | 0.87 M |

Convolutions do not know at which frequency they are, so the height of each band is a second picture beside the level.
The stem looks at 70 ms of five bands and leaves a frame every 40 ms: all later work is done on an eighth of the
picture, so that a fold can be learned on one processor core in minutes.

>>> [round(size(width) / 1e6, 2) for width in (8, 12, 16, 24, 32)]
[0.06, 0.13, 0.22, 0.49, 0.87]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clairvoie.lab.esc50_spectra import BANDS

STEM = (7, 5)


class _Stage(nn.Module):
    """Two convolutions, the second around a short cut, then pooled."""

    def __init__(self, inputs: int, outputs: int, *, pool: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first_norm(self.first(x)))
        pooled: Tensor = self.pool(torch.relu(x + self.second_norm(self.second(x))))
        return pooled


class ClipNetwork(nn.Module):
    """Pictures (clips, 1, frames, bands) in, logits (clips, classes) out."""

    def __init__(self, classes: int = 50, width: int = 32, dropout: float = 0.3) -> None:
        super().__init__()
        self.width = width
        self.classes = classes
        self.stem = nn.Sequential(
            nn.Conv2d(2, width, STEM, stride=(4, 2), padding=(3, 2), bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stages = nn.Sequential(
            _Stage(width, width, pool=True),
            _Stage(width, 2 * width, pool=True),
            _Stage(2 * width, 4 * width, pool=True),
            _Stage(4 * width, 6 * width, pool=False),
        )
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(12 * width, classes)
        self.register_buffer("height", torch.linspace(-1, 1, BANDS), persistent=False)

    def features(self, pictures: Tensor) -> Tensor:
        """Mean over frequencies of what is left at the end, mean and maximum of it over time: (clips, 12 widths)."""
        height = self.get_buffer("height").to(pictures.dtype).expand(pictures.shape)
        seen = torch.cat([pictures, height], dim=1).contiguous(memory_format=torch.channels_last)
        x = self.stages(self.stem(seen)).mean(dim=3)
        found: Tensor = self.dropout(torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1))
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """The classes."""
        logits: Tensor = self.scores(self.features(pictures))
        return logits


def size(width: int) -> int:
    """Parameters of the network of this width."""
    return sum(p.numel() for p in ClipNetwork(width=width).parameters())
