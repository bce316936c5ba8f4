"""Where a bang was, as an incident tells it: a place with its ellipse, or the reason why there is none.

A fix rests on arrival times alone (:mod:`clairvoie.hub.locate`). It is a place in the street and names nobody.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary.sensor import Place


class Unlocated(StrEnum):
    """Why there is no fix: a closed list."""

    TOO_FEW = "too-few"
    """Fewer than four sensors have an arrival time."""
    COLLINEAR = "collinear"
    """The sensors stand in a line: its two sides cannot be told apart."""
    ILL_CONDITIONED = "ill-conditioned"
    """From where these sensors stand the place is too uncertain: a direction rather than a place."""
    AMBIGUOUS = "ambiguous"
    """Two places explain the arrivals about equally well."""
    DISAGREE = "disagree"
    """No place explains enough of the arrivals."""
    OUTSIDE = "outside"
    """It lies outside the public polygon of the act, so it is discarded."""
    NOT_IMPULSIVE = "not-impulsive"
    """The sound is not a bang; its arrival has no time that is exact enough."""


class FixArrival(Struct, frozen=True, kw_only=True):
    """One sensor's part in a fix: ``residual`` and ``sigma`` in seconds (arrived later than fitted: positive), ``used``
    or thought wrong, and its distance from the fix in metres."""

    sensor: str
    residual: float
    sigma: float
    used: bool
    metres: float


class Fix(Struct, frozen=True, kw_only=True):
    """A place with its 95 % ellipse. ``emitted`` and its standard uncertainty in seconds; half-axes in metres;
    ``direction`` of the longer in degrees clockwise from north, 0 to 180. ``peak``: LCpeak in dB carried back to 1 m,
    the median over the calibrated sensors, ``None`` without any."""

    place: Place
    emitted: float
    emitted_sigma: float
    major: float
    minor: float
    direction: float
    arrivals: tuple[FixArrival, ...]
    peak: float | None = None
