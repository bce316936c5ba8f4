"""What ``listen`` says of a recording, in English and French."""

from __future__ import annotations

import typer

from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.config import preferred_language
from clairvoie.oversight.wording import LANGUAGES, Text

HAZARDS: dict[HazardKind, Text] = {
    HazardKind.GLASS_BREAKING: Text("glass breaking", "bris de verre"),
    HazardKind.FIREWORK: Text("firework", "pétard ou feu d’artifice"),
    HazardKind.IMPULSE: Text("impulse", "détonation"),
    HazardKind.ALARM_SOUNDING: Text("alarm sounding", "alarme"),
    HazardKind.SUSTAINED_HORN: Text("sustained horn", "klaxon prolongé"),
}
SOURCES: dict[NoiseSource, Text] = {
    NoiseSource.TRAFFIC: Text("traffic", "circulation"),
    NoiseSource.HORN: Text("horn", "klaxon"),
    NoiseSource.SIREN: Text("siren", "sirène"),
    NoiseSource.RAIL: Text("rail", "train"),
    NoiseSource.AIRCRAFT: Text("aircraft", "avion"),
    NoiseSource.WORKS: Text("works", "travaux"),
    NoiseSource.ALARM: Text("alarm", "alarme"),
    NoiseSource.MUSIC: Text("music", "musique"),
    NoiseSource.BELLS: Text("bells", "cloches"),
    NoiseSource.DOG: Text("dog", "chien"),
    NoiseSource.ANIMAL: Text("animal", "animal"),
    NoiseSource.RAIN: Text("rain", "pluie"),
    NoiseSource.WIND: Text("wind", "vent"),
    NoiseSource.THUNDER: Text("thunder", "tonnerre"),
    NoiseSource.WATER: Text("water", "eau"),
    NoiseSource.OTHER: Text("other", "autre"),
}

AT_RATE = Text("{length} at {rate} Hz", "{length} à {rate} Hz")
CHANNEL = Text("channel {number} of {count}", "canal {number} sur {count}")
BEGUN = Text("begun {moment}", "début {moment}")
CALIBRATED = Text("calibration {calibration:g} dB", "étalonnage {calibration:g} dB")
NOT_CALIBRATED = Text("not calibrated: dBFS after AES17", "sans étalonnage : dBFS selon AES17")
FROM = Text("from", "de")
TO = Text("to", "à")
HEARD = Text("heard", "entendu")
FILE = Text("file", "fichier")
LENGTH = Text("length", "durée")
FILES = Text("{count} recording(s), {length} in all", "{count} enregistrement(s), {length} en tout")
AND_THEN = Text("{first}; {then}", "{first} ; {then}")
EVENTS_LONG = Text("noise events", "événements")
LEVELS_IN = Text("levels in {unit}", "niveaux en {unit}")
EVENTS_SHORT = Text("events", "évén.")
MORE_FILES = Text("… and {count} more; --csv has all", "… et {count} de plus ; --csv les a tous")
OVERLOAD = Text("overload", "saturation")
GAP = Text("gap", "lacune")
NO_HAZARD = Text("No hazard was detected.", "Aucun danger détecté.")
NO_HAZARD_SHORT = Text("no hazard", "aucun danger")
DETECTIONS = Text("Detections", "Détections")
HAZARD = Text("hazard", "danger")
CONFIDENCE = Text("confidence", "confiance")
RULE = Text("rule", "règle")
LEVEL_IN = Text("level in {unit}", "niveau en {unit}")
NOISE_SOURCES = Text("Noise sources: {sources}", "Sources de bruit : {sources}")
EVENTS = Text("Noise events", "Événements sonores")
EVENT_COUNT = Text("{count} noise events", "{count} événements sonores")
ONE_EVENT = Text("1 noise event", "1 événement sonore")
NO_EVENT = Text("no noise event", "aucun événement sonore")
SOURCE = Text("source", "source")
START = Text("start", "début")
DURATION = Text("duration", "durée")
UNKNOWN = Text("not known", "inconnue")
MORE = Text("… and {count} more; --json and --csv have all", "… et {count} de plus ; --json et --csv les ont tous")
INTERMITTENCY = Text("intermittency {value:.0f} %", "intermittence {value:.0f} %")
HARMONICA = Text("Harmonica {value:.1f}", "Harmonica {value:.1f}")
HARMONICA_NEEDS = Text(
    "Harmonica needs a calibration and an hour.", "L’indice Harmonica demande un étalonnage et une heure."
)
TIMES = Text("{what} {count} times", "{what} {count} fois")
AT = Text("{what} at {when}", "{what} à {when}")

