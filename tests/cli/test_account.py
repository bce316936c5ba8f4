"""``clairvoie account``: made on the hub's machine, without a password on the command line, and told to the ledger."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from clairvoie.boundary.entry import EntryKind, decode_entry
from clairvoie.hub.accounts_schema import accounts, waiting
from clairvoie.hub.store import Store

TOML = 'deployment = "town"\nplace = "Town"\ntime_zone = "Europe/Paris"\nstore = "hub.sqlite"\n'


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    config = tmp_path / "hub.toml"
    config.write_text(TOML)
    return config


def run(*arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clairvoie", "account", *map(str, arguments)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False, timeout=300)


def test_the_first_accounts_are_made_and_told(hub: Path) -> None:
    made = run("create", "admin", "--hub", hub, "--generate")
    assert made.returncode == 0, made.stderr
    password = made.stdout.rpartition(": ")[2].strip()
    assert len(password) >= 30
    again = run("create", "sue", "--role", "supervisor", "--recipient", "duty-desk", "--hub", hub, "--generate")
    assert again.returncode == 0, again.stderr
    third = run("create", "otto", "--role", "auditor", "--hub", hub, "--generate")
    assert (third.returncode, third.stdout) == (1, "")
    assert "only administrators" in third.stderr
    listed = run("list", "--hub", hub).stdout.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["admin", "sue"]
    store = Store(hub.parent / "hub.sqlite", deployment="town", sensors=())
    with store.reading() as connection:
        stored = connection.execute(select(accounts.c.password)).scalars().all()
        entries = [decode_entry(body) for body in connection.execute(select(waiting.c.body)).scalars()]
    store.close()
    assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in stored)
    assert [(e.kind, e.about) for e in entries] == [(EntryKind.ACCOUNT, "admin"), (EntryKind.ACCOUNT, "sue")]
    assert password not in str(stored)


def test_a_password_is_no_argument(hub: Path) -> None:
    assert run("create", "admin", "secret-secret-secret", "--hub", hub).returncode == 2
    assert run("create", "admin", "--password", "secret-secret-secret", "--hub", hub).returncode == 2


def test_where_nobody_signs_in_there_are_no_accounts(hub: Path) -> None:
    hub.write_text(TOML + 'exercise = true\naccounts = "exercise"\n')
    refused = run("create", "admin", "--hub", hub, "--generate")
    assert refused.returncode == 1
    assert "nobody signs in" in refused.stderr


@pytest.mark.parametrize(
    "line",
    ['accounts = "exercise"', 'accounts = "none"', 'exercise = true\naccounts = "exercise"\nnode_door = {port = 0}'],
)
def test_nobody_signs_in_only_in_an_exercise_on_this_machine(hub: Path, line: str) -> None:
    hub.write_text(TOML + line + "\n")
    assert run("list", "--hub", hub).returncode == 1
