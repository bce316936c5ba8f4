"""Ground truth as DCASE has it: one line an event, ``filename onset offset event_label``, tab-separated.

Labels are the words of the closed lists. A voice is in neither list, so a recording of one, or the babble of the
synthesis, is mixed in and not annotated.

>>> labels_of("church_bells", 8.0), labels_of("alarm", 12.0), labels_of("crying_baby", 3.0)
(('bells',), ('alarm', 'alarm-sounding'), ())
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clairvoie.boundary.hazards import HazardKind
from clairvoie.lab.classes import SYNTHETIC, TEACHES
from clairvoie.lab.synthesis import MAKERS

ALARM_SECONDS = 10.0
HORN_SECONDS = 5.0
_LASTING = {"alarm": (ALARM_SECONDS, HazardKind.ALARM_SOUNDING), "horn": (HORN_SECONDS, HazardKind.SUSTAINED_HORN)}
_URBAN = {
    "air_conditioner": ("other",),
    "dog_bark": ("dog",),
    "drilling": ("works",),
    "engine_idling": ("traffic",),
    "gun_shot": ("impulse",),
    "jackhammer": ("works",),
    "street_music": ("music",),
}
"""UrbanSound8K's classes that ESC-50 lacks; ``children_playing`` is voices. A shot is no more than an impulse here."""


@dataclass(frozen=True, slots=True, order=True)
class Annotation:
    """``label`` sounds from ``onset`` to ``offset``, in seconds from the start of the file."""

    onset: float
    offset: float
    label: str


def labels_of(kind: str, seconds: float) -> tuple[str, ...]:
    """The words of the closed lists for a ``kind`` of sound that lasts ``seconds``; none for voices and the unknown."""
    if kind == "bang":
        return (HazardKind.IMPULSE.value,)
    meanings = SYNTHETIC if kind in MAKERS else {**TEACHES, **_URBAN}
    labels = ("siren",) if kind == "siren" else tuple(m for m in meanings.get(kind, ()) if m != "withheld")
    lasting = tuple(
        hazard.value for source, (least, hazard) in _LASTING.items() if source in labels and seconds >= least
    )
    return labels + lasting


def write_annotations(path: Path, filename: str, annotations: list[Annotation]) -> None:
    """Write ``annotations`` of the recording ``filename`` to ``path``, in order of onset, to the millisecond."""
    lines = ["filename\tonset\toffset\tevent_label"]
    lines += [f"{filename}\t{a.onset:.3f}\t{a.offset:.3f}\t{a.label}" for a in sorted(annotations)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
