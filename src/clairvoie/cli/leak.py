"""``clairvoie lab leak``: what can be made of speech from everything that a sensor releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.lab.leak_results import Audit


def leak(
    data: Annotated[Path | None, typer.Option(help="Folder that holds speech/, with recordings of people.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every reconstruction here as WAV, for ears.")] = None,
    sentences: Annotated[int, typer.Option(help="Sentences in each language that are rebuilt.")] = 40,
    candidates: Annotated[int, typer.Option(help="Sentences on the longest list of what may have been said.")] = 100,
    seed: Annotated[int, typer.Option(help="Of sentences, moments, levels and streets.")] = 0,
    quick: Annotated[bool, typer.Option(help="A few sentences: to see that it runs, not to cite.")] = False,
    figures: Annotated[Path | None, typer.Option(help="Measure nothing: read an earlier run's --json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures, and one sentence's spectrograms, here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """How much of what people say beside a sensor is in what it releases.

    Sentences are spoken by espeak-ng (and by people, with --data) beside a simulated sensor; all that it would release
    is given to an attacker, who tries to rebuild the sound, to tell the words, the speaker, whether anybody talked, and
    which of a list of sentences was said. The same is tried on the plain sound and on third-octave levels every
    125 ms, to show that the measures find speech where there is some. Needs espeak-ng and pip install clairvoie[leak].

    --quick shows in half a minute that it runs, and proves nothing. All of it takes about an hour of one core:
    --data ../shared/data --json > leak.json keeps the figures, and --figures leak.json prints them as tables or, with
    --plot leak.png, draws them.
    """
    import msgspec

    from clairvoie.cli.leak_table import audit_text

    found = _read(figures) if figures is not None else _measured(data, out, sentences, candidates, seed, quick)
    if plot is not None:
        from clairvoie.cli.leak_plot import draw
        from clairvoie.lab.leak_example import examples

        draw(found, examples(found.seed), plot)
    typer.echo(msgspec.json.encode(found).decode() if json else audit_text(found))


def _measured(data: Path | None, out: Path | None, sentences: int, candidates: int, seed: int, quick: bool) -> Audit:
    from rich.console import Console
    from rich.progress import Progress

    from clairvoie.lab.leak import audit

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("leak audit", total=None)

        def report(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)
            if not console.is_terminal:
                typer.echo(f"{done + 1} of {of}: {what}", err=True)

        return audit(data, out, count=sentences, candidates=candidates, seed=seed, quick=quick, report=report)


def _read(path: Path) -> Audit:
    import msgspec

    from clairvoie.errors import ConfigurationError
    from clairvoie.lab.leak_results import VERSION, Audit

    try:
        found = msgspec.json.decode(path.read_bytes(), type=Audit)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"no figures of a leak audit ({error})", str(path), "Give what --json printed."
        ) from error
    if found.version != VERSION:
        raise ConfigurationError("figures of another version of the audit", found.version, f"This reads {VERSION}.")
    return found
