"""A week at once: kinds are let into the queue of a hub as after 168 hours and two signatures, for tests about what
comes after the trial. The trial itself is the matter of ``tests/hub/test_trial_story.py``; no simulated sensor could
get through it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy import Connection

from clairvoie.boundary.hazards import SOUND_HAZARDS, HazardKind
from clairvoie.boundary.trial import NEEDED_SECONDS, Because, Figures
from clairvoie.hub.hub import Hub
from clairvoie.hub.trial import begin, sign
from clairvoie.hub.trial_rows import begin_stored, conditions_of


def past_the_trial(
    hub: Hub, *, kinds: Iterable[HazardKind] = sorted(SOUND_HAZARDS), model: str = "", at: float | None = None
) -> None:
    """Let ``kinds`` at every sensor that may tell them ``at`` (now) be in the queue, under the recogniser ``model``."""
    when = hub.clock() if at is None else at

    def written(connection: Connection) -> None:
        for name in hub.enrolment.sensors:
            for kind in kinds:
                conditions = conditions_of(hub.enrolment, hub.authority.leave, (name, kind), model, when)
                if conditions is not None:
                    watched = replace(begin(conditions, 0.0, Because.FIRST), figures=Figures(seconds=NEEDED_SECONDS))
                    begin_stored(connection, hub.store.sensor_ids[name], kind, sign(watched, 0.0))

    hub.store.submit(written).result()
