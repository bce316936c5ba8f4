"""The benchmark's networks: one plain residual family whose only knob is its width, from 0.05 to under 1 M parameters.

| width | parameters |
|---|---|
| 10 | 0.05 M |
| 16 | 0.13 M |
| 24 | 0.28 M |
| 32 | 0.49 M |
| 40 | 0.76 M |
| 44 | 0.91 M |

Convolutions do not know at which frequency they are, so each stage learns an offset for every frequency. Widths that
are multiples of eight are the quick ones on a graphics card.

>>> [round(size(width) / 1e6, 2) for width in (10, 16, 24, 32, 40, 44)]
[0.05, 0.13, 0.28, 0.49, 0.76, 0.91]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clairvoie.lab.esc50_spectra import BANDS


class _Stage(nn.Module):
    """Two convolutions, the second around a short cut; the first has an offset for each frequency; then pooled."""

    def __init__(self, inputs: int, outputs: int, bands: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.place = nn.Parameter(torch.zeros(1, outputs, 1, bands))
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first_norm(self.first(x)) + self.place)
        pooled: Tensor = self.pool(torch.relu(x + self.second_norm(self.second(x))))
        return pooled


class ClipNetwork(nn.Module):
    """Pictures (clips, 1, frames, bands) in, logits (clips, classes) out."""

    def __init__(self, classes: int = 50, width: int = 40, dropout: float = 0.3) -> None:
        super().__init__()
        self.width = width
        self.classes = classes
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stages = nn.Sequential(
            _Stage(width, width, BANDS // 2, (2, 2)),
            _Stage(width, 2 * width, BANDS // 4, (2, 2)),
            _Stage(2 * width, 3 * width, BANDS // 8, (2, 2)),
            _Stage(3 * width, 4 * width, BANDS // 16, (2, 1)),
        )
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(8 * width, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Mean and maximum over time of what is left at each frequency, then over frequencies, then the classes."""
        x = self.stages(self.stem(pictures))
        x = x.mean(dim=3)
        logits: Tensor = self.scores(self.dropout(torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)))
        return logits


def size(width: int) -> int:
    """Parameters of the network of this width."""
    return sum(p.numel() for p in ClipNetwork(width=width).parameters())
