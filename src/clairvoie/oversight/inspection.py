"""Is what lies on a node's disk what the ledger says runs there? A pure comparison, and the reading of installed files.

An inspection is made from outside: with the node's disk in another machine, or at least with this program started from
another disk, since a node that lies would lie about itself too. It compares digests; it proves nothing about memory,
about hardware, or about what ran yesterday.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import importlib.metadata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from clairvoie.errors import OversightError
from clairvoie.oversight.ledger_check import LedgerCheck

PACKAGE_NAME = "clairvoie"
NOTHING = "nothing"
AT_WORK = frozenset({"installed", "commissioned", "active", "suspended", "maintenance"})
"""States of a sensor's life in which it may hang where it hangs; only an active one reports."""


class Finding(NamedTuple):
    """Something on the disk that is not as recorded: what, what is there, what should be there."""

    what: str
    found: str
    expected: str


class DiskFacts(Struct, frozen=True, kw_only=True):
    """What a node's disk holds. Digests are SHA-256 in hexadecimal; empty: not there. ``altered`` names installed files
    that differ from the record of their installation, ``check`` is what its uplink found of the hub's ledger, and
    ``unreadable`` names files that are not what they must be."""

    node: str
    deployment: str
    public_key: str
    charter: str
    software: str
    model: str
    sensors: tuple[str, ...]
    live: tuple[str, ...]
    altered: tuple[str, ...] = ()
    check: LedgerCheck | None = None
    unreadable: tuple[str, ...] = ()


class Trusted(Struct, frozen=True, kw_only=True):
    """What whoever inspects believes already, each empty if they have none: the software digest of a wheel, the digest
    of the charter, the recognisers that an authorisation names (empty as well when it names none)."""

    wheel: str = ""
    charter: str = ""
    models: tuple[str, ...] = ()


class RecordedFacts(Struct, frozen=True, kw_only=True):
    """What the published ledger says of the node: its newest key and whether that was revoked, by sensor the software
    and the recogniser that its node last stated, and the state of each sensor's life."""

    public_key: str = ""
    revoked: bool = False
    software: dict[str, str] = {}
    model: dict[str, str] = {}
    states: dict[str, str] = {}


class Inspection(Struct, frozen=True, kw_only=True):
    """What an inspection writes: when (POSIX seconds), with which program (its own software digest), what lay on the
    disk, what that was compared with, and every finding. ``ledger`` is the text of each epoch's checkpoint."""

    at: float
    inspector: str
    disk: DiskFacts
    trusted: Trusted
    recorded: RecordedFacts | None
    ledger: tuple[str, ...]
    findings: tuple[Finding, ...]


def compare(disk: DiskFacts, trusted: Trusted, recorded: RecordedFacts | None = None) -> list[Finding]:
    """Everything on the disk that is not as trusted, and, with a ledger, not as ``recorded`` there.

    >>> disk = DiskFacts(node="n", deployment="d", public_key="aa", charter="cc", software="s1", model="m1",
    ...                  sensors=("mic-1",), live=())
    >>> recorded = RecordedFacts(public_key="aa", software={"mic-1": "s2"}, model={"mic-1": "m1"})
    >>> [finding.what for finding in compare(disk, Trusted(charter="cc"), recorded)]
    ['the installed software is not what the node stated for mic-1']
    """
    findings = [Finding("an installed file was altered", name, "as its installation recorded") for name in disk.altered]
    findings += [Finding("a file cannot be read", name, "as the node wrote it") for name in disk.unreadable]
    for kind, found in () if disk.check is None else disk.check.faults.items():
        about = f"{found.what}, {found.sensor} {found.sequence}, {found.count} times since {shown_time(found.first)}"
        findings.append(Finding(f"the node found its hub's ledger at fault ({kind.value})", about, NOTHING))
    if trusted.wheel and disk.software != trusted.wheel:
        findings.append(Finding("the installed software is not the wheel's", disk.software, trusted.wheel))
    if trusted.charter and disk.charter != trusted.charter:
        findings.append(Finding("the node trusts another charter", disk.charter or NOTHING, trusted.charter))
    if trusted.models and disk.model not in trusted.models:
        findings.append(Finding("the recogniser is not authorised", disk.model, ", ".join(trusted.models)))
    return findings if recorded is None else [*findings, *_not_as_recorded(disk, recorded)]


def _not_as_recorded(disk: DiskFacts, recorded: RecordedFacts) -> Iterator[Finding]:
    if recorded.public_key and disk.public_key != recorded.public_key:
        yield Finding("the node's key is not the enrolled one", disk.public_key or NOTHING, recorded.public_key)
    elif recorded.revoked:
        yield Finding("the node's key was revoked", disk.public_key, "another key")
    for sensor in disk.sensors:
        for what, mine, stated in (
            ("software", disk.software, recorded.software.get(sensor, NOTHING)),
            ("recogniser", disk.model, recorded.model.get(sensor, NOTHING)),
        ):
            if mine != stated:
                yield Finding(f"the installed {what} is not what the node stated for {sensor}", mine, stated)
    for sensor in sorted(disk.live):
        state = recorded.states.get(sensor, NOTHING)
        if state not in AT_WORK:
            yield Finding(
                f"{sensor} listens, and its life in the ledger does not say that it hangs there", "live", state
            )


def shown_time(at: float) -> str:
    """POSIX seconds for people, in UTC.

    >>> shown_time(1_795_316_640.5)
    '2026-11-22 03:04:00Z'
    """
    return f"{datetime.datetime.fromtimestamp(int(at), datetime.UTC):%Y-%m-%d %H:%M:%SZ}"


def encode_inspection(inspection: Inspection) -> bytes:
    """An inspection as JSON, indented for people; its SHA-256 is what a signed act names."""
    return msgspec.json.format(msgspec.json.encode(inspection, order="deterministic"), indent=2) + b"\n"


def decode_inspection(data: bytes) -> Inspection:
    """The inspection in ``data``."""
    try:
        return msgspec.json.decode(data, type=Inspection)
    except (msgspec.MsgspecError, ValueError) as error:
        raise OversightError(f"not the report of an inspection ({error})") from error


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
