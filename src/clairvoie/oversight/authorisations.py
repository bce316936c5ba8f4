"""What an act says, in words: who allows what, where, when, what for, on what law, to whom, and what it does not allow.

:func:`sentences` and :func:`not_allowed` are pure and say nothing that the act does not; the command line, the notice
for the town hall and the desk all show these words.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    ObservationKind,
    Recipient,
    Suspension,
    day_of,
    end_of_day,
)
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.polygon import Point
from clairvoie.oversight.wording import (
    FIELDS,
    HAZARDS,
    OBSERVATIONS,
    RECIPIENT_KINDS,
    Text,
    day,
    hours,
    listed,
    moment,
    number,
    until,
)

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


class Passage(NamedTuple):
    """Something an act says: ``key`` names it for programs, ``heading`` and ``lines`` for people."""

    key: str
    heading: str
    lines: tuple[str, ...]


HEADINGS = {
    "authority": Text("Who allows it", "Qui l’autorise"),
    "purpose": Text("What for", "Pour quoi faire"),
    "reports": Text("What may be reported", "Ce qui peut être signalé"),
    "sensors": Text("By which sensors", "Par quels capteurs"),
    "place": Text("Where", "Où"),
    "period": Text("From when to when", "De quand à quand"),
    "hours": Text("At which hours", "À quelles heures"),
    "law": Text("On what legal ground", "Sur quel fondement juridique"),
    "assessment": Text("Impact assessment", "Analyse d’impact"),
    "recipients": Text("Who is told", "Qui est informé"),
    "retention": Text("How long it is kept", "Combien de temps c’est conservé"),
    "models": Text("Which recognisers may run", "Quels modèles de reconnaissance peuvent fonctionner"),
    "leases": Text("If a sensor loses its hub", "Si un capteur perd son serveur"),
    "contact": Text("Whom to write to", "À qui écrire"),
}
NO_HAZARD = Text("No hazard: nothing here raises an alert.", "Aucun danger : rien ici ne déclenche d’alerte.")
NO_OBSERVATION = Text("No measurement is reported.", "Aucune mesure n’est transmise.")
MEASURED = Text("Measured: {what}.", "Mesuré : {what}.")
HAZARD = Text("Reported as a hazard: {what}.", "Signalé comme danger : {what}.")
NO_HOURS = Text("At no hour.", "À aucune heure.")
ZONE = Text("Hours on the clock in {zone}.", "Heures à l’horloge de {zone}.")
NO_SENSOR = Text("None.", "Aucun.")
AREA = Text(
    "Inside a polygon of {corners} corners, {size}, drawn on the notice and listed in the act.",
    "À l’intérieur d’un polygone de {corners} sommets, {size}, dessiné sur l’affiche et énuméré dans l’acte.",
)
UNTIL_TEXT = Text("; in force until {until}", " ; en vigueur jusqu’au {until}")
NO_END = Text("; it names no end", " ; sans date de fin")
OF_DATE = Text("of {date}", "du {date}")
NOBODY = Text(
    "Nobody is told of incidents or given levels.", "Personne n’est informé d’incidents ni ne reçoit de niveaux."
)
TOLD = Text("{name} ({kind}): {fields}. Purpose: {purpose}.", "{name} ({kind}) : {fields}. Finalité : {purpose}.")
NOTHING = Text("nothing", "rien")
KEPT = Text(
    "At most: levels {levels} days; detections {detections} days; incidents {incidents} days; signed records "
    "{records} days. Sound and pictures: never.",
    "Au plus : niveaux {levels} jours ; détections {detections} jours ; incidents {incidents} jours ; enregistrements "
    "signés {records} jours. Sons et images : jamais.",
)
NO_MODEL = Text(
    "The act names none, so it does not say which one may run.",
    "L’acte n’en désigne aucun ; il ne dit donc pas lequel peut fonctionner.",
)
NOT_NEEDED = Text("None is needed: nothing is recognised.", "Aucun n’est nécessaire : rien n’est reconnu.")
LEASE = Text(
    "It falls silent and captures nothing after {minutes}, until the hub assents again.",
    "Il se tait et ne capte plus rien après {minutes}, jusqu’à un nouvel accord du serveur.",
)
MINUTES, SECONDS = Text("{n} minutes", "{n} minutes"), Text("{n} seconds", "{n} secondes")
NO_CONTACT = Text("The act names nobody.", "L’acte ne désigne personne.")
PERIOD = Text("From {starts} until {ends}; never after.", "Du {starts} jusqu’{ends} ; jamais après.")
EXERCISE = Text("EXERCISE", "EXERCICE")


def sentences(act: Authorisation, language: str) -> tuple[Passage, ...]:
    """Everything that ``act`` says, passage by passage, in ``fr`` or ``en``."""
    zone = act.time_zone
    texts = {
        "authority": (act.authority,),
        "purpose": (act.purpose,),
        "reports": _reports(act, language),
        "sensors": (", ".join(act.sensors) or NO_SENSOR.to(language),),
        "place": (_area(act, language),),
        "period": (
            PERIOD.to(language, starts=moment(act.starts, zone, language), ends=until(act.ends, zone, language)),
        ),
        "hours": (*_hours(act, language), ZONE.to(language, zone=zone)),
        "law": tuple(_law(act, language)),
        "assessment": (act.impact_assessment,),
        "recipients": tuple(recipient(one, language) for one in act.recipients) or (NOBODY.to(language),),
        "retention": (_retention(act, language),),
        "models": tuple(f"SHA-256 {digest}" for digest in act.models) or (_no_model(act).to(language),),
        "leases": (LEASE.to(language, minutes=duration(act.lease_seconds, language)),),
        "contact": (act.contact or NO_CONTACT.to(language),),
    }
    return tuple(Passage(key, HEADINGS[key].to(language), lines) for key, lines in texts.items())


def _reports(act: Authorisation, language: str) -> tuple[str, ...]:
    measured = (
        listed([OBSERVATIONS[kind].to(language) for kind in act.observations], language) if act.observations else ""
    )
    dangers = listed([HAZARDS[kind].to(language) for kind in act.hazards], language) if act.hazards else ""
    return (
        MEASURED.to(language, what=measured) if measured else NO_OBSERVATION.to(language),
        HAZARD.to(language, what=dangers) if dangers else NO_HAZARD.to(language),
    )


def recognises(act: Authorisation) -> bool:
    """Whether ``act`` allows something that a recogniser says: a hazard, or a source of noise."""
    return bool(act.hazards) or ObservationKind.NOISE_SOURCES in act.observations


def _no_model(act: Authorisation) -> Text:
    return NO_MODEL if recognises(act) else NOT_NEEDED


def _hours(act: Authorisation, language: str) -> tuple[str, ...]:
    return tuple(_sentence(hours(one, language)) for one in act.hours) or (NO_HOURS.to(language),)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _law(act: Authorisation, language: str) -> list[str]:
    lines = []
    for text in act.legal_texts:
        end = UNTIL_TEXT.to(language, until=day(text.until, language)) if text.until else NO_END.to(language)
        where = f" ({text.reference})" if text.reference else ""
        lines.append(f"{text.title} {OF_DATE.to(language, date=day(text.date, language))}{where}{end}.")
    return lines


def _retention(act: Authorisation, language: str) -> str:
    kept = act.retention
    return KEPT.to(
        language, levels=kept.levels_days, detections=kept.detections_days, incidents=kept.incidents_days,
        records=kept.records_days,
    )  # fmt: skip


def _area(act: Authorisation, language: str) -> str:
    square = area(act.polygon)
    size = f"{number(square / 1e6, 2, language)} km²" if square >= 1e5 else f"{square:.0f} m²"
    return AREA.to(language, corners=len(act.polygon), size=size)


def area(polygon: tuple[Point, ...]) -> float:
    """Square metres, on the plane that touches the middle of the polygon.

    >>> round(area(((0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0))) / 1e4)
    124
    """
    north = METRES_PER_DEGREE
    east = METRES_PER_DEGREE * math.cos(math.radians(sum(latitude for latitude, _ in polygon) / len(polygon)))
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(y1 * x2 - y2 * x1 for (y1, x1), (y2, x2) in pairs)) / 2 * north * east


def recipient(one: Recipient, language: str) -> str:
    """Who is told what, and what for."""
    told = listed([FIELDS[field].to(language) for field in one.fields], language) if one.fields else ""
    return TOLD.to(
        language, name=one.name, kind=RECIPIENT_KINDS[one.kind].to(language), fields=told or NOTHING.to(language),
        purpose=one.purpose.rstrip("."),
    )  # fmt: skip


def duration(seconds: int, language: str) -> str:
    """A lease's length in words."""
    minutes, rest = divmod(seconds, 60)
    return SECONDS.to(language, n=seconds) if rest or not minutes else MINUTES.to(language, n=minutes)


