"""A trained network as the ONNX file of the package, with its card, and the check that both give the same numbers."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from clairvoie.detect.sound.spectra import BANDS
from clairvoie.errors import LabError
from clairvoie.lab.network import PAST_TICKS, TICK_FRAMES, TRUNK_FRAMES, Street

OPSET = 17
TOLERANCE = 1e-4


class _Exported(nn.Module):
    """The network with scores between 0 and 1."""

    def __init__(self, network: Street) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        logits, vectors = self.network(pictures, past)
        return torch.sigmoid(logits), vectors


def onnx_bytes(network: Street) -> bytes:
    """The network as ONNX: ``pictures`` and ``past`` in, ``scores`` and ``vectors`` out; batch and frames may vary."""
    whole = _Exported(network).to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
    pictures = torch.randn(2, 2, TRUNK_FRAMES + 4 * TICK_FRAMES, BANDS)
    past = torch.rand(2, network.width, PAST_TICKS)
    axes = {"pictures": {0: "batch", 2: "frames"}, "past": {0: "batch"}, "scores": {0: "batch", 1: "ticks"}}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", DeprecationWarning)  # the exporter by tracing needs no further package
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            whole,
            (pictures, past),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["pictures", "past"],
            output_names=["scores", "vectors"],
            dynamic_axes={**axes, "vectors": {0: "batch"}},
        )
        data = path.read_bytes()
    onnx.checker.check_model(onnx.load_from_string(data))
    _compare(whole, data, network.width)
    return data


def _compare(whole: nn.Module, data: bytes, width: int) -> None:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for batch, ticks in ((1, 5), (3, 11)):
        pictures = torch.randn(batch, 2, TRUNK_FRAMES + (ticks - 1) * TICK_FRAMES, BANDS)
        past = torch.rand(batch, width, PAST_TICKS)
        with torch.no_grad():
            wanted, _ = whole(pictures, past)
        found = session.run(["scores"], {"pictures": pictures.numpy(), "past": past.numpy()})[0]
        difference = float(np.abs(found - wanted.numpy()).max())
        if found.shape != tuple(wanted.shape) or difference > TOLERANCE:
            raise LabError("the exported network differs from the trained one", difference, "Do not ship it.")


def write_model(network: Street, path: Path) -> str:
    """Write the ONNX file and return its SHA-256."""
    data = onnx_bytes(network)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
