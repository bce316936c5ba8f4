"""Accounts and machines for administrators, and what waits for a second person.

What narrows is done at once; what widens becomes a proposal, and the page says so. Secrets are shown once, on the page
that answers the act that made them.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from clairvoie.boundary.accounts import (
    AccountChange,
    AccountView,
    Grant,
    KindInQueue,
    LongerRetention,
    MachineToken,
    NewPassword,
    People,
    Proposal,
    ProposalState,
    may_decide,
)
from clairvoie.boundary.authorisation import RecipientKind
from clairvoie.boundary.person import Caller, Power, Role
from clairvoie.errors import HubError, InvalidValue, NotPermitted
from clairvoie.views import person
from clairvoie.views.caller import current
from clairvoie.views.page import Page, ThePage
from clairvoie.views.signing_in import ThePeople
from clairvoie.views.trials import false_alarms
from clairvoie.views.words import mark as _

router = APIRouter()
NO_ACCOUNT = _("There is no account “%(account)s”.")
WRONG = _("That cannot be: %(what)s.")
NO_LONGER = _("This no longer waits: it was decided, issued or has ended.")
SAID = {
    "proposed": _("This widens what somebody may see or do: it waits for a second person."),
    "done": _("Done."),
}

Field = Annotated[str, Form(max_length=200)]


def facts(request: Request, page: Page, people: People) -> dict[str, Any]:
    """What the page of accounts shows."""
    counting = page.desk.acts().counting
    recipients = () if counting is None else counting.act.authorisation.recipients
    said = SAID.get(request.query_params.get("said", ""), "")
    return {
        "accounts": people.accounts(),
        "machines": [token for token in people.tokens() if not token.account],
        "waiting": [one for one in people.proposals() if one.state is ProposalState.PENDING],
        "roles": tuple(Role),
        "area_words": dict(people.areas()),
        "people_recipients": [r for r in recipients if r.kind is RecipientKind.PERSON],
        "machine_recipients": [r for r in recipients if r.kind is RecipientKind.MACHINE],
        "said": page.words(request, said) if said else "",
        "problem": "",
    }


def listed(request: Request, page: Page, people: People, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page of accounts, with what went wrong."""
    return page.render(request, "accounts.html", status=status, **(facts(request, page, people) | {"problem": problem}))


@router.get("/accounts")
def accounts(request: Request, page: ThePage, people: ThePeople) -> HTMLResponse:
    """All accounts and machines, and the forms to propose more."""
    return listed(request, page, people)


def propose(request: Request, page: Page, people: People, change: Any) -> Response:
    """Do or propose it, and say which."""
    kept = people.propose(change, current())
    return RedirectResponse(f"/accounts?said={'done' if kept is None else 'proposed'}", status_code=303)


