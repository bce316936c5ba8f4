"""The questions that lead to an act, in the order in which a person can answer them, explained in both languages."""

from __future__ import annotations

from typing import NamedTuple

from clairvoie.boundary.authorisation import Field, ObservationKind, RecipientKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.oversight.wording import FIELDS, HAZARDS, OBSERVATIONS, Text


class Question(NamedTuple):
    """``ask`` in a few words, ``why`` in a sentence or two, an ``example``, what is ``expected`` when an answer is not
    understood, and the answer that is taken when none is given (``None``: one has to be given)."""

    key: str
    ask: Text
    why: Text
    example: str
    expected: Text
    default: str | None = None
    choices: tuple[tuple[str, Text], ...] = ()


class Group(NamedTuple):
    """Questions that are asked again for each legal text or recipient, at least ``least`` times."""

    key: str
    another: Text
    why: Text
    questions: tuple[Question, ...]
    least: int


WORDS = Text("a few words on one line", "quelques mots sur une ligne")
NAME = Text(
    "a name of a-z, 0-9 and inner hyphens, 40 at most", "un nom fait de a-z, 0-9 et de tirets, 40 caractères au plus"
)
DATE = Text("a date like 2026-12-01", "une date comme 2026-12-01")
DAYS_KEPT = Text("1 to 36500 days", "1 à 36500 jours")
YES_NO = Text("yes or no", "oui ou non")


def _kept(name: str, what: Text, default: str) -> Question:
    why = Text("The longest it may be kept. The hub refuses to be set to more.",
               "La durée maximale. Le serveur refuse d’être réglé au-delà.")  # fmt: skip
    ask = Text(f"Days that {what.en} may be kept", f"Jours de conservation : {what.fr}")
    return Question(f"retention_{name}", ask, why, default, DAYS_KEPT, default)


