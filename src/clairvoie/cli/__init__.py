"""The command line: parses, dispatches, prints.

Each command is one file of this package with a function, or a :class:`typer.Typer` of subcommands, of the command's own
name; :data:`COMMANDS` lists them in the order of ``--help``. A command's file imports nothing heavy when it is loaded:
what it needs, it imports inside the function, so that ``clairvoie --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from clairvoie import __version__

COMMANDS = (
    ("demo", "clairvoie.cli.demo"),
    ("listen", "clairvoie.cli.listen"),
    ("node", "clairvoie.cli.node"),
    ("hub", "clairvoie.cli.hub"),
    ("sensor", "clairvoie.cli.sensor"),
    ("authorise", "clairvoie.cli.authorise"),
    ("account", "clairvoie.cli.account"),
    ("ledger", "clairvoie.cli.ledger"),
    ("inspect", "clairvoie.cli.inspect"),
    ("audit", "clairvoie.cli.audit"),
)
"""Command -> the module that holds an attribute of that name. A new command is one line here."""

LAB_COMMANDS = (
    ("soundscape", "clairvoie.cli.soundscape"),
    ("labels", "clairvoie.cli.labels"),
    ("train", "clairvoie.cli.train"),
    ("bench", "clairvoie.cli.bench"),
    ("leak", "clairvoie.cli.leak"),
    ("speed", "clairvoie.cli.speed"),
)
"""The same for ``clairvoie lab``."""

HELP = """Open street sensing that a town can account for: hazards and noise, a byte a second, and nothing else.

Start with a street on this machine, then with a recording of your own:

    clairvoie demo

    clairvoie listen recording.wav

Exit status: 0 done, 1 a named error (one line on stderr), 2 a mistake in the command itself.
"""

app = typer.Typer(
    name="clairvoie",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
lab = typer.Typer(
    name="lab",
    help="Laboratory: make scenes, train the recogniser, measure. Nothing here runs in a street.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clairvoie {__version__}")
        raise typer.Exit


@app.callback()
def _clairvoie(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


_clairvoie.__doc__ = HELP


def register(parent: typer.Typer, commands: tuple[tuple[str, str], ...]) -> None:
    """Add each command of ``commands`` to ``parent``, whether it is a function or a group of subcommands."""
    for name, module in commands:
        command = getattr(import_module(module), name)
        if isinstance(command, typer.Typer):
            parent.add_typer(command, name=name)
        else:
            parent.command(name)(command)


register(app, COMMANDS)
register(lab, LAB_COMMANDS)
app.add_typer(lab)
