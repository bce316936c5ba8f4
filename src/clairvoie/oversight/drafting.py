"""From answers to an act and back: answers are texts as a person types them, so a file of them reads like the talk.

>>> question = next(one for one in QUESTIONS if one.key == "hours")
>>> understood(question, "ven 22:00-02:00", {})[0].days
(5,)
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Retention,
    day_of,
)
from clairvoie.boundary.document import check_words
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue
from clairvoie.oversight import answers as read
from clairvoie.oversight.questions import QUESTIONS, Group, Question

Answers = dict[str, Any]
"""Key -> the text typed, or for a group a list of such dictionaries."""
MOST_RETENTION = 36_500


def understood(question: Question, text: str, answers: Answers) -> Any:
    """The value that ``text`` means, given the answers before it. Raises :class:`InvalidValue`."""
    key = question.key
    if key in ("authority", "purpose", "impact_assessment", "contact", "title", "reference"):
        return check_words(key, text.strip(), empty=question.default == "")
    if key in ("deployment", "name"):
        return check_name(key, text.strip())
    if key in ("starts", "ends"):
        return _bound(key, text, answers)
    if key in ("date", "until"):
        return _dated(key, text.strip(), answers)
    if key.startswith("retention_"):
        return read.count(text, 1, MOST_RETENTION)
    if key == "models":
        return _models(text, answers)
    return _CLOSED[key](text)


def _models(text: str, answers: Answers) -> tuple[str, ...]:
    found = read.digests(text)
    hazards = read.chosen(answers.get("hazards", "none"), HazardKind)
    sources = ObservationKind.NOISE_SOURCES in read.chosen(answers.get("observations", "none"), ObservationKind)
    if not found and (hazards or sources):
        raise InvalidValue(
            "an act that allows hazards or sources of noise names the recognisers that may run",
            text,
            "`clairvoie listen FILE --json` prints the SHA-256 of the one that is installed.",
        )
    return found


def _bound(key: str, text: str, answers: Answers) -> int:
    zone = answers.get("time_zone", "UTC")
    if key == "starts":
        return read.starting(text, zone)
    ends = read.ending(text, zone)
    latest = latest_end(answers)
    if "starts" in answers and ends <= read.starting(answers["starts"], zone):
        raise InvalidValue("an authorisation starts before it ends", text)
    if latest and day_of(text[:10]) > day_of(latest):
        raise InvalidValue(f"an act ends no later than its legal text, which ends on {latest}", text)
    return ends


def _dated(key: str, text: str, answers: Answers) -> str:
    if key == "until" and text in read.NONE:
        return ""
    day = day_of(text)
    if key == "until" and "date" in answers and day < day_of(answers["date"]):
        raise InvalidValue("a legal text ends after its own date", text)
    return text


def _one_kind(text: str) -> RecipientKind:
    kinds = read.chosen(text, RecipientKind)
    if len(kinds) != 1:
        raise InvalidValue("a recipient is people or a machine", text)
    return kinds[0]


_CLOSED: dict[str, Any] = {
    "number": lambda text: read.count(text, 1, 10**6),
    "exercise": read.yes,
    "time_zone": read.zone,
    "sensors": read.names,
    "polygon": read.polygon,
    "observations": lambda text: read.chosen(text, ObservationKind),
    "hazards": lambda text: read.chosen(text, HazardKind),
    "fields": lambda text: read.chosen(text, Field),
    "kind": _one_kind,
    "hours": read.hours,
    "lease_minutes": lambda text: read.count(text, 1, 1440),
}


def latest_end(answers: Answers) -> str:
    """The first day on which a legal text ends; empty when none names an end."""
    return min((text["until"] for text in answers.get("legal_texts", []) if text.get("until")), default="")


def default_of(question: Question, answers: Answers, today: datetime.date) -> str | None:
    """The answer that is taken when none is given: what an earlier act or draft said, else what the question says."""
    if question.key in answers:
        return str(answers[question.key])
    if question.key == "starts":
        return (today + datetime.timedelta(days=1)).isoformat()
    if question.key == "ends" and "starts" in answers:
        year = day_of(answers["starts"][:10]) + datetime.timedelta(days=364)
        return min(filter(None, (year.isoformat(), latest_end(answers))))
    return question.default


def act_of(answers: Answers) -> Authorisation:
    """The act that complete ``answers`` make. Raises :class:`InvalidValue`, naming the question."""
    values: dict[str, Any] = {}
    defaults = {one.key: one.default for one in QUESTIONS if isinstance(one, Question) and one.default is not None}
    answers = {**defaults, **answers}
    for one in QUESTIONS:
        if isinstance(one, Group):
            values[one.key] = [_values(one.questions, given, one.key) for given in answers.get(one.key, [])]
        else:
            values.update(_values((one,), answers, ""))
    kept = {key.replace("retention_", "") + "_days": values.pop(key) for key in list(values) if "retention" in key}
    values["legal_texts"] = tuple(LegalText(**text) for text in values["legal_texts"])
    values["recipients"] = tuple(Recipient(**told) for told in values["recipients"])
    return Authorisation(retention=Retention(**kept), lease_seconds=values.pop("lease_minutes") * 60, **values)


def _values(questions: tuple[Question, ...], answers: Answers, group: str) -> Answers:
    unknown = set(answers) - {question.key for question in questions}
    if group and unknown:
        raise InvalidValue(f"{group} has no such key", ", ".join(sorted(unknown)))
    found: Answers = {}
    for question in questions:
        text = answers.get(question.key, question.default)
        if text is None:
            name = f"{group}.{question.key}" if group else question.key
            raise InvalidValue("an answer is missing", name, f"For instance {question.example}.")
        try:
            found[question.key] = understood(question, text, answers)
        except InvalidValue as error:
            raise InvalidValue(f"{question.key}: {error.what}", error.value, error.remedy) from error
    return found


def answers_of(act: Authorisation) -> Answers:
    """The answers that make ``act``: what a new draft starts from."""
    kept = act.retention
    return {
        "deployment": act.deployment,
        "number": str(act.number),
        "exercise": "yes" if act.exercise else "no",
        "authority": act.authority,
        "purpose": act.purpose,
        "legal_texts": [
            {"title": t.title, "date": t.date, "until": t.until, "reference": t.reference} for t in act.legal_texts
        ],
        "impact_assessment": act.impact_assessment,
        "contact": act.contact,
        "time_zone": act.time_zone,
        "starts": read.started(act.starts, act.time_zone),
        "ends": read.ended(act.ends, act.time_zone),
        "sensors": " ".join(act.sensors),
        "polygon": read.polygon_text(act.polygon),
        "observations": " ".join(act.observations) or "none",
        "hazards": " ".join(act.hazards) or "none",
        "hours": read.hours_text(act.hours),
        "recipients": [
            {"name": r.name, "kind": str(r.kind), "purpose": r.purpose, "fields": " ".join(r.fields) or "none"}
            for r in act.recipients
        ],
        **{f"retention_{n}": str(getattr(kept, f"{n}_days")) for n in ("levels", "detections", "incidents", "records")},
        "models": " ".join(act.models) or "none",
        "lease_minutes": str(max(1, act.lease_seconds // 60)),
    }


def checked_answers(raw: dict[str, Any]) -> Answers:
    """Answers as a TOML file gave them: numbers, dates, truths and lists become the texts that a person would type."""
    groups = {one.key: one for one in QUESTIONS if isinstance(one, Group)}
    known = {one.key for one in QUESTIONS}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise InvalidValue("there is no such question", ", ".join(unknown), "Ask `clairvoie authorise draft` for all.")
    found: Answers = {}
    for key, value in raw.items():
        if key in groups:
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                raise InvalidValue(f"{key} is a list of tables, [[{key}]]", value)
            found[key] = [{name: _typed(text) for name, text in one.items()} for one in value]
        else:
            found[key] = _typed(value)
    return found


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(_typed, value)) or "none"
    return str(value)


def answers_toml(answers: Answers) -> str:
    """Answers as a TOML file that can be taken up again."""
    plain = [f"{key} = {_quoted(text)}" for key, text in answers.items() if not isinstance(text, list)]
    for key, tables in answers.items():
        if isinstance(tables, list):
            for table in tables:
                plain += ["", f"[[{key}]]", *(f"{name} = {_quoted(text)}" for name, text in table.items())]
    return "\n".join(plain) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


__all__ = [
    "QUESTIONS",
    "Answers",
    "act_of",
    "answers_of",
    "answers_toml",
    "checked_answers",
    "default_of",
    "latest_end",
    "understood",
]
