"""Strategies that make every valid bulletin, from the same annotations that the code lengths come from."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from clairvoie.boundary.bulletin import EVENT_TYPES, SCHEDULE, Bulletin, alphabets_of, lengths_of


def coded(kind: type) -> st.SearchStrategy[Any]:
    """Every object of a released form."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, alphabet in alphabets_of(kind).items():
        code = st.integers(0, alphabet - 1)
        length = lengths_of(kind).get(name)
        fields[name] = st.tuples(*[code] * length) if length else code
    if kind in EVENT_TYPES:
        fields["identifier"] = st.integers(1, 2**40)
    return st.builds(kind, **fields)


@st.composite
def bulletins(draw: st.DrawFn, events: int = 20) -> Bulletin:
    """Every valid bulletin with at most so many events."""
    second = draw(st.integers(1_700_000_000, 1_900_000_000))
    due = [kind for kind, (period, phase) in SCHEDULE.items() if second % period == phase]
    scheduled = [draw(coded(kind)) for kind in due if draw(st.booleans())]
    happened = draw(st.lists(st.one_of(*[coded(kind) for kind in EVENT_TYPES]), max_size=events))
    return Bulletin(sensor="mic-1", second=second, scheduled=tuple(scheduled), events=tuple(happened))


def coded_maximum(kind: type) -> Any:
    """The object of this form with every code at its greatest, and so the longest on the wire."""
    lengths = lengths_of(kind)
    codes: dict[str, Any] = {
        name: (count - 1,) * lengths[name] if name in lengths else count - 1
        for name, count in alphabets_of(kind).items()
    }
    return kind(**codes, identifier=2**40) if kind in EVENT_TYPES else kind(**codes)
