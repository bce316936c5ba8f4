"""``clairvoie authorise show``: an act in words, and as a page fit to be pinned up in a town hall."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clairvoie.boundary.authorisation import decode_authorisation
from clairvoie.boundary.charter import charter_digest
from clairvoie.boundary.document import AUTHORISATION_TYPE
from clairvoie.cli import authorise_words as words
from clairvoie.cli.authorise_files import documents_around, find_charter, put, read, read_charter, read_document
from clairvoie.cli.authorise_said import CHARTER_OPTION, described, signatures, spoken, suspensions_of, told
from clairvoie.errors import ConfigurationError
from clairvoie.oversight.authorisations import suspension_words


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An act or a suspension.")],
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a page to print and pin up.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="fr|en|both", help="Language; that of LANG if not given.")
    ] = None,
    charter: CHARTER_OPTION = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="GEOJSON", help="Streets and buildings for the page's map.")
    ] = None,
    hub: Annotated[Path | None, typer.Option(metavar="TOML", help="The hub's settings: sensors for the map.")] = None,
) -> None:
    """Say in words what an act allows and what it does not; with `--html`, a page for the town hall."""
    both = language == "both"
    lang, console = spoken(None if both else language), Console()
    document = read_document(file)
    trusted = charter or find_charter(file)
    described(console, document, lang)
    if trusted is None:
        told(console, words.NOT_CHECKED.to(lang), "bold")
    else:
        known = read_charter(trusted)[0]
        signatures(console, known, document, lang)
        for one in suspensions_of(known, document, documents_around(file, None)):
            told(console, suspension_words(one, decode_authorisation(document.body).time_zone, lang), "bold")
    if html is not None:
        put(html, _page(file, trusted, map_file, hub, ("fr", "en") if both else (lang,)).encode())
        told(console, words.PAGE.to(lang, file=html), "bold")


def _page(
    file: Path,
    trusted: Path | None,
    map_file: Path | None,
    hub: Path | None,
    languages: tuple[str, ...],
) -> str:
    from clairvoie.config import HubSettings, read_settings
    from clairvoie.oversight.notice import Notice, notice
    from clairvoie.oversight.notice_plan import streets_of

    document = read_document(file)
    if document.payload_type != AUTHORISATION_TYPE:
        raise ConfigurationError("a page is made of an act of authorisation", document.payload_type)
    known = read_charter(trusted) if trusted is not None else None
    settings = read_settings(hub, HubSettings) if hub is not None else None
    if map_file is None and hub is not None and settings is not None and settings.map is not None:
        map_file = hub.parent / settings.map
    return notice(
        Notice(
            act=decode_authorisation(document.body),
            digest=document.digest,
            charter=known[0] if known else None,
            charter_digest=charter_digest(known[1]) if known else "",
            signed=known[0].roles_that_signed(document) if known else frozenset(),
            suspensions=suspensions_of(known[0], document, documents_around(file, None)) if known else (),
            streets=streets_of(read(map_file, "the map")) if map_file is not None else (),
            sensors={one.id: (one.place.latitude, one.place.longitude) for one in settings.sensors} if settings else {},
        ),
        languages,
    )
