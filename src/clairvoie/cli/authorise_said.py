"""Documents said in words on a terminal, and the options that every command of ``clairvoie authorise`` has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text as Styled

from clairvoie.boundary.authorisation import Authorisation, Suspension, decode_authorisation, decode_suspension
from clairvoie.boundary.charter import Charter, decode_charter
from clairvoie.boundary.document import AUTHORISATION_TYPE, CHARTER_TYPE, SUSPENSION_TYPE, SignedDocument
from clairvoie.boundary.standing import standing_of
from clairvoie.cli import authorise_words as words
from clairvoie.errors import ConfigurationError
from clairvoie.oversight.authorisations import EXERCISE, doubts, not_allowed, sentences, suspension_words
from clairvoie.oversight.narrowing import Effect, narrowing
from clairvoie.oversight.wording import LANGUAGES

CHARTER_OPTION = Annotated[
    Path | None,
    typer.Option("--charter", metavar="FILE", help="Whose signatures count; else charter.json beside the file."),
]
LANGUAGE_OPTION = Annotated[
    str | None, typer.Option("--language", metavar="fr|en", help="Language; that of LANG if not given.")
]
EFFECTS = {
    Effect.WIDENS: (words.WIDENED, "bold yellow"),
    Effect.NARROWS: (words.NARROWED, ""),
    Effect.CHANGES: (words.CHANGED, ""),
}


def spoken(language: str | None) -> str:
    """The language to speak: as asked, else that of the environment."""
    from clairvoie.config import preferred_language

    chosen = language or preferred_language()
    if chosen not in LANGUAGES:
        raise typer.BadParameter(f"--language is fr or en, not {chosen!r}")
    return chosen


def told(console: Console, text: str, style: str = "") -> None:
    """``text`` as it is: nothing in a document can be taken for markup."""
    console.print(Styled(text, style=style))


def described(console: Console, document: SignedDocument, language: str) -> None:
    """What a document says, in words."""
    if document.payload_type == AUTHORISATION_TYPE:
        _act(console, decode_authorisation(document.body), language)
    elif document.payload_type == SUSPENSION_TYPE:
        suspension = decode_suspension(document.body)
        heading = words.A_SUSPENSION.to(
            language, deployment=suspension.deployment, digest=suspension.authorisation[:16] + "…"
        )
        told(console, heading, "bold")
        told(console, suspension_words(suspension, "UTC", language) + " (UTC)")
    elif document.payload_type == CHARTER_TYPE:
        _charter(console, decode_charter(document.body), language)
    else:
        raise ConfigurationError("not an act of authorisation, a suspension or a charter", document.payload_type)
    told(console, words.DIGEST.to(language, digest=document.digest), "dim")


def _act(console: Console, act: Authorisation, language: str) -> None:
    if act.exercise:
        told(console, f"╱╱╱ {EXERCISE.to(language)} ╱╱╱", "bold reverse")
    told(console, words.ACT.to(language, number=act.number, deployment=act.deployment), "bold")
    for passage in sentences(act, language):
        told(console, passage.heading, "bold")
        for line in passage.lines:
            console.print(Padding(Styled(line), (0, 0, 0, 2)))
    told(console, words.TOLD_NOT.to(language), "bold")
    for line in not_allowed(act, language):
        console.print(Padding(Styled(line), (0, 0, 0, 2)))


def _charter(console: Console, charter: Charter, language: str) -> None:
    told(console, words.A_CHARTER.to(language, number=charter.number, deployment=charter.deployment), "bold")
    roles = ", ".join(f"{role.id} ({role.holder}) {role.public_key}" for role in charter.roles)
    told(console, words.SIGN_NEXT.to(language, threshold=charter.threshold, roles=roles))


def suspensions_of(
    charter: Charter, document: SignedDocument, around: tuple[SignedDocument, ...]
) -> tuple[Suspension, ...]:
    """The valid suspensions of the act in ``document`` among the documents around it."""
    others = [one for one in around if one.payload_type == SUSPENSION_TYPE]
    standing, _ = standing_of(charter, [document, *others])
    return next((act.suspensions for act in standing.acts if act.digest == document.digest), ())


def doubted(console: Console, act: Authorisation, language: str) -> None:
    """What should be looked at again."""
    for line in doubts(act, language):
        told(console, words.LOOK.to(language, what=line), "yellow")


def compared(console: Console, old: Authorisation, new: Authorisation, language: str) -> None:
    """What ``new`` widens, narrows and changes of ``old``."""
    told(console, words.REPLACES.to(language, number=old.number), "bold")
    differences = narrowing(old, new)
    for difference in differences:
        heading, style = EFFECTS[difference.effect]
        line = Styled(f"{heading.to(language)}: ", style=style).append(difference.what.to(language), style="not bold")
        console.print(Padding(line, (0, 0, 0, 2)))
    if not differences:
        told(console, words.SAME.to(language))


def signatures(console: Console, charter: Charter, document: SignedDocument, language: str) -> None:
    """Who signed, how many are still missing, and of whom."""
    signed = charter.roles_that_signed(document)
    holders = [f"{role.id} ({role.holder})" for role in charter.roles if role.id in signed]
    told(console, words.SIGNED_BY.to(language, who=", ".join(holders) or words.NOBODY.to(language)))
    if document.payload_type == SUSPENSION_TYPE:
        if signed:
            told(console, words.ONE_ENOUGH.to(language))
        return
    missing = charter.threshold - len(signed)
    others = ", ".join(f"{role.id} ({role.holder})" for role in charter.roles if role.id not in signed)
    if missing > 0:
        told(console, words.MISSING.to(language, count=missing, roles=others), "bold")
    else:
        told(console, words.COMPLETE.to(language), "bold")
