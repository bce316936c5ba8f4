"""The wheel holds all that runs, the source archive builds without Node, and nothing is installed that has no hash."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))
VENDORED = (
    "htmx.min.js",
    "htmx-ext-sse.min.js",
    "leaflet.js",
    "leaflet.css",
    "uPlot.iife.min.js",
    "uPlot.min.css",
    "licences/htmx.org.txt",
    "licences/leaflet.txt",
    "licences/uplot.txt",
)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(target: str, root: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("clairvoie-*")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", REPOSITORY, tmp_path_factory.mktemp("sdist"))


def package_files() -> set[str]:
    """Every file of the package in this tree, generated ones and caches apart."""
    source = REPOSITORY / "src"
    files = (p for p in (source / "clairvoie").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {path.relative_to(source).as_posix() for path in files}


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert package_files() - inside == set()


@pytest.mark.parametrize("name", VENDORED)
def test_the_wheel_holds_what_pages_load(wheel: Path, name: str) -> None:
    inside = zipfile.ZipFile(wheel)
    assert len(inside.read(f"clairvoie/views/static/vendor/{name}")) > 100


def test_the_wheel_holds_nothing_but_the_package_and_its_licence(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in inside} == {"clairvoie", "clairvoie-0.1.0.dist-info"}
    assert "clairvoie-0.1.0.dist-info/licenses/LICENSE" in inside
    assert [name for name in inside if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))] == []


def test_a_source_archive_builds_the_same_wheel_without_node(
    source_archive: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(source_archive) as archive:
        # Debian 12's Python 3.11.2 has no filters yet; later ones warn without one.
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (unpacked,) = tmp_path.iterdir()
    monkeypatch.setenv("PATH", "")
    rebuilt = build("wheel", unpacked, tmp_path / "rebuilt")
    assert set(zipfile.ZipFile(rebuilt).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_vendored_files_are_made_anew_when_one_is_altered_or_missing(tmp_path: Path) -> None:
    hook = load(REPOSITORY / "hatch_build.py")
    vendor = tmp_path / "vendor"
    assert hook.is_fresh(vendor) is False
    shutil.copytree(hook.VENDOR, vendor)
    assert hook.is_fresh(vendor) is True
    with (vendor / "htmx.min.js").open("a", encoding="utf-8") as script:
        script.write(";")
    assert hook.is_fresh(vendor) is False


def requirements_of(lock: Path) -> list[str]:
    """The entries of a lock, continuation lines joined."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_its_version_and_hashes_and_no_address(lock: Path) -> None:
    entries = requirements_of(lock)
    assert entries
    assert [e for e in entries if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ .*--hash=sha256:", e)] == []
    assert [e for e in entries if "://" in e or e.startswith(("torch=", "--"))] == []


def test_the_run_time_lock_holds_every_dependency_of_the_project() -> None:
    settings: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split(r"[<>=\[; ]", line)[0].lower() for line in settings["project"]["dependencies"]}
    locked = {line.split("==")[0].split("[")[0] for line in requirements_of(REPOSITORY / "requirements/runtime.txt")}
    assert wanted - locked == set()


def test_the_npm_lock_has_a_hash_for_every_package_and_no_address() -> None:
    packages = json.loads((REPOSITORY / "frontend/package-lock.json").read_text(encoding="utf-8"))["packages"]
    third_party = {name: said for name, said in packages.items() if name}
    assert len(third_party) == 4
    assert all(said["integrity"].startswith("sha512-") and "resolved" not in said for said in third_party.values())


def test_the_licence_is_where_reuse_looks_for_it() -> None:
    licence = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert (REPOSITORY / "LICENSES/EUPL-1.2.txt").read_text(encoding="utf-8") == licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("(BSD-3-Clause) AND (MIT)", True),
        ("Apache-2.0 OR LicenseRef-Proprietary", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT AND AGPL-3.0-only", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("", False),
        ("do what you like", False),
    ],
)
def test_only_licences_on_the_list_pass(expression: str, allowed: bool) -> None:
    assert load(REPOSITORY / "tools/bill_of_materials.py").is_allowed(expression) is allowed
