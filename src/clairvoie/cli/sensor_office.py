"""What the commands of ``clairvoie sensor`` do, over files: the hub's settings, its keys, its folder of acts.

Joins rooms, as the command line may. Everything that is written is prepared and checked first.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from clairvoie.boundary.charter import charter_digest, decode_charter
from clairvoie.boundary.document import decode_document, encode_document
from clairvoie.boundary.life import EnrolmentRequest, InspectionAct, LifeAct, NodeAct, SensorState, requested
from clairvoie.boundary.sensor import Place
from clairvoie.config import HubSettings, NodeSettings, TlsFiles, read_settings
from clairvoie.egress.enrolling import check_answer, request_enrolment
from clairvoie.egress.key import connection_key, node_key
from clairvoie.errors import ClairvoieError, ConfigurationError, HubError, OversightError
from clairvoie.hub.certificates import Authority, authority_in, digest_of
from clairvoie.hub.enrolment_list import Listed, Mistake, read_list
from clairvoie.hub.technician import PHOTOGRAPHS, Technician, put
from clairvoie.oversight.inspection import decode_inspection

NODE_CERTIFICATE = "node.crt"
AUTHORITY = "authority.crt"
CHARTER = "charter.json"
LARGEST_PHOTOGRAPH = 20 * 1024 * 1024
PICTURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}


class ListRefused(HubError):
    """A list with mistakes: all of them."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        super().__init__(f"{len(mistakes)} mistakes; nothing was written", str(file), "Correct them and come back.")
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class Plan:
    """What is to be signed: keys of nodes from ``requests`` at ``at``, the sensors ``listed``, and ``others``."""

    at: float
    requests: tuple[EnrolmentRequest, ...] = ()
    listed: tuple[Listed, ...] = ()
    others: tuple[LifeAct, ...] = ()


