"""What holds, as values for pages and programs: the acts and where each stands, and what nodes said of sensors."""

from __future__ import annotations

from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.overseen import Acts, ActView, ConfinementView, SignedBy, state_of
from clairvoie.boundary.wire import SensorStatement
from clairvoie.hub.authority import Authority


def acts_of(authority: Authority, now: float) -> Acts:
    """All acts, the newest number first, and the documents in the folder that do not count."""
    trust, standing = authority.trust, authority.standing
    if trust is None:
        return Acts()
    holders = {role.id: role.holder for role in trust.charter.roles}
    views = tuple(
        ActView(
            act=act,
            state=state_of(standing, act, now),
            signers=tuple(SignedBy(role=role, holder=holders[role]) for role in act.signed_by),
        )
        for act in reversed(standing.acts)
    )
    return Acts(
        charter=trust.digest,
        threshold=trust.charter.threshold,
        roles=len(trust.charter.roles),
        acts=views,
        rejected=authority.rejected,
    )


def confinement_of(statement: SensorStatement | None) -> ConfinementView | None:
    """What a node last said of a sensor's process; ``None`` before it said anything."""
    if statement is None:
        return None
    return ConfinementView(
        second=statement.second,
        confinement=Confinement.of(statement.confinement),
        simulated=statement.simulated,
        model=statement.model.hex(),
        software=statement.software.hex(),
        authorisation=statement.authorisation,
    )
