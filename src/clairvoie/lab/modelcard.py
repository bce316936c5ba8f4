"""The model card: what was learned from, by whom, how, how well, and where it fails, as JSON and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import Calibration, HazardRule
from clairvoie.lab import classes
from clairvoie.lab.bench_street import Share, StreetFigures
from clairvoie.lab.dataset import Clip
from clairvoie.lab.exposure import FalseAlarms

COLUMNS = ("alone", "20", "10", "0")

LIMITS = """\
- False detections of glass are far too many for a duty desk: clinking dishes, hard footsteps, beeps and firecrackers
  set it off, over the café and the footsteps of the test backgrounds most of all. Keep the kind on `trial`.
- A score is not a probability, and a detection is a claim, not a fact: a person decides.
- Few recordings stand behind each class (about 24 of breaking glass) and 8 in the test fold: the intervals are wide. A
  clip of ESC-50 is at most 5 seconds long and was recorded by anybody with anything.
- Alarms and horns that last were made by repeating clips without a pause, in tests too.
- Bangs: a firework and a gunshot are not told apart, and gunshots were not learned. A firework needs two bangs within
  three seconds or 1.2 s of sound; scores last longer than a bang, so two that follow closely count as one.
- Dishes, bottles and cans that fall hard are close to glass; keys, coins and cutlery were hardly there to learn from.
- Streets are missing: among the training backgrounds is no real street at all, so traffic is engines and synthesis.
- Bands end at 7.5 kHz; a stream under 16 kHz lacks the upper ones and is not tested.
- Voices are learned only to be withheld. Where they score half of what the best source does, no source is named; where
  other sounds dominate more, they are. The share of spoken time in which a source is named all the same is given above.
"""


HEAD = """\
Fold {fold} of ESC-50 (all licences), alone and over backgrounds that were not trained on, at A-weighted signal-to-noise
ratios of 20, 10 and 0 dB; hazards over each of the seven, everything else over one. Hits of trials. YAMNet hears the
same trials of its hazards; it detects at a score of 0.3, windows of 0.975 s every 0.48 s."""
EXPOSURE = """\
Detections in what does not hold the hazard, an hour (95 % Poisson interval). The exposure is dense with sounds that
resemble hazards: no forecast for a street. Clips alone are too short to hold a lasting alarm or horn."""


def card_of(
    *,
    sha256: str,
    width: int,
    parameters: int,
    rules: Mapping[HazardKind, HazardRule],
    calibration: Mapping[HazardKind, Calibration],
    learned: Sequence[Clip],
    training: Mapping[str, Any],
    figures: StreetFigures | None,
) -> dict[str, Any]:
    """The card as it is written to ``street.json``."""
    return {
        "version": 1,
        "sha256": sha256,
        "outputs": classes.OUTPUTS,
        "width": width,
        "rules": rules,
        "calibration": calibration,
        "parameters": parameters,
        "training": training,
        "clips_by_licence": dict(Counter(clip.licence for clip in learned)),
        "clips_by_class": dict(sorted(Counter(clip.label for clip in learned).items())),
        "backgrounds": classes.TRAIN_BACKGROUNDS,
        "figures": figures,
    }


def write_card(card: Mapping[str, Any], folder: Path) -> None:
    """``street.json`` and ``street.md`` in ``folder``."""
    encoded = msgspec.json.format(msgspec.json.encode(card, order="deterministic"), indent=1)
    (folder / "street.json").write_bytes(encoded + b"\n")
    (folder / "street.md").write_text(card_text(card), encoding="utf-8")


def write_credits(learned: Sequence[Clip], attribution: Path, folder: Path) -> None:
    """``street-credits.txt``: the line of the data set's own credits for each clip learned from."""
    ids = {f"/{clip.freesound}/" for clip in learned}
    lines = attribution.read_text(encoding="utf-8", errors="replace").splitlines()
    kept = [line for line in lines if line.startswith("- [") and any(part in line for part in ids)]
    head = (
        "Recordings that the weights of street.onnx were learned from (ESC-50, K. J. Piczak 2015, clips under CC0 and\n"
        "CC BY, https://creativecommons.org/licenses/by/3.0/). They were cut, mixed, filtered and made spectra.\n"
    )
    (folder / "street-credits.txt").write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")


def card_text(card: Mapping[str, Any]) -> str:
    """The card for people, in Markdown."""
    training = card["training"]
    made = (
        f"SHA-256 `{card['sha256']}` · {card['parameters']:,} parameters · made by `{training['command']}` "
        f"(seed {training['seed']}, {training['epochs']} epochs; averaged weights of the end). "
        f"{training.get('note', '')}"
    ).rstrip()
    chosen = (
        "Durations follow from what the hazards mean. `enter` was chosen on "
        f"{training.get('thresholds_from', 'nothing: these are starting values')}, never on the test fold."
    )
    parts = [
        "# Model card: street.onnx",
        made,
        "## What it says",
        _says(card),
        "## What it learned from",
        _learned(card),
    ]
    parts += ["## Rules of detections", "\n".join(rules_table(card["rules"])), chosen]
    if card["figures"] is not None:
        parts += ["## How well", figures_text(card["figures"])]
    return "\n\n".join([*parts, "## Limits", LIMITS])


