"""The rule of the trial: hours that count once, what starts it anew, and what a node may never say itself into."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hub_street import authorisation
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import Authorisation, Reporting, Suspension
from clairvoie.boundary.bulletin import MinuteState
from clairvoie.boundary.hazards import HEALTHS, NOT_HEARING, HazardKind, Health, Mode
from clairvoie.boundary.incident import Outcome
from clairvoie.boundary.standing import Act, Standing
from clairvoie.boundary.trial import NEEDED_SECONDS, Because, Figures, TrialState
from clairvoie.egress.coarse import absent_part
from clairvoie.errors import HubError
from clairvoie.hub.leave import Leave
from clairvoie.hub.trial import (
    Conditions,
    Trial,
    begin,
    heard_seconds,
    judged,
    mode_of,
    permitted_since,
    sign,
    under,
    watch,
    withdraw,
)

GLASS = HazardKind.GLASS_BREAKING
WEEK = NEEDED_SECONDS // 60
"""Minutes in which the sensor heard, before anything can be signed."""
HERE = Conditions(model="ab", place="48, 2, 4", installed=0.0, permitted=0.0)
OTHERS = (
    replace(HERE, model="cd"),
    replace(HERE, place="48, 3, 4"),
    replace(HERE, installed=7.0),
    replace(HERE, permitted=7.0),
)


def state(**changes: int) -> MinuteState:
    return replace(absent_part(MinuteState), **changes)


@pytest.mark.parametrize("health", Health)
@pytest.mark.parametrize("seconds", [None, 0, 1, 59, 60])
def test_a_minute_without_hearing_never_counts(health: Health, seconds: int | None) -> None:
    part = state(valid_seconds=units.SECONDS_OF_MINUTE.encode(seconds), health=HEALTHS.index(health))
    assert heard_seconds(part) == (0 if health in NOT_HEARING else seconds or 0)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-5, 70)), max_size=300))
def test_no_minute_counts_twice_and_none_more_than_a_minute(said: list[tuple[int, int]]) -> None:
    """However records overlap, repeat or come late, it is at most what the minutes themselves hold."""
    trial = begin(HERE, 0, Because.FIRST)
    best: dict[int, int] = defaultdict(int)
    for minute, seconds in said:
        trial = watch(trial, minute * 60, seconds)
        best[minute] = max(best[minute], min(60, max(0, seconds)))
    assert trial.figures.seconds <= sum(best.values())
    in_order = begin(HERE, 0, Because.FIRST)
    for minute in sorted(best):
        in_order = watch(in_order, minute * 60, best[minute])
    assert in_order.figures.seconds == sum(best.values())


@pytest.mark.parametrize(
    ("other", "because"), list(zip(OTHERS, ("model", "place", "place", "authorisation"), strict=True))
)
def test_whatever_changes_starts_it_anew_and_going_back_too(other: Conditions, because: str) -> None:
    trial = begin(HERE, 0, Because.FIRST)
    for minute in range(WEEK):
        trial = watch(trial, minute * 60, 60)
    live = sign(trial, NEEDED_SECONDS)
    assert live.state is TrialState.LIVE
    after = under(live, other, NEEDED_SECONDS + 60)
    assert after is not None
    assert (after.figures, after.state, after.because) == (Figures(), TrialState.TRIAL, because)
    back = under(after, HERE, NEEDED_SECONDS + 120)
    assert back is not None
    assert (back.figures, back.live_since) == (Figures(), None)


def test_what_comes_too_late_belongs_to_no_trial() -> None:
    trial = watch(begin(HERE, 600, Because.FIRST), 1200, 60)
    assert under(trial, HERE, 599) is None
    assert under(trial, OTHERS[0], 1200) is None
    assert watch(trial, 540, 60) == trial


@pytest.mark.parametrize("seconds", [0, NEEDED_SECONDS - 1])
def test_nobody_signs_before_its_hours(seconds: int) -> None:
    trial = replace(begin(HERE, 0, Because.FIRST), figures=Figures(seconds=seconds))
    with pytest.raises(HubError, match="168 hours"):
        sign(trial, 1.0)
    with pytest.raises(HubError, match="not in the queue"):
        withdraw(trial, 1.0)


@given(st.lists(st.sampled_from([None, *Outcome]), min_size=1, max_size=20))
def test_what_is_judged_again_is_counted_once(said: list[Outcome | None]) -> None:
    figures, before = Figures(detections=1), None
    for outcome in said:
        figures, before = judged(figures, before, outcome), outcome
    assert figures.waiting == (1 if before is None else 0)
    assert (figures.confirmed, figures.false_alarms, figures.not_verifiable) == tuple(
        int(before is outcome) for outcome in Outcome
    )


# No history lets a kind on trial into the queue ---------------------------------------------------------------------

STEP = st.one_of(
    st.tuples(st.just("minutes"), st.integers(1, 3 * WEEK // 2)),
    st.tuples(st.just("deaf"), st.integers(1, 2 * WEEK)),
    st.tuples(st.just("again"), st.integers(1, WEEK)),
    st.tuples(st.just("change"), st.integers(0, len(OTHERS))),
    st.tuples(st.just("sign"), st.just(0)),
    st.tuples(st.just("withdraw"), st.just(0)),
    st.tuples(st.just("hear"), st.integers(0, 2)),
)


class History:
    """One kind at one sensor, kept twice: by the rule, and as a plain count of what it must amount to."""

    def __init__(self) -> None:
        self.now = 0
        self.conditions = HERE
        self.trial: Trial = begin(HERE, 0, Because.FIRST)
        self.heard = 0
        self.signed: int | None = None

    def _present(self) -> Trial:
        found = under(self.trial, self.conditions, self.now)
        assert found is not None
        self.trial = found
        return found

    def minutes(self, count: int) -> None:
        """As minute by minute, which would take too long: :func:`watch` itself is tried above, minute by minute."""
        trial = watch(self._present(), self.now, 60)
        rest = (count - 1) * 60
        if trial.live_since is None:
            figures = replace(trial.figures, seconds=trial.figures.seconds + rest)
            trial = replace(trial, figures=figures, until=self.now + rest)
            self.heard += count * 60
        self.trial = trial
        self.now += count * 60

    def deaf(self, count: int) -> None:
        self.trial = watch(self._present(), self.now, 0)
        self.now += count * 60

    def again(self, back: int) -> None:
        """A minute that was counted, or one from before it."""
        trial = self._present()
        assert watch(trial, trial.until - (back - 1) * 60, 60) == trial

    def change(self, which: int) -> None:
        after = HERE if which == len(OTHERS) else OTHERS[which]
        if after != self.conditions:
            self.conditions, self.heard, self.signed = after, 0, None

    def sign(self, _: int) -> None:
        may = self.heard >= NEEDED_SECONDS and self.signed is None
        trial = self._present()
        if may:
            self.trial, self.signed = sign(trial, self.now), self.now
        else:
            with pytest.raises(HubError):
                sign(trial, self.now)

    def withdraw(self, _: int) -> None:
        trial = self._present()
        if self.signed is None:
            with pytest.raises(HubError):
                withdraw(trial, self.now)
        else:
            self.trial, self.signed, self.heard = withdraw(trial, self.now), None, 0

    def hear(self, which: int) -> None:
        """A detection: it is live only if it was signed on enough hours under just these conditions, and not before."""
        said = tuple(Mode)[which]
        mode = mode_of(said, under(self.trial, self.conditions, self.now), self.now)
        assert (mode is Mode.LIVE) is (said is Mode.LIVE and self.signed is not None)
        assert mode in (said, Mode.TRIAL)
        if self.signed is not None and self.signed > 0:
            assert mode_of(said, self.trial, self.signed - 1) is not Mode.LIVE


@settings(max_examples=100)
@given(st.lists(STEP, max_size=40))
def test_no_history_of_acts_and_detections_lets_a_trial_kind_into_the_queue(steps: list[tuple[str, int]]) -> None:
    history = History()
    for name, value in steps:
        getattr(history, name)(value)
        history.hear(1)


# Since when it is permitted -----------------------------------------------------------------------------------------


def act_of(number: int, starts: int, ends: int, *, suspended: int | None = None, **changes: object) -> Act:
    body: Authorisation = authorisation(number=number, starts=starts, ends=ends, **changes)
    narrowing: tuple[Suspension, ...] = ()
    if suspended is not None:
        narrowing = (Suspension(deployment=body.deployment, authorisation="a" * 64, since=suspended, reason="a test"),)
    return Act(digest=f"{number:064d}", authorisation=body, signed_by=(), suspensions=narrowing)


ACTS = st.lists(
    st.tuples(
        st.integers(0, 20), st.integers(1, 20), st.booleans(), st.one_of(st.none(), st.integers(0, 40)), st.booleans()
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(ACTS, st.integers(0, 60))
def test_it_is_the_start_of_the_unbroken_time_and_memory_changes_nothing(acts: list, when: int) -> None:
    """Compared with asking each second whether the kind is permitted."""
    base = 1_600_000_000
    standing = Standing(
        acts=tuple(
            act_of(
                number + 1,
                base + starts,
                base + starts + lasts,
                suspended=None if since is None else base + since,
                hazards=(GLASS,) if listed else (HazardKind.IMPULSE,),
                exercise=exercise,
            )
            for number, (starts, lasts, listed, since, exercise) in enumerate(acts)
        )
    )
    allowed = [standing.denial(Reporting("mic-a", GLASS, Mode.LIVE), base + second) is None for second in range(61)]
    since = None
    for second in range(when, -1, -1):
        if not allowed[second]:
            break
        since = base + second
    assert permitted_since(standing, "mic-a", GLASS, base + when) == since
    leave = Leave(standing)
    for second in (*range(61), when):
        assert leave.since("mic-b", GLASS, base + second) == permitted_since(standing, "mic-b", GLASS, base + second)
