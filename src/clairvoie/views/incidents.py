"""Incidents: the list, one incident with all that is known of it, and the three things a person may do with it.

Every act is a plain form that works without scripts (POST, then 303 to the incident); with htmx the same request
answers with the part of the page that changed. An act that comes too late is told who was first, with status 409.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from clairvoie.boundary.hazards import HAZARD_KINDS
from clairvoie.boundary.incident import Basis, Incident, IncidentState, Outcome, TransitionKind, check_outcome
from clairvoie.boundary.overseen import AccessLine
from clairvoie.boundary.person import Power
from clairvoie.errors import HubError, IncidentConflict, InvalidValue
from clairvoie.views import person
from clairvoie.views.caller import current
from clairvoie.views.desk import queue
from clairvoie.views.evidence import evidence, levels_around
from clairvoie.views.fix_plan import plan_of
from clairvoie.views.page import Page, ThePage
from clairvoie.views.preferences import FORGED
from clairvoie.views.search import Search
from clairvoie.views.words import mark as _

router = APIRouter()
NO_INCIDENT = _("There is no incident %(number)s. It may have been deleted after its term.")
NO_NAME = _("Please give your name: it signs what you do.")
NO_OUTCOME = _("Please choose an outcome and what it rests on.")
NO_BASIS = _("Without a basis an incident can only be closed as not verifiable. Say on what your finding rests.")
NO_TEXT = _("The note is empty.")
TAKEN_FIRST = _("%(who)s was first and took this incident at %(time)s. Nothing was changed.")
CLOSED_FIRST = _("%(who)s was first and closed this incident at %(time)s. Nothing was changed.")
NOTE_LENGTH = 2000
LIST_LENGTH = 200
ENTRIES = 100
"""Of the ledger, on the page of one incident; the access log has them all."""

Token = Annotated[str, Form()]
Number = Annotated[int, Path(ge=0, lt=2**53)]
Act = Callable[[str], object]


@router.get("/incidents")
def incidents(request: Request, page: ThePage) -> HTMLResponse:
    """The list: open, taken and closed, by kind, date and words."""
    search = Search.of(request.query_params, page.clock)
    found = page.desk.incidents(search.state, since=search.since, limit=LIST_LENGTH)
    shown = page.shown(request)
    kept = [one for one in found if search.keeps(one, str(shown.term(one.kind)))]
    return page.render(
        request, "incidents.html", search=search, incidents=kept, kinds=HAZARD_KINDS, states=tuple(IncidentState),
        reached=len(found) >= LIST_LENGTH, most=LIST_LENGTH,
    )  # fmt: skip


def facts(page: Page, incident: Incident) -> dict[str, Any]:
    """All that the page of one incident shows."""
    statuses = page.desk.sensors()
    places = {status.sensor.id: status.sensor.place for status in statuses}
    rows = page.desk.levels(incident.sensors[0], incident.onset - 180, incident.onset + 120) if incident.sensors else ()
    return {
        "incident": incident,
        "evidence": evidence(page.desk, incident),
        "around": levels_around(rows, incident.onset),
        "outcomes": tuple(Outcome),
        "bases": tuple(Basis),
        "plan": None if incident.fix is None else plan_of(incident.fix, places),
        "entries": entries_of(page, incident),
        "confinements": {status.sensor.id: status.confinement for status in statuses},
    }


def entries_of(page: Page, incident: Incident) -> tuple[AccessLine, ...]:
    """What stands in the ledger's present epoch about an incident, oldest first, for those who may read who looked."""
    status = page.desk.ledger_status()
    if status is None or not current().may(Power.READ_ACCESS):
        return ()
    found = page.desk.access(about=f"incident-{incident.id}", limit=ENTRIES)
    return tuple(line for line in reversed(found) if line.epoch == status.epoch)


@router.get("/incidents/{number}")
def incident(request: Request, page: ThePage, number: Number) -> HTMLResponse:
    """One incident."""
    found = page.desk.incident(number)
    if found is None:
        return page.problem(request, 404, page.words(request, NO_INCIDENT, number=number))
    fragment = request.headers.get("hx-target") == "incident"
    return page.render(request, "fragments/incident.html" if fragment else "incident.html", **facts(page, found))


