"""The documentation says what the code says: generated pages are fresh, commands exist, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from msgspec import Struct

from clairvoie.config import (
    ClockSettings,
    EnrolledNode,
    HubSettings,
    NodeSensor,
    NodeSettings,
    ReplaySource,
    Retention,
    read_settings,
)

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix() for path in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
)
ROOMS = ("boundary", "capture", "detect", "egress", "hub", "oversight", "views", "lab")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
INVOCATION = re.compile(r"(?:^|`|\$ )(?:\.venv/bin/)?clairvoie ([^`\n#]*)", re.MULTILINE)


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_the_tables_of_code_lengths_say_what_the_types_say() -> None:
    page = read("docs/egress.md")
    assert tool("code_lengths").replace(page) == page, "stale: run `make docs`"


def test_the_readme_gives_the_figures_of_the_packaged_model() -> None:
    page = read("README.md")
    assert tool("figures").replace(page) == page, "stale: run `make docs`"


def test_every_test_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", read("README.md")))
    assert len(named) >= 20
    for path, function in sorted(named):
        assert (REPOSITORY / path).is_file(), path
        assert not function or f"def {function}(" in read(path), f"{path}::{function}"


def test_the_page_of_commands_says_what_the_commands_say() -> None:
    assert tool("command_line").render() == read("docs/command-line.md"), "stale: run `make docs`"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_page(room: str) -> None:
    assert (REPOSITORY / "src" / "clairvoie" / room).is_dir()
    assert f"({room}.md)" in read("docs/README.md")
    assert read(f"docs/{room}.md").startswith("# ")


@pytest.mark.parametrize("page", PAGES)
def test_links_inside_the_project_lead_somewhere(page: str) -> None:
    broken = []
    for link in (a or b for a, b in LINK.findall(read(page))):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_decision_is_listed() -> None:
    listed = read("docs/decisions/README.md")
    missing = [
        path.name for path in sorted((REPOSITORY / "docs/decisions").glob("0*.md")) if f"({path.name})" not in listed
    ]
    assert missing == []


def mistakes(line: str) -> list[str]:
    """What in a command line of the documentation does not exist."""
    known = {command.path[1:]: command for command in tool("command_line").commands()}
    words = shlex.split(line.replace("…", "").replace("[", " ").replace("]", " "), comments=True)
    path: tuple[str, ...] = ()
    while len(words) > len(path) and (*path, words[len(path)]) in known:
        path = (*path, words[len(path)])
    command = known[path]
    first = words[len(path)] if len(words) > len(path) else ""
    if hasattr(command.known, "commands") and first and not first.startswith("-") and first.islower():
        return [f"no command {first!r} in {line!r}"]
    return [f"no option {w!r} in {line!r}" for w in words if re.match(r"--?[a-z]", w) and w not in command.options]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_command_and_option_that_a_page_uses_exists(page: str) -> None:
    found = [mistake for line in INVOCATION.findall(read(page)) for mistake in mistakes(line)]
    assert found == []


@pytest.mark.parametrize("line", ["dance", "--loud", "lab dance"])
def test_the_search_for_commands_that_do_not_exist_finds_them(line: str) -> None:
    assert mistakes(line) != []


EXAMPLE = re.compile(r"```toml\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("name", "kind"), [("node.toml", NodeSettings), ("hub.toml", HubSettings)])
def test_the_examples_of_settings_are_settings(name: str, kind: type[Struct], tmp_path: Path) -> None:
    examples = dict(EXAMPLE.findall(read("docs/settings.md")))
    path = tmp_path / name
    path.write_text(examples[name], encoding="utf-8")
    read_settings(path, kind)


@pytest.mark.parametrize(
    "kind", [NodeSettings, NodeSensor, ReplaySource, ClockSettings, HubSettings, EnrolledNode, Retention]
)
def test_every_setting_is_in_the_page_of_settings(kind: type[Struct]) -> None:
    page = read("docs/settings.md")
    keys = (re.escape(key) for key in kind.__struct_fields__)
    assert [key for key in keys if not re.search(rf"^(# |\[+|\[+\w+\.)?{key}\b", page, re.MULTILINE)] == []
