"""``clairvoie sensor`` as a technician uses it: lists of fifty, mistakes named by line and column, lives led on."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from enrolled_town import LIST, Town

from clairvoie.boundary.document import decode_document, encode_document
from clairvoie.boundary.life import InspectionAct, SensorState, decode_life
from clairvoie.cli.sensor_office import Office
from clairvoie.errors import HubError
from clairvoie.oversight.inspection import DiskFacts, Finding, Inspection, Trusted, encode_inspection


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town.at(tmp_path)


def states(town: Town) -> dict[str, SensorState]:
    book = Office.of(town.folder / "hub.toml").technician.lives.book()
    return {name: life.state for name, life in book.sensors.items()}


def test_fifty_sensors_are_enrolled_from_one_list(town: Town) -> None:
    town.enrol(range(50))
    assert set(states(town).values()) == {SensorState.PLANNED}
    assert len(states(town)) == 50
    assert town.acts() == 100
    certificate = x509.load_pem_x509_certificate((town.bundles / "lamp-7" / "node.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://town/node/lamp-7"]
    assert (town.bundles / "lamp-7" / "charter.json").read_bytes() == (town.folder / "charter.json").read_bytes()


def test_every_mistake_of_a_list_is_named_and_nothing_is_written(town: Town) -> None:
    requests = [str(town.request(n)) for n in (1, 2, 9)]
    path = town.folder / "list.csv"
    path.write_text(
        LIST
        + "mic-1,lamp-1,microphone,48.0,2.35,4.5,Rue,,120,2026-11-02\n"
        + "Mic 2,lamp-2,loudspeaker,98.0,2.35,4.5,Rue,,120,yesterday\n"
        + "mic-1,lamp-2,microphone,48.0,2.35,4.5,Rue,,120,\n"
        + "mic-3,lamp-3,microphone,48.0,2.35,4.5,Rue,,3,\n"
        + "mic-4,lamp-1,microphone\n"
    )
    said = town.refused("enrol", *requests, "--csv", str(path), *town.signing, "--bundles", str(town.bundles))
    for line, column, what in [
        ("3", "sensor", "a-z, 0-9"), ("3", "kind", "microphone or camera"), ("3", "latitude", "-90 to 90"),
        ("3", "calibrated", "a date"), ("4", "sensor", "stands on line 2 already"), ("5", "calibration", "40 to 200"),
        ("6", "", "3 cells where the heading has 10"), ("5", "node", "no request of lamp-3"),
        ("", "lamp-9", "no sensor of the list is of this node"),
    ]:  # fmt: skip
        row = [cell.strip() for cell in next(x for x in said.splitlines() if what in x).strip("│").split("│")]
        assert row[:2] == [line, column], row
    assert "9 mistakes; nothing was written" in said
    assert not town.bundles.exists()


def test_a_list_is_checked_against_requests_and_what_is_enrolled(town: Town) -> None:
    town.enrol(range(1))
    request = str(town.request(2))
    again = str(town.request(0, name="again.json"))
    path = town.folder / "list.csv"
    path.write_text(LIST + "mic-0,lamp-0,microphone,48,2.35,,,,,\nmic-5,lamp-5,microphone,48,2.35,,,,,\n")
    said = town.refused("enrol", request, again, "--csv", str(path), *town.signing)
    assert "mic-0 was enrolled before" in said
    assert "no request of lamp-5 was given" in said
    assert "no sensor of the list is of this node" in said
    assert "enrolled before: rotate or renew" in said


def test_a_dry_run_shows_everything_and_writes_nothing(town: Town) -> None:
    request = str(town.request(0))
    said = town.done("enrol", request, "--csv", str(town.list_of(range(1))), *town.signing, "--dry-run")
    assert "mic-0" in said
    assert "Nothing was written" in said
    assert town.acts() == 0


def test_a_request_that_was_altered_or_is_signed_by_another_key_is_refused(town: Town) -> None:
    request = town.request(0)
    document = json.loads(request.read_bytes())
    other = json.loads(town.request(1).read_bytes())
    request.write_text(json.dumps({**document, "payload": other["payload"]}))
    said = town.refused("enrol", str(request), "--csv", str(town.list_of(range(1))), *town.signing)
    assert "signed by the key that it asks to enrol" in said


def test_only_a_technician_of_the_charter_can_sign(town: Town) -> None:
    request = str(town.request(0))
    mayor = town.folder / "keys" / "authority.pem"
    words = ("enrol", request, "--csv", str(town.list_of(range(1))), "--key", str(mayor), *town.hub)
    assert "technician" in town.refused(*words)


def test_the_keys_of_a_node_are_born_on_it_and_never_leave_it(town: Town) -> None:
    request = town.request(0)
    town.enrol(range(1))
    for name in ("signing-0.pem", "connection.pem"):
        key = town.folder / "node-0" / name
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        secret = key.read_text().splitlines()[1]
        found = [p for p in town.folder.rglob("*") if p.is_file() and p != key and secret in p.read_text("latin-1")]
        assert found == []
    assert "PRIVATE" not in decode_document(request.read_bytes()).body.decode()


def test_a_life_from_planned_to_retired(town: Town) -> None:
    town.enrol(range(2))
    sign = town.folder / "sign.png"
    sign.write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    town.done(
        "install", "mic-0", "--photograph", str(sign), "--latitude", "48.5", "--hardware", "no. 17", *town.signing
    )
    town.done("install", "mic-1", *town.signing)
    town.done("state", "mic-0", "mic-1", "commissioned", *town.signing)
    town.done("state", "mic-0", "mic-1", "active", *town.signing)
    town.done("state", "mic-0", "moved", "--reason", "the lamp is repaired", *town.signing)
    town.done("install", "mic-0", "--latitude", "48.6", "--place", "other side", *town.signing)
    town.done("retire", "mic-1", "--reason", "end of trial", *town.signing)
    assert states(town) == {"mic-0": SensorState.INSTALLED, "mic-1": SensorState.RETIRED}
    said = town.done("list", "mic-0", *town.hub)
    digest = hashlib.sha256(sign.read_bytes()).hexdigest()
    for word in ("other side", "no. 17", digest[:16], "the lamp is repaired", "technician"):
        assert word in said
    kept = town.folder / "lives" / "photographs" / f"{digest}.png"
    assert kept.read_bytes() == sign.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "retired" in town.done("list", *town.hub)


def test_a_calibration_comes_when_one_sensor_is_commissioned_and_its_drift_is_listed(town: Town) -> None:
    town.enrol(range(2))
    town.done("install", "mic-0", *town.signing, "--calibration", "120", "--hardware", "capsule 7")
    calibrated = ["--calibration", "119.6", "--calibrated", "2026-11-22"]
    assert "one sensor is commissioned" in town.refused("state", "mic-0", "maintenance", *town.signing, *calibrated)
    both = ("state", "mic-0", "mic-1", "commissioned")
    assert "one sensor is commissioned" in town.refused(*both, *town.signing, *calibrated)
    town.done("state", "mic-0", "commissioned", *town.signing, *calibrated)
    shown = " ".join(town.done("list", "mic-0", *town.hub).split())
    assert "119.6 dB" in shown
    assert "drift -0.4 dB" in shown


def test_a_step_that_does_not_fit_is_refused(town: Town) -> None:
    town.enrol(range(2))
    assert "cannot become so: 'active'" in town.refused("state", "mic-0", "active", *town.signing)
    town.done("install", "mic-0", *town.signing)
    assert "would not count" in town.refused("state", "mic-0", "mic-1", "commissioned", *town.signing)
    assert "no such sensor" in town.refused("state", "mic-9", "active", *town.signing)
    assert "one state" in town.refused("state", "mic-0", "happy", *town.signing)
    assert "JPEG or PNG" in town.refused("install", "mic-1", "--photograph", str(town.key), *town.signing)


def test_a_sensor_is_replaced_by_another_of_another_name(town: Town) -> None:
    town.enrol(range(1))
    town.lead_to_active("mic-0")
    town.done("replace", "mic-0", "mic-0b", *town.signing, "--bundles", str(town.bundles))
    assert states(town) == {"mic-0": SensorState.RETIRED, "mic-0b": SensorState.PLANNED}
    office = Office.of(town.folder / "hub.toml")
    assert office.technician.place("mic-0b") == office.technician.place("mic-0")


def test_a_key_is_rotated_renewed_and_revoked(town: Town) -> None:
    town.enrol(range(1))
    bundles = ("--bundles", str(town.bundles))
    first = (town.bundles / "lamp-0" / "node.crt").read_bytes()
    same = str(town.request(0, name="same.json"))
    assert "has epoch 1" in town.refused("rotate", "lamp-0", same, *town.signing, *bundles)
    town.done("renew", "lamp-0", same, *town.signing, *bundles)
    second = (town.bundles / "lamp-0" / "node.crt").read_bytes()
    assert first != second
    following = str(town.request(0, name="next.json", epoch=1))
    assert "a renewal is of the key" in town.refused("renew", "lamp-0", following, *town.signing, *bundles)
    town.done("rotate", "lamp-0", following, *town.signing, *bundles, "--in", "0")
    town.done("revoke", "lamp-0", "--reason", "stolen", *town.signing)
    assert "revoked already" in town.refused("revoke", "lamp-0", "--reason", "stolen", *town.signing)
    assert "revoked" in town.done("list", *town.hub)


def test_what_came_back_is_accepted_by_the_node_that_asked_and_by_no_other(town: Town) -> None:
    town.enrol(range(2))
    config = town.folder / "node-0" / "node.toml"
    wrong = town.try_to("accept", str(config), str(town.bundles / "lamp-1"))
    assert wrong.exit_code == 1
    assert "another key" in str(wrong.exception)
    assert not (config.parent / "charter.json").exists()
    assert "digest" in town.done("accept", str(config), str(town.bundles / "lamp-0"))
    charter = config.parent / "charter.json"
    assert charter.read_bytes() == (town.folder / "charter.json").read_bytes()
    charter.write_bytes(charter.read_bytes() + b"\n")
    assert "root of trust" in str(town.try_to("accept", str(config), str(town.bundles / "lamp-0")).exception)


def test_a_file_that_does_not_count_is_named(town: Town) -> None:
    town.enrol(range(1))
    lives = town.folder / "lives"
    unsigned = decode_document(next(lives.glob("[0-9a-f]*.json")).read_bytes())
    (lives / "broken.json").write_text("{")
    forged = {**json.loads(encode_document(unsigned)), "signatures": []}
    (lives / "forged.json").write_text(json.dumps(forged))
    result = town.try_to("list", *town.hub)
    assert "broken.json" in result.stderr
    assert result.exit_code == 0


def test_the_tool_and_the_hub_refuse_alike(town: Town) -> None:
    """Signing tries acts by the rule of the hub; an act that would undo another is not written either."""
    office = Office.of(town.folder / "hub.toml")
    with pytest.raises(HubError, match="no such node"):
        office.technician.newest_key("lamp-0")


def test_an_inspection_becomes_a_signed_act_that_names_its_report(town: Town, tmp_path: Path) -> None:
    town.enrol(range(1))
    disk = DiskFacts(
        node="lamp-0", deployment="town", public_key="", charter="", software="", model="", sensors=(), live=()
    )
    found = (Finding("the installed software is not the wheel's", "a", "b"),)
    inspection = Inspection(
        at=1.0, inspector="", disk=disk, trusted=Trusted(), recorded=None, ledger=(), findings=found
    )
    report = tmp_path / "report.json"
    report.write_bytes(encode_inspection(inspection))
    town.done("inspected", str(report), *town.signing, "--remark", "yearly")
    acts = [decode_life(decode_document(p.read_bytes()).body) for p in (town.folder / "lives").glob("*.json")]
    (act,) = [act for act in acts if isinstance(act, InspectionAct)]
    digest = hashlib.sha256(report.read_bytes()).hexdigest()
    assert (act.node, act.findings, act.report, act.words) == ("lamp-0", 1, digest, "yearly")
    other = msgspec.structs.replace(inspection, disk=msgspec.structs.replace(disk, deployment="elsewhere"))
    report.write_bytes(encode_inspection(other))
    assert "of another deployment" in town.refused("inspected", str(report), *town.signing)
    report.write_bytes(b"{}")
    assert "not the report of an inspection" in town.refused("inspected", str(report), *town.signing)
