"""Whatever is changed in a published log is found, and its place named."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from log_house import LogHouse
from msgspec.structs import replace
from shelf import Shelf

from clairvoie.boundary.entry import EntryKind
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import COSIGNATURE, Note, NoteKey, cosign, parse_note
from clairvoie.oversight.proof import decode_proof, prove, verify_proof
from clairvoie.oversight.report import Report
from clairvoie.oversight.tree import Trust
from clairvoie.oversight.verify import verify_entry, verify_log, verify_since

WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS_KEY = NoteKey(name="ville.example/w", kind=COSIGNATURE, public=WITNESS.public_key().public_bytes_raw())


def grow(house: LogHouse, acts: int = 1) -> None:
    """Acts, public and not, and records of two sensors over two minutes; published in between, so that earlier partial
    tiles lie there too."""
    house.acts(acts)
    house.acts(1, EntryKind.MODEL)
    house.hear("mic-a", b"one", b"two")
    house.publisher.publish()
    house.hear("mic-b", b"three")
    house.minute()
    house.hear("mic-a", b"four")
    house.minute()
    house.publisher.publish()


def cosigned(shelf: Shelf) -> Shelf:
    note = parse_note(shelf.files["checkpoint"])
    more = cosign(note.text, WITNESS_KEY.name, WITNESS, 1_795_316_700)
    return shelf.with_file("checkpoint", Note(text=note.text, signatures=(*note.signatures, more)).encode())


@pytest.fixture
def small(house: LogHouse) -> tuple[Shelf, Trust]:
    grow(house)
    return cosigned(Shelf.of(house.publisher.place)), replace(house.trust(), witnesses=(WITNESS_KEY,), strict=True)


def places(report: Report) -> set[str]:
    return {fault.place for fault in report.faults}


def test_an_unchanged_log_is_sound_and_counted(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    report = verify_log(shelf, trust)
    assert report.faults == ()
    assert report.notices == ()
    assert (report.size, report.entries, report.minutes, report.records, report.acts) == (5, 5, 2, 4, 2)
    assert report.cosigners == ("ville.example/w",)
    assert any(".p/3" in path for path in shelf.files), "an earlier partial tile should lie there"


def test_numbers_that_are_missing_between_a_sensors_records_are_told(house: LogHouse) -> None:
    house.hear("mic-a", b"one", b"two")
    house.skip("mic-a", 3)
    house.skip("mic-b", 7)
    house.hear("mic-a", b"six")
    house.hear("mic-b", b"eight", b"nine")
    house.minute()
    house.publisher.publish()
    report = verify_log(Shelf.of(house.publisher.place), house.trust())
    assert report.faults == ()
    assert report.notices == ("mic-a/0: 3 of the 6 numbers from 1 to 6 are missing",)


@pytest.mark.slow
def test_every_single_bit_of_a_small_log_is_found_and_its_file_named(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    flips = 0
    for path, bit, changed in shelf.flips():
        report = verify_log(changed, trust)
        assert places(report) == {path}, f"bit {bit} of {path}: {report.faults}"
        flips += 1
    assert flips == 8 * sum(len(data) for data in shelf.files.values()) > 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shelf, Trust]:
    house = LogHouse(tmp_path_factory.mktemp("large"))
    house.open()
    house.acts(66_000)
    while house.publisher.publish() is not None and house.publisher.head.checkpoint.size < 66_001:  # type: ignore[union-attr]
        pass
    grow(house, 700)
    house.close()
    return Shelf.of(house.publisher.place), house.trust()


@pytest.mark.slow
def test_bits_drawn_from_a_large_log_are_found_and_their_file_named(large: tuple[Shelf, Trust]) -> None:
    shelf, trust = large
    assert verify_log(shelf, trust).faults == ()
    assert any(path.startswith("tile/2/") for path in shelf.files)
    draw = random.Random(7)
    levels = [[p for p in shelf.files if p.startswith(f"tile/{level}/")] for level in ("0", "1", "2", "entries")]
    beside = [[p for p in shelf.files if p.startswith(kind)] for kind in ("bodies", "minutes", "checkpoint")]
    for paths in (*levels, *beside):
        for _ in range(4):
            path = draw.choice(sorted(paths))
            report = verify_log(shelf.flipped(path, draw.randrange(8 * len(shelf.files[path]))), trust)
            assert places(report) == {path}


def test_the_entry_that_was_changed_is_named(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    entries = shelf.files["tile/entries/000.p/5"]
    changed = shelf.flipped("tile/entries/000.p/5", 8 * (36 * 2 + 30))  # 36 bytes an act, so in entry 2
    fault = verify_log(changed, trust).faults[0]
    assert str(fault) == "tile/entries/000.p/5: entry 2: is not what the checkpoint commits to"
    assert len(entries) == 3 * 36 + 2 * 48


def test_what_is_missing_added_or_longer_is_found(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    needed = ("checkpoint", "tile/0/000.p/5", "tile/entries/000.p/5", "minutes/003", "minutes/004")
    for path in needed:
        assert path in places(verify_log(shelf.with_file(path, None), trust)), path
    for path, data in shelf.files.items():
        for changed in (data + b"\x00", data + b"\n", data + data[-1:], data[:-1], b""):
            if path == "bodies/000" and not changed:
                continue  # published bodies may be taken down: their entries stay
            assert path in places(verify_log(shelf.with_file(path, changed), trust)), (path, changed[-3:])
    for path in ("tile/0/000.p/05", "tile/9/000", "notes.txt", "minutes/002", "tile/entries/00"):
        report = verify_log(shelf.with_file(path, b"x"), trust)
        assert path in places(report) or any(path in notice for notice in report.notices), path


def test_a_published_act_stands_once_and_in_its_place(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    lines = shelf.files["bodies/000"].splitlines(keepends=True)
    assert len(lines) == 2
    for other in ([lines[0], *lines], [*lines, lines[1]], lines[::-1]):
        assert "bodies/000" in places(verify_log(shelf.with_file("bodies/000", b"".join(other)), trust))


def test_a_file_that_is_not_finished_is_named(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    report = verify_log(shelf.with_file("minutes/002.new", b"whatever"), trust)
    assert (report.faults, report.notices) == ((), ("minutes/002.new is not finished",))


def test_headers_left_out_before_the_first_of_a_sensor_are_missed(house: LogHouse) -> None:
    """A hub that seals a sensor's records from the second on: the first epoch has nowhere else for the one before."""
    hidden = tables.heads.insert().values(sensor="mic-a", header=b"h" * 32)
    house.store.submit(lambda connection: connection.execute(hidden) and None).result()
    grow(house)
    (fault,) = verify_log(Shelf.of(house.publisher.place), house.trust()).faults
    assert fault.place == "minutes/003"
    assert "mic-a/0/1 does not follow its sensor's header before" in fault.what


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(house: LogHouse) -> None:
    house.acts(200)
    house.publisher.publish()
    kept = Shelf.of(house.publisher.place)
    house.acts(100)
    house.publisher.publish()
    later = Shelf.of(house.publisher.place)
    assert not any("/000.p/" in path and "/0/" in path for path in later.files)
    behind = later.with_file("checkpoint", kept.files["checkpoint"])
    assert verify_log(behind, house.trust()).faults == ()
    assert verify_entry(behind, house.trust(), 150).faults == ()


