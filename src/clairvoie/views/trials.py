"""On trial: what is stored, counted and judged, and opens no incident until it has been watched and signed.

What is judged here never stood in the queue. To let a kind in, a supervisor signs the figures that this page shows, and
a second person approves them under ``/proposals``; to take it out again, one person is enough.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response

from clairvoie.boundary.exposure import Rate
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.trial import NEEDED_HOURS, Figures, TrialState, TrialView
from clairvoie.errors import HubError, IncidentConflict
from clairvoie.views import person
from clairvoie.views.incidents import NO_NAME, wrong_outcome
from clairvoie.views.page import Page, Shown, ThePage
from clairvoie.views.preferences import FORGED
from clairvoie.views.sensors import unknown
from clairvoie.views.words import mark as _

router = APIRouter()
MOST = 100
"""Detections on the page: those that nobody has judged first."""
NO_DETECTION = _("There is no detection %(number)s on trial. It may have been deleted after its term.")
NO_KIND = _("There is no such kind of hazard at a sensor “%(sensor)s” here.")
JUDGED_FIRST = _("%(who)s judged this detection first. Nothing was changed.")
NOT_DONE = _(
    "That cannot be done now: the trial has not been watched for %(hours)s hours, or has begun anew meanwhile."
)

BOTH = _("%(found)s; %(worst)s")
AT_WORST = _("if all that nobody found right were false, %(rate)s")

Token = Annotated[str, Form()]
Number = Annotated[int, Path(ge=0, lt=2**53)]
ORDER = (TrialState.READY, TrialState.WITHDRAWN, TrialState.TRIAL, TrialState.LIVE)


def groups(views: tuple[TrialView, ...]) -> list[tuple[str, list[TrialView]]]:
    """The trials by sensor: first where something waits for a signature, then where a detection does, then by name."""
    found: dict[str, list[TrialView]] = {}
    for view in views:
        found.setdefault(view.sensor, []).append(view)

    def urgency(sensor: str) -> tuple[bool, bool, str]:
        own = found[sensor]
        ready = any(view.state is TrialState.READY for view in own)
        return not ready, not any(view.figures.waiting for view in own), sensor

    return [(sensor, found[sensor]) for sensor in sorted(found, key=urgency)]


def false_alarms(page: Page, request: Request, figures: Figures) -> str:
    """The false alarms, and how many there were at worst where somebody has not judged or could not tell."""
    found, worst = rated(page, request, figures.rate), figures.worst
    if worst.count == figures.rate.count:
        return found
    at_worst = page.words(request, AT_WORST, rate=rated(page, request, worst))
    return page.words(request, BOTH, found=found, worst=at_worst)


def rated(page: Page, request: Request, rate: Rate) -> str:
    """A rate with its exposure and exact interval: a day only from 24 hours on."""
    shown = page.shown(request)
    daily = rate.daily
    if daily is None:
        low, high = rate.expected
        return page.words(
            request,
            _("%(count)s in %(hours)s h; in as long again, %(low)s to %(high)s are to be expected"),
            count=rate.count, hours=shown.decimal(rate.hours), low=short(shown, low), high=short(shown, high),
        )  # fmt: skip
    return page.words(
        request,
        _("%(count)s in %(hours)s h: %(rate)s a day (%(low)s to %(high)s)"),
        count=rate.count, hours=shown.decimal(rate.hours, 0), rate=short(shown, daily[0]),
        low=short(shown, daily[1]), high=short(shown, daily[2]),
    )  # fmt: skip


def short(shown: Shown, value: float) -> str:
    """A rate to two significant figures, so that none that is not nought reads so."""
    places = 0 if value == 0 else min(6, max(0, 1 - math.floor(math.log10(value))))
    return shown.decimal(value, places)


def facts(request: Request, page: Page, sensor: str = "", problem: str = "") -> dict[str, Any]:
    """All that the page shows: of one sensor, or of all."""
    views = page.desk.trials(sensor or None)
    detections = page.desk.on_trial(sensor=sensor or None, limit=MOST)
    return {
        "groups": groups(views),
        "chosen": sensor,
        "waiting": [one for one in detections if one.outcome is None],
        "judged": [one for one in detections if one.outcome is not None],
        "reached": len(detections) >= MOST,
        "places": {view.sensor: view.place.words for view in views},
        "needed": NEEDED_HOURS,
        "bases": tuple(Basis),
        "outcomes": tuple(Outcome),
        "false_alarms": lambda figures: false_alarms(page, request, figures),
        "problem": problem,
    }


@router.get("/trial")
def trial(request: Request, page: ThePage, sensor: str = "") -> Response:
    """The page: of all sensors, or of one."""
    if sensor and page.desk.sensor(sensor) is None:
        page.desk.on_trial(limit=1)  # refuses whom nothing of it may be told
        return unknown(request, page, sensor)
    return page.render(request, "trial.html", **facts(request, page, sensor[:40]))


def answer(request: Request, page: Page, name: str, problem: str, status: int) -> Response:
    """Back to the page, or the page with what went wrong."""
    if problem:
        return page.render(request, "trial.html", status=status, **facts(request, page, problem=problem))
    response = RedirectResponse("/trial", status_code=303)
    if name and name != person.name_of(request):
        person.remember(response, request, person.NAME_COOKIE, name)
    return response


@router.post("/trial/detections/{number}")
def judge(
    request: Request,
    page: ThePage,
    number: Number,
    token: Token = "",
    who: Annotated[str, Form()] = "",
    outcome: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
) -> Response:
    """Say whether a detection was right, and on what that rests."""
    name = person.clean_name(who) or person.name_of(request)
    if page.desk.trial_detection(number) is None:
        return page.problem(request, 404, page.words(request, NO_DETECTION, number=number))
    wrong = wrong_form(request, token, name) or wrong_outcome(outcome, basis)
    if wrong:
        return answer(request, page, name, page.words(request, wrong), 403 if wrong == FORGED else 422)
    try:
        page.desk.judge(number, name, Outcome(outcome), Basis(basis))
    except IncidentConflict as error:
        return answer(request, page, name, page.words(request, JUDGED_FIRST, who=error.value), 409)
    except HubError:  # deleted after its term between the look above and the act
        return page.problem(request, 404, page.words(request, NO_DETECTION, number=number))
    return answer(request, page, name, "", 303)


def wrong_form(request: Request, token: str, name: str) -> str:
    """What is wrong with a form whatever it asks for, or empty."""
    if not person.token_matches(request, token):
        return FORGED
    return "" if name else NO_NAME


@router.post("/trial/{sensor}/{kind}/queue")
def queue(
    request: Request, page: ThePage, sensor: str, kind: str, token: Token = "", who: Annotated[str, Form()] = ""
) -> Response:
    """Sign that a kind may enter the queue."""
    return change(request, page, sensor, kind, token, who, into=True)


@router.post("/trial/{sensor}/{kind}/withdraw")
def withdraw(
    request: Request, page: ThePage, sensor: str, kind: str, token: Token = "", who: Annotated[str, Form()] = ""
) -> Response:
    """Take a kind out of the queue."""
    return change(request, page, sensor, kind, token, who, into=False)


def change(request: Request, page: Page, sensor: str, kind: str, token: str, who: str, *, into: bool) -> Response:
    """Let a kind into the queue, or take it out."""
    name = person.clean_name(who) or person.name_of(request)
    page.desk.on_trial(limit=1)  # refuses whom nothing of it may be told
    if kind not in set(HazardKind) or page.desk.sensor(sensor) is None:
        return page.problem(request, 404, page.words(request, NO_KIND, sensor=sensor[:60]))
    wrong = wrong_form(request, token, name)
    if wrong:
        return answer(request, page, name, page.words(request, wrong), 403 if wrong == FORGED else 422)
    try:
        (page.desk.let_in if into else page.desk.take_out)(sensor, HazardKind(kind), name)
    except HubError:
        return answer(request, page, name, page.words(request, NOT_DONE, hours=NEEDED_HOURS), 409)
    return answer(request, page, name, "", 303)
