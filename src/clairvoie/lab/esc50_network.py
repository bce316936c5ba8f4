"""The benchmark's networks: one plain residual family whose only knob is its width, from 0.05 to under 1 M parameters.

| width | parameters |
|---|---|
| 8 | 0.05 M |
| 12 | 0.10 M |
| 16 | 0.17 M |
| 24 | 0.38 M |
| 32 | 0.68 M |

Convolutions do not know at which frequency they are, so the height of each band is a second picture beside the level.
The stem halves both axes and few channels see the large pictures, so that a fold can be learned on one processor core
in minutes. A network of any width takes clips of any length: what it finds is averaged, and its greatest taken, over
time. It carries what is usual in each band of the clips that it learned from, mean and deviation in dB.

>>> [round(size(width) / 1e6, 2) for width in (8, 12, 16, 24, 32)]
[0.05, 0.1, 0.17, 0.38, 0.68]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clairvoie.lab.esc50_spectra import BANDS

STEM = 5
QUIETEST_DB = -110.0
"""Anything lower counts as this: digital silence has no deviation."""


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
    """Pictures (clips, 1, frames, bands) in, logits (clips, classes) out. ``width`` is even."""

    def __init__(self, classes: int = 50, width: int = 32, dropout: float = 0.5) -> None:
        super().__init__()
        self.width = width
        self.classes = classes
        few = width // 2
        self.stem = nn.Sequential(
            nn.Conv2d(2, few, STEM, stride=2, padding=STEM // 2, bias=False), nn.BatchNorm2d(few), nn.ReLU()
        )
        self.stages = nn.Sequential(
            _Stage(few, few, pool=True),
            _Stage(few, 3 * few, pool=True),
            _Stage(3 * few, 6 * few, pool=True),
            _Stage(6 * few, 12 * few, pool=False),
        )
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(24 * few, classes)
        self.register_buffer("height", torch.linspace(-1, 1, BANDS), persistent=False)
        self.register_buffer("mean", torch.zeros(BANDS))
        self.register_buffer("deviation", torch.ones(BANDS))

    def learn_usual(self, levels: Tensor) -> None:
        """Take from these clips in dB, (clips, frames, bands), what is usual in each band."""
        heard = levels.clamp(min=QUIETEST_DB)
        self.get_buffer("mean").copy_(heard.mean(dim=(0, 1)))
        self.get_buffer("deviation").copy_(heard.std(dim=(0, 1)).clamp(min=1.0))

    def pictures(self, levels: Tensor) -> Tensor:
        """Clips in dB, (clips, frames, bands), as this network sees them: usual levels are 0, unusual ones about 1."""
        usual = levels.clamp(min=QUIETEST_DB) - self.get_buffer("mean")
        return (usual / self.get_buffer("deviation"))[:, None]

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
