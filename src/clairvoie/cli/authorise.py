"""``clairvoie authorise``: the acts that say what may be reported, and the people who make them."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from clairvoie.boundary.authorisation import (
    Authorisation,
    ObservationKind,
    Suspension,
    decode_authorisation,
    encode_suspension,
)
from clairvoie.boundary.charter import Charter, Signer, charter_digest, decode_charter, successor
from clairvoie.boundary.document import (
    AUTHORISATION_TYPE,
    CHARTER_TYPE,
    SUSPENSION_TYPE,
    SignedDocument,
    add_signature,
    encode_document,
    unsigned,
)
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.standing import standing_of
from clairvoie.cli import authorise_words as words
from clairvoie.cli.authorise_charter import adopt, charter, key
from clairvoie.cli.authorise_draft import draft
from clairvoie.cli.authorise_files import (
    digits,
    documents_around,
    documents_in,
    file_into,
    put,
    read_charter,
    read_document,
    read_key,
)
from clairvoie.cli.authorise_said import (
    CHARTER_OPTION,
    LANGUAGE_OPTION,
    compared,
    described,
    doubted,
    signatures,
    spoken,
    suspensions_of,
    told,
)
from clairvoie.cli.authorise_show import show
from clairvoie.errors import ConfigurationError, OversightError
from clairvoie.oversight.answers import yes
from clairvoie.oversight.authorisations import suspension_words

authorise = typer.Typer(
    name="authorise",
    help="Who allows what to be reported: draft an act, sign it, show it, check it, suspend it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
authorise.command()(draft)
INTO_OPTION = Annotated[
    Path | None, typer.Option("--into", metavar="FOLDER", help="File it in the hub's folder of acts as well.")
]
KEY_OPTION = Annotated[Path, typer.Option("--key", metavar="PEM", help="Your own key.")]
ROLE_OPTION = Annotated[
    str | None, typer.Option("--role", help="Your role in the charter; told by the key if not given.")
]


@authorise.command()
def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An act, a suspension, or a new charter.")],
    key: KEY_OPTION,
    role: ROLE_OPTION = None,
    charter: CHARTER_OPTION = None,
    into: INTO_OPTION = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read it already: do not ask.")] = False,
    language: LANGUAGE_OPTION = None,
) -> None:
    """Read an act in words, then sign it with your own key; says who still has to.

    Shows what it widens of the act that it replaces, where that one is in the folder given by `--into`.
    """
    lang, console = spoken(language), Console()
    document = read_document(file)
    trusted, _ = read_charter(charter, file)
    described(console, document, lang)
    if into is not None and document.payload_type == AUTHORISATION_TYPE:
        act = decode_authorisation(document.body)
        old = predecessor(trusted, documents_in(into), act)
        if old is not None:
            compared(console, old, act, lang)
    if document.payload_type == AUTHORISATION_TYPE:
        doubted(console, decode_authorisation(document.body), lang)
    private = _opened(key, lang)
    signer = _signer(trusted, private, role, document)
    told(console, words.ABOUT_TO_SIGN.to(lang, role=signer.id, holder=signer.holder), "bold")
    if not (yes or _agreed(lang)):
        raise OversightError(words.NOT_SIGNED.to(lang).rstrip("."))
    signed = add_signature(document, private)
    put(file, encode_document(signed))
    if into is not None:
        told(console, words.FILED.to(lang, file=file_into(into, signed)))
        signed = read_document(into / f"{signed.digest[:16]}.json")
    signatures(console, trusted, signed, lang)


@authorise.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An act, a suspension or a new charter.")],
    charter: CHARTER_OPTION = None,
    replaces: Annotated[
        Path | None, typer.Option(metavar="ACT", help="Compare with this act instead of the one before it.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The folder of acts; else beside the file.")
    ] = None,
    language: LANGUAGE_OPTION = None,
) -> None:
    """Whether a document counts, and why not: exit status 1 with one line. What it widens of the act before it."""
    lang, console = spoken(language), Console()
    document = read_document(file)
    trusted, data = read_charter(charter, file)
    if document.payload_type == CHARTER_TYPE:
        successor(trusted, document)
        told(console, words.VALID_CHARTER.to(lang, number=trusted.number), "bold")
        return
    standing, rejected = standing_of(trusted, [document])
    if rejected:
        raise OversightError(f"{file} does not count: {rejected[0].why.rstrip('.')}", None, _remedy(trusted, document))
    told(console, words.VALID.to(lang, digest=charter_digest(data)), "bold")
    signatures(console, trusted, document, lang)
    if not standing.acts:
        described(console, document, lang)
        return
    act = standing.acts[0].authorisation
    around = documents_around(file, folder)
    now = time.time()
    state = "not-yet" if now < act.starts else "ended" if now >= act.ends else "in force"
    told(console, words.STATES[state].to(lang))
    doubted(console, act, lang)
    for one in suspensions_of(trusted, document, around):
        told(console, suspension_words(one, act.time_zone, lang), "bold")
    old = predecessor(trusted, around, act)
    if replaces is not None:
        old = decode_authorisation(read_document(replaces).body)
    if old is not None:
        compared(console, old, act, lang)


@authorise.command()
def suspend(
    act: Annotated[Path, typer.Argument(metavar="ACT", help="The act to suspend.")],
    key: KEY_OPTION,
    reason: Annotated[str, typer.Option(help="Why, in a sentence that will be public.")],
    role: ROLE_OPTION = None,
    charter: CHARTER_OPTION = None,
    sensor: Annotated[list[str] | None, typer.Option(help="Only this sensor; repeatable.")] = None,
    hazard: Annotated[list[HazardKind] | None, typer.Option(help="Only this hazard; repeatable.")] = None,
    observation: Annotated[
        list[ObservationKind] | None, typer.Option(help="Only this measurement; repeatable.")
    ] = None,
    recipient: Annotated[list[str] | None, typer.Option(help="Only this recipient; repeatable.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="From when, ISO with offset; now if not given.")
    ] = None,
    into: INTO_OPTION = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here as well.")] = None,
    language: LANGUAGE_OPTION = None,
) -> None:
    """Suspend an act, or parts of it: any one role can, at once. Only a new act, signed by enough, undoes it."""
    lang, console = spoken(language), Console()
    if into is None and to is None:
        raise typer.BadParameter("a suspension has to go somewhere: give --into FOLDER or --to FILE")
    document = read_document(act)
    suspended = decode_authorisation(document.body)
    trusted, _ = read_charter(charter, act)
    made = Suspension(
        deployment=suspended.deployment, authorisation=document.digest, since=_moment(since), reason=reason,
        sensors=tuple(sensor or ()), hazards=tuple(hazard or ()), observations=tuple(observation or ()),
        recipients=tuple(recipient or ()),
    )  # fmt: skip
    _check_named(suspended, made)
    private = _opened(key, lang)
    unmade = unsigned(SUSPENSION_TYPE, encode_suspension(made))
    _signer(trusted, private, role, unmade)
    signed = add_signature(unmade, private)
    if to is not None:
        put(to, encode_document(signed))
    if into is not None:
        told(console, words.FILED.to(lang, file=file_into(into, signed)))
    described(console, signed, lang)
    told(console, words.SUSPENDED.to(lang), "bold")


authorise.command()(show)
authorise.command()(key)
authorise.command()(charter)
authorise.command()(adopt)


def predecessor(charter: Charter, documents: tuple[SignedDocument, ...], act: Authorisation) -> Authorisation | None:
    """The valid act that ``act`` replaces: the one with the greatest smaller number."""
    held = [one.authorisation for one in standing_of(charter, documents)[0].acts]
    return max((one for one in held if one.number < act.number), key=lambda one: one.number, default=None)


def _opened(path: Path, language: str) -> Ed25519PrivateKey:
    try:
        return read_key(path)
    except TypeError:  # protected by a passphrase
        asked = typer.prompt(words.PASSPHRASE_ASKED.to(language), hide_input=True)
        return read_key(path, str(asked).encode())


def _signer(charter: Charter, private: Ed25519PrivateKey, role: str | None, document: SignedDocument) -> Signer:
    """The role whose key this is. The new roles of a charter sign it too."""
    roles = {one.public_key: one for one in charter.roles}
    if document.payload_type == CHARTER_TYPE:
        roles = {one.public_key: one for one in decode_charter(document.body).roles} | roles
    signer = roles.get(digits(private))
    if signer is None or (role is not None and signer.id != role):
        raise ConfigurationError(
            f"this key is not that of {'any role' if role is None else f'role {role}'} of the charter",
            digits(private),
            "Roles: " + ", ".join(one.id for one in charter.roles) + ".",
        )
    return signer


def _agreed(language: str) -> bool:
    given = typer.prompt(words.SURE.to(language), default=words.NO.to(language))
    return yes(str(given))


def _moment(text: str | None) -> int:
    if text is None:
        return int(time.time())
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("not a moment", text, "For instance 2026-12-01T08:00:00+01:00.") from None
    if at.tzinfo is None:
        raise ConfigurationError("a moment without its offset", text, "For instance 2026-12-01T08:00:00+01:00.")
    return int(at.timestamp())


def _check_named(act: Authorisation, made: Suspension) -> None:
    """Everything that is suspended is in the act: a typing mistake would suspend nothing."""
    told_to = tuple(one.name for one in act.recipients)
    for name, held in (
        ("sensors", act.sensors), ("hazards", act.hazards), ("observations", act.observations), ("recipients", told_to),
    ):  # fmt: skip
        strange = [str(one) for one in getattr(made, name) if one not in held]
        if strange:
            raise ConfigurationError(
                f"the act names no such {name}", ", ".join(strange), f"It names {', '.join(held)}."
            )


def _remedy(charter: Charter, document: SignedDocument) -> str:
    signed = charter.roles_that_signed(document)
    waiting = ", ".join(role.id for role in charter.roles if role.id not in signed)
    return f"Roles that have not signed: {waiting}." if waiting else "Draft it anew."