@router.post("/accounts")
def make(
    request: Request,
    page: ThePage,
    people: ThePeople,
    account: Field = "",
    name: Field = "",
    role: Field = "",
    recipient: Field = "",
    area: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Propose an account."""
    try:
        if people.account(account) is not None:
            raise InvalidValue("there is an account of this name", account)
        given = Grant(role=Role(role), recipient=recipient.strip(), areas=tuple(sorted(area or ())))
        change = AccountChange(account=account, name=person.clean_name(name), grant=given)
        return propose(request, page, people, change)
    except (InvalidValue, ValueError) as error:
        return listed(request, page, people, page.words(request, WRONG, what=what_of(error)), 422)


def what_of(error: ValueError) -> str:
    """What is wrong, for a sentence."""
    if isinstance(error, InvalidValue):
        return error.what if error.value is None else f"{error.what} ({error.value})"
    return str(error)


@router.get("/accounts/{account}")
def one(request: Request, page: ThePage, people: ThePeople, account: str) -> HTMLResponse:
    """One account."""
    found = people.account(account)
    if found is None:
        return page.problem(request, 404, page.words(request, NO_ACCOUNT, account=account))
    return shown(request, page, people, found)


def shown(
    request: Request, page: Page, people: People, found: AccountView, problem: str = "", status: int = 200
) -> HTMLResponse:
    """The page of one account."""
    told = facts(request, page, people) | {"problem": problem, "one": found}
    told["waiting"] = [proposal for proposal in told["waiting"] if proposal.about == found.account]
    return page.render(request, "accounts_one.html", status=status, **told)


@router.post("/accounts/{account}")
def change(
    request: Request,
    page: ThePage,
    people: ThePeople,
    account: str,
    name: Field = "",
    role: Field = "",
    recipient: Field = "",
    active: Field = "",
    area: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Change what an account is given: at once if that narrows, else as a proposal."""
    found = people.account(account)
    if found is None:
        return page.problem(request, 404, page.words(request, NO_ACCOUNT, account=account))
    try:
        given = Grant(
            role=Role(role), recipient=recipient.strip(), areas=tuple(sorted(area or ())), active=active == "yes"
        )
        return propose(request, page, people, AccountChange(account=account, name=person.clean_name(name), grant=given))
    except (InvalidValue, ValueError) as error:
        return shown(request, page, people, found, page.words(request, WRONG, what=what_of(error)), 422)


@router.post("/accounts/{account}/invitation")
def invite(request: Request, page: ThePage, people: ThePeople, account: str) -> Response:
    """The administrator's half of an approved invitation, shown once."""
    try:
        ticket = people.ticket(account, current())
    except HubError:
        return page.problem(request, 409, page.words(request, NO_LONGER))
    link = f"{request.url.scheme}://{request.url.netloc}/invitation?ticket={ticket}"
    return page.render(request, "once.html", kind="ticket", secret=link, about=account, home="/accounts")


@router.post("/accounts/{account}/new-password")
def new_password(request: Request, page: ThePage, people: ThePeople, account: str) -> Response:
    """Propose that somebody who forgot their password may set another."""
    try:
        return propose(request, page, people, NewPassword(account=account))
    except HubError:
        return page.problem(request, 404, page.words(request, NO_ACCOUNT, account=account))


@router.post("/accounts/{account}/sign-out")
def sign_out(people: ThePeople, account: str) -> Response:
    """End all sessions and tokens of an account."""
    people.sign_out_everywhere(account, current())
    return RedirectResponse("/accounts?said=done", status_code=303)


@router.post("/machines")
def machine(
    request: Request, page: ThePage, people: ThePeople, machine: Field = "", recipient: Field = "", days: Field = "365"
) -> Response:
    """Propose a token for a machine."""
    try:
        lasting = int(days) if days.isdecimal() else 0
        return propose(request, page, people, MachineToken(machine=machine, recipient=recipient.strip(), days=lasting))
    except InvalidValue as error:
        return listed(request, page, people, page.words(request, WRONG, what=what_of(error)), 422)


@router.post("/machines/{number}/issue")
def issue(request: Request, page: ThePage, people: ThePeople, number: int) -> Response:
    """A machine's approved token, shown once."""
    try:
        made = people.issue(number, current())
    except HubError:
        return page.problem(request, 409, page.words(request, NO_LONGER))
    return page.render(request, "once.html", kind="machine", secret=made, about="", home="/accounts")


@router.post("/machines/{number}/revoke")
def revoke(request: Request, page: ThePage, people: ThePeople, number: int) -> Response:
    """End a machine's token."""
    try:
        people.revoke_token(number, current())
    except HubError:
        return page.problem(request, 409, page.words(request, NO_LONGER))
    return RedirectResponse("/accounts?said=done", status_code=303)


# What waits for a second person -------------------------------------------------------------------------------------


def kind_of(proposal: Proposal) -> str:
    """What a proposal is, for its template."""
    match proposal.change:
        case AccountChange(before=None):
            return "new-account"
        case AccountChange():
            return "account"
        case NewPassword():
            return "password"
        case MachineToken():
            return "machine"
        case LongerRetention():
            return "retention"
        case KindInQueue():
            return "trial"


def concerned() -> Caller:
    """The caller, if proposals are any matter of theirs."""
    caller = current()
    if not (caller.may(Power.APPROVE) or caller.may(Power.ADMINISTER)):
        raise NotPermitted("not-permitted", "proposals are for those who make or decide them", caller.who)
    return caller


def in_reach(page: Page, proposal: Proposal) -> bool:
    """Whether a proposal is about nothing outside the caller's areas."""
    change = proposal.change
    return not isinstance(change, KindInQueue) or page.desk.sensor(change.sensor) is not None


@router.get("/proposals")
def proposals(request: Request, page: ThePage, people: ThePeople) -> HTMLResponse:
    """Proposals, for those who make them and those who decide."""
    caller = concerned()
    found = tuple(one for one in people.proposals() if in_reach(page, one))
    return page.render(
        request,
        "proposals.html",
        pending=[one for one in found if one.state is ProposalState.PENDING],
        decided=[one for one in found if one.state is not ProposalState.PENDING],
        deciding={one.id for one in found if may_decide(one, caller)},
        own={one.id for one in found if one.by == caller.who},
        kind_of=kind_of,
        false_alarms=lambda figures: false_alarms(page, request, figures),
        area_words=dict(people.areas()),
    )


@router.post("/proposals/{number}")
def decide(request: Request, page: ThePage, people: ThePeople, number: int, decision: Field = "") -> Response:
    """Approve or refuse one; an approved invitation's code is shown once, to whoever approved."""
    caller = concerned()
    if decision not in ("approve", "refuse"):
        return page.problem(request, 422, page.words(request, NO_LONGER))
    asked = next((one for one in people.proposals() if one.id == number), None)
    if asked is not None and not in_reach(page, asked):
        return page.problem(request, 404, page.words(request, NO_LONGER))
    try:
        decided = people.decide(number, caller, approve=decision == "approve")
    except HubError:
        return page.problem(request, 404, page.words(request, NO_LONGER))
    if decided.code:
        about = decided.proposal.about
        return page.render(request, "once.html", kind="code", secret=decided.code, about=about, home="/proposals")
    return RedirectResponse("/proposals", status_code=303)
