"""Signing in and out, the first password of an invitation, and one's own account.

Every refused sign-in reads the same, whether the account does not exist, is deactivated, or the password is wrong.
"""

from __future__ import annotations

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from clairvoie.boundary.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, People, SignedIn
from clairvoie.boundary.person import CallerKind
from clairvoie.errors import HubError, InvalidValue, SignInRefused
from clairvoie.views import person
from clairvoie.views.caller import current, session_cookie, session_of
from clairvoie.views.page import Page, ThePage, home_of
from clairvoie.views.preferences import FORGED, back
from clairvoie.views.words import mark as _

router = APIRouter()
REFUSED = _("Account and password do not belong together. Check both; if it goes on, ask an administrator.")
TOO_MANY = _("Too many attempts. Wait %(seconds)s seconds, then try again.")
NO_INVITATION = _("This invitation is unknown, was used, or has ended. Ask an administrator for another.")
WRONG_CODE = _("The invitation and this code do not belong together, or the invitation has ended.")
NOT_THE_SAME = _("The two passwords are not the same.")
BAD_PASSWORD = _("Take another password: 12 to 256 characters, several words that do not belong together.")
SESSION_SECONDS = 12 * 3600

Field = Annotated[str, Form(max_length=1024)]


def people_of(request: Request) -> People:
    """The accounts of this hub; where nobody signs in, such pages are not there."""
    found: People | None = request.app.state.people
    if found is None:
        raise HTTPException(404)
    return found


ThePeople = Annotated[People, Depends(people_of)]


def address_of(request: Request) -> str:
    """From where somebody signs in, as far as the connection tells."""
    return request.client.host if request.client is not None else ""


def beginning(signed: SignedIn) -> str:
    """Where whoever has just signed in begins."""
    return home_of(signed.person.may, bool(signed.person.recipient))


