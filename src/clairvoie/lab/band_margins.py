"""How far octave and third-octave levels stay inside the attenuation limits of IEC 61260-1:2014 class 1.

A steady tone at each break point of table 1 (for thirds: of formula 5.10) is measured as a node measures bands, and
its level in the band is compared with the level that it has at the centre. Between the break points nothing is
measured, and the time response of a band filter is not claimed.
"""

from __future__ import annotations

import math

from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES
from clairvoie.detect.sound.bands import G, steady_attenuation, third_centres, third_edges
from clairvoie.lab.level_limits import ATTENUATIONS, HIGHEST_SHARE_OF_RATE, Attenuation, third_break
from clairvoie.lab.level_margins import Margin

HIGHEST_TONE_SHARE = 0.48
LOWEST_TONE_HZ = 1.0


def third_margins(rate: int, bands: range = range(len(THIRD_CENTRES))) -> list[Margin]:
    """Those of ``bands`` whose upper edge is at most 0.45 of ``rate``: for each the break point with least margin."""
    centres = [float(centre) for centre in third_centres()]
    return [
        _band_margin("third", rate, number, float(THIRD_CENTRES[number]), centres[number])
        for number in bands
        if third_edges()[number + 1] <= HIGHEST_SHARE_OF_RATE * rate
    ]


def octave_margins(rate: int, bands: range = range(len(OCTAVE_CENTRES))) -> list[Margin]:
    """The same of octaves."""
    centres = [1000 * G ** (number - 5) for number in range(len(OCTAVE_CENTRES))]
    return [
        _band_margin("octave", rate, number, float(OCTAVE_CENTRES[number]), centres[number])
        for number in bands
        if centres[number] * G**0.5 <= HIGHEST_SHARE_OF_RATE * rate
    ]


def _band_margin(quantity: str, rate: int, number: int, nominal: float, centre: float) -> Margin:
    found: list[Margin] = []
    for limit in ATTENUATIONS:
        edge = G**limit.power if quantity == "octave" else third_break(limit.power)
        for tone in {centre * edge, centre / edge}:
            if LOWEST_TONE_HZ <= tone <= HIGHEST_TONE_SHARE * rate:
                found.append(_margin(quantity, rate, nominal, limit, attenuation(quantity, rate, number, tone)))
    return max(found, key=lambda margin: margin.used)


def _margin(quantity: str, rate: int, nominal: float, limit: Attenuation, found: float) -> Margin:
    """``error`` is the attenuation. What a stop band uses of its limit is the least over the found attenuation."""
    used = max(limit.least / found if limit.least > 0 else found / limit.least, found / limit.most)
    most = None if math.isinf(limit.most) else limit.most
    return Margin(quantity=quantity, rate=rate, at=nominal, error=found, above=most, below=limit.least, used=used)


def attenuation(quantity: str, rate: int, number: int, hertz: float) -> float:
    """By how many dB a steady full-scale tone of ``hertz`` is weaker in band ``number`` than it is."""
    return steady_attenuation(hertz, rate, octaves=quantity == "octave")[number]