@dataclass(frozen=True)
class Office:
    """A technician's desk at one hub."""

    technician: Technician
    charter: bytes
    authority: Authority

    @classmethod
    def of(cls, hub: Path) -> Office:
        """The desk at the hub whose settings are in the file ``hub``."""
        settings = read_settings(hub, HubSettings)
        base = hub.resolve().parent
        if settings.charter is None:
            raise ConfigurationError("this hub has no charter, so nobody can sign", str(hub), 'Add charter = "…".')
        try:
            data = (base / settings.charter).read_bytes()
        except OSError as error:
            raise ConfigurationError(f"the charter cannot be read ({error.strerror})", settings.charter) from error
        simulated = frozenset({*(n.id for n in settings.nodes), *(s.id for s in settings.sensors)})
        technician = Technician(decode_charter(data), base / settings.lives, reserved=simulated)
        authority = authority_in(base / settings.keys, settings.deployment, datetime.datetime.now(datetime.UTC))
        return cls(technician, data, authority)

    def plan(self, requests: Sequence[Path], file: Path, now: float) -> Plan:
        """What a list and its requests ask for. Raises :class:`ListRefused` with every mistake in them."""
        try:
            listed, mistakes, nodes = read_list(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise HubError(f"the list cannot be read ({error})", str(file), "Save it as CSV in UTF-8.") from error
        wrong = list(mistakes)
        asked: dict[str, EnrolmentRequest] = {}
        for path in requests:
            try:
                request = self._request(path)
                if request.node in asked:
                    raise HubError("a second request of this node", request.node)
                asked[request.node] = request
            except ClairvoieError as error:
                wrong.append(Mistake(0, path.name, str(error)))
        book = self.technician.lives.book()
        unasked = [(line, node) for line, node in nodes if node not in asked and node not in book.newest]
        wrong += [
            Mistake(line, "node", f"no request of {node} was given, and it is not enrolled") for line, node in unasked
        ]
        known = [one for one in listed if one.sensor in book.sensors]
        wrong += [Mistake(one.line, "sensor", f"{one.sensor} was enrolled before") for one in known]
        if nodes:
            idle = sorted(asked.keys() - {node for _, node in nodes})
            wrong += [Mistake(0, node, "a request, but no sensor of the list is of this node") for node in idle]
        wrong += [Mistake(0, node, "enrolled before: rotate or renew") for node in asked if node in book.newest]
        if wrong:
            raise ListRefused(file, sorted(wrong))
        return Plan(now, tuple(asked[node] for node in sorted(asked)), listed)

    def _request(self, path: Path) -> EnrolmentRequest:
        try:
            request = requested(decode_document(path.read_bytes()))
        except OSError as error:
            raise HubError(f"the request cannot be read ({error.strerror})", str(path)) from error
        self.authority.issue_node(request, datetime.datetime.now(datetime.UTC))  # tried, and thrown away
        return request

    def enrol(self, plan: Plan, key: Ed25519PrivateKey, bundles: Path, now: float) -> None:
        """Issue certificates, sign all acts, and only then write: first the nodes' folders, last the acts."""
        at = datetime.datetime.fromtimestamp(now, datetime.UTC)
        issued = {request.node: self.authority.issue_node(request, at) for request in plan.requests}
        acts: list[LifeAct] = [
            self.technician.node_act(request, plan.at, digest_of(issued[request.node])) for request in plan.requests
        ]
        acts += [listed.act(self.technician.charter.deployment, plan.at) for listed in plan.listed]
        documents = self.technician.sign([*acts, *plan.others], key)
        for node, certificate in issued.items():
            folder = bundles / node
            folder.mkdir(parents=True, exist_ok=True)
            put(folder / NODE_CERTIFICATE, certificate.public_bytes(Encoding.PEM))
            put(folder / AUTHORITY, self.authority.pem)
            put(folder / CHARTER, self.charter)
        self.technician.write(documents)

    def renewal(self, node: str, path: Path, at: float, *, next_epoch: bool) -> Plan:
        """The next key of a node (``next_epoch``), or the next certificate of the key that it has."""
        request = self._request(path)
        held = self.technician.newest_key(node)
        if request.node != node:
            raise HubError("this request is of another node", request.node)
        if next_epoch and request.epoch != held.epoch + 1:
            raise HubError(f"the next key of {node} has epoch {held.epoch + 1}", request.epoch, "Set it on the node.")
        if not next_epoch and (request.epoch, request.public_key) != (held.epoch, held.public_key):
            raise HubError("a renewal is of the key that the node has", request.epoch, "Use `sensor rotate`.")
        return Plan(self.technician.moment(node, at), (request,))

    def replacement(
        self,
        old: str,
        new: str,
        path: Path | None,
        now: float,
        reason: str,
        *,
        hardware: str,
        calibration: float | None,
    ) -> Plan:
        """``old`` is retired and ``new`` planned at its place."""
        last = self.technician.last(old)
        request = None if path is None else self._request(path)
        at = self.technician.moment(old, now)
        listed = Listed(
            line=0,
            sensor=new,
            node=last.node if request is None else request.node,
            kind=last.kind,
            place=self.technician.place(old),
            hardware=hardware,
            calibration=calibration,
        )
        gone = self.technician.sensor_act(old, SensorState.RETIRED, at, words=f"{reason} (by {new})"[:200])
        return Plan(at, () if request is None else (request,), (listed,), (gone,))

    def revocation(self, node: str, epoch: int | None, now: float, reason: str) -> NodeAct:
        """The act that takes a node's key away."""
        newest = self.technician.newest_key(node)
        key = newest if epoch is None else self.technician.lives.book().keys.get((node, epoch))
        if key is None:
            raise HubError(f"{node} has no key of that epoch", epoch)
        return NodeAct(
            deployment=self.technician.charter.deployment,
            at=self.technician.moment(node, now),
            node=node,
            epoch=key.epoch,
            public_key=key.public_key,
            revoked=True,
            words=reason,
        )

    def inspected(self, file: Path, now: float, words: str) -> InspectionAct:
        """The act which says that a node's disk was inspected, and what the report in ``file`` found."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise OversightError(f"the report cannot be read ({error.strerror})", str(file)) from error
        inspection = decode_inspection(data)
        deployment = self.technician.charter.deployment
        if inspection.disk.deployment != deployment:
            raise OversightError("the inspected node is of another deployment", inspection.disk.deployment)
        return InspectionAct(
            deployment=deployment,
            at=self.technician.moment(inspection.disk.node, now),
            node=inspection.disk.node,
            findings=len(inspection.findings),
            report=hashlib.sha256(data).hexdigest(),
            words=words,
        )

    def moved_place(
        self, sensor: str, *, latitude: float | None, longitude: float | None, height: float | None, words: str | None
    ) -> Place:
        """Where a sensor is installed: as planned but for what is given."""
        self.technician.last(sensor)
        planned = self.technician.place(sensor)
        return Place(
            latitude=planned.latitude if latitude is None else latitude,
            longitude=planned.longitude if longitude is None else longitude,
            height=planned.height if height is None else height,
            words=planned.words if words is None else words,
        )

    def photograph(self, path: Path) -> str:
        """Keep a copy of a sign's photograph beside the acts; its SHA-256, by which it is named."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise HubError(f"the photograph cannot be read ({error.strerror})", str(path)) from error
        ending = next((e for mark, e in PICTURES.items() if data.startswith(mark)), None)
        if ending is None or len(data) > LARGEST_PHOTOGRAPH:
            raise HubError("a photograph is a JPEG or PNG of 20 MiB at most", str(path))
        digest = hashlib.sha256(data).hexdigest()
        folder = self.technician.folder / PHOTOGRAPHS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(folder / f"{digest}{ending}", data, 0o600)
        return digest


def write_request(config: Path, file: Path) -> None:
    """Write the request of the node whose settings are in ``config``, its keys made where the settings say."""
    settings, base = read_settings(config, NodeSettings), config.resolve().parent
    tls = _tls(settings, config)
    key, connection = node_key(base / settings.key), connection_key(base / tls.key)
    put(file, encode_document(request_enrolment(settings.deployment, settings.node, settings.epoch, key, connection)))


def accept_bundle(config: Path, folder: Path) -> str:
    """Put certificate, authority and charter where a node's settings say; the charter's digest."""
    settings, base = read_settings(config, NodeSettings), config.resolve().parent
    tls = _tls(settings, config)
    check_answer(folder / NODE_CERTIFICATE, folder / AUTHORITY, connection_key(base / tls.key))
    charter = (folder / CHARTER).read_bytes()
    if decode_charter(charter).deployment != settings.deployment:
        raise ConfigurationError("this charter is of another deployment", decode_charter(charter).deployment)
    if settings.charter is None:
        raise ConfigurationError("the settings name no charter", str(config), 'Add charter = "charter.json".')
    place = base / settings.charter
    if place.exists() and place.read_bytes() != charter:
        raise ConfigurationError(
            "another charter lies there, and it is the node's root of trust", str(place), "Remove it, if that is meant."
        )
    put(base / tls.certificate, (folder / NODE_CERTIFICATE).read_bytes())
    put(base / tls.authority, (folder / AUTHORITY).read_bytes())
    put(place, charter)
    return charter_digest(charter)


def _tls(settings: NodeSettings, config: Path) -> TlsFiles:
    if settings.tls is None:
        remedy = 'Add [tls] with certificate = "node.crt", key = "connection.pem", authority = "authority.crt".'
        raise ConfigurationError("the node's settings have no [tls] table", str(config), remedy)
    return settings.tls