def welcome(request: Request, signed: SignedIn, path: str) -> Response:
    """On to ``path``, with the session's cookie."""
    response = RedirectResponse(path, status_code=303)
    response.set_cookie(
        session_cookie(request.url.scheme),
        signed.token,
        max_age=SESSION_SECONDS,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def slowed(
    page: Page, request: Request, error: SignInRefused, template: str, refused: str, **facts: object
) -> Response:
    """A sign-in that failed."""
    seconds = ceil(error.wait)
    problem = page.words(request, TOO_MANY, seconds=seconds) if seconds else page.words(request, refused)
    response = page.render(request, template, status=429 if seconds else 401, problem=problem, **facts)
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


@router.get("/sign-in")
def form(request: Request, page: ThePage, people: ThePeople, next: str = "/") -> Response:  # noqa: A002
    """The form. Whoever is signed in already goes on."""
    if current().kind is CallerKind.PERSON:
        caller = current()
        home = home_of(caller.may, bool(caller.recipient))
        return RedirectResponse(back(next) if back(next) != "/" else home, status_code=303)
    return page.render(request, "sign_in.html", problem="", account="", next=back(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    page: ThePage,
    people: ThePeople,
    account: Field = "",
    password: Field = "",
    token: Field = "",
    next: Field = "/",  # noqa: A002  (the field's usual name in forms)
) -> Response:
    """Sign in: the session that was there ends, a new one begins."""
    shown = {"account": account[:40], "next": back(next)}
    if not person.token_matches(request, token):
        return page.render(request, "sign_in.html", status=403, problem=page.words(request, FORGED), **shown)
    try:
        signed = people.sign_in(account.strip(), password, address_of(request), old_token=session_of(request))
    except SignInRefused as error:
        return slowed(page, request, error, "sign_in.html", REFUSED, **shown)
    return welcome(request, signed, back(next) if back(next) != "/" else beginning(signed))


@router.post("/sign-out")
def sign_out(request: Request, people: ThePeople) -> Response:
    """Sign out: the session ends at the hub, and the browser forgets it."""
    people.sign_out(session_of(request))
    response = RedirectResponse("/sign-in", status_code=303)
    name = session_cookie(request.url.scheme)
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@router.get("/invitation")
def invitation(request: Request, page: ThePage, people: ThePeople, ticket: str = "") -> HTMLResponse:
    """The form for the first password."""
    account = people.invited(ticket)
    if account is None:
        return page.render(
            request, "invitation.html", status=404, problem=page.words(request, NO_INVITATION), account="", ticket=""
        )
    return page.render(request, "invitation.html", problem="", account=account, ticket=ticket)


@router.post("/invitation")
def accept(
    request: Request,
    page: ThePage,
    people: ThePeople,
    ticket: Field = "",
    code: Field = "",
    password: Field = "",
    again: Field = "",
    token: Field = "",
) -> Response:
    """Set the first password, with the ticket of the link and the code of whoever approved."""
    shown = {"account": people.invited(ticket) or "", "ticket": ticket}
    problem, status = "", 422
    if not person.token_matches(request, token):
        problem, status = FORGED, 403
    elif not shown["account"]:
        problem, status = NO_INVITATION, 404
    elif password != again:
        problem = NOT_THE_SAME
    else:
        try:
            signed = people.accept(ticket, code, password, address_of(request))
        except InvalidValue:
            problem = BAD_PASSWORD
        except SignInRefused as error:
            return slowed(page, request, error, "invitation.html", WRONG_CODE, **shown)
        else:
            return welcome(request, signed, beginning(signed))
    return page.render(request, "invitation.html", status=status, problem=page.words(request, problem), **shown)


# One's own account --------------------------------------------------------------------------------------------------


def own(request: Request, page: Page, people: People, *, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page of one's own account."""
    caller = current()
    mine = people.account(caller.who)
    if mine is None:
        raise HTTPException(404)
    held = [token for token in people.tokens() if token.account == caller.who]
    words = dict(people.areas())
    return page.render(
        request,
        "account.html",
        status=status,
        problem=page.words(request, problem) if problem else "",
        mine=mine,
        held=held,
        area_words=[words.get(area, area) for area in mine.grant.areas],
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )


@router.get("/account")
def account(request: Request, page: ThePage, people: ThePeople) -> HTMLResponse:
    """What one is given, another password, tokens for one's programs."""
    return own(request, page, people)


@router.post("/account/password")
def password(
    request: Request, page: ThePage, people: ThePeople, old: Field = "", new: Field = "", again: Field = ""
) -> Response:
    """Set another password; every other session ends."""
    if new != again:
        return own(request, page, people, problem=NOT_THE_SAME, status=422)
    try:
        signed = people.change_password(current(), old, new, address_of(request))
    except InvalidValue:
        return own(request, page, people, problem=BAD_PASSWORD, status=422)
    except SignInRefused as error:
        problem = page.words(request, TOO_MANY, seconds=ceil(error.wait)) if error.wait else REFUSED
        return own(request, page, people, problem=problem, status=429 if error.wait else 401)
    return welcome(request, signed, "/account")


@router.post("/account/sign-out-everywhere")
def everywhere(people: ThePeople) -> Response:
    """End all of one's sessions and tokens, this one too."""
    people.sign_out_everywhere(current().who, current())
    return RedirectResponse("/sign-in", status_code=303)


@router.post("/account/tokens")
def make_token(request: Request, page: ThePage, people: ThePeople, label: Field = "", days: Field = "30") -> Response:
    """Make a token for a program of one's own, and show it once."""
    try:
        made = people.make_token(person.clean_name(label), int(days) if days.isdecimal() else 0, current())
    except InvalidValue as error:
        return own(request, page, people, problem=str(error), status=422)
    return page.render(request, "once.html", kind="token", secret=made, about=label, home="/account")


@router.post("/account/tokens/{number}/revoke")
def revoke(request: Request, page: ThePage, people: ThePeople, number: int) -> Response:
    """End one of one's tokens."""
    try:
        people.revoke_token(number, current())
    except HubError:
        return own(request, page, people, status=404)
    return RedirectResponse("/account#tokens", status_code=303)
