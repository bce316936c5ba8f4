"""The default is nothing: without leave no record is taken, whatever it holds; what was permitted is taken late too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_street import LEAVE, NOW, Running, Street, authorisation, begin, end, give_leave, impulse, settings_at
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Authorisation, Denial, Hours, ObservationKind
from clairvoie.boundary.bulletin import MinuteState, TenSeconds
from clairvoie.boundary.document import add_signature, unsigned
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.signed import encode_envelope
from clairvoie.boundary.wire import SensorStatement
from clairvoie.egress.coarse import absent_part
from clairvoie.errors import Refusal
from clairvoie.hub import schema

MINUTE = NOW // 60 * 60 - 60


def refusal_of(running: Running, *envelopes) -> Refusal:
    before = running.count()
    with pytest.raises(Refusal) as refusal:
        running.store(*envelopes)
    assert running.count() == before
    assert refusal.value.status == 403
    return refusal.value


def hub_with(tmp_path: Path, *acts: Authorisation, street: Street, **settings: object):
    return Running.of(settings_at(tmp_path, *acts, **settings), street)


def everything(street: Street) -> list:
    """One record of each sort, absent codes and the sensor's own words among them."""
    statement = SensorStatement(sensor="mic-a", second=NOW - 1, confinement=0, simulated=True, model=b"", software=b"")
    return [
        street.events("mic-a", begin(1)),
        street.events("mic-a", impulse(2)),
        street.events("mic-a", end(1)),
        street.minute("mic-a", MINUTE),
        street.minute("mic-a", MINUTE - 60, None, parts=(absent_part(MinuteState),)),
        street.envelope(statement),
    ]


@pytest.mark.parametrize("settings", [{"charter": None}, {"authorisations": "nowhere"}])
def test_without_charter_or_act_nothing_is_taken(tmp_path: Path, settings: dict[str, object]) -> None:
    street = Street()
    with hub_with(tmp_path, street=street, **settings) as running:
        for envelope in everything(street):
            assert refusal_of(running, envelope).code == "not-authorised"
        assert running.hub.take_frame(encode_envelope(street.tick())) == 0
        running.hub.flush_refusals()
        assert running.desk.strip().sensors_live == 0


def test_with_leave_all_of_it_is_taken(running: Running, street: Street) -> None:
    for envelope in everything(street):
        running.store(envelope)
    assert running.count() == 6
    assert running.hub.take_frame(encode_envelope(street.tick())) == 2


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"sensors": ("mic-b",)}, ()),
        ({"starts": NOW + 1}, ()),
        ({"ends": NOW - 1000}, ()),
        ({"hours": (Hours(start="12:00", end="13:00"),)}, ()),
        ({"hazards": (), "observations": (ObservationKind.LEVELS,)}, (3, 4, 5)),
        ({"hazards": (HazardKind.GLASS_BREAKING,), "observations": ()}, (0, 2, 4, 5)),
    ],
)
def test_only_what_the_act_names_is_taken(tmp_path: Path, changes: dict[str, object], taken: tuple[int, ...]) -> None:
    street = Street()
    with hub_with(tmp_path, authorisation(**changes), street=street) as running:
        for number, envelope in enumerate(everything(street)):
            if number in taken:
                running.store(envelope)
            else:
                assert refusal_of(running, envelope).code == "not-authorised"


def test_the_second_of_the_observation_counts_not_that_of_delivery(tmp_path: Path) -> None:
    street = Street()
    with hub_with(tmp_path, authorisation(starts=NOW - 3600, ends=NOW), street=street) as running:
        late = street.events("mic-a", begin(1), second=NOW - 1), street.minute("mic-a", MINUTE)
        after = street.events("mic-a", begin(2), second=NOW)
        before = street.events("mic-b", begin(1), second=NOW - 3601)
        street.clock.at += 86_400
        assert running.store(*late).accepted == 2
        assert refusal_of(running, after).code == refusal_of(running, before).code == "not-authorised"


def test_one_part_that_is_not_permitted_refuses_its_record_and_says_which(tmp_path: Path) -> None:
    state = MinuteState(sources=(7, 0, 0), valid_seconds=61, overloads=0, windy=0, health=0, drops=0, refusals=0)
    street = Street()
    with hub_with(tmp_path, authorisation(observations=(ObservationKind.LEVELS,)), street=street) as running:
        good = street.minute("mic-a", MINUTE)
        bad = street.minute("mic-a", MINUTE - 60, parts=(state,))
        refusal = refusal_of(running, good, bad)
        assert (refusal.code, refusal.index) == ("not-authorised", 1)
        assert "noise-sources" in str(refusal)
        assert running.store(good, street.minute("mic-b", MINUTE, parts=(replace(state, sources=(0, 0, 0)),))).accepted


