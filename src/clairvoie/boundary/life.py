"""The life of a sensor and of the node that speaks for it, as a sequence of signed acts.

Each act is a signed document (:data:`~clairvoie.boundary.document.LIFE_TYPE`) by a technician of the charter. Who is
believed at a moment follows from the acts up to that moment alone (:mod:`clairvoie.hub.lives` folds them).

A node asks to be enrolled with an :class:`EnrolmentRequest`, a document signed by the key that is to be enrolled.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from clairvoie.boundary.charter import check_key
from clairvoie.boundary.document import ENROLMENT_TYPE, SignedDocument, check_keys_once, signers_of
from clairvoie.boundary.sensor import Place, SensorKind, check_name
from clairvoie.errors import InvalidValue, MalformedMessage, SignatureMismatch

LONGEST_WORDS = 200
LONGEST_REQUEST = 8192


class SensorState(StrEnum):
    """Where a sensor stands in its life."""

    PLANNED = "planned"
    INSTALLED = "installed"
    COMMISSIONED = "commissioned"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    MOVED = "moved"
    RETIRED = "retired"


NEXT: dict[SensorState, frozenset[SensorState]] = {
    SensorState.PLANNED: frozenset({SensorState.INSTALLED, SensorState.RETIRED}),
    SensorState.INSTALLED: frozenset({SensorState.COMMISSIONED, SensorState.MOVED, SensorState.RETIRED}),
    SensorState.COMMISSIONED: frozenset({SensorState.ACTIVE, SensorState.MAINTENANCE, SensorState.RETIRED}),
    SensorState.ACTIVE: frozenset(
        {SensorState.SUSPENDED, SensorState.MAINTENANCE, SensorState.MOVED, SensorState.RETIRED}
    ),
    SensorState.SUSPENDED: frozenset({SensorState.ACTIVE, SensorState.MAINTENANCE, SensorState.RETIRED}),
    SensorState.MAINTENANCE: frozenset({SensorState.COMMISSIONED, SensorState.MOVED, SensorState.RETIRED}),
    SensorState.MOVED: frozenset({SensorState.INSTALLED, SensorState.RETIRED}),
    SensorState.RETIRED: frozenset(),
}
"""From a state to those that may follow it. A sensor that moved is installed and commissioned anew."""

SPEAKING = frozenset({SensorState.ACTIVE})
"""The states in which the hub takes what a sensor says (commissioning and maintenance measure, but do not report)."""


def _check_moment(at: float) -> None:
    if not 0 <= at < 2**40:
        raise InvalidValue("an act is dated in POSIX seconds", at)


def _check_text(what: str, text: str) -> None:
    if len(text) > LONGEST_WORDS or (text and not text.isprintable()):
        raise InvalidValue(f"the {what} has at most {LONGEST_WORDS} printable characters", text[:LONGEST_WORDS])


class NodeAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="node"):
    """A node's key of ``epoch`` is believed from ``at`` on, or, with ``revoked``, no longer from ``at`` on.

    By the clock of whoever believes, whatever second a record tells of: a node may switch keys before its act is there.

    ``certificate`` is the SHA-256 of the node's TLS certificate (DER), 64 hexadecimal digits. A new epoch replaces the
    one before it; the same epoch and key with another certificate renews the certificate.
    """

    deployment: str
    at: float
    node: str
    epoch: int
    public_key: str
    certificate: str = ""
    revoked: bool = False
    words: str = ""

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        _check_moment(self.at)
        _check_text("reason", self.words)
        check_name("node", self.node)
        check_key(self.node, self.public_key)
        if self.certificate:
            check_key("the certificate", self.certificate)
        if self.epoch < 0:
            raise InvalidValue("epochs count up from zero", self.epoch)

    @property
    def about(self) -> str:
        """The node's name."""
        return self.node


class SensorAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sensor"):
    """A sensor enters ``state`` at ``at``. Place, hardware, calibration and sign are given anew in each act that has
    them; ``photograph`` is the SHA-256 of the picture of its street sign, which is kept beside the acts."""

    deployment: str
    at: float
    sensor: str
    node: str
    state: SensorState
    kind: SensorKind
    place: Place | None = None
    hardware: str = ""
    calibration: float | None = None
    calibrated: str = ""
    photograph: str = ""
    words: str = ""

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("sensor", self.sensor)
        check_name("node", self.node)
        _check_moment(self.at)
        for what, text in (
            ("hardware", self.hardware),
            ("calibration's date", self.calibrated),
            ("reason", self.words),
        ):
            _check_text(what, text)
        if self.place is not None:
            _check_text("place", self.place.words)
        if self.calibration is not None and not 40 <= self.calibration <= 200:
            raise InvalidValue("a calibration is the level of a full-scale sine, 40 to 200 dB SPL", self.calibration)
        if self.state is SensorState.INSTALLED and self.place is None:
            raise InvalidValue("a sensor is installed at a place", self.sensor)
        if self.photograph:
            check_key("the photograph", self.photograph)

    @property
    def about(self) -> str:
        """The sensor's name."""
        return self.sensor


class InspectionAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="inspection"):
    """A node's disk was inspected at ``at``, with so many ``findings``; ``report`` is the SHA-256 of the inspection's
    report. It changes nothing in the node's life: it says that somebody looked, under their name."""

    deployment: str
    at: float
    node: str
    findings: int
    report: str
    words: str = ""

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        _check_moment(self.at)
        _check_text("remark", self.words)
        check_key("the report", self.report)
        if self.findings < 0:
            raise InvalidValue("findings are counted", self.findings)

    @property
    def about(self) -> str:
        """The node's name."""
        return self.node


LifeAct = NodeAct | SensorAct | InspectionAct
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[LifeAct] = msgspec.json.Decoder(LifeAct)


def encode_life(act: LifeAct) -> bytes:
    """An act as the bytes that are signed."""
    return _encoder.encode(act)


def decode_life(data: bytes) -> LifeAct:
    """The act in ``data``."""
    check_keys_once(data, "an act of a sensor's life")
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not an act of a sensor's life", str(error)) from error


class EnrolmentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node says of itself to be enrolled: its signing key of ``epoch``, and a PKCS #10 request in PEM for the
    certificate of its connection, whose key is another one."""

    deployment: str
    node: str
    epoch: int
    public_key: str
    certificate_request: str

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        check_key(self.node, self.public_key)
        if not 0 <= self.epoch < 2**31:
            raise InvalidValue("epochs count up from zero", self.epoch)
        if len(self.certificate_request) > LONGEST_REQUEST:
            raise InvalidValue("a certificate request is a few hundred characters", len(self.certificate_request))


_request_decoder: msgspec.json.Decoder[EnrolmentRequest] = msgspec.json.Decoder(EnrolmentRequest)


def encode_enrolment(request: EnrolmentRequest) -> bytes:
    """A request as the bytes that the node signs."""
    return _encoder.encode(request)


def requested(document: SignedDocument) -> EnrolmentRequest:
    """The request in a document of :data:`~clairvoie.boundary.document.ENROLMENT_TYPE`.

    Raises :class:`SignatureMismatch` unless it is signed by the very key that it asks to enrol: whoever asks has it.
    """
    if document.payload_type != ENROLMENT_TYPE:
        raise MalformedMessage("not a node's request", document.payload_type)
    check_keys_once(document.body, "a node's request")
    try:
        request = _request_decoder.decode(document.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a node's request", str(error)) from error
    if not signers_of(document, {request.node: request.public_key}):
        raise SignatureMismatch("a request is signed by the key that it asks to enrol", request.node)
    return request
