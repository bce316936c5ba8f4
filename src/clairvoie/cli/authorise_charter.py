"""``clairvoie authorise key``, ``charter`` and ``adopt``: who signs. Each role's key is made by its holder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from clairvoie.boundary.charter import Charter, Signer, Witness, charter_digest, encode_charter, successor
from clairvoie.boundary.document import CHARTER_TYPE, encode_document, unsigned
from clairvoie.cli import authorise_words as words
from clairvoie.cli.authorise_files import digits, make_key, put, read_card, read_charter, read_document, read_key
from clairvoie.cli.authorise_said import LANGUAGE_OPTION, spoken, told
from clairvoie.errors import ConfigurationError


def key(
    role: Annotated[str, typer.Argument(help="Your role, or name as a technician: a-z, 0-9, hyphens.")],
    holder: Annotated[str, typer.Option(help="Who you are, in words: “The data-protection officer”.")],
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where your key is kept.")] = Path(),
    language: LANGUAGE_OPTION = None,
) -> None:
    """Make your own key, on your own machine: ROLE.pem, which you keep, and ROLE.card.json, which you hand over."""
    lang, console = spoken(language), Console()
    Signer(id=role, holder=holder, public_key="0" * 64)  # refused before a key is made
    passphrase = None
    if sys.stdin.isatty():
        asked = typer.prompt(words.PASSPHRASE.to(lang), default="", hide_input=True, confirmation_prompt=True)
        passphrase = str(asked).encode() or None
    private, card = folder / f"{role}.pem", folder / f"{role}.card.json"
    made = make_key(private, passphrase)
    signer = Signer(id=role, holder=holder, public_key=digits(made))
    put(card, msgspec.json.format(msgspec.json.encode(signer), indent=2) + b"\n")
    told(console, words.KEY_MADE.to(lang, key=private, card=card))


def charter(
    out: Annotated[Path, typer.Argument(metavar="CHARTER", help="Where the charter is written.")],
    deployment: Annotated[str, typer.Option(help="Short name of the deployment.")],
    role: Annotated[list[Path], typer.Option(metavar="CARD", help="Card of a role that signs acts; repeatable.")],
    threshold: Annotated[int, typer.Option(min=1, help="How many of the roles an act needs.")] = 2,
    technician: Annotated[
        list[Path] | None, typer.Option(metavar="CARD", help="Card of somebody who signs for sensors; repeatable.")
    ] = None,
    hub_keys: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The hub's keys for leases and ledger; made if missing.")
    ] = Path("keys"),
    witness: Annotated[
        list[str] | None, typer.Option(metavar="NAME=KEY[=URL]", help="Who cosigns checkpoints; repeatable.")
    ] = None,
    witness_threshold: Annotated[int, typer.Option(min=0, help="How many of them a checkpoint needs.")] = 0,
    exercise: Annotated[bool, typer.Option("--exercise", help="An exercise, on simulated sensors.")] = False,
    replaces: Annotated[
        Path | None,
        typer.Option(metavar="CHARTER", help="Draft the successor of this one, which old and new roles then sign."),
    ] = None,
    language: LANGUAGE_OPTION = None,
) -> None:
    """Write down whose signatures count: the root of trust of hub and nodes."""
    lang, console = spoken(language), Console()
    if out.exists():
        raise ConfigurationError("there is such a file already", str(out), "Name another: none is overwritten.")
    old = read_charter(replaces)[0] if replaces is not None else None
    made = Charter(
        deployment=deployment, exercise=exercise, number=1 if old is None else old.number + 1,
        roles=tuple(map(read_card, role)), threshold=threshold,
        leases=_hub_key(hub_keys, "leases"), ledger=_hub_key(hub_keys, "ledger"),
        technicians=tuple(map(read_card, technician or ())), witnesses=tuple(map(_witness, witness or ())),
        witness_threshold=witness_threshold,
    )  # fmt: skip
    data = encode_charter(made)
    told(console, words.HUB_KEYS.to(lang, folder=hub_keys))
    if old is None:
        put(out, data)
        told(console, words.CHARTER_MADE.to(lang, file=out, digest=charter_digest(data)), "bold")
    else:
        put(out, encode_document(unsigned(CHARTER_TYPE, data)))
        told(console, words.CHARTER_DRAFTED.to(lang, number=made.number, old=old.threshold, new=threshold, file=out))


def adopt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed new charter.")],
    out: Annotated[Path, typer.Argument(metavar="CHARTER", help="Where the new charter is written.")],
    replaces: Annotated[Path, typer.Option(metavar="CHARTER", help="The charter that it replaces.")],
    language: LANGUAGE_OPTION = None,
) -> None:
    """Take over a new charter, if enough of the old roles and of the new ones signed it."""
    lang, console = spoken(language), Console()
    document = read_document(file)
    successor(read_charter(replaces)[0], document)
    put(out, document.body)
    told(console, words.CHARTER_MADE.to(lang, file=out, digest=charter_digest(document.body)), "bold")


def _hub_key(folder: Path, name: str) -> str:
    path = folder / f"{name}.pem"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return digits(read_key(path) if path.exists() else make_key(path, None))


def _witness(text: str) -> Witness:
    name, _, rest = text.partition("=")
    public_key, _, url = rest.partition("=")
    return Witness(name=name, public_key=public_key, url=url)
