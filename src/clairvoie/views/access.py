"""Who looked at what, who did what, and when: the ledger's entries about people, for auditors.

The page reads bodies from the store; that each is the one that was committed to is what ``clairvoie ledger verify``
shows. What retention erased is gone from here, its place in the ledger stays. Opening this page is not itself an
entry; taking the list away is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.overseen import AccessLine
from clairvoie.views.documents import moment
from clairvoie.views.page import Page, ThePage
from clairvoie.views.words import mark as _

router = APIRouter()
LINES = 200
LOOKED_THROUGH = 2_000
"""Entries among which those by people are looked for."""
EXPORTED_LINES = 10_000
GROUPS: dict[str, tuple[str, tuple[EntryKind, ...]]] = {
    "looks": (_("Looks at incidents"), (EntryKind.LOOK,)),
    "acts": (_("Acts on incidents"), (EntryKind.TRANSITION, EntryKind.MISS, EntryKind.TRIAL)),
    "signing": (_("Sign-ins and sign-outs"), (EntryKind.SIGN_IN, EntryKind.SIGN_OUT)),
    "exports": (_("Exports"), (EntryKind.EXPORT,)),
    "accounts": (
        _("Accounts, settings, proposals"),
        (EntryKind.ACCOUNT, EntryKind.SETTING, EntryKind.PROPOSAL, EntryKind.APPROVAL),
    ),
}
ABOUT_PEOPLE = tuple(kind for _words, kinds in GROUPS.values() for kind in kinds)


def asked(request: Request) -> dict[str, Any]:
    """What the address asks for."""
    query = request.query_params
    group = query.get("group", "")
    return {
        "kinds": GROUPS[group][1] if group in GROUPS else ABOUT_PEOPLE,
        "who": query.get("who", "").strip()[:100],
        "about": query.get("about", "").strip()[:100],
    }


@router.get("/access")
def access(request: Request, page: ThePage) -> HTMLResponse:
    """The newest entries, by group, person and thing."""
    wanted = asked(request)
    found = page.desk.access(**wanted, limit=LOOKED_THROUGH)
    lines = tuple(line for line in found if wanted["about"] or by_somebody(line))[:LINES]
    status = page.desk.ledger_status()
    group = request.query_params.get("group", "")
    return page.render(
        request,
        "access.html",
        lines=lines,
        groups=[(name, words) for name, (words, _kinds) in GROUPS.items()],
        group=group if group in GROUPS else "",
        reached=len(lines) >= LINES or len(found) >= LOOKED_THROUGH,
        most=LINES,
        link_of=link_of,
        epoch=0 if status is None else status.epoch,
        **wanted,
    )


def by_somebody(line: AccessLine) -> bool:
    """Whether a person did it: what the hub adds to an incident by itself is shown only to whoever asks about it."""
    return bool(line.entry.who) or line.entry.kind is not EntryKind.TRANSITION


def link_of(line: AccessLine) -> str:
    """The page about the thing that an entry is about, or empty."""
    kind, _hyphen, name = line.entry.about.partition("-")
    return f"/incidents/{name}" if kind == "incident" and name.isdecimal() else ""


@router.get("/access.csv")
def as_csv(request: Request, page: ThePage) -> StreamingResponse:
    """The same as CSV (RFC 4180); moments in UTC."""
    lines = page.desk.access(**asked(request), limit=EXPORTED_LINES)
    name = f"access-{page.desk.deployment().id}{'-EXERCISE' if page.desk.deployment().exercise else ''}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(csv_lines(page, lines), media_type="text/csv; charset=utf-8", headers=headers)


def csv_lines(page: Page, lines: tuple[AccessLine, ...]) -> Iterator[str]:
    """One line an entry."""
    yield _line(("index", "at_utc", "kind", "who", "about", "detail", "epoch"))
    for line in lines:
        entry = line.entry
        detail = "; ".join(f"{name}={value}" for name, value in sorted(entry.detail.items()))
        stamp = moment(entry.at).isoformat().replace("+00:00", "Z")
        yield _line((str(line.index), stamp, entry.kind.value, entry.who, entry.about, detail, str(line.epoch)))


def _line(values: tuple[str, ...]) -> str:
    """One line; a cell that a spreadsheet would run as a formula is made text."""
    line = io.StringIO()
    csv.writer(line).writerow(
        f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value for value in values
    )
    return line.getvalue()
