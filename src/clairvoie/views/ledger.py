"""The ledger: its last checkpoint, who witnessed it, what it counts, and how anybody verifies it.

The commands that the page prints are those of ``clairvoie ledger``, complete: pasted into a terminal they verify this
very log. A test pastes them.
"""

from __future__ import annotations

import shlex

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.boundary.overseen import LedgerStatus
from clairvoie.views.handover import REFUSALS
from clairvoie.views.page import ThePage
from clairvoie.views.words import mark as _

router = APIRouter()
LONGEST_NUMBER = 15
NO_WITNESS = _("no witness is asked for, so two readers could be shown different logs")
TOO_FEW = _("%(some)s of the %(needed)s witnesses that are needed have cosigned")
TWO_SETS = _("two separate sets of %(needed)s of the %(known)s witnesses could each have cosigned another log")


@router.get("/ledger")
def ledger(request: Request, page: ThePage, entry: str = "") -> HTMLResponse:
    """The ledger as it stands; with ``entry``, how to prove that one entry is in it."""
    status = page.desk.ledger_status()
    asked = entry.strip()
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_NUMBER else None
    doubt = "" if status is None else doubt_of(status)
    return page.render(
        request,
        "ledger.html",
        ledger=status,
        doubt="" if status is None else page.words(request, doubt, **counts_of(status)) if doubt else "",
        commands={} if status is None else commands_of(status, str(request.base_url), number),
        asked=asked[:LONGEST_NUMBER],
        number=number,
        there=status is not None and number is not None and number < status.size,
        discarded=page.desk.discarded(),
        refusals=page.desk.refusals(),
        refusal_words=REFUSALS,
    )


def doubt_of(status: LedgerStatus) -> str:
    """Why two readers could have been shown different logs; empty when that is excluded."""
    if status.split_view_excluded:
        return ""
    if not status.witnesses_needed:
        return NO_WITNESS
    return TOO_FEW if len(status.cosigned) < status.witnesses_needed else TWO_SETS


def counts_of(status: LedgerStatus) -> dict[str, int]:
    """The numbers that a doubt names."""
    return {"some": len(status.cosigned), "needed": status.witnesses_needed, "known": len(status.witnesses)}


def commands_of(status: LedgerStatus, base: str, number: int | None) -> dict[str, str]:
    """What to paste: the whole log by its key, or by the charter with its witnesses; what is new; one entry."""
    log, key = f"{base.rstrip('/')}/tlog", shlex.quote(status.key)
    verify = f"clairvoie ledger verify {shlex.quote(log)}"
    found = {
        "key": f"{verify} --key {key}",
        "charter": f"{verify} --charter charter.json",
        "keep": f"curl --output kept-checkpoint {shlex.quote(log + '/checkpoint')}",
        "since": f"{verify} --key {key} --since kept-checkpoint",
    }
    if number is not None:
        found["entry"] = f"{verify} --key {key} --entry {number}"
        found["prove"] = f"clairvoie ledger prove {number} {shlex.quote(log)} --key {key} --output entry-{number}.proof"
        found["proof"] = f"clairvoie ledger verify entry-{number}.proof --key {key}"
    return found
