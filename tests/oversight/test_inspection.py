"""An inspection names what was altered, and is silent on an honest disk."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from clairvoie.errors import OversightError
from clairvoie.oversight.inspection import (
    DiskFacts,
    RecordedFacts,
    Trusted,
    altered_files,
    compare,
    wheel_software_digest,
)
from clairvoie.software import software_digest

DISK = DiskFacts(
    node="n",
    deployment="town",
    public_key="aa",
    charter="cc",
    software="s1",
    model="m1",
    sensors=("mic-1", "mic-2"),
    live=("mic-1",),
)
RECORDED = RecordedFacts(
    public_key="aa",
    software={"mic-1": "s1", "mic-2": "s1"},
    model={"mic-1": "m1", "mic-2": "m1"},
    states={"mic-1": "active", "mic-2": "retired"},
)
TRUSTED = Trusted(wheel="s1", charter="cc", models=("m1",))


def test_an_honest_disk_gives_no_finding() -> None:
    assert compare(DISK, TRUSTED, RECORDED) == []
    assert compare(DISK, Trusted()) == []


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        (replace(DISK, software="s2"), ["not the wheel's", "software is not what", "software is not what"]),
        (
            replace(DISK, model="m2"),
            ["recogniser is not authorised", "recogniser is not what", "recogniser is not what"],
        ),
        (replace(DISK, public_key="bb"), ["key is not the enrolled one"]),
        (replace(DISK, public_key=""), ["key is not the enrolled one"]),
        (replace(DISK, charter="dd"), ["another charter"]),
        (replace(DISK, charter=""), ["another charter"]),
        (replace(DISK, altered=("x",)), ["altered"]),
        (replace(DISK, live=("mic-9",)), ["mic-9 listens"]),
        (replace(DISK, live=("mic-2",)), ["mic-2 listens"]),
        (replace(DISK, sensors=("mic-9",)), ["software is not what", "recogniser is not what"]),
    ],
)
def test_each_difference_is_named_and_nothing_else(disk: DiskFacts, words: list[str]) -> None:
    findings = compare(disk, TRUSTED, RECORDED)
    assert len(findings) == len(words)
    assert all(word in finding.what for word, finding in zip(words, findings, strict=True))


def test_a_revoked_key_is_a_finding() -> None:
    (finding,) = compare(DISK, TRUSTED, replace(RECORDED, revoked=True))
    assert finding.what == "the node's key was revoked"


def installed(folder: Path, content: bytes) -> Path:
    package, record = folder / "thing", folder / "thing-1.0.dist-info"
    package.mkdir(parents=True)
    record.mkdir()
    (package / "a.py").write_bytes(content)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).rstrip(b"=").decode()
    (record / "RECORD").write_text(f"thing/a.py,sha256={digest},6\nthing-1.0.dist-info/RECORD,,\n")
    return folder


def test_altered_and_missing_files_are_named(tmp_path: Path) -> None:
    assert list(altered_files(installed(tmp_path / "good", b"x = 1\n"))) == []
    assert list(altered_files(installed(tmp_path / "bad", b"x = 2\n"))) == ["thing: thing/a.py"]
    folder = installed(tmp_path / "gone", b"")
    (folder / "thing" / "a.py").unlink()
    assert list(altered_files(folder)) == ["thing: thing/a.py (missing)"]
    with pytest.raises(OversightError, match="nothing is installed"):
        list(altered_files(tmp_path / "empty"))


def test_a_wheel_has_the_digest_of_the_package_unpacked(tmp_path: Path) -> None:
    package = tmp_path / "clairvoie"
    (package / "inner").mkdir(parents=True)
    for name, content in (("a.py", b"a"), ("inner/b.py", b"b"), ("inner.py", b"c")):
        (package / name).write_bytes(content)
    wheel = tmp_path / "clairvoie-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted(package.rglob("*.py"), reverse=True):
            archive.write(path, path.relative_to(tmp_path).as_posix())
        archive.writestr("clairvoie-1.dist-info/METADATA", "Name: clairvoie\n")
    assert wheel_software_digest(wheel) == software_digest(package)
    (package / "a.py").write_bytes(b"A")
    assert wheel_software_digest(wheel) != software_digest(package)


def test_a_file_that_is_no_wheel_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    path.write_bytes(b"no")
    with pytest.raises(OversightError, match="cannot be read"):
        wheel_software_digest(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/a.py", "")
    with pytest.raises(OversightError, match="does not hold"):
        wheel_software_digest(path)
