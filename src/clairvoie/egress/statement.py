"""When the gate states what is true of a sensor's process: rarely, so that restarts are no way to say anything.

A statement holds facts that the launcher found and the act in force, never anything of the analyser's own. At most one
a minute leaves, and one that says nothing new at most once an hour.
"""

from __future__ import annotations

from msgspec.structs import replace

from clairvoie.boundary.wire import SensorStatement

SHORTEST_PAUSE = 60
UNCHANGED_PAUSE = 3600


def is_due(last: SensorStatement | None, new: SensorStatement) -> bool:
    """Whether ``new`` may leave after ``last``.

    >>> one = SensorStatement(sensor="m", second=1000, confinement=0, simulated=True, model=b"", software=b"")
    >>> is_due(None, one), is_due(one, replace(one, second=4599)), is_due(one, replace(one, second=4600))
    (True, False, True)
    >>> other = replace(one, simulated=False)
    >>> is_due(one, replace(other, second=1059)), is_due(one, replace(other, second=1060))
    (False, True)
    """
    if last is None:
        return True
    same = replace(last, second=new.second) == new
    return new.second - last.second >= (UNCHANGED_PAUSE if same else SHORTEST_PAUSE)
