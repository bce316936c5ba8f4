"""Leave for an exercise: a charter, everybody's keys, and a signed authorisation, all made up in one folder.

For the demonstration and the tests. One process holds every key here, so this proves nothing about who agreed; a real
deployment's roles each keep their own (``clairvoie authorise``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    LegalText,
    ObservationKind,
    Point,
    Recipient,
    RecipientKind,
    Suspension,
    encode_authorisation,
    encode_suspension,
)
from clairvoie.boundary.charter import Charter, Signer, encode_charter
from clairvoie.boundary.document import (
    AUTHORISATION_TYPE,
    SUSPENSION_TYPE,
    SignedDocument,
    add_signature,
    encode_document,
    unsigned,
)
from clairvoie.boundary.hazards import SOUND_HAZARDS

ROLES = (
    ("authority", "The exercise's mayor"),
    ("dpo", "Its data-protection officer"),
    ("board", "Its oversight board"),
)
DAY = 86_400
EVERYWHERE: tuple[Point, ...] = ((-89.0, -179.0), (-89.0, 179.0), (89.0, 179.0), (89.0, -179.0))


@dataclass(frozen=True)
class Leave:
    """A charter with all of its private keys: ``roles`` by name, and the hub's for leases and checkpoints."""

    charter: Charter
    roles: dict[str, Ed25519PrivateKey]
    technician: Ed25519PrivateKey
    leases: Ed25519PrivateKey
    ledger: Ed25519PrivateKey

    def signed(self, authorisation: Authorisation, by: Sequence[str] = ("authority", "dpo")) -> SignedDocument:
        """``authorisation``, signed by these roles."""
        document = unsigned(AUTHORISATION_TYPE, encode_authorisation(authorisation))
        for role in by:
            document = add_signature(document, self.roles[role])
        return document

    def suspended(
        self, act: SignedDocument, since: int, *, sensors: tuple[str, ...] = (), by: str = "dpo"
    ) -> SignedDocument:
        """A signed suspension of ``act``."""
        suspension = Suspension(
            deployment=self.charter.deployment,
            authorisation=act.digest,
            since=since,
            reason="exercise",
            sensors=sensors,
        )
        return add_signature(unsigned(SUSPENSION_TYPE, encode_suspension(suspension)), self.roles[by])


def make_leave(deployment: str, *, exercise: bool = True, threshold: int = 2) -> Leave:
    """New keys and a charter that names their public halves."""
    roles = {name: Ed25519PrivateKey.generate() for name, _ in ROLES}
    technician, leases, ledger = (Ed25519PrivateKey.generate() for _ in range(3))
    charter = Charter(
        deployment=deployment,
        exercise=exercise,
        roles=tuple(Signer(id=name, holder=holder, public_key=digits(roles[name])) for name, holder in ROLES),
        threshold=threshold,
        technicians=(Signer(id="technician", holder="The exercise's technician", public_key=digits(technician)),),
        leases=digits(leases),
        ledger=digits(ledger),
    )
    return Leave(charter=charter, roles=roles, technician=technician, leases=leases, ledger=ledger)


def exercise_authorisation(
    deployment: str,
    sensors: Sequence[str],
    *,
    number: int = 1,
    exercise: bool = True,
    starts: int | None = None,
    ends: int | None = None,
    time_zone: str = "Europe/Paris",
    polygon: tuple[Point, ...] = EVERYWHERE,
    lease_seconds: int = 900,
) -> Authorisation:
    """Everything that a microphone can report, by ``sensors``, from long ago until in a year."""
    now = int(time.time())
    return Authorisation(
        deployment=deployment,
        number=number,
        authority="The exercise's mayor",
        purpose="To show on simulated sensors how Clairvoie works",
        legal_texts=(LegalText(title="None: an exercise on invented sound", date="2026-11-01"),),
        impact_assessment="Not needed: no real place is measured",
        starts=DAY if starts is None else starts,
        ends=now + 365 * DAY if ends is None else ends,
        time_zone=time_zone,
        sensors=tuple(sensors),
        polygon=polygon,
        exercise=exercise,
        hazards=tuple(sorted(SOUND_HAZARDS)),
        observations=(
            ObservationKind.LEVELS,
            ObservationKind.OCTAVES,
            ObservationKind.THIRDS,
            ObservationKind.NOISE_SOURCES,
        ),
        recipients=(
            Recipient(
                name="duty-desk", kind=RecipientKind.PERSON, purpose="To look into incidents", fields=tuple(Field)
            ),
        ),
        lease_seconds=lease_seconds,
    )


def write_leave(folder: Path, leave: Leave, documents: Sequence[SignedDocument]) -> None:
    """``charter.json``, ``authorisations/`` and the hub's ``keys/`` in ``folder``, as the settings name them."""
    (folder / "charter.json").write_bytes(encode_charter(leave.charter))
    acts = folder / "authorisations"
    acts.mkdir(parents=True, exist_ok=True)
    for document in documents:
        (acts / f"{document.digest[:16]}.json").write_bytes(encode_document(document))
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    private = {"leases": leave.leases, "ledger": leave.ledger, "technician": leave.technician, **leave.roles}
    for name, key in private.items():
        write_key(keys / f"{name}.pem", key)


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """A private key as PKCS #8 in PEM, for its owner's eyes."""
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def digits(key: Ed25519PrivateKey) -> str:
    """The public half as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()
