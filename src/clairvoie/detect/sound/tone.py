"""The strongest tone in a short stretch of sound: its frequency, its power, and how much else there is.

The frequency is read from the spectrum's greatest bin and refined by how far the phase turns between the two halves;
amplitude and phase are the least-squares fit. What remains above 20 Hz, over all of the sound, is the share of
distortion and noise, which IEC 60942:2017, 5.6 calls total distortion + noise.

>>> tone = tone_in(0.1 * np.cos(2 * np.pi * 997.3 * np.arange(8000) / 16000), 16000)
>>> round(tone.hertz, 3), round(tone.power, 6), tone.distortion < 1e-6
(997.3, 0.005, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ = 20.0
HIGHEST_SHARE_OF_RATE = 0.45
"""Close to half the rate, any amplitude fits a sine."""
_REFINEMENTS = 3


@dataclass(frozen=True, slots=True)
class Tone:
    """``power`` is the tone's mean square, ``distortion`` the root of the share of the rest, 0 to 1."""

    hertz: float
    power: float
    distortion: float


def tone_in(samples: NDArray[np.floating], rate: int) -> Tone:
    """The strongest tone between 20 Hz and 0.45 of the rate; in silence one of no power and a distortion of 1."""
    sound = np.asarray(samples, dtype=np.float64)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    frequency = np.fft.rfftfreq(sound.size, 1 / rate)
    highest = HIGHEST_SHARE_OF_RATE * rate
    spectrum[(frequency < LOWEST_HZ) | (frequency > highest)] = 0.0
    if not spectrum.max() > 0:
        return Tone(hertz=LOWEST_HZ, power=0.0, distortion=1.0)
    hertz = float(frequency[int(np.argmax(spectrum))])
    half = sound.size // 2
    for _ in range(_REFINEMENTS):
        early, late = _fit(sound[:half], hertz, rate), _fit(sound[half : 2 * half], hertz, rate, half)
        turned = np.angle(late * np.conj(early))
        hertz = min(max(hertz + float(turned) * rate / (2 * np.pi * half), LOWEST_HZ), highest)
    amplitude = _fit(sound, hertz, rate)
    tone = np.real(amplitude * np.exp(2j * np.pi * hertz * np.arange(sound.size) / rate))
    rest = np.abs(np.fft.rfft(sound - tone)) ** 2
    rest_power = 2 * float(rest[frequency >= LOWEST_HZ].sum()) / sound.size**2
    power = float(np.abs(amplitude) ** 2) / 2
    return Tone(hertz=hertz, power=power, distortion=float(np.sqrt(rest_power / (power + rest_power))))


def _fit(sound: NDArray[np.float64], hertz: float, rate: int, first: int = 0) -> complex:
    """The complex amplitude of the sine of ``hertz`` that, with a constant beside it, fits ``sound`` best; its phase is
    that at sample 0 of all. To take the mean away first would take some of a tone with it that has no whole periods."""
    phase = 2 * np.pi * hertz * (first + np.arange(sound.size)) / rate
    basis = np.stack([np.cos(phase), -np.sin(phase), np.ones_like(phase)])
    real, imaginary, _ = np.linalg.solve(basis @ basis.T, basis @ sound)
    return complex(real, imaginary)
