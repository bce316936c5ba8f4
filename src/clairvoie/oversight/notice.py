"""The page that is pinned up in a town hall: an act on paper, in one language or both, with everything inside it.

It shows who signed only as far as a charter was given to check it by, and says how a reader checks it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from msgspec import Struct

from clairvoie.boundary.authorisation import Authorisation, Suspension
from clairvoie.boundary.charter import Charter
from clairvoie.boundary.polygon import Point
from clairvoie.oversight.authorisations import EXERCISE, Passage, not_allowed, sentences, suspension_words
from clairvoie.oversight.notice_plan import Plan, Shape, plan
from clairvoie.oversight.wording import Text, until

TEMPLATES = Path(__file__).parent / "templates"
TEXTS = {
    "title": Text("What sensors may report here", "Ce que des capteurs peuvent signaler ici"),
    "act": Text("Act of authorisation no. {number}, {deployment}", "Acte d’autorisation no {number}, {deployment}"),
    "ends": Text("Until {ends}", "Jusqu’{ends}"),
    "draft": Text("Not in force: {signed} of {threshold} signatures",
                  "Sans effet : {signed} signature(s) sur {threshold}"),
    "unchecked": Text("Draft: signatures not checked", "Projet : signatures non vérifiées"),
    "not_allowed": Text("What it does not allow", "Ce qu’il n’autorise pas"),
    "signatures": Text("Who signed", "Qui a signé"),
    "signed": Text("signed", "a signé"),
    "unsigned": Text("has not signed", "n’a pas signé"),
    "needs": Text("{threshold} of these {count} have to sign. Any one of them can suspend it, at once.",
                  "{threshold} de ces {count} personnes doivent signer. Chacune peut le suspendre, aussitôt."),
    "check": Text("How to check it", "Comment le vérifier"),
    "how": Text("Ask the town for the files of this act and of its charter. On any computer with Python, after "
                "pip install clairvoie, the command below says whether the signatures are valid, and compares the act "
                "with the one before it. The digests must be these, digit by digit.",
                "Demandez à la commune les fichiers de cet acte et de sa charte. Sur tout ordinateur avec Python, "
                "après pip install clairvoie, la commande ci-dessous dit si les signatures sont valables et compare "
                "l’acte au précédent. Les empreintes doivent être celles-ci, chiffre par chiffre."),
    "digest": Text("SHA-256 of the act", "SHA-256 de l’acte"),
    "charter": Text("SHA-256 of the charter", "SHA-256 de la charte"),
    "sensor": Text("sensor", "capteur"),
    "area": Text("area of the act", "périmètre de l’acte"),
    "north": Text("N", "N"),
    "map": Text("Map of the area", "Plan du périmètre"),
    "exercise": Text("This is an exercise: sensors are simulated and nobody's sound is measured.",
                     "Ceci est un exercice : les capteurs sont simulés et aucun son réel n’est mesuré."),
    "complain": Text("You may also turn to the data-protection authority (in France: CNIL, www.cnil.fr/plaintes).",
                     "Vous pouvez aussi saisir l’autorité de protection des données (CNIL, www.cnil.fr/plaintes)."),
}  # fmt: skip


class Notice(Struct, frozen=True, kw_only=True):
    """What a page shows: an act with its digest, the charter by which its signatures were checked (``signed``: the
    roles whose signature is valid), streets to draw, and where sensors stand. Sensors that the act does not name are
    not drawn."""

    act: Authorisation
    digest: str
    charter: Charter | None = None
    charter_digest: str = ""
    signed: frozenset[str] = frozenset()
    streets: tuple[Shape, ...] = ()
    sensors: Mapping[str, Point] = {}
    suspensions: tuple[Suspension, ...] = ()


class Role(NamedTuple):
    """One line of the table of signatures."""

    name: str
    holder: str
    signed: bool


class Side(NamedTuple):
    """Everything that the page says in one language."""

    language: str
    text: dict[str, str]
    passages: tuple[Passage, ...]
    refused: tuple[str, ...]
    suspended: tuple[str, ...]
    exercise: str
    status: str


def notice(shown: Notice, languages: tuple[str, ...]) -> str:
    """The page as HTML: A4, nothing loaded from anywhere, no script."""
    listed = {name: at for name, at in shown.sensors.items() if name in shown.act.sensors}
    charter = shown.charter
    return _page().render(
        act=shown.act,
        digest=_grouped(shown.digest),
        charter_digest=_grouped(shown.charter_digest),
        roles=[Role(r.id, r.holder, r.id in shown.signed) for r in charter.roles] if charter is not None else [],
        plan=_drawn(shown, listed),
        sides=[_side(shown, language) for language in languages],
    )


def _drawn(shown: Notice, listed: Mapping[str, Point]) -> Plan:
    return plan(shown.act.polygon, shown.streets, listed)


def _side(shown: Notice, language: str) -> Side:
    act, charter = shown.act, shown.charter
    named: dict[str, object] = {
        "number": act.number,
        "deployment": act.deployment,
        "ends": until(act.ends, act.time_zone, language),
        "signed": len(shown.signed),
        "threshold": charter.threshold if charter is not None else 0,
        "count": len(charter.roles) if charter is not None else 0,
    }
    texts = {key: text.to(language, **named) for key, text in TEXTS.items()}
    enough = charter is not None and len(shown.signed) >= charter.threshold
    return Side(
        language=language,
        text=texts,
        passages=sentences(act, language),
        refused=not_allowed(act, language),
        suspended=tuple(suspension_words(one, act.time_zone, language) for one in shown.suspensions),
        exercise=EXERCISE.to(language) if act.exercise else "",
        status=texts["ends"] if enough else texts["draft" if charter is not None else "unchecked"],
    )


def _grouped(digest: str) -> str:
    """Sixteen groups of four digits, which people can read to one another."""
    return " ".join(digest[index : index + 4] for index in range(0, len(digest), 4))


@cache
def _page() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("notice.html")
