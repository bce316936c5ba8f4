"""The house rules that a machine can check: sizes, names, and that nothing committed names where it was built."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
EMPTY_NAMES = re.compile(r"(^|/)(utils?|core|helpers?|managers?|misc|common)(\.py|/)")
BUILD_PLACES = re.compile(
    r"(?<![\w.])/(?:work|farm|opt|home|root|Users)/[\w.]"  # a path of one machine
    r"|\bpypi\.org|\bpythonhosted\b|registry\.npm|\bnpmjs\.(?:org|com)/(?!package)|\bdeb\.debian\.org|\bfiles\.python"
    r'|"resolved":|--(?:extra-)?index-url |--find-links ',
)
BINARY = {".png", ".onnx", ".jpg", ".ico", ".flac", ".ogg", ".wav", ".npz", ".gz", ".woff2"}


@cache
def committed(repository: Path) -> tuple[str, ...]:
    """Files that git knows, relative to the repository; a folder without git has none to judge."""
    if not (repository / ".git").exists():
        pytest.skip("this is not a git checkout, so nothing tells which files are committed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.split("\0") if name and (repository / name).is_file())


def python_files(repository: Path) -> list[str]:
    return [name for name in committed(repository) if name.endswith(".py")]


def test_no_python_file_is_longer_than_a_person_reads_at_once(repository: Path) -> None:
    lengths = {n: len((repository / n).read_text(encoding="utf-8").splitlines()) for n in python_files(repository)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen(repository: Path) -> None:
    long = [
        f"{name}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for name in python_files(repository)
        for node in ast.walk(ast.parse((repository / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_has_a_name_that_tells_nothing(repository: Path) -> None:
    assert [name for name in committed(repository) if EMPTY_NAMES.search(name)] == []


def test_nothing_committed_names_the_machine_or_the_registry_it_was_built_with(repository: Path) -> None:
    found = []
    for name in committed(repository):
        path = repository / name
        if path.suffix in BINARY or name == "tests/test_house.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if BUILD_PLACES.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    assert found == []


def test_no_exception_is_swallowed_without_a_word(repository: Path) -> None:
    swallowed = [
        f"{name}:{node.lineno}"
        for name in python_files(repository)
        for node in ast.walk(ast.parse((repository / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert swallowed == []


@pytest.mark.parametrize(
    ("line", "names_a_place"),
    [
        ("see /home/somebody/notes.txt", True),
        ('"resolved": "https://example.org/x.tgz"', True),
        ("--index-url https://example.org/simple", True),
        ("recordings lie in ../shared/data", False),
        ("GET /api/v1/records", False),
        ("homes and works", False),
    ],
)
def test_the_search_for_places_finds_places_only(line: str, names_a_place: bool) -> None:
    assert bool(BUILD_PLACES.search(line)) is names_a_place
