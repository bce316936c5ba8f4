"""Laws of the Merkle tree, and agreement with two independent implementations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_inclusion
from tlog_scales.tlog import ConsistencyProof, InclusionProof
from tlog_scales.writer import TilesWriter

from clairvoie.errors import InvalidValue
from clairvoie.oversight.merkle import (
    EMPTY_ROOT,
    check_consistency,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_hash,
    root_of,
    root_of_inclusion,
    split,
)

SIZES = st.integers(1, 300)


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % n) for n in range(size)]


ALL = leaves_of(300)


def recursive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 writes it down."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(recursive(leaves[:k]), recursive(leaves[k:]))


def prove_inclusion(index: int, size: int) -> list[bytes]:
    return [root_of(ALL[a:b]) for a, b in inclusion_ranges(index, size)]


def prove_consistency(old: int, new: int) -> list[bytes]:
    return [root_of(ALL[a:b]) for a, b in consistency_ranges(old, new)]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@given(size=st.integers(0, 300))
def test_the_root_is_that_of_the_standards_recursion(size: int) -> None:
    assert root_of(ALL[:size]) == recursive(ALL[:size])


@given(size=SIZES)
def test_the_root_comes_from_perfect_subtrees_alone(size: int) -> None:
    def subtree(height: int, index: int) -> bytes:
        return recursive(ALL[index << height : (index + 1) << height])

    assert range_hash(0, size, subtree) == root_of(ALL[:size])


@given(data=st.data(), size=SIZES)
def test_every_leaf_is_proved_and_no_other(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = prove_inclusion(index, size), root_of(ALL[:size])
    assert root_of_inclusion(index, size, ALL[index], proof) == root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert root_of_inclusion(other, size, ALL[index], proof) != root
        assert root_of_inclusion(index, size, ALL[other], proof) != root


@given(data=st.data(), size=st.integers(2, 300))
def test_an_altered_inclusion_proof_proves_nothing(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = prove_inclusion(index, size), root_of(ALL[:size])
    which = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    altered = [*proof[:which], flipped(proof[which], bit), *proof[which + 1 :]]
    assert root_of_inclusion(index, size, ALL[index], altered) != root
    assert root_of_inclusion(index, size, ALL[index], proof[:-1]) is None
    assert root_of_inclusion(index, size, ALL[index], [*proof, root]) is None


@given(data=st.data(), new=SIZES)
def test_every_earlier_tree_is_consistent(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    assert check_consistency(old, new, root_of(ALL[:old]), root_of(ALL[:new]), prove_consistency(old, new))


@given(data=st.data(), new=st.integers(2, 300))
def test_a_tree_that_forgot_or_changed_a_leaf_is_not_consistent(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    other = [*ALL[:changed], leaf_hash(b"another"), *ALL[changed + 1 : new]]
    proof = [root_of(other[a:b]) for a, b in consistency_ranges(old, new)]
    assert not check_consistency(old, new, root_of(ALL[:old]), root_of(other), proof)
    assert not check_consistency(old, new, root_of(ALL[:old]), root_of(other), prove_consistency(old, new))


@given(data=st.data(), new=st.integers(2, 300))
def test_an_altered_consistency_proof_proves_nothing(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof, roots = prove_consistency(old, new), (root_of(ALL[:old]), root_of(ALL[:new]))
    which = data.draw(st.integers(0, len(proof) - 1))
    altered = [*proof[:which], flipped(proof[which], data.draw(st.integers(0, 255))), *proof[which + 1 :]]
    assert not check_consistency(old, new, *roots, altered)
    assert not check_consistency(old, new, *roots, proof[:-1])
    assert not check_consistency(old, new, *roots, [*proof, roots[0]])
    assert not check_consistency(new, old, *roots, proof)


def test_sizes_that_cannot_be_are_named() -> None:
    with pytest.raises(InvalidValue, match="no such leaf: 5"):
        inclusion_ranges(5, 5)
    with pytest.raises(InvalidValue, match="does not begin with one of this size: 6"):
        consistency_ranges(6, 5)


def test_pymerkle_agrees_on_every_root_and_inclusion_path() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for size in range(1, 130):
        tree.append_entry(b"leaf %d" % (size - 1))
        assert tree.get_root() == root_of(ALL[:size])
    for index in range(129):
        base, ours = tree.get_leaf(index + 1), tree.prove_inclusion(index + 1)
        assert base == ALL[index]
        verify_inclusion(base, root_of(ALL[:129]), ours)
        assert set(prove_inclusion(index, 129)) <= set(ours.path)


@settings(max_examples=200)
@given(data=st.data(), new=SIZES)
def test_tlog_scales_takes_our_proofs(data: st.DataObject, new: int) -> None:
    index = data.draw(st.integers(0, new - 1))
    InclusionProof(index, new, prove_inclusion(index, new)).check(ALL[index], root_of(ALL[:new]))
    old = data.draw(st.integers(1, new))
    ConsistencyProof(old, new, prove_consistency(old, new)).check(root_of(ALL[:old]), root_of(ALL[:new]))


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 300])
def test_tlog_scales_gives_the_same_proofs(tmp_path: Path, size: int) -> None:
    writer = TilesWriter.create(tmp_path / "log", "example.org/log")
    for n in range(size):
        writer.add_leaf(b"leaf %d" % n)
    writer.commit([])
    assert writer.reader.calculate_root_hash() == root_of(ALL[:size])
    for index in range(0, size, 17):
        assert writer.reader.get_inclusion_proof(index, size).node_hashes == prove_inclusion(index, size)
    for old in range(1, size, 13):
        assert writer.reader.get_consistency_proof(old, size).node_hashes == prove_consistency(old, size)
