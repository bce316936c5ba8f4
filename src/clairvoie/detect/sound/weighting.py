"""Frequency weightings A, C and Z as recursive filters, for any sampling rate from 8 kHz up.

The design goals are the analytic ones of IEC 61672-1:2013, 5.4 and annex E. A plain bilinear transform squeezes the
double pole at 12.2 kHz against half the sampling rate and leaves the class 1 limits at 32 kHz and below. Here the
poles are placed where sampling puts them (``exp(-2 pi f / rate)``) and the numerator is the closed-form least-squares
fit, in relative power, to the design goal up to half the rate, factored into its minimum-phase half. A is C followed
by one more section, so that both cost little more than one.

Z is flat apart from a first-order high-pass at 1 Hz, since a constant in a recording is not sound; at 10 Hz it loses
0.04 dB.

The tests hold every nominal third-octave frequency up to 0.45 of the rate against the acceptance limits of table 3.
That is a statement about these filters, not about a microphone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from clairvoie.errors import InvalidValue

Power = NDArray[np.float64]
Sections = NDArray[np.float64]

F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217
"""Pole frequencies in hertz (IEC 61672-1:2013, annex E; F1 and F4 are double)."""
REFERENCE_HZ = 1000.0
LOWEST_RATE = 8000
HIGH_PASS_HZ = 1.0
_FITTED_ZEROS = 2


def c_goal(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Design goal of C in dB at ``frequency`` in hertz, 0 at 1 kHz (IEC 61672-1:2013, formula E.1)."""
    return _decibels(_c_power(frequency) / _c_power(np.array(REFERENCE_HZ)))


