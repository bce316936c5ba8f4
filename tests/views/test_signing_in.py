"""Signing in with a browser that runs no scripts, on the real hub: cookies, forms, invitations, what is said where."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hub_street import Served, Street, authorisation, begin, settings_at
from msgspec.structs import replace
from staff import AREAS, CHEAP, Staff

from clairvoie.boundary.accounts import AccountChange, Grant
from clairvoie.boundary.authorisation import Field, Recipient, RecipientKind
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.person import Role
from clairvoie.hub.accounts_here import make_account

PASSWORD = "lantern mortar willow"
TOKEN = re.compile(r'name="token" value="([^"]+)"')
MACHINE = Recipient(
    name="lights",
    kind=RecipientKind.MACHINE,
    purpose="To light a street",
    fields=(Field.INCIDENT_KIND, Field.INCIDENT_TIME, Field.INCIDENT_PLACE),
)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr("clairvoie.hub.accounts_signing_in.Passwords", lambda: CHEAP)
    act = authorisation()
    act = replace(act, recipients=(*act.recipients, MACHINE))
    with Served.of(settings_at(tmp_path, act, areas=AREAS), Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()))
        for account, role in (("admin", Role.ADMINISTRATOR), ("sue", Role.SUPERVISOR)):
            recipient = "" if role is Role.ADMINISTRATOR else "duty-desk"
            change = AccountChange(account=account, name=account.title(), grant=Grant(role=role, recipient=recipient))
            served.hub.store.submit(
                lambda c, change=change: make_account(c, served.ledger, change, PASSWORD, CHEAP, served.clock())
            ).result()
        yield served


class Browser:
    """Keeps cookies, follows no redirect unasked, sends the token of the page it has open."""

    def __init__(self, served: Served, base: str = "http://127.0.0.1:8750") -> None:
        self.served = served
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=served.app), base_url=base, headers={"accept": "text/html"}
        )
        self.page = ""

    def get(self, path: str, **more: object) -> httpx.Response:
        return self._seen(self.served.runner.run(self.client.get(path, **more)))  # type: ignore[arg-type]

    def post(self, path: str, **fields: str) -> httpx.Response:
        found = TOKEN.search(self.page)
        fields.setdefault("token", found[1] if found else "")
        return self._seen(self.served.runner.run(self.client.post(path, data=fields)))

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
        return answer

    def sign_in(self, account: str, password: str = PASSWORD) -> httpx.Response:
        self.get("/sign-in")
        answer = self.post("/sign-in", account=account, password=password)
        if answer.status_code == 303:
            self.get("/account")
        return answer


@pytest.fixture
def browser(served: Served) -> Iterator[Browser]:
    opened = Browser(served)
    yield opened
    served.runner.run(opened.client.aclose())


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_then_to_where_they_were_going(browser: Browser) -> None:
    answer = browser.get("/levels?sensor=mic-a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/levels%3Fsensor%3Dmic-a")
    page = browser.get(answer.headers["location"])
    assert "sse-connect" not in page.text
    assert "lamp mic-a" not in page.text
    answer = browser.post("/sign-in", account="sue", password=PASSWORD, next="/levels?sensor=mic-a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/levels?sensor=mic-a")
    assert browser.get("/levels?sensor=mic-a").status_code == 200


@pytest.mark.parametrize("elsewhere", ["//example.org", "https://example.org/", "/\\example.org"])
def test_signing_in_never_leads_to_another_site(browser: Browser, elsewhere: str) -> None:
    browser.get("/sign-in")
    answer = browser.post("/sign-in", account="sue", password=PASSWORD, next=elsewhere)
    assert answer.headers["location"] == "/"


def test_a_background_request_of_a_page_that_was_signed_out_goes_to_sign_in(browser: Browser) -> None:
    answer = browser.get("/fragments/strip", headers={"hx-request": "true", "accept": "*/*"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


def test_the_session_s_cookie_is_for_this_host_over_tls_and_for_no_script(served: Served) -> None:
    names = {"http://127.0.0.1:8750": "clairvoie-session", "https://127.0.0.1": "__Host-clairvoie-session"}
    for base, name in names.items():
        browser = Browser(served, base)
        answer = browser.sign_in("sue")
        (line,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert ("secure" in attributes) is base.startswith("https")
        assert not any(part.startswith("domain") for part in attributes)
        served.runner.run(browser.client.aclose())


def test_refusals_read_the_same_and_too_many_are_told_to_wait(browser: Browser) -> None:
    texts = set()
    for account, password in (("sue", "wrong"), ("nobody", PASSWORD)):
        answer = browser.sign_in(account, password)
        assert answer.status_code == 401
        texts.add(TOKEN.sub("", answer.text).replace(f'value="{account}"', ""))
    assert len(texts) == 1
    answers = [browser.sign_in("sue", "wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_sign_in_form_from_elsewhere_signs_nobody_in(browser: Browser) -> None:
    browser.get("/sign-in")
    assert browser.post("/sign-in", account="sue", password=PASSWORD, token="forged").status_code == 403
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session_at_the_hub(browser: Browser) -> None:
    browser.sign_in("sue")
    cookies = dict(browser.client.cookies)
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    browser.client.cookies = httpx.Cookies(cookies)
    assert browser.get("/").status_code == 303


def test_an_account_from_proposal_to_first_look(served: Served, browser: Browser) -> None:
    """Administrator, supervisor and the new person, each with a browser of their own."""
    sue, dora = Browser(served), Browser(served)
    assert browser.sign_in("admin").headers["location"] == "/accounts"
    browser.get("/accounts")
    given = {"role": "duty", "recipient": "duty-desk", "area": "here"}
    asked = browser.post("/accounts", account="dora", name="Dora Dupont", **given)
    assert asked.headers["location"] == "/accounts?said=proposed"
    assert browser.post("/proposals/1", decision="approve").status_code == 403
    sue.sign_in("sue")
    assert "Dora Dupont" in sue.get("/proposals").text
    code = re.search(r"<code>([A-Z0-9]{4}-[A-Z0-9]{4})</code>", sue.post("/proposals/1", decision="approve").text)
    browser.get("/accounts/dora")
    link = re.search(r"(/invitation\?ticket=[\w-]+)", browser.post("/accounts/dora/invitation").text)
    assert code is not None
    assert link is not None
    assert "dora" in dora.get(link[1]).text
    ticket = link[1].partition("=")[2]
    wrong = dora.post("/invitation", ticket=ticket, code="AAAA-AAAA", password=PASSWORD, again=PASSWORD)
    assert wrong.status_code == 401
    short = dora.post("/invitation", ticket=ticket, code=code[1], password="short", again="short")
    assert short.status_code == 422
    done = dora.post("/invitation", ticket=ticket, code=code[1], password=PASSWORD, again=PASSWORD)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert dora.get("/incidents/1").status_code == 200
    assert dora.get("/sensors/mic-far").status_code == 404
    assert dora.get("/accounts").status_code == 403
    taken = dora.post("/incidents/1/take")
    assert taken.headers["location"] == "/incidents/1"
    assert served.desk.incident(1).taken_by == "Dora Dupont (dora)"
    assert "dora" in [e.who for e in served.ledger.of(EntryKind.TRANSITION)]
    assert [e.who for e in served.ledger.of(EntryKind.LOOK)] == ["dora"], "looked at often, told once"
    for one in (sue, dora):
        served.runner.run(one.client.aclose())


def test_signing_as_somebody_else_is_refused(served: Served, browser: Browser) -> None:
    browser.sign_in("sue")
    assert browser.post("/incidents/1/take", who="Claire").status_code == 403
    token = {"x-clairvoie-token": TOKEN.search(browser.page)[1]}  # type: ignore[index]
    send = browser.client.post("/api/v1/incidents/1/take", json={"who": "Claire"}, headers=token)
    answer = served.runner.run(send)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-you")
    for body in ({"who": "Sue"}, {}):
        answer = served.runner.run(browser.client.post("/api/v1/incidents/1/take", json=body, headers=token))
        assert answer.status_code in (200, 409)
    assert served.desk.incident(1).taken_by == "Sue (sue)"
    assert served.runner.run(browser.client.post("/api/v1/incidents/1/take", json={})).status_code == 403


def test_a_machine_is_told_of_confirmed_incidents_and_of_its_fields_alone(served: Served) -> None:
    staff = Staff(served)
    machine, person = staff.machine("lights-1", "lights"), staff.session("sue")
    assert served.ask("GET", "/api/v1/incidents", headers=machine).json()["incidents"] == []
    assert served.ask("GET", "/api/v1/incidents/1", headers=machine).status_code == 404
    closing = {"outcome": "confirmed", "basis": "on-site", "note": "Broken window", "take": True}
    assert served.ask("POST", "/api/v1/incidents/1/close", json=closing, headers=person).status_code == 200
    (told,) = served.ask("GET", "/api/v1/incidents", headers=machine).json()["incidents"]
    assert (told["kind"], told["outcome"], told["detections"], told["history"]) == ("glass-breaking", None, [], [])
    assert "Sue" not in str(told)
    assert "Broken" not in str(told)
    assert served.ask("GET", "/api/v1/levels.csv", headers=machine).status_code == 403


def test_the_access_log_says_who_looked_and_what_was_taken_away(served: Served, browser: Browser) -> None:
    staff = Staff(served)
    auditor = staff.session(staff.account("otto", Role.AUDITOR))
    path = "/api/v1/levels.csv?sensor=mic-a&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z"
    assert served.ask("GET", path, headers=auditor).status_code == 200
    (export,) = served.ledger.of(EntryKind.EXPORT)
    assert (export.who, export.about) == ("otto", path)
    lines = list(csv.reader(io.StringIO(served.ask("GET", "/access.csv", headers=auditor).text)))
    assert lines[0] == ["index", "at_utc", "kind", "who", "about", "detail", "epoch"]
    assert [entry.about.partition("?")[0] for entry in served.ledger.of(EntryKind.EXPORT)][-1] == "/access.csv"


def test_a_look_that_cannot_be_recorded_is_not_given(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from clairvoie.errors import StoreUnavailable

    def full(entry: object) -> int:
        raise StoreUnavailable("the store cannot be written", "disk full", "Free the disk.")

    staff = Staff(served)
    monkeypatch.setattr(served.desk, "record", full)
    answer = served.ask("GET", "/api/v1/incidents/1", headers=staff.session("sue"))
    assert answer.status_code == 503
    assert "glass" not in answer.text
