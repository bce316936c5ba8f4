"""Write ``docs/command-line.md`` from the commands themselves, so that the page cannot differ from them.

python tools/command_line.py docs/command-line.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from typer.main import get_command

from clairvoie.cli import app

HEAD = """# The command line

This page is written by `tools/command_line.py` from the commands themselves; `make docs` writes it anew.

Exit status: 0 done; 1 a named error, one line on stderr that says what, the offending value and what to do; 2 a mistake
in the command itself; 130 after Ctrl-C.
"""


class Command(NamedTuple):
    """A command by its full name, with what typer knows of it."""

    path: tuple[str, ...]
    known: Any

    @property
    def options(self) -> frozenset[str]:
        """Every option it takes, in every spelling."""
        return frozenset(o for p in self.known.params for o in (*p.opts, *p.secondary_opts) if o.startswith("-"))


def commands() -> list[Command]:
    """Every command and group, in the order of ``--help``."""
    return list(_walk(("clairvoie",), get_command(app)))


def _walk(path: tuple[str, ...], known: Any) -> list[Command]:
    found = [Command(path, known)]
    for name, inner in getattr(known, "commands", {}).items():
        found += _walk((*path, name), inner)
    return found


def _cell(text: object) -> str:
    return re.sub(r"\s+", " ", str(text or "")).strip().replace("|", "\\|")


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name).strip("[]{}.…").upper()


def _usage(command: Command) -> str:
    words = list(command.path)
    if any(p.param_type_name == "option" for p in command.known.params):
        words.append("[OPTIONS]")
    if getattr(command.known, "commands", None):
        words.append("COMMAND ...")
    for p in command.known.params:
        if p.param_type_name == "argument":
            name = _name(p) + ("..." if p.nargs == -1 else "")
            words.append(name if p.required else f"[{name}]")
    return " ".join(words)


def _value(command: Command, option: Any) -> str:
    if option.is_flag:
        return ""
    context = command.known.make_context(command.path[-1], [], resilient_parsing=True)
    shown = option.metavar or option.display_type(context).strip("<>").removesuffix(" range")
    return str(shown).replace("list[", "").replace("]", "").replace("|", "\\|").upper()


def _default(option: Any) -> str:
    if option.required:
        return "required"
    default = option.default
    if default is None or default is False or callable(default) or default in ((), []):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def _section(command: Command) -> str:
    lines = [f"{'#' * (1 + len(command.path))} `{' '.join(command.path)}`", "", "```", _usage(command), "```", ""]
    lines += [(command.known.help or "").replace("\b", "").strip(), ""]
    inner = getattr(command.known, "commands", {})
    if inner:
        lines += [", ".join(f"`{' '.join((*command.path, name))}`" for name in inner) + ".", ""]
    arguments = [p for p in command.known.params if p.param_type_name == "argument" and getattr(p, "help", None)]
    if arguments:
        lines += ["| argument | |", "|---|---|"]
        lines += [f"| `{_name(p)}` | {_cell(p.help)} |" for p in arguments] + [""]
    options = [p for p in command.known.params if p.param_type_name == "option"]
    if options:
        lines += ["| option | value | default | |", "|---|---|---|---|"]
        for option in options:
            spelt = ", ".join(f"`{o}`" for o in (*option.opts, *option.secondary_opts))
            lines.append(f"| {spelt} | {_value(command, option)} | {_default(option)} | {_cell(option.help)} |")
        lines.append("")
    return "\n".join(lines)


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(_section, commands())]).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
