"""What is published is in order and on the disk, whatever is killed; what is forgotten is gone; nobody signs twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from log_house import LogHouse
from shelf import Shelf
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader

from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.leaf import ACT_DOMAIN, commit
from clairvoie.errors import OversightError
from clairvoie.oversight.checkpoint import parse_note
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.report import check_succession
from clairvoie.oversight.verify import verify_log, verify_since


def test_nothing_new_publishes_nothing_and_the_first_entry_names_the_epoch(house: LogHouse) -> None:
    house.publisher.publish()
    before = Shelf.of(house.log).files
    house.publisher.publish()
    house.again()
    house.publisher.publish()
    assert Shelf.of(house.log).files == before
    assert verify_log(Folder(house.publisher.place), house.trust()).size == 1


def test_an_independent_reader_finds_the_same_tree_entries_and_proofs(house: LogHouse) -> None:
    for count in (3, 250, 4, 300, 1):
        house.acts(count)
        house.publisher.publish()
        house.now += 1
    theirs = TilesReader(LocalBackend(house.publisher.place))
    checkpoint = theirs.get_checkpoint()
    assert checkpoint.size == 559
    assert theirs.calculate_root_hash() == checkpoint.root_hash
    with house.store.reading() as connection:
        leaves = [leaf.leaf for leaf in house.ledger.leaves(connection, 0)]
    assert [theirs.get_entry(index) for index in range(0, 559, 31)] == leaves[::31]


def test_what_is_appended_bit_by_bit_and_at_once_is_the_same_log(house: LogHouse, tmp_path: Path) -> None:
    for _ in range(5):
        house.acts(77)
        house.publisher.publish()
    files = Shelf.of(house.publisher.place).files
    for path in house.publisher.place.rglob("*"):
        if path.is_file():
            path.unlink()
    house.again()
    house.publisher.publish()
    anew = Shelf.of(house.publisher.place).files
    assert all(files[path] == data for path, data in anew.items())
    assert verify_log(Shelf(anew), house.trust()).faults == ()


def test_a_second_publisher_is_turned_away(house: LogHouse) -> None:
    other = LogHouse(house.folder)
    with pytest.raises(OversightError, match="another hub publishes"):
        other.open()
    other.store.close()


@pytest.mark.slow
def test_killed_at_every_step_the_log_goes_on_from_every_checkpoint_that_was_ever_seen(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "support" / "doomed_log.py"
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=300, check=True
    )
    killed, ended_well = map(int, ran.stdout.split()[-2:])
    assert ended_well == 0
    assert killed > 40
    seen = set()
    for number in range(killed + 1):
        house = LogHouse(tmp_path / str(number))
        kept = [path.read_bytes() for path in sorted((house.folder / "seen").iterdir())]
        if (house.log / "0" / "checkpoint").is_file():
            halfway = verify_log(Folder(house.log / "0"), house.trust())
            assert halfway.faults == (), f"killed at step {number}"
        house.open()
        assert house.ledger.epoch == 0
        house.acts(1)
        house.publisher.publish()
        source = Folder(house.publisher.place)
        report = verify_log(source, house.trust())
        assert (report.faults, report.notices) == ((), ()), f"killed at step {number}"
        for checkpoint in kept:
            assert verify_since(source, house.trust(), checkpoint).faults == ()
            seen.add(parse_note(checkpoint).text)
        house.close()
    assert len(seen) > 3


def test_what_is_forgotten_is_gone_from_store_and_folder_and_the_log_stays_sound(house: LogHouse) -> None:
    house.acts(3, EntryKind.MODEL)
    house.acts(2, EntryKind.LOOK)
    house.publisher.publish()
    with house.store.reading() as connection:
        rows = connection.exec_driver_sql("select id, salt, body, leaf from ledger_entries order by id").all()
    chosen, salt, body, leaf = rows[2]
    assert body in (house.publisher.place / "bodies" / "000").read_bytes()
    house.store.submit(lambda c: house.ledger.forget(c, entries=[chosen, rows[4].id, 999])).result()
    house.publisher.publish()
    told = b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file() and "db" not in path.name)
    assert body not in told
    assert salt.hex().encode() not in told
    assert rows[1].body in told
    with house.store.reading() as connection:
        after = connection.exec_driver_sql("select salt, body, who, about, leaf from ledger_entries order by id").all()
    assert [tuple(row) for row in after[2::2]] == [
        (None, None, None, None, leaf),
        (None, None, None, None, rows[4].leaf),
    ]
    report = verify_log(Folder(house.publisher.place), house.trust())
    assert (report.faults, report.acts, report.size) == ((), 3, 6)
    # Whoever guesses the body, to the letter, has still to guess the salt: only the true one is right.
    assert leaf[2:] == commit(ACT_DOMAIN, salt, body)
    assert all(leaf[2:] != commit(ACT_DOMAIN, n.to_bytes(16, "big"), body) for n in range(2000))
    house.close()
    assert body not in house.path.read_bytes()
    assert salt not in house.path.read_bytes()
    house.open()


def test_kinds_are_forgotten_by_age(house: LogHouse) -> None:
    house.acts(2, EntryKind.LOOK)
    house.now += 100
    house.acts(1, EntryKind.LOOK)
    kinds = frozenset({EntryKind.LOOK})
    work = house.store.submit(lambda c: house.ledger.forget_before(c, kinds, house.now - 50))
    assert work.result() == 2
    with house.store.reading() as connection:
        assert [line.entry.about for line in house.ledger.lines(connection, kinds=(EntryKind.LOOK,))] == ["incident/0"]


def test_a_restored_store_never_signs_below_but_begins_an_epoch_that_names_the_former(house: LogHouse) -> None:
    house.acts(3)
    house.publisher.publish()
    house.back_up()
    house.acts(4)
    house.publisher.publish()
    former = (house.log / "0" / "checkpoint").read_bytes()
    house.restore()
    assert house.ledger.epoch == 1
    house.acts(2)
    house.publisher.publish()
    reports = [verify_log(Folder(house.log / str(e)), house.trust(e)) for e in (0, 1)]
    assert [report.faults for report in reports] == [(), ()]
    assert [report.size for report in reports] == [8, 3]
    assert reports[1].first is not None
    detail = reports[1].first.entry.detail
    assert detail["former-checkpoint"] == parse_note(former).text
    assert detail["reason"] == "the store holds 4 entries of 8 that were published"
    assert (house.log / "0" / "checkpoint").read_bytes() == former
    assert check_succession(reports) == reports
    assert check_succession(reports[1:] * 2)[1].faults != ()
    house.again()
    assert house.ledger.epoch == 1


def test_entries_that_the_former_log_does_not_show_are_carried_into_the_new_epoch(house: LogHouse) -> None:
    house.acts(2)
    house.publisher.publish()
    house.back_up()
    house.acts(1)
    house.publisher.publish()
    moved_away = house.log.rename(house.folder / "elsewhere")
    house.restore()  # without the folder nothing tells that more was published
    house.acts(5)
    house.close()
    shutil.rmtree(house.log)
    moved_away.rename(house.log)
    house.open()
    assert house.ledger.epoch == 1
    house.publisher.publish()
    report = verify_log(Folder(house.log / "1"), house.trust(1))
    assert (report.faults, report.size) == ((), 6)
    assert report.first is not None
    assert report.first.entry.detail["reason"] == "the store holds other entries than were published"
    assert verify_log(Folder(house.log / "0"), house.trust()).size == 4


def test_an_altered_store_does_not_go_on_under_the_same_name(house: LogHouse) -> None:
    house.acts(3)
    house.publisher.publish()
    house.store.submit(
        lambda c: c.exec_driver_sql("update ledger_entries set leaf = zeroblob(34) where position = 1")
    ).result()
    house.again()
    assert house.ledger.epoch == 1


def test_a_folder_that_somebody_else_signed_is_refused(house: LogHouse) -> None:
    house.publisher.publish()
    house.close()
    path = house.log / "0" / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n1\n", b"\n2\n"))
    with pytest.raises(OversightError, match="not one of this hub"):
        house.open()
    house.publisher.close()
    path.unlink()
    house.store.close()
    house.open()
    assert house.ledger.epoch == 0


def test_an_act_that_is_rolled_back_leaves_no_entry(house: LogHouse) -> None:
    def fails(connection: object) -> None:
        house.acts_in(connection, 2)
        raise OversightError("the act failed")

    with pytest.raises(OversightError, match="the act failed"):
        house.store.submit(fails).result()
    house.acts(1)
    house.publisher.publish()
    assert verify_log(Folder(house.publisher.place), house.trust()).size == 2
