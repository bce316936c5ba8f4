"""The import law: which room may know which. It is read off the source, so a lazy import breaks it too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "clairvoie"
ROOMS = ("boundary", "capture", "detect", "egress", "hub", "oversight", "views")
EVERYWHERE = ("clairvoie.boundary", "clairvoie.errors")
EXTRA = {"detect": ("clairvoie.capture.blocks",)}
JOINING = ("cli", "lab", "node", "server")
"""Folders where rooms meet."""
CHECKING_A_HUB = tuple(f"clairvoie.oversight.{name}" for name in ("continuation", "inclusion", "ledger_check"))
"""All that a node may know of oversight."""
FORBIDDEN_IN_BOUNDARY = {"numpy", "scipy", "av", "socket", "sqlite3", "httpx", "pathlib", "os", "subprocess"}


def imports_of(path: Path) -> list[str]:
    """Every module that ``path`` imports, relative imports resolved, wherever in the file."""
    package = ("clairvoie", *path.relative_to(SOURCE).parts[:-1])
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def allowed(room: str, name: str) -> bool:
    prefixes = (*EVERYWHERE, f"clairvoie.{room}", *EXTRA.get(room, ()))
    return name == "clairvoie.__version__" or any(name == p or name.startswith(p + ".") for p in prefixes)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_boundary_the_errors_and_itself(room: str) -> None:
    paths = sorted((SOURCE / room).rglob("*.py"))
    assert paths, f"the room {room} is empty"
    broken = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in paths
        for name in imports_of(path)
        if name.split(".")[0] == "clairvoie" and not allowed(room, name)
    ]
    assert broken == []


def test_every_folder_is_a_room_or_one_where_rooms_meet() -> None:
    folders = {path.parent.relative_to(SOURCE).parts[0] for path in SOURCE.glob("*/*.py")}
    assert folders == {*ROOMS, *JOINING}


def test_a_node_knows_no_hub_and_a_hub_no_node() -> None:
    """Neither could be installed without the other, or be read without it, if one imported the other."""
    apart = {"node": ("hub", "oversight", "views", "server"), "server": ("capture", "detect", "node")}
    broken = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for folder, others in apart.items()
        for path in sorted((SOURCE / folder).rglob("*.py"))
        for name in imports_of(path)
        if name.startswith(tuple(f"clairvoie.{other}" for other in others)) and not name.startswith(CHECKING_A_HUB)
    ]
    assert broken == []


def test_what_a_node_knows_of_oversight_is_the_rule_by_which_it_checks_its_hub() -> None:
    """The rule needs keys, proofs and closed types: no store, no publisher, no network."""
    pure = (*CHECKING_A_HUB, "clairvoie.oversight.checkpoint", "clairvoie.oversight.merkle", *EVERYWHERE)
    broken = [
        f"{rule} imports {name}"
        for rule in pure[: -len(EVERYWHERE)]
        for name in imports_of(SOURCE.parent / f"{rule.replace('.', '/')}.py")
        if name.split(".")[0] in FORBIDDEN_IN_BOUNDARY | {"fastapi", "sqlalchemy", "clairvoie"}
        and not name.startswith(pure)
    ]
    assert broken == []


def test_the_boundary_does_no_input_or_output_and_knows_no_arrays() -> None:
    broken = [
        f"{path.name} imports {name}"
        for path in sorted((SOURCE / "boundary").rglob("*.py"))
        for name in imports_of(path)
        if name.split(".")[0] in FORBIDDEN_IN_BOUNDARY
    ]
    assert broken == []


def test_nothing_imports_the_laboratory_but_the_command_line() -> None:
    broken = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] not in ("lab", "cli")
        for name in imports_of(path)
        if name.startswith("clairvoie.lab")
    ]
    assert broken == []


def test_only_config_reads_the_environment() -> None:
    broken = [
        str(path.relative_to(SOURCE))
        for path in sorted(SOURCE.rglob("*.py"))
        if path.name != "config.py" and "lab" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert broken == []
