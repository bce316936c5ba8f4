"""What of an incident a caller is told: the one rule between the hub's incidents and every page and answer.

Who acts for no recipient of the act that counts is told nothing. A machine is told of an incident only after a person
has confirmed it, whatever kind of recipient the act calls it, and so is a program that has a person's token; a machine
is never told of persons: no names, no notes. What, when and where belong together: a recipient that may not be told one
of them is not told of the incident.
"""

from __future__ import annotations

import msgspec

from clairvoie.boundary.authorisation import Denial, Disclosure, Field, RecipientKind
from clairvoie.boundary.incident import Incident, IncidentState, Outcome, Transition
from clairvoie.boundary.person import Caller, CallerKind
from clairvoie.boundary.standing import Act

WHOLE = (Field.INCIDENT_KIND, Field.INCIDENT_TIME, Field.INCIDENT_PLACE)
"""Without these there is nothing to tell."""
FIGURES = (Field.LEVELS, Field.SOURCES)


def denial_of(caller: Caller, field: Field, act: Act | None, when: float, *, confirmed: bool = False) -> Denial | None:
    """``None`` when ``caller`` may be told ``field`` now under ``act``, the one that counts; else why not."""
    if caller.kind is CallerKind.VISITOR:
        return None
    if act is None:
        return Denial.NO_AUTHORISATION
    listed = next((r for r in act.authorisation.recipients if r.name == caller.recipient), None)
    if not caller.recipient or listed is None:
        return Denial.RECIPIENT
    if caller.kind is CallerKind.MACHINE and listed.kind is not RecipientKind.MACHINE:
        return Denial.RECIPIENT
    if caller.is_machine and field not in FIGURES and not confirmed:
        return Denial.NOT_CONFIRMED
    return act.denial(Disclosure(caller.recipient, field, confirmed), when)


def is_confirmed(incident: Incident) -> bool:
    """Whether a person has confirmed it."""
    return incident.state is IncidentState.CLOSED and incident.outcome is Outcome.CONFIRMED


def disclosed(incident: Incident, caller: Caller, act: Act | None, when: float) -> Incident | None:
    """``incident`` with what ``caller`` may be told of it; ``None`` when that is nothing."""
    confirmed = is_confirmed(incident)

    def told(field: Field) -> bool:
        return denial_of(caller, field, act, when, confirmed=confirmed) is None

    if not caller.reaches(incident.place) or not all(told(field) for field in WHOLE):
        return None
    if incident.fix is not None and not caller.reaches(incident.fix.place):
        incident = msgspec.structs.replace(incident, fix=None)
    if not told(Field.INCIDENT_OUTCOME):
        history = tuple(msgspec.structs.replace(line, outcome=None, basis=None, note="") for line in incident.history)
        incident = msgspec.structs.replace(incident, outcome=None, basis=None, history=history)
    if not told(Field.DETECTIONS):
        history = tuple(_without_sensors(line) for line in incident.history)
        fix = incident.fix and msgspec.structs.replace(incident.fix, arrivals=())
        incident = msgspec.structs.replace(incident, detections=(), history=history, fix=fix)
    if caller.kind is CallerKind.MACHINE:
        incident = msgspec.structs.replace(incident, history=(), taken_by="")
    return incident


def _without_sensors(line: Transition) -> Transition:
    """A line that the hub itself wrote, without the sensor that it names."""
    return line if line.who else msgspec.structs.replace(line, note="")