def test_an_end_is_judged_by_the_hazard_of_its_begin(tmp_path: Path, street: Street, running: Running) -> None:
    running.store(street.events("mic-a", begin(1)), street.events("mic-a", begin(2, kind=HazardKind.FIREWORK)))
    narrower = authorisation(number=2, starts=NOW, hazards=(HazardKind.FIREWORK,))
    give_leave(tmp_path, LEAVE.signed(narrower))
    running.hub.look_at_acts()
    glass = street.events("mic-a", end(1), second=NOW)
    refusal = refusal_of(running, street.minute("mic-b", MINUTE), glass)
    assert (refusal.code, refusal.index) == ("not-authorised", 1)
    assert running.store(street.events("mic-a", end(2), second=NOW)).accepted == 1
    offsets = {d.kind: d.offset is not None for d in running.desk.detections(start=0, end=2**33)}
    assert offsets == {HazardKind.GLASS_BREAKING: False, HazardKind.FIREWORK: True}


def test_what_was_suspended_has_a_code_of_its_own(running: Running, street: Street, tmp_path: Path) -> None:
    (act,) = running.hub.authority.held
    give_leave(tmp_path, LEAVE.suspended(act, NOW, sensors=("mic-a",)))
    running.hub.look_at_acts()
    assert running.store(street.events("mic-a", begin(1), second=NOW - 1)).accepted == 1
    assert refusal_of(running, street.events("mic-a", begin(2), second=NOW)).code == "suspended"
    assert running.store(street.events("mic-b", begin(1), second=NOW)).accepted == 1


def test_a_live_tick_loses_what_is_not_permitted_and_it_is_counted(
    running: Running, street: Street, tmp_path: Path
) -> None:
    give_leave(tmp_path, LEAVE.signed(authorisation(number=2, hazards=(), sensors=("mic-b", "mic-c"))))
    running.hub.look_at_acts()
    assert running.hub.take_frame(encode_envelope(street.tick())) == 1
    street.clock.at += 1
    assert running.hub.take_frame(encode_envelope(street.tick(mic_b=(begin(),)))) == 0
    running.hub.flush_refusals()
    counted = {count.why: count.count for count in running.desk.discarded()}
    assert counted == {Denial.SENSOR: 2, Denial.KIND: 1}
    assert running.desk.sensor("mic-a").last_heard is None


def test_live_seconds_of_after_a_suspension_are_forgotten(running: Running, street: Street, tmp_path: Path) -> None:
    for _ in range(3):
        running.hub.take_frame(encode_envelope(street.tick()))
        street.clock.at += 1
    (act,) = running.hub.authority.held
    give_leave(tmp_path, LEAVE.suspended(act, NOW + 1, sensors=("mic-a",)))
    running.hub.look_at_acts()

    def heard(sensor: str) -> list[int]:
        return [s.second for s in running.desk.said(sensor) if s.bulletin is not None]

    assert heard("mic-a") == [NOW - 1, NOW]
    assert heard("mic-b") == [NOW - 1, NOW, NOW + 1]


def test_a_forged_act_gives_nothing(tmp_path: Path) -> None:
    """Signed by the hub's own keys, by one role twice, by a technician: none of them may widen anything."""
    from clairvoie.boundary.authorisation import encode_authorisation
    from clairvoie.boundary.document import AUTHORISATION_TYPE

    street = Street()
    body = encode_authorisation(authorisation(number=2))
    for keys in ((LEAVE.leases, LEAVE.ledger), (LEAVE.roles["dpo"],) * 2, (LEAVE.technician, LEAVE.roles["dpo"])):
        document = unsigned(AUTHORISATION_TYPE, body)
        for key in keys:
            document = add_signature(document, key)
        with hub_with(tmp_path, authorisation(sensors=()), street=street) as running:
            give_leave(tmp_path, document)
            running.hub.look_at_acts()
            assert [r.digest for r in running.hub.authority.rejected] == [document.digest]
            assert refusal_of(running, street.events("mic-a", begin(1))).code == "not-authorised"
            assert running.count(schema.acts) == 1


def test_absent_levels_report_nothing(tmp_path: Path) -> None:
    street = Street()
    with hub_with(tmp_path, authorisation(observations=(ObservationKind.THIRDS,)), street=street) as running:
        assert refusal_of(running, street.minute("mic-a", MINUTE)).code == "not-authorised"
        assert running.store(street.minute("mic-a", MINUTE - 60, None)).accepted == 1
        assert absent_part(TenSeconds) == TenSeconds(laeq=0)
