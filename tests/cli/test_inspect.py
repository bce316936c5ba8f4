"""``clairvoie inspect``: an honest disk passes, each alteration is named, and nothing on the disk is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from log_house import MAYOR, LogHouse, charter_file
from mounted_disk import MountedDisk
from msgspec.structs import replace
from typer.testing import CliRunner

from clairvoie.boundary.authorisation import encode_authorisation
from clairvoie.boundary.document import AUTHORISATION_TYPE, add_signature, encode_document, unsigned
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.cli import app
from clairvoie.egress.key import node_key
from clairvoie.errors import OversightError
from clairvoie.lab.leave import exercise_authorisation
from clairvoie.oversight.continuation import FaultKind, KeptLog
from clairvoie.oversight.inclusion import Kept
from clairvoie.oversight.ledger_check import FILE_NAME, Found, LedgerCheck, Proved, encode_check
from clairvoie.software import model_digest, software_digest


@dataclass
class Inspector:
    """Somebody with the disk, the charter and the ledger."""

    disk: MountedDisk
    house: LogHouse
    charter: Path

    def run(self, *more: object) -> tuple[int, str]:
        words = ["inspect", self.disk.settings, "--root", self.disk.root, "--site-packages", self.disk.site, *more]
        result = CliRunner(env={"COLUMNS": "240"}).invoke(app, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def with_ledger(self, *more: object) -> tuple[int, str]:
        return self.run("--charter", self.charter, "--ledger", self.house.log, *more)

    def life(self, **detail: str) -> Entry:
        dated = {"node": "lamp-1", "dated": "1.000", **detail}
        about = "mic-1" if "state" in detail else "lamp-1"
        return Entry(kind=EntryKind.LIFE, at=self.house.now, who="anne", about=about, detail=dated)

    def record_what_is_installed(self) -> None:
        stated = {
            EntryKind.SANDBOX: {"software": software_digest(self.disk.package)},
            EntryKind.MODEL: {"model": model_digest(self.disk.package / "detect/sound/models/street.onnx")},
        }
        entries = [
            Entry(kind=kind, at=self.house.now, who="lamp-1", about="mic-1", detail=detail)
            for kind, detail in stated.items()
        ]
        life = [self.life(key=self.disk.public), self.life(state="active")]
        self.house.record(*life, *entries)
        self.house.publisher.publish()


@pytest.fixture
def inspector(tmp_path: Path) -> Iterator[Inspector]:
    house = LogHouse(tmp_path)
    house.open()
    charter = charter_file(house)
    made = Inspector(MountedDisk(tmp_path / "mnt", charter.read_bytes()), house, charter)
    made.record_what_is_installed()
    yield made
    house.close()


def test_an_honest_disk_differs_in_nothing(inspector: Inspector, tmp_path: Path) -> None:
    wheel = inspector.disk.wheel(tmp_path / "clairvoie-1.whl")
    status, text = inspector.with_ledger("--wheel", wheel)
    assert status == 0, text
    assert "Nothing differs from what it was compared with" in text
    assert "compared with the wheel and the ledger" in text


def test_altered_code_is_found_in_three_ways(inspector: Inspector, tmp_path: Path) -> None:
    wheel = inspector.disk.wheel(tmp_path / "clairvoie-1.whl")
    gate = inspector.disk.package / "egress/gate.py"
    gate.write_bytes(gate.read_bytes() + b"\n")
    status, text = inspector.with_ledger("--wheel", wheel)
    assert status == 1
    assert "an installed file was altered: clairvoie: clairvoie/egress/gate.py" in text
    assert "the installed software is not the wheel's" in text
    assert "the installed software is not what the node stated for mic-1" in text
    inspector.disk.record()  # whoever alters files can alter their record
    assert "altered" not in inspector.run()[1]
    assert "the installed software is not what the node stated" in inspector.with_ledger()[1]


def test_another_key_another_charter_and_an_idle_sensor_that_listens(inspector: Inspector) -> None:
    inspector.disk.key.unlink()
    node_key(inspector.disk.key)
    (inspector.disk.settings.parent / "charter.json").write_bytes(b"{}")
    inspector.house.record(inspector.life(state="retired"))
    inspector.house.publisher.publish()
    status, text = inspector.with_ledger()
    assert status == 1
    assert "the node's key is not the enrolled one" in text
    assert "the node trusts another charter" in text
    assert "mic-1 listens, and its life in the ledger does not say that it hangs there" in text


def test_an_act_that_is_dated_ahead_does_not_count_yet(inspector: Inspector) -> None:
    inspector.house.record(inspector.life(key="ab" * 32, dated=f"{2**39}.000"))
    inspector.house.publisher.publish()
    assert inspector.with_ledger()[0] == 0


def test_a_revoked_key_is_found(inspector: Inspector) -> None:
    inspector.house.record(inspector.life(key=inspector.disk.public, revoked="yes"))
    inspector.house.publisher.publish()
    status, text = inspector.with_ledger()
    assert (status, "the node's key was revoked" in text) == (1, True)


def test_an_inspection_makes_no_key_on_the_disk(inspector: Inspector) -> None:
    inspector.disk.key.unlink()
    assert "the node's key is not the enrolled one: nothing" in inspector.with_ledger()[1]
    assert not inspector.disk.key.exists()


@pytest.mark.parametrize(("models", "status"), [((), 0), (("ab" * 32,), 1)])
def test_a_recogniser_must_be_one_that_the_act_names(
    inspector: Inspector, tmp_path: Path, models: tuple[str, ...], status: int
) -> None:
    permitted = replace(exercise_authorisation("quai", ("mic-1",)), models=models)
    act = unsigned(AUTHORISATION_TYPE, encode_authorisation(permitted))
    path = tmp_path / "act.json"
    path.write_bytes(encode_document(add_signature(act, MAYOR)))
    got, text = inspector.run("--charter", inspector.charter, "--authorisation", path)
    assert got == status
    assert ("the recogniser is not authorised" in text) == bool(models)
    path.write_bytes(encode_document(act))
    with pytest.raises(OversightError, match="1 of the charter's roles signed"):
        inspector.run("--charter", inspector.charter, "--authorisation", path)


def test_a_ledger_that_is_not_sound_is_not_compared_with(inspector: Inspector) -> None:
    path = next((inspector.house.log / "0" / "tile" / "entries").rglob("000*/*"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(OversightError, match="the ledger is not sound"):
        inspector.with_ledger()


def test_the_report_holds_what_was_found_and_is_what_json_prints(inspector: Inspector, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    status, text = inspector.with_ledger("--report", path, "--json")
    report = json.loads(text)
    assert status == 0
    assert json.loads(path.read_bytes()) == report
    assert report["disk"]["node"] == "lamp-1"
    assert report["findings"] == []
    assert report["ledger"][0].startswith("quai.clairvoie/ledger/0\n")


def test_what_is_asked_wrongly_is_two(inspector: Inspector) -> None:
    assert inspector.run("--ledger", inspector.house.log)[0] == 2
    assert inspector.run("--charter", "nowhere")[0] == 2
    inspector.disk.package.rename(inspector.disk.package.with_name("gone"))
    with pytest.raises(OversightError, match="not installed in that folder"):
        inspector.run()


def keep(inspector: Inspector, check: LedgerCheck) -> None:
    """What the node's uplink has found of the ledger lies in the folder of its state."""
    state = inspector.disk.settings.parent / "state"
    state.mkdir(exist_ok=True)
    (state / FILE_NAME).write_bytes(encode_check(check))


