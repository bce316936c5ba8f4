"""``clairvoie authorise draft``: an act from a talk, from a file of answers, or from an earlier act."""

from __future__ import annotations

import datetime
import time
import tomllib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clairvoie.boundary.authorisation import Authorisation, decode_authorisation, encode_authorisation
from clairvoie.boundary.document import AUTHORISATION_TYPE, decode_document, encode_document, unsigned
from clairvoie.cli.authorise_files import find_charter, put, read, read_charter, read_document
from clairvoie.cli.authorise_said import CHARTER_OPTION, LANGUAGE_OPTION, spoken, told
from clairvoie.cli.authorise_talk import Talk, TalkEnded
from clairvoie.cli.authorise_words import BEFORE, COMMAND, DIGEST, DRAFTED, HOW, SIGN_NEXT, SIGN_UNKNOWN
from clairvoie.errors import ConfigurationError, InvalidValue
from clairvoie.oversight.answers import polygon_of_geojson, polygon_text
from clairvoie.oversight.before_deploying import BEFORE_YOU_DEPLOY
from clairvoie.oversight.drafting import Answers, act_of, answers_of, answers_toml, checked_answers
from clairvoie.oversight.questions import Question


def draft(
    out: Annotated[Path, typer.Argument(metavar="ACT", help="Where the act is written.")] = Path("act.json"),
    answers: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Take the answers from this file, and ask nothing.")
    ] = None,
    earlier: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Start from an act, a draft, or answers kept earlier.")
    ] = None,
    charter: CHARTER_OPTION = None,
    language: LANGUAGE_OPTION = None,
) -> None:
    """Draft an act: one question after another, each explained, in French or English.

    Nothing has to be known beforehand. It begins with what the law was in November 2026, and proposes noise measurement
    only. Stop at any time: what was said is kept, and `--from` takes it up. Answers can also come from a file
    (`--answers`) or, a line each in the order of the questions, from a pipe.
    """
    lang, console = spoken(language), Console()
    if out.exists() and (earlier is None or out.resolve() != earlier.resolve() or read_document(out).signatures):
        raise ConfigurationError("there is such a file already", str(out), "Name another, or give it as --from.")
    before = _before(earlier) if earlier is not None else {}
    found = charter or find_charter(out)
    if found is not None:
        known, _ = read_charter(found)
        before = {**before, "deployment": known.deployment, "exercise": "yes" if known.exercise else "no"}
    told(console, BEFORE.to(lang), "bold")
    for paragraph in BEFORE_YOU_DEPLOY:
        told(console, paragraph.to(lang))
        told(console, "")
    if answers is not None:
        given = {**before, **_answers_in(answers)}
    else:
        told(console, HOW.to(lang))
        given = _talked(Talk(console, lang, prepare=_prepared), before, out)
    act = act_of(given)
    _write(console, lang, out, act, found)


def _write(console: Console, lang: str, out: Path, act: Authorisation, found: Path | None) -> None:
    document = unsigned(AUTHORISATION_TYPE, encode_authorisation(act))
    put(out, encode_document(document))
    told(console, "")
    told(console, DRAFTED.to(lang, file=out), "bold")
    told(console, DIGEST.to(lang, digest=document.digest))
    option = ""
    if found is None:
        told(console, SIGN_UNKNOWN.to(lang))
    else:
        known, _ = read_charter(found)
        roles = ", ".join(f"{role.id} ({role.holder})" for role in known.roles)
        told(console, SIGN_NEXT.to(lang, threshold=known.threshold, roles=roles))
        option = f" --charter {found}"
    told(console, COMMAND.to(lang, command=f"clairvoie authorise sign {out}{option} --key KEY.pem"))


def _talked(talk: Talk, before: Answers, out: Path) -> Answers:
    try:
        return talk.hold(before, datetime.datetime.now(datetime.UTC).date())
    except (TalkEnded, InvalidValue) as error:
        kept = out.with_suffix(".answers.toml")
        so_far = {**before, **talk.answers}
        put(kept, answers_toml(so_far).encode())
        why = "the answers end too early" if isinstance(error, TalkEnded) else str(error).rstrip(".")
        raise ConfigurationError(
            why, f"{len(talk.answers)} answered", f"Go on with: clairvoie authorise draft {out} --from {kept}."
        ) from error


def _before(path: Path) -> Answers:
    """Answers of an earlier act, which the new one replaces, of an unsigned draft, or kept from an unfinished talk."""
    data = read(path, "the earlier act")
    if not data.lstrip().startswith(b"{"):
        return _answers_in(path)
    document = decode_document(data)
    act = decode_authorisation(document.body)
    before = answers_of(act)
    if document.signatures:
        before["number"] = str(act.number + 1)
    if act.ends <= time.time():
        del before["starts"], before["ends"]
    return before


def _answers_in(path: Path) -> Answers:
    try:
        raw = tomllib.loads(read(path, "the file of answers").decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the answers are not TOML ({error})", str(path)) from error
    given = checked_answers(raw)
    if "polygon" in given:
        given["polygon"] = _polygon(given["polygon"], path.parent)
    return given


def _prepared(question: Question, text: str) -> str:
    return _polygon(text, Path()) if question.key == "polygon" else text


def _polygon(text: str, base: Path) -> str:
    """Corners as they are; of a GeoJSON file, those of its polygon."""
    path = base / text.strip()
    if not text.strip().lower().endswith((".json", ".geojson")):
        return text
    try:
        return polygon_text(polygon_of_geojson(path.read_bytes()))
    except OSError as error:
        raise InvalidValue(f"the file of the area cannot be read ({error.strerror})", str(path)) from error