def wrong_outcome(outcome: str, basis: str) -> str:
    """What is wrong with an outcome and its basis, or empty."""
    if outcome not in set(Outcome) or basis not in set(Basis):
        return NO_OUTCOME
    try:
        check_outcome(Outcome(outcome), Basis(basis))
    except InvalidValue:
        return NO_BASIS
    return ""


@router.post("/incidents/{number}/take")
def take(
    request: Request, page: ThePage, number: Number, token: Token = "", who: Annotated[str, Form()] = ""
) -> Response:
    """Take an open incident."""
    return act(request, page, number, token, who, lambda name: page.desk.take(number, name))


@router.post("/incidents/{number}/close")
def close(
    request: Request,
    page: ThePage,
    number: Number,
    token: Token = "",
    who: Annotated[str, Form()] = "",
    outcome: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Close an incident with what was found and on what that rests."""

    def closing(name: str) -> object:
        wrong = wrong_outcome(outcome, basis)
        if wrong:
            return wrong
        return page.desk.close(number, name, Outcome(outcome), Basis(basis), note.strip()[:NOTE_LENGTH])

    return act(request, page, number, token, who, closing)


@router.post("/incidents/{number}/note")
def note(
    request: Request,
    page: ThePage,
    number: Number,
    token: Token = "",
    who: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Add a note."""
    kept = text.strip()[:NOTE_LENGTH]
    return act(request, page, number, token, who, lambda name: page.desk.note(number, name, kept) if kept else NO_TEXT)


def act(request: Request, page: Page, number: int, token: str, who: str, does: Act) -> Response:
    """Do one thing in somebody's name. ``does`` returns a sentence when the form itself is wrong."""
    if page.desk.incident(number) is None:
        return page.problem(request, 404, page.words(request, NO_INCIDENT, number=number))
    name = person.clean_name(who) or person.name_of(request)
    problem, status = "", 200
    if not person.token_matches(request, token):
        problem, status = page.words(request, FORGED), 403
    elif not name:
        problem, status = page.words(request, NO_NAME), 422
    else:
        try:
            done = does(name)
        except IncidentConflict:
            problem, status = who_was_first(request, page, number), 409
        except HubError:  # deleted after its term between the look above and the act
            return page.problem(request, 404, page.words(request, NO_INCIDENT, number=number))
        else:
            if isinstance(done, str):
                problem, status = page.words(request, done), 422
    return answer(request, page, number, name, problem, status)


def answer(request: Request, page: Page, number: int, name: str, problem: str, status: int) -> Response:
    """The queue or the incident to a page that asked for just that; else the incident's own page."""
    asked = request.headers.get("hx-target", "")
    told: dict[str, Any] = {"answer": problem, "in_place": asked in ("queue", "incident"), "name": name}
    response: Response
    found = page.desk.incident(number)
    if asked == "queue":
        response = page.render(request, "fragments/queue.html", status=status, **(queue(page) | told))
    elif found is not None and (problem or asked == "incident"):
        template = "fragments/incident.html" if asked == "incident" else "incident.html"
        response = page.render(request, template, status=status, **(facts(page, found) | told))
    else:
        response = RedirectResponse(f"/incidents/{number}", status_code=303)
    if name and name != person.name_of(request) and status != 403:
        person.remember(response, request, person.NAME_COOKIE, name)
    return response


def who_was_first(request: Request, page: Page, number: int) -> str:
    """The sentence for whoever came second."""
    found = page.desk.incident(number)
    history = found.history if found is not None else ()
    closed = found is not None and found.state is IncidentState.CLOSED
    kind = TransitionKind.CLOSED if closed else TransitionKind.TAKEN
    first = next((line for line in reversed(history) if line.kind is kind), None)
    return page.words(
        request,
        CLOSED_FIRST if closed else TAKEN_FIRST,
        who=(first.who if first else "") or page.words(request, _("Somebody else")),
        time=page.clock.time(first.at) if first else "–",
    )