LEGAL_TEXT = (
    Question("title", Text("Title of the legal text", "Intitulé du texte"),
             Text("The law, decree, by-law or deliberation on which this rests.",
                  "La loi, le décret, l’arrêté ou la délibération qui fonde cet acte."),
             "Arrêté municipal no 2026-118", WORDS),
    Question("date", Text("Its date", "Sa date"), Text("The day it was made.", "Le jour où il a été pris."),
             "2026-10-12", DATE),
    Question("until", Text("Its last day", "Son dernier jour"),
             Text("Leave empty if it names no end. The act cannot last longer than its text.",
                  "Laissez vide s’il n’en a pas. L’acte ne peut durer plus longtemps que son texte."),
             "2027-10-11", Text("a date after the text's own, or nothing", "une date après celle du texte, ou rien"),
             ""),
    Question("reference", Text("Where it can be read", "Où on peut le lire"),
             Text("An address or a reference; may be empty.", "Une adresse ou une référence ; peut rester vide."),
             "https://www.legifrance.gouv.fr/", WORDS, ""),
)  # fmt: skip
RECIPIENT = (
    Question("name", Text("Short name of the recipient", "Nom court du destinataire"),
             Text("Nothing goes to anybody who is not listed.", "Rien n’est communiqué à qui n’est pas énuméré."),
             "duty-desk", NAME),
    Question("kind", Text("People or a machine", "Des personnes ou une machine"),
             Text("A machine is told of an incident only after a person has confirmed it.",
                  "Une machine n’est informée d’un incident qu’après confirmation par une personne."),
             "person", Text("1 or 2", "1 ou 2"), "person",
             ((RecipientKind.PERSON, Text("people", "des personnes")),
              (RecipientKind.MACHINE, Text("a machine", "une machine")))),
    Question("purpose", Text("What they need it for", "Pour quel usage"),
             Text("One sentence that the public will read.", "Une phrase, que le public lira."),
             "Vérifier les incidents sur place", WORDS),
    Question("fields", Text("What they are told", "Ce qui leur est communiqué"),
             Text("Numbers from the list.", "Des numéros de la liste."), "1 3 4",
             Text("numbers or names from the list", "des numéros ou des noms de la liste"), "1",
             tuple((field, FIELDS[field]) for field in Field)),
)  # fmt: skip
QUESTIONS: tuple[Question | Group, ...] = (
    Question("deployment", Text("Name of the deployment", "Nom du déploiement"),
             Text("The short name that nodes and hub have in their settings.",
                  "Le nom court qui figure dans les réglages des nœuds et du serveur."), "saint-jean-canal", NAME),
    Question("number", Text("Number of this act", "Numéro de cet acte"),
             Text("Acts count up from 1; the greatest number that has started replaces those before it.",
                  "Les actes se comptent à partir de 1 ; le plus grand qui a commencé remplace les précédents."),
             "1", Text("a whole number from 1", "un nombre entier, à partir de 1"), "1"),
    Question("exercise", Text("Is it an exercise?", "Est-ce un exercice ?"),
             Text("An exercise has its own keys and simulated sensors, and is marked as such everywhere.",
                  "Un exercice a ses propres clés et des capteurs simulés, et il est signalé comme tel partout."),
             "no", YES_NO, "no"),
    Question("authority", Text("Who allows it", "Qui l’autorise"),
             Text("The office that decides, and is answerable.", "L’autorité qui décide, et qui en répond."),
             "Le maire de Saint-Jean", WORDS),
    Question("purpose", Text("What for", "Pour quoi faire"),
             Text("One purpose, in words that a resident understands.",
                  "Une finalité, en des mots qu’un habitant comprend."),
             "Mesurer le bruit de nuit le long du canal", WORDS),
    Group("legal_texts", Text("Another legal text?", "Un autre texte ?"),
          Text("Every text on which this rests, with its date and its end.",
               "Chaque texte sur lequel l’acte repose, avec sa date et sa fin."), LEGAL_TEXT, 1),
    Question("impact_assessment", Text("The impact assessment", "L’analyse d’impact"),
             Text("Its date, who gave an opinion on it, and where it can be read (GDPR art. 35).",
                  "Sa date, qui a donné son avis, et où on peut la lire (RGPD, art. 35)."),
             "Analyse du 2 octobre 2026, avis de la déléguée à la protection des données", WORDS),
    Question("contact", Text("Whom residents can write to", "À qui les habitants peuvent écrire"),
             Text("An address that somebody reads.", "Une adresse que quelqu’un lit."),
             "dpo@saint-jean.example, Hôtel de Ville, 1 place de la Mairie", WORDS),
    Question("time_zone", Text("Time zone", "Fuseau horaire"),
             Text("All hours and days are those of clocks there.", "Heures et jours sont ceux des horloges du lieu."),
             "Europe/Paris", Text("an IANA name like Europe/Paris", "un nom IANA comme Europe/Paris"), "Europe/Paris"),
    Question("starts", Text("First day", "Premier jour"),
             Text("From its first moment; or a day and an hour.", "Dès son premier instant ; ou un jour et une heure."),
             "2026-12-01", Text("a day like 2026-12-01, or 2026-12-01 08:00",
                                "un jour comme 2026-12-01, ou 2026-12-01 08:00")),
    Question("ends", Text("Last day", "Dernier jour"),
             Text("To its last moment. Never after the end of a legal text.",
                  "Jusqu’à son dernier instant. Jamais après la fin d’un texte."), "2027-11-30",
             Text("a day after the first, and no later than the end of every legal text",
                  "un jour après le premier, et pas plus tard que la fin de chaque texte")),
    Question("sensors", Text("Sensors", "Capteurs"),
             Text("Their names, separated by spaces. A sensor that is not named may report nothing.",
                  "Leurs noms, séparés par des espaces. Un capteur qui n’est pas nommé ne peut rien signaler."),
             "quai-1 quai-2 pont-3", Text("names of a-z, 0-9 and inner hyphens, each once",
                                          "des noms faits de a-z, 0-9 et de tirets, chacun une fois")),
    Question("polygon", Text("The area", "Le périmètre"),
             Text("A GeoJSON file with one polygon, or its corners, latitude and longitude, as one walks round it. "
                  "Positions outside are discarded and counted.",
                  "Un fichier GeoJSON avec un polygone, ou ses sommets, latitude et longitude, dans l’ordre du tour. "
                  "Les positions en dehors sont écartées et comptées."),
             "48.8566 2.3522; 48.8570 2.3560; 48.8550 2.3570",
             Text("3 to 128 different corners in the order in which one walks round, or a file that exists",
                  "3 à 128 sommets différents dans l’ordre du tour, ou un fichier qui existe")),
    Question("observations", Text("What is measured", "Ce qui est mesuré"),
             Text("By default noise levels alone. Levels by band tell more of speech (docs/leak.md).",
                  "Par défaut, les niveaux de bruit seulement. Les niveaux par bande en disent bien plus sur la parole "
                  "(docs/leak.md)."), "1 2",
             Text("numbers or names from the list, or none", "des numéros ou des noms de la liste, ou aucun"), "1",
             tuple((kind, OBSERVATIONS[kind]) for kind in ObservationKind)),
    Question("hazards", Text("Hazards that may be reported", "Dangers qui peuvent être signalés"),
             Text("By default none. In the street, in France, first read again what comes before these questions.",
                  "Par défaut, aucun. Dans la rue, en France, relisez d’abord ce qui précède ces questions."), "none",
             Text("numbers or names from the list, or none", "des numéros ou des noms de la liste, ou aucun"), "none",
             tuple((kind, HAZARDS[kind]) for kind in HazardKind)),
    Question("hours", Text("At which hours", "À quelles heures"),
             Text("always, or hours of the week; an end before the start lies on the next day.",
                  "toujours, ou des heures de la semaine ; une fin avant le début tombe le lendemain."),
             "mon-fri 08:00-18:00, sat 22:00-02:00",
             Text("always, or hours like mon-fri 08:00-18:00", "toujours, ou des heures comme lun-ven 08:00-18:00"),
             "always"),
    Group("recipients", Text("Is somebody else to be told?", "Quelqu’un d’autre doit-il être informé ?"),
          Text("Who is told of incidents, or given levels. Without any, nobody is.",
               "Qui est informé des incidents, ou reçoit des niveaux. Sans cela, personne."), RECIPIENT, 0),
    _kept("levels", Text("levels", "niveaux"), "365"),
    _kept("detections", Text("detections", "détections"), "90"),
    _kept("incidents", Text("incidents", "incidents"), "365"),
    _kept("records", Text("signed records", "enregistrements signés"), "90"),
    Question("models", Text("Recognisers that may run", "Modèles de reconnaissance autorisés"),
             Text("SHA-256 of each, as `clairvoie listen --json` prints it; needed for hazards and for sources.",
                  "Le SHA-256 de chacun, affiché par `clairvoie listen --json` ; requis pour tout danger ou source."),
             "none", Text("64 hexadecimal digits each, or none", "64 chiffres hexadécimaux chacun, ou aucun"), "none"),
    Question("lease_minutes",
             Text("Minutes a sensor may go on without its hub", "Minutes qu’un capteur continue sans son serveur"),
             Text("After that it falls silent and captures nothing. A suspension reaches a cut-off sensor no sooner.",
                  "Ensuite il se tait et ne capte plus rien. Une suspension n’atteint pas plus tôt un capteur isolé."),
             "15", Text("1 to 1440 minutes", "1 à 1440 minutes"), "15"),
)  # fmt: skip