NEVER = (
    Text(
        "Listening: sound and pictures are sent on to nobody and are never stored.",
        "Écouter : sons et images ne sont retransmis à personne et ne sont jamais conservés.",
    ),
    Text(
        "Voices: a voice is not a class, a source or an event; words are never recognised.",
        "Les voix : une voix n’est ni une classe, ni une source, ni un événement ; les mots ne sont jamais reconnus.",
    ),
    Text(
        "Identifying anybody, by face, voice, gait, clothing, plate or telephone; following anybody.",
        "Identifier quiconque, par le visage, la voix, la démarche, les vêtements, la plaque ou le téléphone ; "
        "suivre quiconque.",
    ),
    Text(
        "Dispatching anybody by machine, or telling a machine of an incident that no person has confirmed.",
        "Envoyer qui que ce soit par une machine, ou informer une machine d’un incident que personne n’a confirmé.",
    ),
)
NOT_HAZARDS = Text("Reporting: {what}.", "Signaler : {what}.")
NOT_OBSERVATIONS = Text("Measuring: {what}.", "Mesurer : {what}.")
NOT_FIELDS = Text("Telling anybody: {what}.", "Communiquer à quiconque : {what}.")
NOT_ELSEWHERE = Text(
    "Keeping a position outside the polygon: it is discarded, and counted.",
    "Garder une position hors du polygone : elle est écartée, et comptée.",
)
NOT_OTHERS = Text(
    "Telling anybody who is not listed, or reporting by any other sensor, at any other hour, after the end.",
    "Informer toute personne non énumérée, ou signaler par un autre capteur, à une autre heure, après la fin.",
)


