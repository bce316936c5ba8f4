"""What the network learns from is what it will see in a sensor."""

from __future__ import annotations

import numpy as np
import pytest

from clairvoie.detect.sound.spectra import BANDS, Contrast


def test_tensors_give_the_pictures_of_the_sensor(needs_torch: None) -> None:
    import torch

    from clairvoie.lab.network import FRAMES_BEFORE
    from clairvoie.lab.pictures import pictures_of

    rng = np.random.default_rng(3)
    power = (10 ** rng.uniform(-9, -2, (3, 200, BANDS))).astype(np.float32)
    seen = pictures_of(torch.from_numpy(power)).numpy()
    assert seen.shape == (3, 2, 200 + FRAMES_BEFORE, BANDS)
    assert seen[:, :, FRAMES_BEFORE:] == pytest.approx(Contrast()(power), abs=2e-3)
    assert not seen[:, :, :FRAMES_BEFORE].any()