def _says(card: Mapping[str, Any]) -> str:
    outputs = ", ".join(f"`{name}`" for name in card["outputs"])
    return (
        f"Ten times a second a score from 0 to 1 for {outputs}. `withheld` stays inside the sensor. A tick is scored "
        "0.4 to 0.95 s after it has ended."
    )


def _learned(card: Mapping[str, Any]) -> str:
    licences = ", ".join(f"{count} {name}" for name, count in sorted(card["clips_by_licence"].items()))
    return (
        f"{sum(card['clips_by_licence'].values())} clips of ESC-50, folds {card['training']['folds']} ({licences}; "
        "credits in `street-credits.txt`); sounds made by the laboratory itself "
        "(glass, bells, sirens, ISO 8201 alarms, horns, engines, traffic, rain, wind, fireworks, knocks, dishes, keys, "
        "beeps; babble to be withheld; bangs as an example of nothing); sentences by espeak-ng and four recorded ones, "
        "to be "
        f"withheld; over the backgrounds {', '.join(card['backgrounds'])}. Never: Freesound ids 131943 and 134049, "
        "UrbanSound8K, the test backgrounds."
    )


def rules_table(rules: Mapping[HazardKind, HazardRule]) -> list[str]:
    """Rows of the table of rules."""
    rows = [
        "| hazard | enter | leave | sounding | since onset | or entered | over after |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, rule in rules.items():
        times = f"{rule.times} times" if rule.times else "–"
        rows.append(
            f"| {kind} | {rule.enter} | {rule.leave} | {rule.sounding} s | {rule.span} s | {times} | {rule.gap} s |"
        )
    return rows


def figures_text(figures: StreetFigures) -> str:
    """The figures as Markdown, for the card and for the command line."""
    hazards = share_table("hazard, detected", figures.hazards)
    if isinstance(figures.yamnet, str):
        hazards.append(f"| YAMNet | {figures.yamnet} | | | |")
    else:
        hazards += share_table("", figures.yamnet)[2:]
    false = alarm_table({**figures.false_alarms, **figures.yamnet_false_alarms})
    came = "; ".join(f"{kind}: {_most(counts)}" for kind, counts in figures.false_by_label.items())
    under = "; ".join(f"{kind}: {_most(counts)}" for kind, counts in figures.false_by_background.items())
    paragraphs = (
        HEAD.format(fold=figures.fold),
        "\n".join(hazards),
        "A source is right when it is the best named one over the sound, as `listen` says it.",
        "\n".join(share_table("source, named", figures.sources)),
        EXPOSURE,
        "\n".join(false),
        f"Sounds in whose trials they fell: {came}. Backgrounds of those trials: {under}.",
        _speech_text(figures),
        f"Cost: {figures.milliseconds_per_stream_second:.2f} ms of one core a second of sound (16 kHz, whole files).",
    )
    return "\n\n".join(paragraphs)


def _speech_text(figures: StreetFigures) -> str:
    named, speech = figures.speech_seconds_named, figures.false_alarms["glass-breaking"].get("speech")
    spoken = f" ({speech.hours * 60:.1f} minutes)" if speech else ""
    return (
        f"Speech that was not learned{spoken}: {figures.speech_detections} detections; a source is named in "
        f"{named.hits / max(1, named.of):.1%} of the tenths of a second."
    )


def share_table(title: str, table: Mapping[str, Mapping[str, Share]]) -> list[str]:
    """Rows of a table of hits, a column for each ratio."""
    rows = [f"| {title} | alone | 20 dB | 10 dB | 0 dB |", "|---|---|---|---|---|"]
    for name, cells in table.items():
        shown = (cells.get(column) for column in COLUMNS)
        rows.append(
            "| " + " | ".join([name, *(f"{c.hits}/{c.of} = {c.hits / c.of:.0%}" if c else "–" for c in shown)]) + " |"
        )
    return rows


def alarm_table(table: Mapping[str, Mapping[str, FalseAlarms]]) -> list[str]:
    """Rows of a table of false detections, a column for each exposure."""
    exposures = list(next(iter(table.values())))
    rows = ["| | " + " | ".join(exposures) + " |", "|" + "---|" * (len(exposures) + 1)]
    for name, cells in table.items():
        shown = [_alarm(cells[exposure]) if exposure in cells else "–" for exposure in exposures]
        rows.append("| " + " | ".join([name, *shown]) + " |")
    return rows


def _alarm(cell: FalseAlarms) -> str:
    rate = cell.count / cell.hours
    return f"{cell.count} in {cell.hours:.2f} h: {rate:.1f} ({cell.low:.1f}–{cell.high:.1f})"


def _most(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in list(counts.items())[:8])
