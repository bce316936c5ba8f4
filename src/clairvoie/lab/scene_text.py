"""The result of ``lab bench street`` for people, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from clairvoie.lab.bench_scenes import Recogniser, SceneFigures
from clairvoie.lab.detection_scores import ClassScores
from clairvoie.lab.exposure import FalseAlarms, share_interval
from clairvoie.lab.operating import Curve, Point

HEAD = """\
{hours:.1f} hours of scenes from fold {fold} of ESC-50 over test backgrounds, {each} sounds of every class at each of
{ratios} dB A-weighted, in street canyons (seed {seed}). Scenes are remixes and count hits only. False alarms:
{exposure:.2f} hours of recordings as they are, each once ({sorts})."""


def scene_text(figures: SceneFigures) -> str:
    """Every table, ours and YAMNet's side by side where both know a kind."""
    exposure = figures.exposure_hours
    head = HEAD.format(
        hours=figures.scene_hours,
        fold=figures.fold,
        each=figures.sounds_of_each_class,
        ratios=", ".join(f"{ratio:.0f}" for ratio in figures.ratios),
        seed=figures.seed,
        exposure=sum(exposure.values()),
        sorts=", ".join(f"{sort} {hours:.2f} h" for sort, hours in exposure.items()),
    )
    parts = [head]
    for name, recogniser in figures.recognisers.items():
        parts.append(f"**{name}**, threshold in use: found, and false alarms an hour (95 % Poisson interval).")
        parts.append("\n".join(curves_table(recogniser.curves, figures, best=False)))
        parts.append(f"**{name}**, at the threshold of most hits with at most one false alarm an hour of negatives.")
        parts.append("\n".join(curves_table(recogniser.curves, figures, best=True)))
        parts.append(f"**{name}**: PSDS1, PSDS2, F1 of events (onset within 200 ms; at best threshold).")
        parts.append("\n".join(class_table(recogniser.classes)))
        parts += [_causes(recogniser), _exposures(recogniser), _reliability(recogniser), _refusals(recogniser)]
    if figures.missing:
        parts.append(f"YAMNet: {figures.missing}.")
    return "\n\n".join(parts)


def curves_table(curves: Mapping[str, Curve], figures: SceneFigures, *, best: bool) -> list[str]:
    """Rows: hits at each ratio with their 95 % interval, and false alarms; or a dash where no threshold is allowed."""
    ratios = [f"{ratio:.0f}" for ratio in figures.ratios]
    rows = [
        "| kind | threshold | " + " | ".join(f"{ratio} dB" for ratio in ratios) + " | false alarms |",
        "|---" * (len(ratios) + 3) + "|",
    ]
    for kind, curve in curves.items():
        if not any(curve.of.values()):
            continue
        point = curve.best if best else curve.in_use
        if point is None:
            rows.append(f"| {kind} | – |" + " – |" * (len(ratios) + 1))
            continue
        cells = [_share(point, curve, ratio) for ratio in ratios]
        alarms = curve.alarms(point).text if curve.hours else "no recording without it"
        rows.append(f"| {kind} | {point.threshold:g} | " + " | ".join(cells) + f" | {alarms} |")
    return rows


def _share(point: Point, curve: Curve, ratio: str) -> str:
    hits, of = point.hits.get(ratio, 0), curve.of.get(ratio, 0)
    if not of:
        return "–"
    low, high = share_interval(hits, of)
    return f"{hits}/{of} = {hits / of:.0%} ({low:.0%}–{high:.0%})"


def class_table(classes: Mapping[str, Mapping[str, ClassScores]] | str) -> list[str]:
    """Rows by kind, columns by ratio; or the reason why there are none."""
    if isinstance(classes, str):
        return [f"Not computed: {classes}."]
    rows = ["| kind | " + " | ".join(f"{ratio} dB" for ratio in classes) + " |", "|---" * (len(classes) + 1) + "|"]
    for kind in dict.fromkeys(kind for scores in classes.values() for kind in scores):
        cells = [_scores(scores.get(kind)) for scores in classes.values()]
        rows.append(f"| {kind} | " + " | ".join(cells) + " |")
    return rows


def _scores(scores: ClassScores | None) -> str:
    if scores is None:
        return "–"
    return f"{scores.psds1:.2f}, {scores.psds2:.2f}, {scores.f1:.0%} ({scores.best_f1:.0%})"


def _causes(recogniser: Recogniser) -> str:
    said = [
        f"{kind}: " + (", ".join(f"{label} {count}" for label, count in list(causes.items())[:8]) or "nothing")
        for kind, causes in recogniser.set_off_by.items()
    ]
    return "Set off in scenes by sounds that are none (counts, no rates): " + "; ".join(said) + "."


def _exposures(recogniser: Recogniser) -> str:
    def row(sorts: Mapping[str, FalseAlarms]) -> str:
        return "; ".join(f"{sort} {alarms.text}" for sort, alarms in sorts.items())

    hazards = {kind: sorts for kind, sorts in recogniser.exposures.items() if kind in recogniser.set_off_by}
    return "False alarms by sort of recording: " + ". ".join(f"{kind}: {row(x)}" for kind, x in hazards.items()) + "."


def _reliability(recogniser: Recogniser) -> str:
    errors = ", ".join(f"{kind} {found.error:.3f}" for kind, found in recogniser.reliability.items())
    return f"Expected calibration error over all ticks: {errors}."


def _refusals(recogniser: Recogniser) -> str:
    said = [
        f"{label}: {found.named} of {found.of} named ({found.alarmed} as a hazard)"
        for label, found in recogniser.refusals.items()
    ]
    return "Sounds that there is no word for: " + "; ".join(said) + "."