def test_one_entry_is_proved_and_its_body_checked(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    for index in range(5):
        assert verify_entry(shelf, trust, index).faults == ()
    assert verify_entry(shelf, trust, 2).acts == 1
    assert verify_entry(shelf, trust, 3).records == 3
    assert str(verify_entry(shelf, trust, 5).faults[0]) == "checkpoint: entry 5: the log has 5 entries"
    assert places(verify_entry(shelf.flipped("minutes/003", 40), trust, 3)) == {"minutes/003"}
    for path, byte in (("tile/0/000.p/5", 40), ("tile/entries/000.p/5", 10)):
        assert verify_entry(shelf.flipped(path, 8 * byte), trust, 0).faults


def test_since_a_kept_checkpoint_only_what_is_new_is_read(house: LogHouse) -> None:
    house.acts(300)
    house.publisher.publish()
    kept = Shelf.of(house.publisher.place).files["checkpoint"]
    grow(house)
    shelf, trust = Shelf.of(house.publisher.place), house.trust()
    report = verify_since(shelf, trust, kept)
    assert (report.faults, report.entries, report.records) == ((), 4, 4)
    assert verify_since(shelf.flipped("tile/entries/000", 99), trust, kept).faults == ()
    changed = next(path for path in shelf.files if path.startswith("tile/entries/001"))
    newest = max(p for p in shelf.files if p.startswith("tile/entries/001"))
    assert changed <= newest
    assert places(verify_since(shelf.flipped(newest, 8 * 47 * 36), trust, kept)) == {newest}


def test_a_log_that_was_set_back_or_exchanged_does_not_follow_the_kept_checkpoint(
    house: LogHouse, tmp_path: Path
) -> None:
    grow(house)
    early = Shelf.of(house.publisher.place)
    house.acts(3)
    house.publisher.publish()
    kept = Shelf.of(house.publisher.place).files["checkpoint"]
    assert "set back" in str(verify_since(early, house.trust(), kept).faults[0])
    other = LogHouse(tmp_path / "other")
    other.folder.mkdir()
    other.open()
    other.acts(20)
    other.publisher.publish()
    other.close()
    report = verify_since(Shelf.of(other.publisher.place), house.trust(), kept)
    assert "does not begin with" in str(report.faults[0])


def test_another_hubs_log_and_an_unknown_signature_are_refused(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    other = replace(trust.log, public=WITNESS_KEY.public)
    assert "not signed by its log" in str(verify_log(shelf, replace(trust, log=other)).faults[0])
    assert "not in the charter" in str(verify_log(shelf, replace(trust, witnesses=())).faults[0])
    assert verify_log(shelf, replace(trust, witnesses=(), strict=False)).faults == ()


def test_a_proof_needs_no_log_and_every_bit_of_it_counts(small: tuple[Shelf, Trust]) -> None:
    shelf, trust = small
    data = prove(shelf, trust, 2).encode()
    report = verify_proof(data, trust)
    assert report.faults == ()
    assert report.first is not None
    assert report.first.entry.kind is EntryKind.MODEL
    assert decode_proof(data).encode() == data
    proof = Shelf({"proof": data})
    for _path, bit, changed in proof.flips():
        assert verify_proof(changed.files["proof"], trust).faults, f"bit {bit}"


def test_a_body_of_a_kind_that_is_not_public_is_found_even_if_it_is_true(house: LogHouse) -> None:
    house.record()
    house.acts(1, EntryKind.LOOK)
    house.publisher.publish()
    shelf = Shelf.of(house.publisher.place)
    with house.store.reading() as connection:
        salt, body = connection.exec_driver_sql("select salt, body from ledger_entries where kind = 'look'").one()
    line = b'{"index":1,"salt":"%s","entry":%s}\n' % (salt.hex().encode(), body)
    told = shelf.with_file("bodies/000", shelf.files["bodies/000"] + line)
    assert str(verify_log(told, house.trust()).faults[0]) == "bodies/000: entry 1: a look is not to be published"


def test_the_verifier_imports_nothing_but_what_it_says(repository: Path) -> None:
    room = repository / "src" / "clairvoie"
    allowed = {"merkle", "checkpoint", "tree", "report", "numbering"}
    for name in ("verify", *allowed):
        for node in ast.walk(ast.parse((room / "oversight" / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("clairvoie"):
                parts = (node.module or "").split(".")
                assert parts[1] in ("boundary", "errors") or (parts[1] == "oversight" and parts[2] in allowed)
