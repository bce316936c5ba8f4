"""Names of the closed lists of authority, lives and locks, as a person reads them."""

from __future__ import annotations

from enum import StrEnum

from clairvoie.boundary.authorisation import Denial, ObservationKind
from clairvoie.boundary.confinement import Lock
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.overseen import ActState
from clairvoie.views.words import mark as _

DOOR_TERMS: dict[type[StrEnum], dict[str, str]] = {
    ActState: {
        ActState.IN_FORCE: _("in force"),
        ActState.SUSPENDED: _("suspended as a whole"),
        ActState.NOT_YET: _("not yet in force"),
        ActState.REPLACED: _("replaced by a later act"),
        ActState.EXPIRED: _("expired"),
    },
    ObservationKind: {
        ObservationKind.LEVELS: _("noise levels"),
        ObservationKind.OCTAVES: _("octave levels of each minute"),
        ObservationKind.THIRDS: _("third-octave levels of ten minutes"),
        ObservationKind.NOISE_SOURCES: _("noise sources"),
        ObservationKind.COUNTS: _("counts"),
        ObservationKind.FLOW: _("flow"),
    },
    Denial: {
        Denial.NOT_YET: _("the act has not begun"),
        Denial.EXPIRED: _("the act has expired"),
        Denial.SUSPENDED: _("it is suspended"),
        Denial.SENSOR: _("the act does not list this sensor"),
        Denial.KIND: _("the act does not list this"),
        Denial.EXERCISE: _("exercise and reality do not mix"),
        Denial.HOURS: _("outside the act’s hours"),
        Denial.PLACE: _("outside the authorised polygon"),
        Denial.RECIPIENT: _("the recipient is not listed"),
        Denial.FIELD: _("the recipient may not be told this"),
        Denial.NOT_CONFIRMED: _("no person has confirmed it"),
        Denial.NO_AUTHORISATION: _("there is no authorisation"),
    },
    SensorState: {
        SensorState.PLANNED: _("planned"),
        SensorState.INSTALLED: _("installed"),
        SensorState.COMMISSIONED: _("commissioned"),
        SensorState.ACTIVE: _("active"),
        SensorState.SUSPENDED: _("suspended"),
        SensorState.MAINTENANCE: _("in maintenance"),
        SensorState.MOVED: _("moved"),
        SensorState.RETIRED: _("retired"),
    },
}
LOCKS: dict[Lock, str] = {
    Lock.LANDLOCK_FILES: _("no file can be opened"),
    Lock.LANDLOCK_NETWORK: _("no network port can be used"),
    Lock.LANDLOCK_SCOPE: _("no signal or socket to other processes"),
    Lock.SECCOMP: _("only listed system calls"),
    Lock.NO_NEW_PRIVILEGES: _("no new privileges"),
    Lock.NOT_DUMPABLE: _("memory closed to other processes"),
    Lock.NO_CORE: _("no memory written at a crash"),
    Lock.NO_SWAP: _("memory never swapped to disk"),
    Lock.RESOURCE_LIMITS: _("limits on memory and files"),
    Lock.DESCRIPTORS_CLOSED: _("nothing inherited is open"),
}
"""What each lock keeps, in words."""
