"""What becomes a leaf: acts with their transactions, records with their minutes, nothing that can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_house import LogHouse
from pymerkle import InmemoryTree
from shelf import Shelf

from clairvoie.boundary.entry import PUBLIC_KINDS, Entry, EntryKind
from clairvoie.boundary.leaf import (
    ACT_DOMAIN,
    NO_HEADER,
    RECORD_DOMAIN,
    MinuteLeaf,
    RecordHeader,
    act_leaf,
    commit,
    decode_line,
    header_hash,
    minute_leaf,
    read_leaf,
)
from clairvoie.boundary.tile import Tile, decode_entries, encode_entries, number_path, read_path, tile_at, tiles_of
from clairvoie.errors import InvalidValue, MalformedMessage, OversightError
from clairvoie.oversight.ledger import Ledger
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.verify import verify_log


def leaves(house: LogHouse) -> list[bytes]:
    with house.store.reading() as connection:
        return [leaf.leaf for leaf in house.ledger.leaves(connection, 0)]


def headers(house: LogHouse, index: int) -> list[tuple[bytes, RecordHeader]]:
    lines = (house.publisher.place / "minutes" / number_path(index)).read_bytes().splitlines()
    return [(line, decode_line(line, RecordHeader)) for line in lines]


@given(commitment=st.binary(min_size=32, max_size=32))
def test_the_leaf_of_an_act_is_its_commitment(commitment: bytes) -> None:
    assert read_leaf(act_leaf(commitment)) == commitment


@given(minute=st.integers(0, 2**63), count=st.integers(0, 2**32 - 1), root=st.binary(min_size=32, max_size=32))
def test_the_leaf_of_a_minute_says_when_how_many_and_their_root(minute: int, count: int, root: bytes) -> None:
    leaf = MinuteLeaf(minute=minute, count=count, root=root)
    assert read_leaf(minute_leaf(leaf)) == leaf


@given(data=st.binary(max_size=60))
def test_anything_else_is_not_a_leaf(data: bytes) -> None:
    if data[:2] not in (b"\x01\x01", b"\x01\x02"):
        with pytest.raises(MalformedMessage):
            read_leaf(data)


def test_a_commitment_without_a_whole_salt_is_not_made() -> None:
    with pytest.raises(InvalidValue, match="16 bytes"):
        commit(ACT_DOMAIN, b"short", b"")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_a_bundle_gives_back_its_entries_and_takes_no_other_bytes(entries: list[bytes]) -> None:
    data = encode_entries(entries)
    assert decode_entries(data, len(entries)) == entries
    for wrong in (data + b"\x00", data[:-1], data + b"\x00\x00"):
        with pytest.raises(MalformedMessage):
            decode_entries(wrong, len(entries))


@given(level=st.sampled_from(["entries", *range(64)]), number=st.integers(0, 10**9), width=st.integers(1, 256))
def test_paths_are_read_as_they_are_written(level: int | str, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert read_path(tile.path) == tile


def test_the_tiles_of_the_specifications_example() -> None:
    tiles = list(tiles_of(70_000))
    assert len([tile for tile in tiles if tile.level == 0]) == 274
    assert [tile.path for tile in tiles if tile.width != 256] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert tile_at("entries", 273, 70_000).width == 112


def test_nothing_can_be_recorded_before_the_ledger_is_open() -> None:
    with pytest.raises(OversightError, match="not open yet"):
        Ledger("quai", lambda: 0.0).record(None, Entry(kind=EntryKind.LOOK, at=0.0))  # type: ignore[arg-type]


def test_nothing_readable_is_in_the_log(house: LogHouse) -> None:
    secret = "a-name-that-nobody-else-has"
    house.record(*(Entry(kind=kind, at=house.now, who=secret, about=secret) for kind in EntryKind))
    house.hear(secret, b"a body that nobody may read")
    house.minute()
    house.publisher.publish()
    shelf = Shelf.of(house.publisher.place)
    for path, data in shelf.files.items():
        assert b"nobody may read" not in data
        if path.startswith(("tile/", "checkpoint")):
            assert secret.encode() not in data
    assert shelf.files["bodies/000"].count(b"\n") == len(PUBLIC_KINDS) + 1
    assert b'"look"' not in shelf.files["bodies/000"]
    [minute] = [path for path in shelf.files if path.startswith("minutes/")]
    assert secret.encode() in shelf.files[minute]


def test_a_minute_holds_every_record_of_it_each_chained_to_its_sensors_last(house: LogHouse) -> None:
    house.hear("mic-a", b"one", b"two")
    house.hear("mic-b", b"three")
    assert house.publisher.seal() == 0, "the minute is not over"
    house.minute()
    house.hear("mic-a", b"four")
    house.minute()
    house.publisher.publish()
    first, second = headers(house, 1), headers(house, 2)
    assert [(h.sensor, h.sequence, h.millibits) for _, h in first] == [
        ("mic-a", 1, 61),
        ("mic-a", 2, 62),
        ("mic-b", 1, 63),
    ]
    assert [h.previous for _, h in first] == [NO_HEADER, header_hash(first[0][0]), NO_HEADER]
    assert second[0][1].previous == header_hash(first[1][0])
    leaf = read_leaf(leaves(house)[1])
    assert isinstance(leaf, MinuteLeaf)
    tree = InmemoryTree(algorithm="sha256")
    for line, _ in first:
        tree.append_entry(line)
    assert (leaf.count, leaf.root) == (3, tree.get_root())
    assert leaf.minute % 60 == 0


def test_a_record_that_comes_late_is_sealed_all_the_same(house: LogHouse) -> None:
    house.hear("mic-a", b"one")
    house.minute()
    house.now -= 60.0  # a clock that was set back
    house.hear("mic-a", b"two")
    house.minute()
    house.publisher.publish()
    report = verify_log(Folder(house.publisher.place), house.trust())
    assert (report.faults, report.minutes, report.records) == ((), 2, 2)


def test_many_minutes_that_waited_are_sealed_each_for_itself(house: LogHouse) -> None:
    for _ in range(5):
        house.hear("mic-a", b"one")
        house.now += 60.0
    assert house.publisher.seal() == 5
    assert house.publisher.seal() == 0


def test_a_records_salt_is_forgotten_with_its_body_and_its_header_stays(house: LogHouse) -> None:
    numbers = house.hear("mic-a", b"one", b"two")
    house.minute()
    house.publisher.publish()
    with house.store.reading() as connection:
        rows = connection.exec_driver_sql("select salt, commitment from ledger_records order by id").all()
    assert rows[0].commitment == commit(RECORD_DOMAIN, rows[0].salt, b"one")
    house.store.submit(lambda c: house.ledger.forget(c, records=[numbers[0], 4711])).result()
    with house.store.reading() as connection:
        after = connection.exec_driver_sql("select salt, commitment from ledger_records order by id").all()
    assert [tuple(row) for row in after] == [(None, rows[0].commitment), tuple(rows[1])]
    told = (house.publisher.place / "minutes" / "001").read_bytes()
    assert all(row.salt.hex().encode() not in told for row in rows)
    assert verify_log(Folder(house.publisher.place), house.trust()).faults == ()
    guesses = (b"one", b"two", b"three")
    assert all(
        commit(RECORD_DOMAIN, n.to_bytes(16, "big"), g) != rows[0].commitment for g in guesses for n in range(999)
    )


def test_the_same_body_twice_gives_two_commitments(house: LogHouse) -> None:
    house.record(*(Entry(kind=EntryKind.LOOK, at=1.0, who="anne") for _ in range(2)))
    one, two = leaves(house)[1:]
    assert one != two


def test_entries_are_found_by_kind_thing_and_person(house: LogHouse) -> None:
    house.acts(3)
    house.record(Entry(kind=EntryKind.EXPORT, at=house.now, who="bert", about="incident/1"))
    with house.store.reading() as connection:
        lines = house.ledger.lines(connection, about="incident/1")
        assert [line.entry.who for line in lines] == ["bert", "anne"]
        assert [line.entry.about for line in house.ledger.lines(connection, who="anne", limit=1)] == ["incident/2"]
        assert [line.entry.who for line in house.ledger.lines(connection, kinds=(EntryKind.EXPORT,))] == ["bert"]
