"""``clairvoie ledger``: what it prints, and its exit status, as a resident or a programme sees them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_house import LogHouse, charter_file
from typer.testing import CliRunner

from clairvoie.boundary.charter import Witness
from clairvoie.cli.ledger import ledger
from clairvoie.errors import OversightError
from clairvoie.oversight.checkpoint import NoteKey
from clairvoie.oversight.witnesses import Witnesses


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LogHouse]:
    made = LogHouse(tmp_path)
    made.open()
    made.acts(20)
    made.hear("mic-a", b"one")
    made.minute()
    made.publisher.publish()
    yield made
    made.close()


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(ledger, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_whole_log_is_verified_and_says_what_it_cannot_exclude(house: LogHouse) -> None:
    status, text = run("verify", house.log, "--key", house.publisher.key.vkey)
    assert status == 0
    assert "quai.clairvoie/ledger/0: 22 entries" in text
    assert "verified: 22 entries, 1 minutes with 1 records, 1 published acts" in text
    assert "split view not excluded: no witness is known" in text
    assert run("verify", house.log / "0", "--charter", charter_file(house))[0] == 0


def test_a_fault_is_a_line_that_names_its_place(house: LogHouse) -> None:
    path = house.log / "0" / "tile" / "entries" / "000.p" / "22"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    status, text = run("verify", house.log, "--key", house.publisher.key.vkey)
    assert status == 1
    assert "tile/entries/000.p/22: entry 2: is not what the checkpoint commits to" in text


def test_witnesses_that_are_asked_for_and_missing_fail(house: LogHouse) -> None:
    key = house.publisher.key.vkey
    assert run("verify", house.log, "--key", key, "--witnesses", 1)[0] == 1
    listed = Witness(name="w.example", public_key="33" * 32)
    status, text = run("verify", house.log, "--charter", charter_file(house, listed, needed=1))
    assert status == 1
    assert "split view not excluded: 0 of 1 witnesses cosigned" in text


def test_one_entry_what_is_new_and_a_proof(house: LogHouse) -> None:
    key = house.publisher.key.vkey
    kept = house.folder / "kept"
    shutil.copy(house.log / "0" / "checkpoint", kept)
    house.acts(5)
    house.publisher.publish()
    assert "verified: 1 entries" in run("verify", house.log, "--key", key, "--entry", 3)[1]
    assert run("verify", house.log, "--key", key, "--entry", 99)[0] == 1
    assert "verified: 5 entries" in run("verify", house.log, "--key", key, "--since", kept)[1]
    proof = house.folder / "entry.tlog-proof"
    assert run("prove", 0, house.log, "--key", key, "--output", proof)[0] == 0
    assert run("verify", proof, "--key", key)[0] == 0
    proof.write_bytes(proof.read_bytes().replace(b"index 0", b"index 1"))
    assert run("verify", proof, "--key", key)[0] == 1


def test_a_restored_hubs_epochs_are_all_verified(house: LogHouse) -> None:
    house.back_up()
    house.acts(1)
    house.publisher.publish()
    kept = house.folder / "kept"
    shutil.copy(house.log / "0" / "checkpoint", kept)
    house.restore()
    house.publisher.publish()
    (house.log / "7").mkdir()
    status, text = run("verify", house.log, "--key", house.publisher.key.vkey)
    assert status == 0
    assert f"note: {house.log / '7'} is not part of the log" in text
    assert "ledger/0: 23 entries" in text
    assert "ledger/1: 1 entries" in text
    status, since = run("verify", house.log, "--key", house.publisher.key.vkey, "--since", kept)
    assert status == 0
    assert "verified: 0 entries" in since
    assert "ledger/1: 1 entries" in since
    shutil.copy(house.log / "1" / "checkpoint", kept)
    since = run("verify", house.log, "--key", house.publisher.key.vkey, "--since", kept)[1]
    assert "ledger/0" not in since


def test_an_epoch_that_is_missing_before_others_is_an_error(house: LogHouse) -> None:
    """Who hides the present epoch must not get an older one verified as if it were the last."""
    vkey = house.publisher.key.vkey
    shutil.copytree(house.log / "0", house.log / "2")
    with pytest.raises(OversightError, match="epoch of the log is missing"):
        run("verify", house.log, "--key", vkey)
    (house.log / "0").rename(house.folder / "away")
    with pytest.raises(OversightError, match="epoch of the log is missing"):
        run("verify", house.log, "--key", vkey)
    assert [run("verify", house.folder / "away", "--key", vkey)[0]] == [0]


@pytest.mark.parametrize("words", [(), ("--key", "x", "--charter", "y")])
def test_what_is_asked_wrongly_is_two(house: LogHouse, words: tuple[str, ...]) -> None:
    assert run("verify", house.log, *words)[0] == 2
    assert run("verify", house.log, "--key", house.publisher.key.vkey, "--entry", 1, "--since", "x")[0] == 2


@pytest.mark.slow
def test_the_witness_runs_cosigns_and_its_checkpoint_excludes_a_split_view(house: LogHouse) -> None:
    words = [sys.executable, "-m", "clairvoie", "ledger", "witness", "ville.example/w"]
    words += ["--private-key", str(house.folder / "w.pem"), "--state", str(house.folder / "seen.json")]
    words += ["--log-key", house.publisher.key.vkey, "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        key = NoteKey.parse(ready["key"])
        listed = Witness(name=key.name, public_key=key.public.hex(), url=ready["url"])
        house.witnesses = lambda: Witnesses([listed], clock=lambda: house.now, needed=1)
        house.again()
        house.acts(1)
        house.publisher.publish()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) is not None
    status, text = run("verify", house.log, "--charter", charter_file(house, listed, needed=1))
    assert status == 0
    assert "cosigned by ville.example/w" in text
    assert "not excluded" not in text