LAEQ_EACH = Text("LAeq each second", "LAeq chaque seconde")
LAEQ_RANGE = Text("LAeq, the range of its seconds shaded", "LAeq, étendue de ses secondes ombrée")
LAF_THIN = Text("LAF thin", "LAF en trait fin")
EVENTS_BELOW = Text("noise events below, by source", "événements sonores en bas, par source")
NIGHT = Text("night", "nuit")
RESIDUAL = Text("residual", "résiduel")
SOURCES_SHORT = Text("sources", "sources")
SOURCES_TIME = Text("source, of the time", "source, du temps")
INDICATORS = Text("indicators, {unit}", "indicateurs, {unit}")
INTERMITTENCY_SHORT = Text("intermittency", "intermittence")
PER_TWELFTH = Text("per 1/12 octave", "par 1/12 d’octave")

EMERGENCE = Text(
    "Emergence {difference} dB(A): ambient {ambient} ({ambient_time}) less residual {residual} ({residual_time})",
    "Émergence {difference} dB(A) : bruit ambiant {ambient} ({ambient_time}) moins bruit résiduel {residual} "
    "({residual_time})",
)
NO_EMERGENCE = Text(
    "Emergence: one of the intervals is digital silence.", "Émergence : un des intervalles est du silence numérique."
)
PERIODS = {"day": Text("day, 7 to 22 h", "jour, 7 h à 22 h"), "night": Text("night, 22 to 7 h", "nuit, 22 h à 7 h")}
LIMIT = Text(
    "  {period}: limit {limit:g} dB(A) ({base:g} + {term} for {duration}): {verdict}",
    "  {period} : limite {limit:g} dB(A) ({base:g} + {term} pour {duration}) : {verdict}",
)
EXCEEDED = Text("exceeded", "dépassée")
KEPT = Text("not exceeded", "non dépassée")
OCTAVES = Text(
    "  by octave, for equipment of professional activities heard in a main room: {octaves}",
    "  par octave, pour les équipements d’activités professionnelles perçus dans une pièce principale : {octaves}",
)
OCTAVE = Text("{octave} Hz {difference} (limit {limit:g}{mark})", "{octave} Hz {difference} (limite {limit:g}{mark})")
NOT_SOUGHT_INSIDE = Text(
    "  The ambient noise is not above 25 dB(A): inside a main room no emergence is looked for.",
    "  Le bruit ambiant ne dépasse pas 25 dB(A) : dans une pièce principale, l’émergence n’est pas recherchée.",
)
NOT_SOUGHT = Text(
    "  The ambient noise is not above 30 dB(A): elsewhere than inside a main room no emergence is looked for.",
    "  Le bruit ambiant ne dépasse pas 30 dB(A) : hors d’une pièce principale, l’émergence n’est pas recherchée.",
)
THRESHOLDS_UNKNOWN = Text(
    "  Not calibrated: whether the ambient noise exceeds 25 or 30 dB(A), below which none is looked for, is not known.",
    "  Sans étalonnage : on ne sait pas si le bruit ambiant dépasse les 25 et 30 dB(A) en deçà desquels elle n’est pas "
    "recherchée.",
)
TERM_FLATTERS = Text(
    "  The duration term counts what was recorded; a noise that appears longer has less: --appears.",
    "  Le terme de durée ne compte que l’enregistrement ; un bruit qui dure davantage en a moins : --appears.",
)
SHORT_AMBIENT = Text(
    "  The ambient noise has to be measured over at least 10 seconds.",
    "  Le bruit ambiant doit être mesuré sur au moins 10 secondes.",
)
NO_FINDING = Text(
    "  An estimate from a recording, no finding in law: that takes NF S 31-010, a class 1 chain and a sworn officer.",
    "  Estimation d’après un enregistrement, pas un constat : il y faut la norme NF S 31-010, une chaîne de classe 1 "
    "et un agent assermenté.",
)


def spoken(language: str | None) -> str:
    """The language to speak: as asked, else that of the environment."""
    chosen = language or preferred_language()
    if chosen not in LANGUAGES:
        raise typer.BadParameter(f"--language is fr or en, not {chosen!r}")
    return chosen


def number(value: float | None, language: str, digits: int = 1) -> str:
    """A number as it is written in ``language``, with a true minus sign.

    >>> number(-3.14, "fr"), number(None, "en")
    ('−3,1', '–')
    """
    if value is None:
        return "–"
    text = f"{value:.{digits}f}".replace("-", "−")
    return text.replace(".", ",") if language == "fr" else text
