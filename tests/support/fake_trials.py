"""Trials of a desk in memory: kinds of the fake's microphones at every stage, and the rules that pages depend on."""

from __future__ import annotations

from msgspec.structs import replace
from quarter import SENSORS

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Basis, DetectionView, Outcome, check_outcome
from clairvoie.boundary.trial import Because, Figures, Signature, TrialDetection, TrialState, TrialView
from clairvoie.errors import HubError, IncidentConflict
from clairvoie.hub.trial import COUNTED

GLASS, FIREWORK, IMPULSE = HazardKind.GLASS_BREAKING, HazardKind.FIREWORK, HazardKind.IMPULSE
ALARM = HazardKind.ALARM_SOUNDING


class FakeTrials:
    """For :class:`fake_desk.FakeDesk`: the trials of two microphones, and three detections that nobody has judged."""

    def furnish_trials(self, now: float) -> None:
        """Invent what was watched."""
        self.trial_now = now
        signed = Signature(
            at=now - 9 * 86_400, by="suzanne", approved_by="aline",
            figures=Figures(seconds=171 * 3600, detections=3, confirmed=2, false_alarms=1),
        )  # fmt: skip
        self.kept_trials = [
            self._view(
                "mic-ecluse", GLASS, 171.4, Figures(detections=4, confirmed=2, false_alarms=1), TrialState.READY
            ),
            self._view("mic-ecluse", FIREWORK, 171.4, Figures(), TrialState.READY, proposed_by="suzanne"),
            self._view("mic-ecluse", IMPULSE, 37.2, Figures(detections=11, false_alarms=4, not_verifiable=5)),
            self._view("mic-ecluse", ALARM, 171.0, signed.figures, TrialState.LIVE, signed=signed),
            self._view("mic-fontaine", GLASS, 3.5, Figures(detections=1), because=Because.MODEL),
            self._view(
                "mic-fontaine", FIREWORK, 0.0, Figures(), TrialState.WITHDRAWN, because=Because.WITHDRAWN, by="Noé"
            ),
        ]
        self.heard_on_trial = [
            self._heard(1, "mic-ecluse", GLASS, 1_900, 0.61), self._heard(2, "mic-ecluse", IMPULSE, 7_200, None),
            self._heard(3, "mic-fontaine", GLASS, 400, 0.44, Mode.TRIAL),
        ]  # fmt: skip

    def _view(
        self, sensor: str, kind: HazardKind, hours: float, figures: Figures, state: TrialState = TrialState.TRIAL,
        *, because: Because = Because.FIRST, by: str = "", proposed_by: str = "", signed: Signature | None = None,
    ) -> TrialView:  # fmt: skip
        counted = {name: getattr(figures, name) for name in Figures.__struct_fields__} | {"seconds": int(hours * 3600)}
        return TrialView(
            sensor=sensor, kind=kind, place=next(s.place for s in SENSORS if s.id == sensor), number=1, state=state,
            figures=Figures(**counted), begun=self.trial_now - 8 * 86_400, because=because, by=by,
            proposed_by=proposed_by, signed=signed,
        )  # fmt: skip

    def _heard(
        self, number: int, sensor: str, kind: HazardKind, ago: float, confidence: float | None, said: Mode = Mode.LIVE
    ) -> TrialDetection:
        onset = self.trial_now - ago
        heard = DetectionView(
            sensor=sensor, identifier=number, kind=kind, mode=Mode.TRIAL, onset=onset, offset=None,
            confidence=confidence, level=71.0, clock_sigma=0.001, received=onset + 1.5,
        )  # fmt: skip
        return TrialDetection(number=number, trial=1, heard=heard, said=said)

    def trials(self, sensor: str | None = None) -> tuple[TrialView, ...]:
        return tuple(view for view in self.kept_trials if sensor in (None, view.sensor))

    def on_trial(self, *, sensor: str | None = None, limit: int = 200) -> tuple[TrialDetection, ...]:
        found = [one for one in self.heard_on_trial if sensor in (None, one.heard.sensor)]
        return tuple(sorted(found, key=lambda one: (one.outcome is not None, -one.heard.onset))[:limit])

    def trial_detection(self, number: int) -> TrialDetection | None:
        return next((one for one in self.heard_on_trial if one.number == number), None)

    def judge(self, number: int, who: str, outcome: Outcome, basis: Basis) -> TrialDetection:
        check_outcome(outcome, basis)
        found = self.trial_detection(number)
        if found is None:
            raise HubError("there is no such detection on trial", number)
        if found.outcome is not None:
            raise IncidentConflict("this detection was judged already, by", found.judged_by)
        judged = replace(found, outcome=outcome, basis=basis, judged_by=who, judged=self.trial_now)
        self.heard_on_trial[self.heard_on_trial.index(found)] = judged
        for index, view in enumerate(self.kept_trials):
            if (view.sensor, view.kind) == (found.heard.sensor, found.heard.kind):
                counted = {COUNTED[outcome]: getattr(view.figures, COUNTED[outcome]) + 1}
                self.kept_trials[index] = replace(view, figures=replace(view.figures, **counted))
        return judged

    def _at(self, sensor: str, kind: HazardKind, state: TrialState) -> int:
        keys = [(view.sensor, view.kind, view.state) for view in self.kept_trials]
        if (sensor, kind, state) not in keys:
            raise HubError("it does not stand so", sensor)
        return keys.index((sensor, kind, state))

    def let_in(self, sensor: str, kind: HazardKind, who: str) -> None:
        index = self._at(sensor, kind, TrialState.READY)
        self.kept_trials[index] = replace(self.kept_trials[index], proposed_by=who)

    def take_out(self, sensor: str, kind: HazardKind, who: str) -> None:
        index = self._at(sensor, kind, TrialState.LIVE)
        self.kept_trials[index] = self._view(
            sensor, kind, 0.0, Figures(), TrialState.WITHDRAWN, because=Because.WITHDRAWN, by=who
        )
