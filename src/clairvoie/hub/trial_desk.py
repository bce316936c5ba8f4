"""The part of the desk that is about trials: what stands where under what holds now, and what people do about it.

Nothing here reads minutes: the seconds watched stand in each trial's own row.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, inspect

from clairvoie.boundary.hazards import HAZARD_KINDS, HazardKind
from clairvoie.boundary.incident import Basis, Outcome, check_outcome
from clairvoie.boundary.reading import Change
from clairvoie.boundary.trial import TrialDetection, TrialView, can_tell
from clairvoie.errors import HubError
from clairvoie.hub import acts, schema, trial_acts
from clairvoie.hub.accounts_schema import proposals
from clairvoie.hub.hub import Hub
from clairvoie.hub.leave import Leave
from clairvoie.hub.trial import Trial, under
from clairvoie.hub.trial_rows import Held, Key, conditions_of, current

LARGEST_NUMBER = 2**63


class TrialDesk:
    """Over a running hub."""

    _hub: Hub

    def trials(self, sensor: str | None = None) -> tuple[TrialView, ...]:
        """Every kind that is permitted now at every sensor, or at one, outside an exercise."""
        sensors = sorted(self._hub.enrolment.sensors) if sensor is None else [sensor]
        leave, ids = self._hub.authority.leave, self._hub.store.sensor_ids
        with self._hub.store.reading() as connection:
            held = current(connection, None if sensor is None else {ids[sensor]} if sensor in ids else set())
            waiting = trial_acts.pending(connection) if inspect(connection).has_table(proposals.name) else {}
        by = {number: proposal.by for number, proposal in waiting.items()}
        return tuple(view for name in sensors for view in self._of_sensor(name, held, by, leave))

    def _of_sensor(self, name: str, held: dict[Key, Held], by: dict[int, str], leave: Leave) -> Iterator[TrialView]:
        known = self._hub.enrolment.sensors.get(name)
        if known is None:
            return
        now = self._hub.clock()
        for kind in HAZARD_KINDS:
            if not can_tell(known.kind, kind) or leave.since(name, kind, now) is None:
                continue
            found = held.get((name, kind))
            trial = self._present((name, kind), found, leave, now)
            if trial is None:  # not in service, and nothing of it was ever stored
                continue
            same = found if found is not None and trial is found.trial else Held(0, trial)
            yield TrialView(
                sensor=name,
                kind=kind,
                place=known.place,
                number=same.number,
                state=same.trial.state,
                figures=same.trial.figures,
                begun=same.trial.begun,
                because=same.trial.because,
                by=same.withdrawn_by,
                signed=same.signed,
                proposed_by=by.get(same.number, ""),
            )

    def _present(self, key: Key, found: Held | None, leave: Leave, now: float) -> Trial | None:
        """The trial under what holds now; the stored one while its sensor is out of service."""
        before = None if found is None else found.trial
        said = self._hub.statements.get(key[0])
        model = "" if said is None else said.model.hex()
        conditions = conditions_of(self._hub.enrolment, leave, key, model, now)
        return before if conditions is None else under(before, conditions, now) or before

    def on_trial(self, *, sensor: str | None = None, limit: int = 200) -> tuple[TrialDetection, ...]:
        """Detections of the trials that count: those that nobody has judged first, then the newest."""
        table, counting = schema.detections.c, schema.trials.c
        query = trial_acts.detections_on_trial().join_from(schema.detections, schema.trials, counting.id == table.trial)
        query = query.where(counting.ended.is_(None))
        if sensor is not None:
            query = query.where(table.sensor == self._hub.store.sensor_ids.get(sensor, 0))
        query = query.order_by(table.outcome.is_not(None), table.onset.desc(), table.id.desc()).limit(limit)
        with self._hub.store.reading() as connection:
            return tuple(map(trial_acts.detection_of, connection.execute(query)))

    def trial_detection(self, number: int) -> TrialDetection | None:
        """One detection on trial."""
        with self._hub.store.reading() as connection:
            return trial_acts.one(connection, number) if 0 < number < LARGEST_NUMBER else None

    def judge(self, number: int, who: str, outcome: Outcome, basis: Basis) -> TrialDetection:
        """Say whether a detection on trial was right, and on what that rests; the first to say so wins."""
        check_outcome(outcome, basis)
        person, now, ledger = acts.check_person(who), self._hub.clock(), self._hub.ledger
        return self._hub.write(
            lambda c: trial_acts.judge(c, ledger, number, person, outcome, basis, now), Change.INCIDENTS
        )

    def let_in(self, sensor: str, kind: HazardKind, who: str) -> None:
        """The supervisor ``who`` signs that a kind may enter the queue; it waits for a second person."""
        if self._hub.task.deployment.exercise:
            raise HubError("in an exercise nothing is on trial, and nothing becomes live", sensor)
        person, now, ledger, key = acts.check_person(who), self._hub.clock(), self._hub.ledger, (sensor, kind)

        def kept(connection: Connection) -> None:
            leave = self._hub.authority.leave
            if leave.since(sensor, kind, now) is None:
                raise HubError(f"no act permits {kind.value} there now", sensor, "See the authorisations.")
            present = self._present(key, trial_acts.current_of(connection, key), leave, now)
            trial_acts.let_in(connection, ledger, key, present, person, now)

        self._hub.write(kept, Change.ACTS)

    def take_out(self, sensor: str, kind: HazardKind, who: str) -> None:
        """Take a kind out of the queue, at once: its trial begins anew. Incidents that are there stay."""
        person, now, ledger = acts.check_person(who), self._hub.clock(), self._hub.ledger
        self._hub.write(lambda c: trial_acts.take_out(c, ledger, (sensor, kind), person, now), Change.INCIDENTS)
