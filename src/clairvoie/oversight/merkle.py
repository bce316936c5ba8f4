"""The Merkle tree of RFC 6962, section 2.1, over SHA-256: hashes, roots, and proofs. Pure, without any input or output.

A tree of n leaves splits after the largest power of two below n, again and again. Two proofs rest on that:

- **inclusion**: a leaf and a few hashes beside its way up give the root, so the leaf is in that tree;
- **consistency**: a few hashes give the old root and the new root, so the new tree begins with all of the old one.

Both are lists of hashes of *ranges* of leaves. :func:`inclusion_ranges` and :func:`consistency_ranges` say which,
:func:`range_hash` gets the hash of a range from hashes of perfect subtrees, wherever those are kept, and
:func:`root_of_inclusion` and :func:`check_consistency` check a proof with nothing but the proof.

>>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
>>> proof = [root_of(leaves[a:b]) for a, b in inclusion_ranges(3, 5)]
>>> root_of_inclusion(3, 5, leaves[3], proof) == root_of(leaves)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from clairvoie.errors import InvalidValue

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

Range = tuple[int, int]
"""Leaves from the first number to before the second."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes: MTH of RFC 6962, 2.1.

    Each round joins neighbours; a last one without a neighbour goes up as it is, which is the same tree.
    """
    if not leaves:
        return EMPTY_ROOT
    row = list(leaves)
    while len(row) > 1:
        joined = list(map(node_hash, row[::2], row[1::2]))
        row = joined + row[len(joined) * 2 :]
    return row[0]


def split(size: int) -> int:
    """Where a tree of ``size`` > 1 leaves splits: the largest power of two smaller than ``size``.

    >>> [split(n) for n in (2, 3, 4, 5, 8, 9)]
    [1, 2, 2, 4, 4, 8]
    """
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove leaf ``index`` in a tree of ``size``, from the leaf upwards: PATH of 2.1.1.

    >>> inclusion_ranges(3, 5)
    [(2, 3), (0, 2), (4, 5)]
    """
    if not 0 <= index < size:
        raise InvalidValue(f"a tree of {size} leaves has no such leaf", index)
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that a tree of ``new`` leaves begins with one of ``old``: PROOF of 2.1.2.

    >>> consistency_ranges(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 <= old <= new:
        raise InvalidValue(f"a tree of {new} leaves does not begin with one of this size", old)
    if old in (0, new):
        return []
    ranges: list[Range] = []
    start, end = 0, new
    while end != old:
        middle = start + split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start != 0:  # else the old tree is one perfect subtree, whose root the verifier has
        ranges.append((start, end))
    return ranges[::-1]


def perfect_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """A range of a proof as perfect subtrees, left to right: (height, index); such a one holds the leaves from
    ``index << height``, 2**height of them.

    >>> list(perfect_subtrees(4, 7))
    [(1, 2), (0, 6)]
    """
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def range_hash(start: int, end: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """The hash of a range of a proof, where ``subtree(height, index)`` gives the hash of a perfect subtree.

    ``range_hash(0, size, ...)`` is the root of the tree of ``size`` leaves.
    """
    return join([subtree(height, index) for height, index in perfect_subtrees(start, end)])


def join(peaks: Sequence[bytes]) -> bytes:
    """The root over the hashes of perfect subtrees of decreasing height, left to right."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that this proof gives for ``leaf`` (a leaf hash) at ``index`` of ``size``; ``None`` if it has not the
    right length. The leaf is in the tree if this is the tree's root."""
    ranges = inclusion_ranges(index, size) if 0 <= index < size else None
    if ranges is None or len(proof) != len(ranges):
        return None
    root = leaf
    for (start, _), other in zip(ranges, proof, strict=True):
        root = node_hash(root, other) if start > index else node_hash(other, root)
    return root


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether this proof shows that the tree of ``new`` leaves begins with the tree of ``old`` leaves.

    Both roots are computed from the proof: the old one from the ranges that lie inside the old tree, the new one from
    all of them (RFC 9162, 2.1.4.2, gives the same answers bit by bit).
    """
    if not 0 <= old <= new:
        return False
    ranges = consistency_ranges(old, new)
    if len(proof) != len(ranges):
        return False
    if old == new:
        return old_root == new_root
    if old == 0:
        return old_root == EMPTY_ROOT
    hashes = list(proof)
    if ranges[0][1] > old:  # the old tree is one perfect subtree: its root stands first
        hashes.insert(0, old_root)
        ranges.insert(0, (0, old))
    before = after = hashes[0]
    for (_, end), other in zip(ranges[1:], hashes[1:], strict=True):
        if end <= old:
            before, after = node_hash(other, before), node_hash(other, after)
        else:
            after = node_hash(after, other)
    return before == old_root and after == new_root
