"""What one caller may see of trials and do about them: the part of :class:`~.disclosing.DisclosingDesk` that is so.

Nothing on trial is told to a machine or to somebody's program. People are shown what lies in their areas.
"""

from __future__ import annotations

from clairvoie.boundary.authorisation import Denial, Field
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.person import Caller, Power
from clairvoie.boundary.reading import Desk, SensorStatus
from clairvoie.boundary.trial import TrialDetection, TrialView
from clairvoie.errors import HubError

MOST_LOOKED_THROUGH = 10_000


class DisclosingTrials:
    """See the module."""

    whole: Desk

    def trials(self, sensor: str | None = None) -> tuple[TrialView, ...]:
        """Where the trials stand at the sensors of this caller; figures, which are for no machine."""
        caller = self._need(Power.READ_LEVELS)
        if caller.is_machine or not caller.may(Power.READ_FIGURES):
            return ()
        return tuple(view for view in self.whole.trials(sensor) if caller.reaches(view.place))

    def on_trial(self, *, sensor: str | None = None, limit: int = 200) -> tuple[TrialDetection, ...]:
        """Detections on trial at this caller's sensors, for people who may be told of detections."""
        caller = self._person()
        if self._denial(caller, Field.DETECTIONS) is not None:
            return ()
        if not caller.confined:
            return self.whole.on_trial(sensor=sensor, limit=limit)
        found = self.whole.on_trial(sensor=sensor, limit=MOST_LOOKED_THROUGH)
        return tuple(one for one in found if self.sensor(one.heard.sensor) is not None)[:limit]

    def trial_detection(self, number: int) -> TrialDetection | None:
        """One detection on trial, if it is at one of this caller's sensors."""
        caller = self._person()
        found = self.whole.trial_detection(number)
        if found is None or self._denial(caller, Field.DETECTIONS) is not None:
            return None
        return found if self.sensor(found.heard.sensor) is not None else None

    def judge(self, number: int, who: str, outcome: Outcome, basis: Basis) -> TrialDetection:
        """Say whether a detection on trial was right."""
        name = self._signing(who)
        if self.trial_detection(number) is None:
            raise HubError("there is no such detection on trial", number)
        return self.whole.judge(number, name, outcome, basis)

    def let_in(self, sensor: str, kind: HazardKind, who: str = "") -> None:
        """Sign, as a supervisor, that a kind may enter the queue."""
        caller = self._need(Power.PROMOTE)
        self._person()
        self._there(sensor)
        self.whole.let_in(sensor, kind, caller.who or who)

    def take_out(self, sensor: str, kind: HazardKind, who: str) -> None:
        """Take a kind out of the queue, at once."""
        name = self._signing(who)
        self._person()
        self._there(sensor)
        self.whole.take_out(sensor, kind, name)

    def _there(self, sensor: str) -> None:
        if self.sensor(sensor) is None:
            raise HubError("there is no such sensor", sensor)

    # What the whole of the desk has

    def _need(self, power: Power) -> Caller:
        raise NotImplementedError

    def _person(self) -> Caller:
        raise NotImplementedError

    def _signing(self, who: str) -> str:
        raise NotImplementedError

    def _denial(self, caller: Caller, field: Field) -> Denial | None:
        raise NotImplementedError

    def sensor(self, sensor: str) -> SensorStatus | None:
        """One sensor, if it is in this caller's areas."""
        raise NotImplementedError
