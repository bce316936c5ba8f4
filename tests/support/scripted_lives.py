"""Signed acts of lives, easily: a charter with two technicians, and what they would sign."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.charter import Charter, Signer
from clairvoie.boundary.document import LIFE_TYPE, SignedDocument, add_signature, unsigned
from clairvoie.boundary.life import InspectionAct, LifeAct, NodeAct, SensorAct, SensorState, encode_life
from clairvoie.boundary.sensor import Place, SensorKind

DEPLOYMENT = "town"
PLACE = Place(latitude=48.0, longitude=2.0, words="lamp 12")


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def digits(name: str) -> str:
    return key_of(name).public_key().public_bytes_raw().hex()


TECHNICIANS = ("anne", "bo")
CHARTER = Charter(
    deployment=DEPLOYMENT,
    exercise=False,
    roles=(Signer(id="mayor", holder="The mayor", public_key=digits("mayor")),),
    threshold=1,
    technicians=tuple(Signer(id=name, holder=name.title(), public_key=digits(name)) for name in TECHNICIANS),
    leases=digits("leases"),
    ledger=digits("ledger"),
)


def signed(act: LifeAct, *by: str) -> SignedDocument:
    document = unsigned(LIFE_TYPE, encode_life(act))
    for name in by or ("anne",):
        document = add_signature(document, key_of(name))
    return document


def node_act(node: str = "lamp-1", at: float = 1.0, epoch: int = 0, **more: object) -> NodeAct:
    fields: dict[str, object] = {"public_key": digits(f"{node}/{epoch}"), **more}
    return NodeAct(deployment=DEPLOYMENT, at=at, node=node, epoch=epoch, **fields)  # type: ignore[arg-type]


def inspection_act(node: str = "lamp-1", at: float = 1.0, findings: int = 2) -> InspectionAct:
    return InspectionAct(deployment=DEPLOYMENT, at=at, node=node, findings=findings, report=digits("report"))


def sensor_act(state: SensorState, at: float, sensor: str = "mic-1", node: str = "lamp-1", **more: object) -> SensorAct:
    fields: dict[str, object] = {
        "place": PLACE if state in (SensorState.PLANNED, SensorState.INSTALLED) else None,
        "kind": SensorKind.MICROPHONE,
        **more,
    }
    return SensorAct(deployment=DEPLOYMENT, at=at, sensor=sensor, node=node, state=state, **fields)  # type: ignore[arg-type]


def led_to_active(sensor: str = "mic-1", node: str = "lamp-1", start: float = 2.0) -> list[SignedDocument]:
    states = (SensorState.PLANNED, SensorState.INSTALLED, SensorState.COMMISSIONED, SensorState.ACTIVE)
    return [signed(sensor_act(state, start + k, sensor, node)) for k, state in enumerate(states)]
