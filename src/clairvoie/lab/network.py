"""The recogniser's network: a small convolutional trunk, then a memory of 1.5 seconds, and one score for each output.

No convolution is padded in time, so the scores of a tick are the same however the stream was cut. The trunk sees 39
frames (0.5 s) and gives one vector a tick of 0.1 s; the memory sees the vectors of twelve earlier and two later ticks.
What must be kept between calls is only those last fourteen vectors, which the exported graph takes and returns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

TRUNK_FRAMES = 39
TICK_FRAMES = 8
FRAMES_BEFORE = 15
PAST_TICKS = 14
TICKS_AFTER = 2


def _step(inputs: int, outputs: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=(0, 1), bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Street(nn.Module):
    """Pictures (batch, 2, frames, 48) and past vectors (batch, width, 14) in; logits (batch, ticks, outputs) out.

    ``scale`` multiplies the channels of the trunk: 1 is what ships, more is for teachers.
    """

    def __init__(self, outputs: int, labels: int = 0, width: int = 88, dropout: float = 0.15, scale: float = 1) -> None:
        super().__init__()
        self.width = width
        self.scale = scale
        a, b, c, d = (round(channels * scale) for channels in (16, 32, 48, 64))
        self.trunk = nn.Sequential(
            _step(2, a, (2, 2)),
            _step(a, b, (2, 1)),
            _step(b, c, (1, 2)),
            _step(c, d, (2, 2)),
            _step(d, d, (1, 1)),
        )
        self.vector = nn.Sequential(nn.Conv2d(d, width, (1, 6), bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.memory = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, dilation=d, bias=False), nn.BatchNorm1d(width), nn.ReLU())
            for d in (1, 2, 4)
        )
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Conv1d(width, outputs, 1)
        self.names = nn.Conv1d(width, labels, 1) if labels else None
        """Finer classes, which only help in training and are not exported."""

    def vectors(self, pictures: Tensor) -> Tensor:
        """One vector a tick, (batch, width, ticks)."""
        found: Tensor = self.vector(self.trunk(pictures)).squeeze(3)
        return found

    def remembered(self, vectors: Tensor) -> Tensor:
        """(batch, width, ticks) becomes (batch, width, ticks - 14)."""
        x = vectors
        for layer, dilation in zip(self.memory, (1, 2, 4), strict=True):
            x = layer(x) + x[:, :, dilation:-dilation]
        return x

    def forward(self, pictures: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the ticks, and the vectors to hand in as ``past`` next time."""
        vectors = torch.cat([past, self.vectors(pictures)], dim=2)
        logits = self.scores(self.dropout(self.remembered(vectors)))
        return logits.transpose(1, 2), vectors[:, :, -PAST_TICKS:]

    def taught(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """For training: logits of outputs and of the finer classes, (batch, ticks, ...), from the start of a stream."""
        vectors = self.vectors(pictures)
        start = vectors.new_zeros(vectors.shape[0], self.width, PAST_TICKS - TICKS_AFTER)
        x = self.dropout(self.remembered(torch.cat([start, vectors], dim=2)))
        if self.names is None:
            raise RuntimeError("this network was made without finer classes, so it cannot be taught")
        return self.scores(x).transpose(1, 2), self.names(x).transpose(1, 2)
