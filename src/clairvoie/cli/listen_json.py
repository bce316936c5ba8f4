"""``listen --json``: one object a line, seconds from the start. Other programs rely on these names.

``info`` comes first and ``summary`` last. In between, as it becomes certain: ``level`` each second, ``bands`` each
minute (the last with fewer ``seconds``), ``source`` each second in which one is named, ``detection`` and
``noise-event`` when they are over, ``hour`` when there is one, then ``defect`` for gaps and damage of the file and
``emergence`` where intervals were marked. A level that does not exist (digital silence, a second with a gap) is null.
"""

from __future__ import annotations

import json
from typing import Any

from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES
from clairvoie.capture.recording import Defect
from clairvoie.cli.hearing import Heard, Hearing, Line
from clairvoie.detect.sound.bands import BandLevels
from clairvoie.detect.sound.emergence import Emergence, Stretch
from clairvoie.detect.sound.indicators_day import DayIndicators
from clairvoie.detect.sound.indicators_hour import HourIndicators
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.noise_events import NoiseEvent
from clairvoie.detect.sound.sources import SourceScores

VERSION = 1


def info_object(hearing: Hearing) -> dict[str, Any]:
    """What is listened to, and with what."""
    recording = hearing.recording
    made = {
        "type": "info",
        "version": VERSION,
        "file": str(recording.path),
        "rate": recording.rate,
        "channel": recording.channel,
        "duration": _rounded(recording.duration, 3),
        "calibration": hearing.calibration,
        "model": hearing.model,
    }
    return made if hearing.start is None else {**made, "start": hearing.start.isoformat()}


def line_object(line: Line, unit: str) -> dict[str, Any]:
    """The object of one line."""
    if isinstance(line, SecondLevels):
        return _level_object(line, unit)
    if isinstance(line, BandLevels):
        return {
            "type": "bands",
            "t": _rounded(line.t_end, 3),
            "seconds": _rounded(line.seconds, 3),
            "thirds": _named(THIRD_CENTRES, line.thirds),
            "octaves": _named(OCTAVE_CENTRES, line.octaves),
            "unit": unit,
        }
    if isinstance(line, SourceScores):
        return {"type": "source", "t": _rounded(line.t, 3), "top": [[s, _rounded(v)] for s, v in line.top]}
    if isinstance(line, NoiseEvent):
        return _event_object(line, unit)
    if isinstance(line, HourIndicators):
        return _hour_object(line, unit)
    return _detection_object(line)


def _event_object(event: NoiseEvent, unit: str) -> dict[str, Any]:
    return {
        "type": "noise-event",
        "source": event.source,
        "start": _rounded(event.start, 3),
        "duration": _rounded(event.duration, 3),
        "sel": _rounded(event.sel),
        "lafmax": _rounded(event.lafmax),
        "background": _rounded(event.background),
        "unit": unit,
    }


def _hour_object(hour: HourIndicators, unit: str) -> dict[str, Any]:
    index = hour.harmonica
    return {
        "type": "hour",
        "t": float(hour.end),
        "coverage": _rounded(hour.coverage, 4),
        "laeq": _rounded(hour.laeq),
        "sel": _rounded(hour.sel),
        "lafmax": _rounded(hour.lafmax),
        "lcpeak": _rounded(hour.lcpeak),
        **{f"l{percentile}": _rounded(value) for percentile, value in hour.percentiles.items()},
        "unit": unit,
        "harmonica": _rounded(index.index) if index is not None else None,
        "harmonica_background": _rounded(index.background) if index is not None else None,
        "harmonica_events": _rounded(index.events) if index is not None else None,
        "intermittency": _rounded(hour.intermittency, 1),
        "noise_events": hour.events,
    }


