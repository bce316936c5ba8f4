"""The page ``docs/authorise.md`` is run: each of its commands, in order, has to say what the page says it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clairvoie.cli import app
from clairvoie.oversight.before_deploying import BEFORE_YOU_DEPLOY


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "authorise.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def plain(text: str) -> str:
    return " ".join(text.split())


def test_every_command_of_the_page_says_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "en_GB.UTF-8")
    (answers,) = blocks(page, "toml")
    Path("answers.toml").write_text(answers, encoding="utf-8")
    commands = [part for block in blocks(page, "console") for part in block.split("$ clairvoie ")[1:]]
    assert len(commands) >= 10
    for part in commands:
        line, *expected = part.splitlines()
        result = CliRunner().invoke(app, shlex.split(line))
        assert result.exit_code == 0, (line, result.output, result.exception)
        for words in expected:
            assert plain(words) in plain(result.output), line
    assert Path("act.html").exists()
    assert len(list(Path("authorisations").glob("*.json"))) == 2


def test_the_page_quotes_what_is_read_before_an_act_is_drafted(page: str) -> None:
    for paragraph in BEFORE_YOU_DEPLOY:
        assert paragraph.en in plain(page)


def test_every_test_that_the_page_names_exists(page: str, repository: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", page)
    assert len(named) >= 5
    assert [name for name in named if not (repository / name).is_file()] == []
