"""No page leads its reader where they may not go: every link is followed, as each role, on the real hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from hub_street import Served, Street, begin, settings_at
from staff import AREAS, Staff

from clairvoie.boundary.person import Role

LINK = re.compile(r'<a [^>]*href="(/[^"#]*)[^"]*"')
ROLES = {"duty": Role.DUTY, "supervisor": Role.SUPERVISOR, "auditor": Role.AUDITOR, "administrator": Role.ADMINISTRATOR}
ENOUGH = 200
"""More pages than there are: days before days and ranges of levels have no end."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = settings_at(tmp_path_factory.mktemp("hub"), areas=AREAS)
    with Served.of(settings, Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()), served.street.minute("mic-a", 1_795_316_580))
        yield served


def without_query(path: str) -> str:
    """Pages that differ in their query alone are followed once."""
    return path.partition("?")[0]


@pytest.mark.parametrize("name", ROLES)
def test_every_link_leads_somewhere(served: Served, name: str) -> None:
    staff, role = Staff(served), ROLES[name]
    recipient = "" if role is Role.ADMINISTRATOR else "duty-desk"
    headers = staff.session(staff.account(f"role-{name}", role, recipient=recipient)) | {"accept": "text/html"}
    home = "/accounts" if role is Role.ADMINISTRATOR else "/"
    waiting, seen, lost = [(home, "")], {home}, []
    while waiting and len(seen) < ENOUGH:
        path, source = waiting.pop(0)
        answer = served.ask("GET", path, headers=headers)
        if answer.status_code != 200:
            lost.append((source, path, answer.status_code))
            continue
        if "text/html" not in answer.headers["content-type"]:
            continue
        for link in map(unescape, LINK.findall(answer.text)):
            if without_query(link) not in seen and not link.startswith("/tlog/"):
                seen.add(without_query(link))
                waiting.append((link, path))
    assert lost == []
    assert {"/sensors", "/levels", "/ledger", "/authorisations", "/sensors/mic-a/life", "/sensors/mic-a/sign"} <= seen
    assert ("/incidents/1" in seen) is (role is not Role.ADMINISTRATOR)