def emergence_object(found: Emergence, unit: str) -> dict[str, Any]:
    """What stands out of what, and the limits; an estimate, not a finding in law."""
    return {
        "type": "emergence",
        "difference": _rounded(found.difference),
        "ambient": _stretch_object(found.ambient),
        "residual": _stretch_object(found.residual),
        "unit": unit,
        "duration": _rounded(found.duration, 3),
        "term": found.term,
        "limits": {limit.period.value: limit.decibels for limit in found.limits},
        "exceeded": {limit.period.value: limit.exceeded for limit in found.limits},
        "octaves": [
            {"octave": o.octave, "difference": _rounded(o.difference), "limit": o.limit, "exceeded": o.exceeded}
            for o in found.octaves
        ],
        "sought_inside": found.sought_inside,
        "sought_elsewhere": found.sought_elsewhere,
        "finding_in_law": False,
    }


def _stretch_object(stretch: Stretch) -> dict[str, Any]:
    octaves = {name: _rounded(level) for name, level in stretch.octaves if level is not None}
    return {"laeq": _rounded(stretch.laeq), "seconds": _rounded(stretch.seconds, 3), "octaves": octaves}


def _level_object(line: SecondLevels, unit: str) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "level", "t": _rounded(line.t_end, 3)}
    for name in ("laeq", "lceq", "lzeq", "lafmax", "lasmax", "lcpeak"):
        made[name] = _rounded(getattr(line, name)) if line.usable else None
    made["unit"] = unit
    if not line.valid:
        made["valid"] = False
        made["seconds"] = _rounded(line.seconds, 3)
    if line.overload:
        made["overload"] = True
    return made


def _detection_object(heard: Heard) -> dict[str, Any]:
    digits = 4 if heard.onset == heard.offset else 2
    return {
        "type": "detection",
        "kind": heard.kind,
        "onset": _rounded(heard.onset, digits),
        "offset": _rounded(heard.offset, digits),
        "confidence": _rounded(heard.confidence),
        "level": _rounded(heard.level),
    }


def defect_object(defect: Defect) -> dict[str, Any]:
    """Something wrong with the file."""
    return {
        "type": "defect",
        "kind": defect.kind,
        "at": _rounded(defect.at, 3),
        "seconds": _rounded(defect.seconds, 4),
    }


def summary_object(hearing: Hearing) -> dict[str, Any]:
    """What the whole recording comes to."""
    found = hearing.indicators()
    return {
        "type": "summary",
        "laeq": _rounded(found.laeq),
        "lceq": _rounded(found.lceq),
        "lzeq": _rounded(found.lzeq),
        "lafmax": _rounded(found.lafmax),
        "lcpeak": _rounded(found.lcpeak),
        **{f"l{percentile}": _rounded(value) for percentile, value in found.percentiles.items()},
        "unit": hearing.unit,
        "seconds": _rounded(hearing.length, 3),
        "valid_seconds": _rounded(found.valid, 3),
        "overload_seconds": found.overloads,
        "detections": hearing.detection_counts(),
        "sources": [[source, _rounded(score)] for source, score in hearing.best_sources()],
        "sel": _rounded(hearing.totals.sel),
        "intermittency": _rounded(hearing.totals.intermittency, 1),
        "harmonica": _rounded(hearing.harmonica()),
        "noise_events": len(hearing.events),
        **_day_fields(hearing.day()),
    }


def _day_fields(day: DayIndicators | None) -> dict[str, Any]:
    if day is None:
        return {"lden": None}
    return {
        "lden": _rounded(day.lden),
        "lday": _rounded(day.lday),
        "levening": _rounded(day.levening),
        "lnight": _rounded(day.lnight),
        "day_coverage": [_rounded(share, 4) for share in day.coverage],
    }


def as_line(made: dict[str, Any]) -> str:
    """``made`` as one line."""
    return json.dumps(made, allow_nan=False, separators=(",", ":"))


def _named(names: tuple[str, ...], values: tuple[float | None, ...]) -> dict[str, float]:
    """Bands that have a level; the others are left out."""
    return {name: round(value, 2) for name, value in zip(names, values, strict=True) if value is not None}


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
