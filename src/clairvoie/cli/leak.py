"""``clairvoie lab leak``: what can be made of speech from everything that a sensor releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.lab.leak import Audit


def leak(
    data: Annotated[Path | None, typer.Option(help="Folder that holds speech, with real recordings.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every reconstruction here, for ears.")] = None,
    sentences: Annotated[int, typer.Option(help="Sentences in each language.")] = 40,
    quick: Annotated[bool, typer.Option(help="A few sentences: to see that it runs, not to cite.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What can be made of speech from everything that a sensor releases while people talk beside it."""
    import msgspec

    from clairvoie.lab.leak import audit

    found = audit(data, out, count=sentences, quick=quick, report=lambda line: typer.echo(line, err=True))
    typer.echo(msgspec.json.encode(found).decode() if json else audit_text(found))


def audit_text(found: Audit) -> str:
    """The figures as a table."""
    heading = f"{'speech':8} {'beside it':9} {'made from':31} {'n':>3} {'STOI':>5} {'ESTOI':>6}"
    lines = [f"{heading} {'words wrong':>11} {'found':>6}"]
    for row in found.rows:
        wrong = "–" if row.word_errors is None else f"{row.word_errors:.0%}"
        chosen = "–" if row.found is None else f"{row.found:.0%}"
        lines.append(
            f"{row.corpus:8} {row.background:9} {row.method:31} {row.count:3} {row.stoi:5.2f} {row.estoi:6.2f} "
            f"{wrong:>11} {chosen:>6}"
        )
    lines.append("\nThe same speaker or not: equal error rate (50 % is guessing)")
    for one in found.speakers:
        rate = one.equal_error_rate
        shown = "too few" if rate != rate else f"{rate:.0%}"
        lines.append(f"{one.corpus:8} {one.background:9} {one.method:31} {one.speakers} speakers {shown:>7}")
    lines.append("\nWas somebody talking: area under the curve, with its 95 % interval (0.5 is guessing)")
    for talk in found.talking:
        minute, ten = talk.by_minute, talk.by_ten_seconds
        lines.append(
            f"talk {talk.over_street:+d} dB over the street: by minute {minute.value:.2f} "
            f"({minute.low:.2f} to {minute.high:.2f}), by ten seconds {ten.value:.2f} ({ten.low:.2f} to {ten.high:.2f})"
        )
    return "\n".join([*lines, "", *(f"Left out: {why}" for why in found.left_out)])
