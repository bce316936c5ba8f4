"""The field's own measures of detection, computed by its own library: PSDS over all thresholds, event F1 at one.

``sed_scores_eval`` (Ebbers et al., ICASSP 2022) computes them exactly. It is not among the laboratory's locked
packages, since it is published as source only and has to be compiled; without it everything else is measured and these
say why they are not. PSDS1 asks for boundaries (detection and ground truth cover 70 % of each other), PSDS2 for the
right class (10 %, with a price on confusions), both up to 100 false alarms an hour (DCASE 2023, task 4). The F1 of
events counts those whose onset is within 200 ms, whenever they end.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

ONSET_COLLAR = 0.2
MISSING = "sed_scores_eval is not installed (pip install sed_scores_eval 'pandas<3', with a C++ compiler)"
UNUSABLE = "sed_scores_eval is installed but cannot be loaded"
"""As when something that it imports is missing or too new; the reason stands behind it in brackets."""
TOO_FEW = "sed_scores_eval 0.0.4 measures no class that is alone"
_ANY_OFFSET = 1e4
_PSDS1 = {"dtc_threshold": 0.7, "gtc_threshold": 0.7, "cttc_threshold": None, "alpha_ct": 0.0, "alpha_st": 1.0}
_PSDS2 = {"dtc_threshold": 0.1, "gtc_threshold": 0.1, "cttc_threshold": 0.3, "alpha_ct": 0.5, "alpha_st": 1.0}
_MOST_AN_HOUR = 100.0

Truth = Mapping[str, Sequence[tuple[float, float, str]]]


class ClassScores(Struct, frozen=True):
    """Measures of one class; ``f1`` at the threshold in use, ``best_f1`` at the best one of these very scenes."""

    psds1: float
    psds2: float
    f1: float
    best_f1: float


class ScoreTable(Struct, frozen=True):
    """Scores of one recording: ``values`` (ticks, classes) between the times ``edges`` (ticks + 1)."""

    edges: NDArray[np.float64]
    values: NDArray[np.float32]


def class_scores(
    tables: Mapping[str, ScoreTable], classes: Sequence[str], truth: Truth, thresholds: Mapping[str, float]
) -> dict[str, ClassScores] | str:
    """Measures of every class, or why there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, of old calls to pandas
        try:
            library: Any = importlib.import_module("sed_scores_eval")
            frame = importlib.import_module("sed_scores_eval.base_modules.scores").create_score_dataframe
        except ImportError as error:
            return MISSING if error.name == "sed_scores_eval" else f"{UNUSABLE} ({error})"
        if len(classes) < 2:
            return TOO_FEW
        return _computed(library, frame, tables, classes, truth, thresholds)


def _computed(
    library: Any,
    frame: Any,
    tables: Mapping[str, ScoreTable],
    classes: Sequence[str],
    truth: Truth,
    thresholds: Mapping[str, float],
) -> dict[str, ClassScores]:
    scores = {name: frame(t.values, timestamps=t.edges, event_classes=list(classes)) for name, t in tables.items()}
    durations = {name: float(t.edges[-1]) for name, t in tables.items()}
    known = {name: [event for event in truth.get(name, ()) if event[2] in classes] for name in tables}
    common = {"scores": scores, "ground_truth": known}
    areas = [
        library.intersection_based.psds(
            **common, audio_durations=durations, unit_of_time="hour", max_efpr=_MOST_AN_HOUR, **setting
        )[1]
        for setting in (_PSDS1, _PSDS2)
    ]
    collar = {"onset_collar": ONSET_COLLAR, "offset_collar": _ANY_OFFSET, "offset_collar_rate": 0.0}
    at_threshold = library.collar_based.fscore(**common, threshold=dict(thresholds), **collar)[0]
    best = library.collar_based.best_fscore(**common, **collar)[0]
    return {
        name: ClassScores(
            psds1=round(float(areas[0][name]), 4),
            psds2=round(float(areas[1][name]), 4),
            f1=round(float(at_threshold[name]), 4),
            best_f1=round(float(best[name]), 4),
        )
        for name in classes
    }
