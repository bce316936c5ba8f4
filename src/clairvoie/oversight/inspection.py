"""Is what lies on a node's disk what the ledger says runs there? A pure comparison, and the reading of installed files.

An inspection is made from outside: with the node's disk in another machine, or at least with this program started from
another disk, since a node that lies would lie about itself too. It compares digests; it proves nothing about memory,
about hardware, or about what ran yesterday.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from clairvoie.errors import OversightError

PACKAGE_NAME = "clairvoie"


class Finding(NamedTuple):
    """Something on the disk that is not as recorded: what, what is there, what should be there."""

    what: str
    found: str
    expected: str


class DiskFacts(Struct, frozen=True, kw_only=True):
    """What a node's disk holds. Digests are SHA-256 in hexadecimal; empty: not there. ``altered`` names installed files
    that differ from the record of their installation."""

    node: str
    deployment: str
    public_key: str
    charter: str
    software: str
    model: str
    sensors: tuple[str, ...]
    live: tuple[str, ...]
    altered: tuple[str, ...] = ()


class RecordedFacts(Struct, frozen=True, kw_only=True):
    """What the published ledger says of the node: its present key, and by sensor the software and the model that its
    node last stated; ``models`` are those of the authorisation in force (none: it names none)."""

    public_key: str = ""
    software: dict[str, str] = {}
    model: dict[str, str] = {}
    active: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


def compare(disk: DiskFacts, recorded: RecordedFacts | None, *, wheel: str = "", charter: str = "") -> list[Finding]:
    """Everything that is not as recorded. ``wheel``: the software digest of a wheel that somebody trusts; ``charter``:
    the digest of the charter that they trust.

    >>> disk = DiskFacts(node="n", deployment="d", public_key="aa", charter="cc", software="s1", model="m1",
    ...                  sensors=("mic-1",), live=("mic-1",))
    >>> [f.what for f in compare(disk, RecordedFacts(public_key="aa", software={"mic-1": "s2"}, model={"mic-1": "m1"}))]
    ['the installed software is not what the node stated for mic-1']
    """
    findings = [Finding("an installed file was altered", name, "as its installation recorded") for name in disk.altered]
    if wheel and disk.software != wheel:
        findings.append(Finding("the installed software is not the wheel's", disk.software, wheel))
    if charter and disk.charter != charter:
        findings.append(Finding("the node trusts another charter", disk.charter or "none", charter))
    if recorded is None:
        return findings
    if recorded.public_key and disk.public_key and disk.public_key != recorded.public_key:
        findings.append(Finding("the node's key is not the enrolled one", disk.public_key, recorded.public_key))
    for sensor in disk.sensors:
        for what, mine, stated in (
            ("software", disk.software, recorded.software.get(sensor, "")),
            ("recogniser", disk.model, recorded.model.get(sensor, "")),
        ):
            if stated and mine != stated:
                findings.append(Finding(f"the installed {what} is not what the node stated for {sensor}", mine, stated))
    if recorded.models and disk.model not in recorded.models:
        findings.append(Finding("the recogniser is not authorised", disk.model, ", ".join(recorded.models)))
    for sensor in sorted(set(disk.live) - set(recorded.active)) if recorded.active else ():
        findings.append(Finding("a live sensor that the ledger does not have as active", sensor, "an act of its life"))
    return findings


def altered_files(site_packages: Path) -> Iterator[str]:
    """Installed files below ``site_packages`` whose SHA-256 is not the one that their installation wrote into RECORD.

    Raises :class:`OversightError` when nothing is installed there.
    """
    distributions = sorted(
        importlib.metadata.distributions(path=[str(site_packages)]), key=lambda found: found.metadata["Name"]
    )
    if not distributions:
        raise OversightError("nothing is installed in that folder", str(site_packages), "Name a site-packages folder.")
    for distribution in distributions:
        for file in distribution.files or ():
            if file.hash is None or file.hash.mode != "sha256":
                continue
            path = Path(str(distribution.locate_file(file)))
            name = f"{distribution.metadata['Name']}: {file}"
            if not path.is_file():
                yield f"{name} (missing)"
            elif base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=") != (
                file.hash.value.encode()
            ):
                yield name


def wheel_software_digest(wheel: Path) -> str:
    """The digest that a node with this wheel states: over the package's files, as ``clairvoie.software`` has it."""
    digest = hashlib.sha256()
    prefix = f"{PACKAGE_NAME}/"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name.removeprefix(prefix) for name in archive.namelist() if name.startswith(prefix)]
            for name in sorted(name for name in names if name and not name.endswith("/")):
                content = archive.read(prefix + name)
                digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    except (OSError, zipfile.BadZipFile) as error:
        raise OversightError(f"the wheel cannot be read ({error})", str(wheel), "Give a .whl file.") from error
    if not names:
        raise OversightError("the wheel does not hold this package", str(wheel), "Give clairvoie-….whl.")
    return digest.hexdigest()