def test_what_the_node_found_of_the_ledger_is_told_and_a_fault_is_a_finding(inspector: Inspector) -> None:
    head = (inspector.house.log / "0" / "checkpoint").read_text()
    proved = Proved(at=1_795_316_640.0, sensor="mic-1", sequence=7, index=3, size=9)
    check = LedgerCheck(kept=Kept(log=KeptLog(checkpoint=head)), proved=proved)
    keep(inspector, check)
    inspector.house.acts(300)
    inspector.house.publisher.publish()
    status, text = inspector.with_ledger()
    assert (status, "mic-1 7 was in a log of 9 entries at 2026-11-22 03:04:00Z" in text) == (0, True), text
    found = Found(first=1_795_316_640.0, last=1_795_316_700.0, count=2, what="left out", sensor="mic-1", sequence=8)
    keep(inspector, replace(check, faults={FaultKind.NOT_INCLUDED: found}))
    status, text = inspector.run()
    assert status == 1
    assert "the node found its hub's ledger at fault (not-included): left out, mic-1 8, 2 times" in text
    (inspector.disk.settings.parent / "state" / FILE_NAME).write_bytes(b"{")
    assert f"a file cannot be read: {FILE_NAME}" in inspector.run()[1]


def test_a_node_that_was_shown_another_ledger_than_is_published_is_found(inspector: Inspector, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = LogHouse(tmp_path / "other")  # the same key, another history: a split view
    other.open()
    other.acts(3)
    other.publisher.publish()
    head = (other.log / "0" / "checkpoint").read_text()
    other.close()
    keep(inspector, LedgerCheck(kept=Kept(log=KeptLog(checkpoint=head))))
    status, text = inspector.with_ledger()
    assert status == 1
    assert "the node was shown another ledger than is published: other entries are published than the 4 shown" in text
    keep(inspector, LedgerCheck(kept=Kept(log=KeptLog(checkpoint=head.replace("ledger/0", "ledger/5")))))
    assert "nothing is published of quai.clairvoie/ledger/5" in inspector.with_ledger()[1]
