"""When a kind at a sensor leaves its trial: the pure rule, facts in, the next trial out.

A trial holds under :class:`Conditions`: the recogniser's hash, where and since when the sensor hangs, and since when
the acts permit the kind there without a break. Whoever changes one of them starts it anew, going back included, and
:func:`under` finds that out wherever something of the sensor is stored. Only minutes in which it heard count
(:func:`heard_seconds`), each once (:func:`watch`), and none before the trial began.

What a node says can only narrow: :func:`mode_of` makes ``live`` of nothing that the node did not call so, and of what
it did only while the trial that counts is in the queue.

>>> hangs = Conditions(model="ab", place="48, 2, 4", installed=0.0, permitted=0.0)
>>> trial = begin(hangs, 60, Because.FIRST)
>>> for minute in range(60, 60 + NEEDED_SECONDS, 60):
...     trial = watch(trial, minute, 60)
>>> trial.figures.enough, mode_of(Mode.LIVE, trial, 700_000.0)
(True, <Mode.TRIAL: 'trial'>)
>>> mode_of(Mode.LIVE, sign(trial, 650_000.0), 700_000.0)
<Mode.LIVE: 'live'>
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import Reporting
from clairvoie.boundary.bulletin import MinuteState
from clairvoie.boundary.hazards import HEALTHS, NOT_HEARING, HazardKind, Mode
from clairvoie.boundary.incident import Outcome
from clairvoie.boundary.sensor import Place
from clairvoie.boundary.standing import Standing
from clairvoie.boundary.trial import NEEDED_HOURS, NEEDED_SECONDS, Because, Figures, TrialState
from clairvoie.errors import HubError

NEVER = -60
"""The last counted minute of a trial that has counted none."""
COUNTED = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.FALSE_ALARM: "false_alarms",
    Outcome.NOT_VERIFIABLE: "not_verifiable",
}


class Conditions(Struct, frozen=True, kw_only=True):
    """What must stay the same: the recogniser (SHA-256, hexadecimal), the sensor's place in words of numbers, since
    when this hardware hangs there, and since when the acts permit the kind without a break (POSIX seconds)."""

    model: str
    place: str
    installed: float
    permitted: float

    def change(self, after: Conditions) -> Because | None:
        """What is different ``after``; the first in the order of the list."""
        if self.model != after.model:
            return Because.MODEL
        if (self.place, self.installed) != (after.place, after.installed):
            return Because.PLACE
        return None if self.permitted == after.permitted else Because.AUTHORISATION


class Trial(Struct, frozen=True, kw_only=True):
    """One trial of one kind at one sensor. ``until`` is the first second of the last minute that was counted; it has
    been in the queue since ``live_since``, if it is."""

    conditions: Conditions
    begun: float
    because: Because
    until: int = NEVER
    figures: Figures = Figures()
    live_since: float | None = None

    @property
    def state(self) -> TrialState:
        """Where it stands."""
        if self.live_since is not None:
            return TrialState.LIVE
        if self.figures.enough:
            return TrialState.READY
        return TrialState.WITHDRAWN if self.because is Because.WITHDRAWN else TrialState.TRIAL


def words_of(place: Place) -> str:
    """A place as :class:`Conditions` compare it: to a decimetre.

    >>> words_of(Place(latitude=48.0, longitude=2.25, height=4.0))
    '48.000000, 2.250000, 4.0'
    """
    return f"{place.latitude:.6f}, {place.longitude:.6f}, {place.height:.1f}"


def heard_seconds(part: MinuteState) -> int:
    """How many seconds of a minute the sensor heard: none when it says that it did not, or does not say."""
    seconds = units.SECONDS_OF_MINUTE.decode(part.valid_seconds)
    return 0 if seconds is None or HEALTHS[part.health] in NOT_HEARING else int(seconds)


def permitted_since(standing: Standing, sensor: str, kind: HazardKind, when: float) -> float | None:
    """Since when, without a break up to ``when``, the acts list ``kind`` at ``sensor`` outside an exercise and no
    suspension covers it; ``None`` when they do not. The hours of an act are no break: they are within one permission.
    """
    moments = {
        moment
        for act in standing.acts
        for moment in (act.authorisation.starts, act.authorisation.ends, *(s.since for s in act.suspensions))
        if moment <= when
    }
    since: float | None = None
    for moment in sorted(moments, reverse=True):
        if not _listed(standing, sensor, kind, moment):
            break
        since = float(moment)
    return since


def _listed(standing: Standing, sensor: str, kind: HazardKind, when: float) -> bool:
    act = standing.in_force(when)
    if act is None or when >= act.authorisation.ends or act.authorisation.exercise:
        return False
    if sensor not in act.authorisation.sensors or kind not in act.authorisation.hazards:
        return False
    return not any(suspension.covers(Reporting(sensor, kind, Mode.LIVE), when) for suspension in act.suspensions)


def begin(conditions: Conditions, at: float, because: Because) -> Trial:
    """A trial from the beginning."""
    return Trial(conditions=conditions, begun=at, because=because)


def under(trial: Trial | None, conditions: Conditions, at: float) -> Trial | None:
    """The trial that counts for what was heard at ``at`` under these conditions; ``None`` when that came too late.

    It is ``trial`` itself while nothing changed, else a new one. What was heard before the trial began, or before
    minutes of another trial that are counted already, belongs to none.
    """
    if trial is None:
        return begin(conditions, at, Because.FIRST)
    if at < trial.begun:
        return None
    why = trial.conditions.change(conditions)
    if why is None:
        return trial
    return begin(conditions, at, why) if at >= trial.until + 60 else None


def watch(trial: Trial, minute: int, seconds: int) -> Trial:
    """``seconds`` more were heard, in the minute that begins at ``minute``; a minute counts once, in order.

    In the queue nothing more is counted: the figures of a trial are those of the trial.
    """
    if trial.live_since is not None or seconds <= 0 or minute <= trial.until or minute < trial.begun:
        return trial
    figures = replace(trial.figures, seconds=trial.figures.seconds + min(seconds, 60))
    return replace(trial, until=minute, figures=figures)


def heard(trial: Trial) -> Trial:
    """One more detection on trial."""
    return replace(trial, figures=replace(trial.figures, detections=trial.figures.detections + 1))


def judged(figures: Figures, before: Outcome | None, outcome: Outcome | None) -> Figures:
    """The figures after a detection that was judged ``before`` is judged ``outcome``."""
    changed = {name: getattr(figures, name) for name in COUNTED.values()}
    for found, more in ((before, -1), (outcome, 1)):
        if found is not None:
            changed[COUNTED[found]] += more
    return replace(figures, **changed)


def mode_of(said: Mode, trial: Trial | None, second: float) -> Mode:
    """How far a detection of ``second`` is trusted, of which the node said ``said``, under the trial that counts."""
    if said is not Mode.LIVE:
        return said
    signed = trial is not None and trial.live_since is not None and second >= trial.live_since
    return Mode.LIVE if signed else Mode.TRIAL


def check_ready(trial: Trial | None) -> Trial:
    """The trial, if it may be signed. Raises :class:`HubError` saying what is missing."""
    if trial is None or trial.figures.seconds < NEEDED_SECONDS:
        seconds = 0 if trial is None else trial.figures.seconds
        raise HubError(
            f"a kind leaves its trial after {NEEDED_HOURS} hours in which its sensor heard",
            f"{seconds / 3600:.1f} h",
            "Wait until they have been watched.",
        )
    if trial.live_since is not None:
        raise HubError("this kind is in the queue already", None, "Nothing is to be done.")
    return trial


def sign(trial: Trial, at: float) -> Trial:
    """The trial in the queue from ``at`` on. Raises :class:`HubError` before its hours were watched."""
    return replace(check_ready(trial), live_since=at)


def withdraw(trial: Trial, at: float) -> Trial:
    """Back to trial, from the beginning. Raises :class:`HubError` when it is not in the queue."""
    if trial.live_since is None:
        raise HubError("this kind is not in the queue", None, "Nothing is to be done.")
    return begin(trial.conditions, at, Because.WITHDRAWN)
