"""What the JSON API says of a fix: types from which its description is made too."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from clairvoie.boundary.fix import Fix
from clairvoie.boundary.sensor import Place


class FixArrivalDocument(Struct, frozen=True, kw_only=True):
    """One sensor's part in a fix: milliseconds by which it arrived after what was fitted, with its uncertainty, and
    metres from the fix; ``used``: it was not thought wrong."""

    sensor: str
    residual_ms: float
    sigma_ms: float
    metres: float
    used: bool


class FixDocument(Struct, frozen=True, kw_only=True):
    """Where a bang was by its arrival times: half-axes of the 95 % ellipse in metres, ``direction`` of the longer in
    degrees clockwise from north; ``emitted_sigma_ms`` of the moment at the source; ``peak``: LCpeak in dB at 1 m."""

    place: Place
    emitted: datetime
    emitted_sigma_ms: float
    major: float
    minor: float
    direction: float
    peak: float | None
    arrivals: tuple[FixArrivalDocument, ...]


def fix_document(fix: Fix) -> FixDocument:
    """A fix for the API."""
    return FixDocument(
        place=fix.place,
        emitted=datetime.fromtimestamp(round(fix.emitted, 4), UTC),
        emitted_sigma_ms=round(fix.emitted_sigma * 1000, 2),
        major=round(fix.major, 2),
        minor=round(fix.minor, 2),
        direction=round(fix.direction, 1),
        peak=None if fix.peak is None else round(fix.peak, 1),
        arrivals=tuple(
            FixArrivalDocument(
                sensor=part.sensor,
                residual_ms=round(part.residual * 1000, 2),
                sigma_ms=round(part.sigma * 1000, 2),
                metres=round(part.metres, 1),
                used=part.used,
            )
            for part in fix.arrivals
        ),
    )
