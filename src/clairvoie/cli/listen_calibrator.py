"""``listen --calibrator``: the calibration that a sound calibrator on the microphone gives, and how far it drifted.

The operator declares the level, and the window in which the calibrator was on: the whole recording, or a part of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from clairvoie.capture.recording import Recording
from clairvoie.cli.listen_options import interval
from clairvoie.detect.sound.calibration import (
    SHORTEST_SECONDS,
    CalibrationCheck,
    CalibrationRefusal,
    CalibratorListener,
    CommissioningWindow,
    judge,
)
from clairvoie.detect.sound.emergence import Interval
from clairvoie.errors import CaptureError

BLOCK_SECONDS = 1.0
VERSION = 1
WHY = {
    CalibrationRefusal.NO_WINDOW: ("no window was declared", "Give --window."),
    CalibrationRefusal.OUTSIDE_WINDOW: ("the recording has nothing in the window", "Check --window."),
    CalibrationRefusal.NO_TONE: ("there is no tone in the window", "Check --window and that the calibrator was on."),
    CalibrationRefusal.TOO_SHORT: (
        "the tone is too short",
        f"Leave the calibrator on for {SHORTEST_SECONDS + 2:g} s or more.",
    ),
    CalibrationRefusal.OVERLOADED: ("the tone is overloaded", "Turn the gain down, or use 94 dB."),
    CalibrationRefusal.WRONG_FREQUENCY: ("the tone is not one of 1 kHz", "Use a calibrator of 1 kHz."),
    CalibrationRefusal.IMPURE: (
        "there is too much beside the tone",
        "Seat the calibrator close around the microphone, out of wind and noise.",
    ),
    CalibrationRefusal.NOT_STEADY: ("the level is not steady", "Hold the calibrator still and check its battery."),
    CalibrationRefusal.IMPLAUSIBLE: (
        "the calibration is far from the last one",
        "Check the declared level; if the microphone is another one, say --new-microphone.",
    ),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What the operator says: the calibrator's level, when it was on, the calibration until now, and whether the
    microphone is another one."""

    level: float | None
    window: str | None
    last: float | None
    new_microphone: bool


def calibrator_heard(files: Sequence[Path], reading: dict[str, Any], declared: Declared, *, as_json: bool) -> bool:
    """Print what the calibrator of one recording gives; false where none was declared.

    Raises ``ClairvoieError`` where it gives no calibration, and ``BadParameter`` for options that do not go together.
    """
    if declared.level is None:
        if declared.window is not None or declared.new_microphone:
            raise typer.BadParameter("--window and --new-microphone are about a calibrator; give --calibrator as well")
        return False
    if len(files) != 1 or files[0].is_dir():
        raise typer.BadParameter("--calibrator is about one recording; give one FILE")
    window = None if declared.window is None else interval(declared.window)
    found = check_calibrator(
        Recording(files[0], **reading),
        declared.level,
        window,
        last=declared.last,
        new_microphone=declared.new_microphone,
    )
    print_check(found, declared.level, as_json=as_json)
    return True


def check_calibrator(
    recording: Recording, level: float, window: Interval | None, *, last: float | None, new_microphone: bool
) -> CalibrationCheck:
    """What the calibrator of ``level`` dB in ``window`` of ``recording`` gives; without a window in all of it.

    Raises ``InvalidValue`` for a level that no calibrator has, and for a window of more than an hour.
    """
    whole = Interval(0.0, recording.duration or 3600.0)
    start, end = (window or whole).start, (window or whole).end
    declared = CommissioningWindow(start=start, end=end, level=level, new_microphone=new_microphone)
    listener = CalibratorListener(recording.rate, declared)
    for block in recording.blocks(BLOCK_SECONDS):
        listener.feed(block)
    return judge(listener.moments, declared, last=last)


def print_check(check: CalibrationCheck, level: float, *, as_json: bool) -> None:
    """Print what was found. Raises ``CaptureError`` where it is a refusal."""
    if as_json:
        print(json.dumps(_check_object(check, level), allow_nan=False, separators=(",", ":")))
    elif check.refusal is None:
        print("\n".join(_check_lines(check, level)))
    if check.refusal is not None:
        reason, remedy = WHY[check.refusal]
        raise CaptureError(f"no calibration: {reason}", _offending(check), remedy)


def _check_object(check: CalibrationCheck, level: float) -> dict[str, object]:
    return {
        "type": "calibrator",
        "version": VERSION,
        "declared": level,
        "outcome": "accepted" if check.refusal is None else check.refusal.value,
        "calibration": _rounded(check.calibration, 2),
        "drift": _rounded(check.drift, 2),
        "seconds": check.seconds,
        "hertz": _rounded(check.hertz, 2),
        "distortion": _rounded(check.distortion, 4),
        "fluctuation": _rounded(check.fluctuation, 3),
    }


def _check_lines(check: CalibrationCheck, level: float) -> list[str]:
    drift = "not known: give --calibration" if check.drift is None else f"{check.drift:+.2f} dB since the last one"
    tone = (
        f"{check.hertz:.1f} Hz for {check.seconds:g} s at {level:g} dB, within {check.fluctuation:.2f} dB of its mean"
    )
    return [
        f"calibration  {check.calibration:.2f} dB (a full-scale sine): use --calibration {check.calibration:.2f}",
        f"drift        {drift}",
        f"tone         {tone}, distortion and noise {check.distortion:.1%}",
    ]


def _offending(check: CalibrationCheck) -> str | None:
    """The figure that is refused, with its unit."""
    figures = {
        CalibrationRefusal.TOO_SHORT: f"{check.seconds:g} s",
        CalibrationRefusal.WRONG_FREQUENCY: f"{check.hertz or 0.0:.1f} Hz",
        CalibrationRefusal.IMPURE: f"{check.distortion or 0.0:.1%} distortion and noise",
        CalibrationRefusal.IMPLAUSIBLE: f"{check.calibration or 0.0:.2f} dB",
    }
    if check.fluctuation is not None:
        figures[CalibrationRefusal.NOT_STEADY] = f"{check.fluctuation:.2f} dB from its mean"
    return None if check.refusal is None else figures.get(check.refusal)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