def not_allowed(act: Authorisation, language: str) -> tuple[str, ...]:
    """What ``act`` does not allow: what it might have named and did not, and what no act can allow."""
    hazards = [HAZARDS[kind].to(language) for kind in HazardKind if kind not in act.hazards]
    measures = [OBSERVATIONS[kind].to(language) for kind in ObservationKind if kind not in act.observations]
    told = {field for one in act.recipients for field in one.fields}
    fields = [FIELDS[field].to(language) for field in Field if field not in told]
    lines = [text.to(language) for text in NEVER]
    for form, names in ((NOT_HAZARDS, hazards), (NOT_OBSERVATIONS, measures), (NOT_FIELDS, fields)):
        if names:
            lines.append(form.to(language, what=", ".join(names)))
    return (*lines, NOT_ELSEWHERE.to(language), NOT_OTHERS.to(language))


UNDATED = Text(
    "It starts before the date of its text “{title}” ({date}).",
    "Il commence avant la date de son texte « {title} » ({date}).",
)
NOBODY_TOLD = Text(
    "It allows hazards to be reported, but nobody on its list is told of incidents.",
    "Il permet de signaler des dangers, mais personne sur sa liste n’est informé des incidents.",
)
STREET_ALERTS = Text(
    "It allows alerts. In France no general law did so in the street in November 2026: read “Before you deploy” again.",
    "Il permet des alertes. En France, aucune loi générale ne le permettait dans la rue en novembre 2026 : relisez "
    "« Avant de déployer ».",
)
ENDLESS = Text(
    "None of its texts names an end: look whether one of them has ended.",
    "Aucun de ses textes n’a de date de fin : vérifiez qu’aucun n’a pris fin.",
)


def doubts(act: Authorisation, language: str) -> tuple[str, ...]:
    """What a person should look at again before signing: nothing here makes an act invalid."""
    found = []
    for text in act.legal_texts:
        if act.starts < end_of_day(day_of(text.date), ZoneInfo(act.time_zone)) - 86_400:
            found.append(UNDATED.to(language, title=text.title, date=day(text.date, language)))
    if all(not text.until for text in act.legal_texts):
        found.append(ENDLESS.to(language))
    incident_fields = set(Field) - {Field.LEVELS, Field.SOURCES}
    if act.hazards and not any(incident_fields & set(one.fields) for one in act.recipients):
        found.append(NOBODY_TOLD.to(language))
    if act.hazards and not act.exercise:
        found.append(STREET_ALERTS.to(language))
    return tuple(found)


SUSPENDED = Text(
    "Suspended from {since}: {what}. Reason: {reason}.", "Suspendu à compter du {since} : {what}. Motif : {reason}."
)
EVERYTHING = Text("everything", "tout")


def suspension_words(suspension: Suspension, time_zone: str, language: str) -> str:
    """What a suspension says, in a sentence."""
    named = [
        *suspension.sensors,
        *(HAZARDS[kind].to(language) for kind in suspension.hazards),
        *(OBSERVATIONS[kind].to(language) for kind in suspension.observations),
        *suspension.recipients,
    ]
    what = ", ".join(named) or EVERYTHING.to(language)
    since = moment(suspension.since, time_zone, language)
    return SUSPENDED.to(language, since=since, what=what, reason=suspension.reason.rstrip("."))
