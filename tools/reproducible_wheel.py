"""Builds the wheel twice, from two copies of what is committed, in circumstances that differ, and compares the hashes.

The copies have other paths, other file times, another umask, another time zone and another language. Whoever builds the
same commit with the same locked tools should get the same bytes, and can so check a wheel that somebody hands them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Circumstances(NamedTuple):
    """What may differ between two machines that build: POSIX seconds of all files, and the environment."""

    umask: int
    time: int
    environment: dict[str, str]


HERE = Circumstances(0o022, 1_000_000_000, {"TZ": "UTC", "LC_ALL": "C"})
THERE = Circumstances(0o077, 1_700_000_000, {"TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"})


def build(folder: Path, circumstances: Circumstances) -> Path:
    """The wheel of a copy of the last commit, built in ``folder``."""
    folder.mkdir(parents=True)
    archive = folder / "source.tar"
    subprocess.run(["git", "archive", "--output", str(archive), "HEAD"], cwd=ROOT, check=True)
    source = folder / "a-folder-of-its-own" / oct(circumstances.umask)
    umask = os.umask(circumstances.umask)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(source, filter="data")
        for path in sorted(source.rglob("*")):
            os.utime(path, (circumstances.time, circumstances.time))
        environment = {**os.environ, **circumstances.environment}
        environment.pop("SOURCE_DATE_EPOCH", None)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(source)]
        subprocess.run(command, check=True, env=environment)
    finally:
        os.umask(umask)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def differing(first: Path, second: Path) -> list[str]:
    """The files that two wheels have not in common, byte for byte."""
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        names = sorted({*one.namelist(), *other.namelist()})
        both = set(one.namelist()) & set(other.namelist())
        return [name for name in names if name not in both or one.read(name) != other.read(name)]


def main() -> int:
    """Build twice and compare; 1 when the wheels differ."""
    with tempfile.TemporaryDirectory(prefix="clairvoie-wheel-") as name:
        wheels = [build(Path(name) / str(number), facts) for number, facts in enumerate((HERE, THERE))]
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
        for wheel, found in zip(wheels, digests, strict=True):
            print(f"{found}  {wheel.name}")
        if digests[0] != digests[1]:
            print(f"The two wheels differ, in {differing(*wheels) or 'order, times or modes'}.", file=sys.stderr)
            return 1
        print("Two builds of the same commit, in different circumstances, gave the same bytes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