def a_goal(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Design goal of A in dB at ``frequency`` in hertz, 0 at 1 kHz (IEC 61672-1:2013, formula E.6)."""
    return _decibels(_a_power(frequency) / _a_power(np.array(REFERENCE_HZ)))


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(power), dtype=np.float64)


def _c_power(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    f2 = np.square(frequency)
    return np.asarray((f2 * F4**2 / ((f2 + F1**2) * (f2 + F4**2))) ** 2, dtype=np.float64)


def _a_power(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    f2 = np.square(frequency)
    return np.asarray(_c_power(frequency) * f2**2 / ((f2 + F2**2) * (f2 + F3**2)), dtype=np.float64)


@lru_cache(maxsize=32)
def c_sections(rate: int) -> Sections:
    """Second-order sections of C at ``rate``, shape (2, 6), unity at 1 kHz."""
    _check(rate)
    low = np.exp(-2 * np.pi * F1 / rate)
    high = np.exp(-2 * np.pi * F4 / rate)
    poles = np.array([[1, -2 * low, low * low], [1, -2 * high, high * high]])
    zeros_at_dc = np.array([1.0, -2.0, 1.0])
    numerator = _fit_numerator(rate, zeros_at_dc, poles)
    sections = np.array([[*zeros_at_dc, *poles[0]], [*numerator, *poles[1]]])
    return _normalised(sections, rate)


@lru_cache(maxsize=32)
def a_over_c_sections(rate: int) -> Sections:
    """The section that turns C into A at ``rate``, shape (1, 6), unity at 1 kHz.

    Both poles lie far below half the rate and the goal is flat there, so a bilinear transform with each pole prewarped
    is accurate.
    """
    _check(rate)
    first, second = (_bilinear_pole(rate, pole) for pole in (F2, F3))
    sections = np.array([[1.0, -2.0, 1.0, 1.0, -(first + second), first * second]])
    return _normalised(sections, rate)


@lru_cache(maxsize=32)
def z_sections(rate: int) -> Sections:
    """The high-pass at 1 Hz that Z is, shape (1, 6)."""
    _check(rate)
    pole = _bilinear_pole(rate, HIGH_PASS_HZ)
    gain = (1 + pole) / 2
    return _frozen(np.array([[gain, -gain, 0.0, 1.0, -pole, 0.0]]))


def response(weighting: str, frequency: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """What the filter of ``weighting`` (``"A"``, ``"C"`` or ``"Z"``) does at ``frequency``, in dB."""
    if weighting not in ("A", "C", "Z"):
        raise InvalidValue("the weightings are A, C and Z", weighting)
    if weighting == "Z":
        return _decibels(_response(z_sections(rate), frequency, rate))
    power = _response(c_sections(rate), frequency, rate)
    return _decibels(power * _response(a_over_c_sections(rate), frequency, rate) if weighting == "A" else power)


@dataclass(frozen=True, slots=True)
class Weighted:
    """One piece of sound, three times weighted: float64, full scale ±1.

    ``settling`` is C without its high-pass at 20.6 Hz, which answers a sound that begins with the recording by a
    swing of its own; the peak level needs it for the first moments.
    """

    a: NDArray[np.float64]
    c: NDArray[np.float64]
    z: NDArray[np.float64]
    settling: NDArray[np.float64]


class WeightingFilters:
    """A, C and Z on a stream of pieces; the result does not depend on where the pieces are cut."""

    def __init__(self, rate: int) -> None:
        first, second = c_sections(rate)
        self._sections = [(s[:3], s[3:]) for s in (first, second, a_over_c_sections(rate)[0], z_sections(rate)[0])]
        self.reset()

    def reset(self) -> None:
        """Forget the past: what follows does not adjoin what came before."""
        self._states = [np.zeros(2) for _ in self._sections]

    def feed(self, samples: NDArray[np.floating]) -> Weighted:
        """The next ``samples``, weighted."""
        x = np.asarray(samples, dtype=np.float64)
        settling = self._section(1, x)
        c = self._section(0, settling)
        return Weighted(a=self._section(2, c), c=c, z=self._section(3, x), settling=settling)

    def _section(self, number: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
        # Section by section, since on short blocks most of sosfilt's time goes into checking its arguments.
        if not x.size:
            return x  # lfilter would forget its state
        numerator, denominator = self._sections[number]
        y, state = lfilter(numerator, denominator, x, zi=self._states[number])
        # Digital silence would let the state decay into denormal numbers, which are slow to compute with.
        state[np.abs(state) < 1e-60] = 0.0
        self._states[number] = state
        return np.asarray(y, dtype=np.float64)


def _check(rate: int) -> None:
    if rate < LOWEST_RATE:
        raise InvalidValue(f"levels need {LOWEST_RATE} samples a second or more", rate, "Record at 32000 or 48000.")


def _one_kilohertz() -> NDArray[np.float64]:
    return np.array([REFERENCE_HZ])


def _bilinear_pole(rate: int, frequency: float) -> float:
    warped = np.tan(np.pi * frequency / rate)
    return float((1 - warped) / (1 + warped))


def _polynomial_power(coefficients: NDArray[np.float64], omega: NDArray[np.float64]) -> NDArray[np.float64]:
    z = np.exp(-1j * np.outer(omega, np.arange(coefficients.size)))
    return np.asarray(np.abs(z @ coefficients) ** 2, dtype=np.float64)


def _response(sections: Sections, frequency: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    omega = 2 * np.pi * np.asarray(frequency) / rate
    power = np.ones_like(omega)
    for section in sections:
        power = power * _polynomial_power(section[:3], omega) / _polynomial_power(section[3:], omega)
    return power


def _fit_numerator(rate: int, fixed_zeros: NDArray[np.float64], poles: Sections) -> NDArray[np.float64]:
    """Numerator whose power, a polynomial in cos(omega), is the least-squares fit to the design goal of C.

    Relative errors are fitted, which near zero are errors in dB. The polynomial's roots in z come in pairs (r, 1/r);
    the half inside the unit circle is the minimum-phase numerator.
    """
    frequency = np.linspace(50.0, rate / 2, 2000)
    omega = 2 * np.pi * frequency / rate
    rest = _polynomial_power(fixed_zeros, omega)
    for pole in poles:
        rest = rest / _polynomial_power(pole, omega)
    goal = _c_power(frequency) / rest
    basis = np.cos(np.outer(omega, np.arange(_FITTED_ZEROS + 1)))
    fitted, *_ = np.linalg.lstsq(basis / goal[:, None], np.ones_like(goal), rcond=None)
    symmetric = np.concatenate([fitted[:0:-1] / 2, fitted[:1], fitted[1:] / 2])
    roots = np.roots(symmetric)
    inside = roots[np.argsort(np.abs(roots))][:_FITTED_ZEROS]
    return np.asarray(np.real(np.poly(inside)), dtype=np.float64)


def _normalised(sections: Sections, rate: int) -> Sections:
    sections[-1, :3] /= np.sqrt(_response(sections, _one_kilohertz(), rate)[0])
    return _frozen(sections)


def _frozen(sections: Sections) -> Sections:
    sections.flags.writeable = False
    return sections
