"""The documentation says what the code says: generated pages are fresh, and every test, file, page, route, setting,
command and option that a page names exists.

Each search is tried on a page that names what is not there, so that none of these tests can pass by finding nothing.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import shlex
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from attacker import ATTACKS
from locked_process import MODULES
from msgspec import Struct
from typer.exceptions import TyperException

from clairvoie.boundary.person import Area
from clairvoie.config import (
    AirSettings,
    ClockSettings,
    DeskTls,
    DoorSettings,
    EnrolledNode,
    HubSettings,
    MicrophoneSource,
    NodeSensor,
    NodeSettings,
    ReplaySource,
    Retention,
    StreamSource,
    TlsFiles,
    read_settings,
)
from clairvoie.egress.syscalls import COMPUTING
from clairvoie.lab.covert import HOUR, bound
from clairvoie.lab.tricks import TRICKS
from clairvoie.views.routes import NEEDS

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix() for path in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
)
ROOMS = ("boundary", "capture", "detect", "egress", "hub", "oversight", "views", "lab")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NAMED_TEST = re.compile(r"([\w./-]*\btest_\w+\.py)(?:::(\w+))?")
NAMED_FILE = re.compile(
    r"(?<![\w./-])(?:(?:src|tests|docs|tools|benchmarks|frontend|requirements|\.ci)/[\w./*-]*|[\w/.-]+\.(?:py|md))(?![\w])"
)
ROUTE = re.compile(r"(?:(GET|POST) )?(/(?!proc|dev|sys)[a-z0-9_][\w{}./-]*|/)(?:\?\S*)?")
SHELL = (">", ">>", "<", "|", "&&", ";")
INVOCATION = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?clairvoie( .*)?$")


class Code(NamedTuple):
    """The code of a page: ``blocks`` line by line, and ``spans`` between backticks in its text."""

    blocks: tuple[str, ...]
    spans: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.blocks, *self.spans)


def code_of(text: str) -> Code:
    blocks = [line for _, block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return Code(tuple(blocks), tuple(SPAN.findall(FENCE.sub("", text))))


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


def test_the_leak_audits_page_gives_the_figures_of_its_run() -> None:
    page = read("docs/leak.md")
    made = tool("leak_tables")
    assert made.replace(page, made.read()) == page, "stale: run `make docs`"


def test_the_readme_gives_the_figures_of_the_packaged_model() -> None:
    page = read("README.md")
    assert tool("figures").replace(page) == page, "stale: run `make docs`"


def missing_tests(text: str) -> list[str]:
    """Tests that a page names, as ``tests/x/test_y.py`` or ``tests/x/test_y.py::test_z``, and that are not there."""
    wrong = []
    for path, function in sorted({found for words in code_of(text).all for found in NAMED_TEST.findall(words)}):
        there = path.startswith("tests/") and (REPOSITORY / path).is_file()
        if not there or (function and f"def {function}(" not in read(path)):
            wrong.append(f"{path}::{function}")
    return wrong


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    assert missing_tests(read(page)) == []


@pytest.mark.parametrize("page", ["README.md", "docs/threat-model.md"])
def test_what_is_promised_names_the_tests_that_show_it(page: str) -> None:
    named = {function for words in code_of(read(page)).spans for _, function in NAMED_TEST.findall(words) if function}
    assert len(named) >= 20


@pytest.mark.parametrize(
    "named",
    [
        "tests/test_docs.py::test_that_nobody_wrote",
        "tests/test_nothing.py",
        "tests/hub/test_docs.py::test_every_decision_is_listed",
        "test_docs.py",
        "hub/test_levels.py",
    ],
)
def test_the_search_for_tests_that_do_not_exist_finds_them(named: str) -> None:
    assert missing_tests(f"shown by `{named}`") != []
    assert missing_tests(f"```\npytest {named}\n```\n") != []
    assert missing_tests("by `tests/test_docs.py::test_every_decision_is_listed`") == []


def missing_files(page: str, text: str) -> list[str]:
    """Paths of this project that a page names and that are not there. A page may leave out ``src/clairvoie/``; one of a
    room may leave out that too, and a file may be named alone."""
    name = Path(page).stem
    bases = [REPOSITORY, REPOSITORY / "src/clairvoie", REPOSITORY / "src/clairvoie" / name, (REPOSITORY / page).parent]
    named = {
        found for words in code_of(text).all for found in NAMED_FILE.findall(words) if not NAMED_TEST.search(found)
    }
    return sorted(path for path in named if not any(any(base.glob(path.rstrip("/"))) for base in bases))


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_file_that_a_page_names_exists(page: str) -> None:
    assert missing_files(page, read(page)) == []


@pytest.mark.parametrize("path", ["egress/sealed.py", "docs/nothing.md", "tools/nothing", "units.py", "tests/nowhere/"])
def test_the_search_for_files_that_do_not_exist_finds_them(path: str) -> None:
    assert missing_files("docs/egress.md", f"in `{path}`") == [path]
    assert missing_files("docs/boundary.md", "in `units.py`, `boundary/units.py`, `docs/` and `Makefile`") == []


def missing_routes(text: str) -> list[str]:
    """Paths of HTTP that a page names and that the hub does not answer. A prefix of paths counts as one."""
    there = [(need.method, re.sub(r"{[^}]*}", "{}", need.path)) for need in NEEDS]
    wrong = []
    for span in code_of(text).spans:
        found = ROUTE.fullmatch(span)
        if found is None:
            continue
        method, path = found[1], re.sub(r"{[^}]*}", "{}", found[2])
        if not any(method in (None, m) and (p == path or p.startswith(path.rstrip("/") + "/")) for m, p in there):
            wrong.append(span)
    return wrong


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_route_that_a_page_names_exists(page: str) -> None:
    assert missing_routes(read(page)) == []


@pytest.mark.parametrize("route", ["/nowhere", "GET /api/v1/records", "/api/v2", "/incidents/{id}/open"])
def test_the_search_for_routes_that_do_not_exist_finds_them(route: str) -> None:
    assert missing_routes(f"at `{route}`") == [route]
    assert missing_routes("at `/`, `/api/v1`, `GET /api/v1/grants?node=ID`, `/incidents/{id}`, `/proc/PID`") == []


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


@functools.cache
def known_commands() -> dict[tuple[str, ...], Any]:
    return {command.path[1:]: command.known for command in tool("command_line").commands()}


def mistakes(line: str, *, whole: bool = True) -> list[str]:
    """What of a command line ``clairvoie`` would refuse. Unless it is ``whole``, it may lack arguments and options that
    are required, as where a sentence names a command, and its command may be a group. Files need not be there."""
    words = shlex.split(re.sub(r"[\[\]…]", " ", line), comments=True)
    words = list(takewhile(lambda word: word not in SHELL, words))
    path: tuple[str, ...] = ()
    while words and (*path, words[0]) in known_commands():
        path = (*path, words.pop(0))
    command = known_commands()[path]
    if hasattr(command, "commands"):
        return [] if not words and not whole else [f"no such command: clairvoie {line}"]
    try:
        with command.make_context(" ".join(path), words):
            return []
    except TyperException as error:
        lacking = type(error).__name__ == "MissingParameter"
        absent = error.format_message().endswith("does not exist.")  # the file is the reader's
        return [] if absent or (lacking and not whole) else [f"{error.format_message()} in {line!r}"]


def mistakes_in(text: str) -> list[str]:
    """The mistakes of all commands of a page: those in blocks have to be whole."""
    code = code_of(text)
    found = [
        (True, INVOCATION.match(line)) for line in code.blocks if "[OPTIONS]" not in line and "COMMAND ..." not in line
    ]
    found += [(False, INVOCATION.match(span)) for span in code.spans]
    return [mistake for whole, it in found if it is not None for mistake in mistakes(it[1] or "", whole=whole)]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_command_line_of_a_page_is_one(page: str) -> None:
    assert mistakes_in(read(page)) == []


@pytest.mark.parametrize(
    "line",
    [
        "clairvoie dance",
        "clairvoie --loud",
        "clairvoie lab dance",
        "clairvoie listen --loud street.wav",
        "clairvoie listen street.wav --rate fast",
        "clairvoie hub one.toml two.toml",
    ],
)
def test_the_search_for_commands_that_do_not_exist_finds_them(line: str) -> None:
    assert mistakes_in(f"run `{line}`") != []
    assert mistakes_in(f"```\n$ {line}   # says it all\n```\n") != []


def test_a_command_in_a_block_is_whole_and_one_in_a_sentence_need_not_be() -> None:
    assert mistakes_in("with `clairvoie listen`, `clairvoie lab`, `clairvoie listen … --plot PNG`") == []
    assert mistakes_in("```\nclairvoie listen\n```\n") != []
    assert mistakes_in("```\nclairvoie listen > levels.json\n```\n") != []
    assert mistakes_in("```\nclairvoie listen street.wav --json > levels.json\n```\n") == []
    assert mistakes_in("```\n.venv/bin/clairvoie listen street.wav \\\n  --plot street.png\n```\n") == []


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {
        (page, target)
        for page in PAGES
        for words in code_of(read(page)).all
        for target in re.findall(r"^\s*make ([a-z]+)", words)
    }
    assert len(named) >= 5
    assert {target for _, target in named} <= targets


def how_many() -> dict[str, str]:
    """Pattern -> what a page has to say there, from the code itself."""
    for module in MODULES:
        importlib.import_module(module)  # each adds its attacks
    words = {9: "nine"}
    return {
        r"(\d+) attacks": str(len(ATTACKS)),
        r"(\d+) calls": str(len(COMPUTING)),
        r"(\w+) (?:tricks, an|scripted analysers)": words[len(TRICKS)],
        r"(8\.\d+) (?:together|bit/s may arrive)": f"{bound(HOUR) / HOUR:.3f}",
    }


@pytest.mark.parametrize("pattern", how_many())
def test_what_pages_count_is_what_there_is(pattern: str) -> None:
    text = " ".join(word for page in PAGES for word in read(page).split())
    found = re.findall(pattern, text)
    assert found != []
    assert set(found) == {how_many()[pattern]}


def test_every_page_is_listed() -> None:
    pages = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in read("docs/README.md")} == set()


EXAMPLE = re.compile(r"```toml\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("name", "kind"), [("node.toml", NodeSettings), ("hub.toml", HubSettings)])
def test_the_examples_of_settings_are_settings(name: str, kind: type[Struct], tmp_path: Path) -> None:
    examples = dict(EXAMPLE.findall(read("docs/settings.md")))
    path = tmp_path / name
    path.write_text(examples[name], encoding="utf-8")
    read_settings(path, kind)


@pytest.mark.parametrize(
    "kind",
    [
        *(NodeSettings, NodeSensor, ReplaySource, MicrophoneSource, StreamSource, ClockSettings, TlsFiles),
        *(HubSettings, EnrolledNode, Retention, AirSettings, DoorSettings, DeskTls, Area),
    ],
)
def test_every_setting_is_in_the_page_of_settings(kind: type[Struct]) -> None:
    page = read("docs/settings.md")
    keys = (re.escape(key) for key in kind.__struct_fields__)
    assert [key for key in keys if not re.search(rf"^(# |\[+|\[+\w+\.)?{key}\b", page, re.MULTILINE)] == []
