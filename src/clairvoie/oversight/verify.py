"""Is this published log whole, unchanged, and what its hub signed? Pure over a :class:`Source` of files.

It imports nothing but ``boundary``, ``merkle``, ``checkpoint``, ``tree``, ``numbering`` and ``report``; it believes
public keys alone. :func:`verify_log` reads everything and computes every hash anew; :func:`verify_since` reads what is
new since a checkpoint that somebody kept; :func:`verify_entry` reads one entry. Each fault names its place: the file,
the entry if it is one entry's, and what is wrong.

What no verifier can see from one copy alone: that another reader was shown another log. Witnesses are for that, so a
report says how many cosigned. Nor that a record was never made: a log proves what was recorded, and numbers that are
missing between a sensor's records are told as notices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clairvoie.boundary.entry import PUBLIC_KINDS, encode_entry
from clairvoie.boundary.leaf import (
    ACT_DOMAIN,
    NO_HEADER,
    ActBody,
    MinuteLeaf,
    RecordHeader,
    commit,
    decode_line,
    header_hash,
    read_leaf,
)
from clairvoie.boundary.tile import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Tile,
    bodies_path,
    decode_entries,
    minute_path,
    read_path,
    tile_at,
    tiles_of,
)
from clairvoie.errors import BoundaryError, MalformedMessage
from clairvoie.oversight.checkpoint import Opened, open_checkpoint
from clairvoie.oversight.merkle import (
    HASH_BYTES,
    check_consistency,
    leaf_hash,
    node_hash,
    range_hash,
    root_of,
    root_of_inclusion,
)
from clairvoie.oversight.numbering import Numbering
from clairvoie.oversight.report import Report
from clairvoie.oversight.tree import Broken, Fault, Source, TreeTiles, Trust, open_head, read_tile

ATTEMPTS = 3
"""How often a log that grows while it is read is read anew."""


class _Walk:
    """One reading of a log, from bundle ``begin`` on: what was counted, and the faults that were found."""

    def __init__(self, source: Source, head: Opened, progress: Callable[[int], None], since: int = 0) -> None:
        self.source = source
        self.head = head
        self.since = since
        self.size = head.checkpoint.size
        self.tiles = TreeTiles(source.read, self.size)
        self.progress = progress
        self.faults: list[Fault] = []
        self.beyond: list[Fault] = []
        self.notices: list[str] = []
        self.minutes = self.records = self.acts = self.entries = 0
        self.chains: dict[str, str] = {}
        self.begins = ""
        """What a sensor's first header must name as the one before; empty where earlier ones may lie elsewhere."""
        self.numbering = Numbering()
        self.first: ActBody | None = None

    def fault(self, place: str, what: str, index: int | None = None) -> None:
        """Note a fault."""
        self.faults.append(Fault(place, index, what))

    def read(self) -> list[bytes]:
        """Read every bundle from ``since`` on, compare with the checkpoint, and give the leaf hashes that are right."""
        hashed: list[bytes] = []
        tiled: list[bytes] = []
        for number in range(self.since // WIDTH, -(-self.size // WIDTH)):
            from_entries, from_tile = self.bundle(number)
            hashed += from_entries
            tiled += from_tile
            self.progress(len(hashed))
        self.entries = max(0, self.size - self.since)
        return self.settle(hashed, tiled)

    def bundle(self, number: int) -> tuple[list[bytes], list[bytes]]:
        """The leaf hashes of a bundle, once from its entries and once from its tile; if they agree, what is published
        beside it is checked. Where one of the two cannot be read the other stands in for it."""
        hashed: list[bytes] | None = None
        tiled: list[bytes] | None = None
        leaves: list[bytes] = []
        try:
            leaves = self.tiles.leaves(number)
            hashed = [leaf_hash(leaf) for leaf in leaves]
        except Broken as error:
            self.faults.append(error.fault)
        try:
            tiled = self.tiles.hashes(0, number)
        except Broken as error:
            self.faults.append(error.fault)
        if hashed is not None and hashed == tiled:
            self.beside(number, leaves)
        else:
            self.forget_chains()
        either = hashed or tiled or [bytes(HASH_BYTES)] * tile_at(0, number, self.size).width
        return hashed or either, tiled or either

    def settle(self, hashed: list[bytes], tiled: list[bytes]) -> list[bytes]:
        """Where entries and tiles of level 0 differ, the checkpoint's root says which of the two is right."""
        root = self.head.checkpoint.root
        entries_are_right = self._root(hashed) == root
        tiles_are_right = entries_are_right if hashed == tiled else self._root(tiled) == root
        begin = self.since // WIDTH * WIDTH
        for index, (one, other) in enumerate(zip(hashed, tiled, strict=True), start=begin):
            if one != other:
                for level, right in ((ENTRIES, entries_are_right), (0, tiles_are_right)):
                    if not right:
                        what = "is not what the checkpoint commits to"
                        self.fault(tile_at(level, index // WIDTH, self.size).path, what, index)
        if not entries_are_right and not tiles_are_right and not self.faults:
            self.fault(CHECKPOINT, "its root is not that of the entries")
        return hashed if entries_are_right else tiled

    def _root(self, leaves: list[bytes]) -> bytes | None:
        """The root over the leaves that were read and, before them, what the tiles say."""
        begin = self.since // WIDTH * WIDTH

        def subtree(height: int, index: int) -> bytes:
            start, end = index << height, (index + 1) << height
            if end <= begin:
                return self.tiles.subtree(height, index)
            if start >= begin:
                return root_of(leaves[start - begin : end - begin])
            return node_hash(subtree(height - 1, 2 * index), subtree(height - 1, 2 * index + 1))

        try:
            return range_hash(0, self.size, subtree)
        except Broken as error:
            self.faults.append(error.fault)
            return None

    def beside(self, number: int, leaves: Sequence[bytes]) -> None:
        """Check what is published beside the entries of a bundle: minutes' headers and acts' bodies."""
        first = number * WIDTH
        commitments: dict[int, bytes] = {}
        for index, leaf in enumerate(leaves, start=first):
            try:
                content = read_leaf(leaf)
            except MalformedMessage as error:
                self.fault(tile_at(ENTRIES, number, self.size).path, str(error), index)
                self.forget_chains()
                continue
            if isinstance(content, bytes):
                commitments[index] = content
            elif index >= self.since:
                self.minute(index, content)
        self.bodies(number, commitments)

    def minute(self, index: int, leaf: MinuteLeaf) -> None:
        """The headers of one minute: as many, with the same root, each chained to its sensor's one before."""
        path = minute_path(index)
        data = self.source.read(path)
        lines = (data or b"").split(b"\n")
        if data is None or lines.pop() or len(lines) != leaf.count or _root_of_lines(lines) != leaf.root:
            self.forget_chains()
            what = "is missing" if data is None else "its headers are not those that the log commits to"
            return self.fault(path, what, index)
        self.minutes += 1
        for line in lines:
            try:
                header = decode_line(line, RecordHeader)
            except BoundaryError as error:
                self.forget_chains()
                return self.fault(path, error.what, index)
            if self.chains.get(header.sensor, self.begins or header.previous) != header.previous:
                identity = f"{header.sensor}/{header.epoch}/{header.sequence}"
                self.fault(path, f"{identity} does not follow its sensor's header before", index)
            self.chains[header.sensor] = header_hash(line)
            self.numbering.count(header.sensor, header.epoch, header.sequence)
            self.records += 1
        return None

    def forget_chains(self) -> None:
        """Headers could not be read: what follows them is not held against the files in which it stands."""
        self.chains.clear()
        self.begins = ""

    def bodies(self, number: int, commitments: dict[int, bytes], only: int | None = None) -> None:
        """The published acts of a bundle: each of a public kind, in order, and what its leaf commits to."""
        path = bodies_path(number)
        lines = (self.source.read(path) or b"").split(b"\n")
        if lines.pop():
            self.fault(path, "does not end with a line")
        last = -1
        for line in lines:
            try:
                body = decode_line(line, ActBody)
            except BoundaryError as error:
                self.fault(path, str(error))
                continue
            if only is not None and body.index != only:
                continue
            commitment = commit(ACT_DOMAIN, bytes.fromhex(body.salt), encode_entry(body.entry))
            if self.size <= body.index < (number + 1) * WIDTH:
                self.beyond.append(Fault(path, body.index, "lies beyond the checkpoint"))
            elif body.index <= last or commitments.get(body.index) != commitment:
                self.fault(path, "is not what the log commits to", body.index)
            elif body.entry.kind not in PUBLIC_KINDS:
                self.fault(path, f"a {body.entry.kind} is not to be published", body.index)
            else:
                self.acts += 1
                self.first = body if body.index == 0 else self.first
            last = body.index

    def upper_tiles(self, leaves: list[bytes]) -> dict[str, bytes]:
        """Compare every tile of hashes with what the leaves give; what each must be, by path."""
        rows, right = [leaves], {}
        while len(rows[-1]) >= WIDTH:
            row = rows[-1]
            rows.append([root_of(row[i : i + WIDTH]) for i in range(0, len(row) // WIDTH * WIDTH, WIDTH)])
        for tile in tiles_of(self.size):
            assert isinstance(tile.level, int)
            start = tile.number * WIDTH
            right[tile.path] = b"".join(rows[tile.level][start : start + tile.width])
            if tile.level == 0:
                continue  # compared by settle, entry by entry
            try:
                found = read_tile(self.source.read, tile, len(right[tile.path]))
            except Broken as error:
                self.faults.append(error.fault)
                continue
            if found != right[tile.path]:
                self.fault(tile.path, "is not what the entries give")
        return right

    def others(self, leaves: list[bytes]) -> None:
        """Files that the checkpoint does not ask for: earlier partial tiles must be beginnings of what stands now;
        those of a publication under way are only named; anything else does not belong here."""
        for path in self.source.names() or ():
            found = read_path(path)
            if path == CHECKPOINT or found is None:
                if path.endswith(".new"):
                    self.notices.append(f"{path} is not finished")
                elif path != CHECKPOINT:
                    self.fault(path, "is not a file of a log")
            elif isinstance(found, Tile):
                self.other_tile(found, leaves)
            elif found[1] * (WIDTH if found[0] == "bodies" else 1) >= self.size:
                self.notices.append(f"{path} lies beyond the checkpoint")
            elif found[0] == "minutes" and not self._is_minute(found[1]):
                self.fault(path, "belongs to no minute of the log", found[1])

    def other_tile(self, tile: Tile, leaves: list[bytes]) -> None:
        """One tile that lies in the folder, whether the checkpoint asks for it or not."""
        level = 0 if tile.level == ENTRIES else int(tile.level)
        count = min(tile.width, (self.size >> 8 * level) - tile.number * WIDTH)
        if count < tile.width:
            self.notices.append(f"{tile.path} lies beyond the checkpoint")
        if count <= 0 or tile == tile_at(tile.level, tile.number, self.size):
            return None
        data = self.source.read(tile.path) or b""
        start = tile.number * WIDTH << 8 * level
        hashes = [root_of(leaves[start + (i << 8 * level) : start + ((i + 1) << 8 * level)]) for i in range(count)]
        try:
            entries = [leaf_hash(leaf) for leaf in decode_entries(data, tile.width)] if tile.level == ENTRIES else None
        except MalformedMessage as error:
            return self.fault(tile.path, error.what)
        found = entries or [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
        if found[:count] != hashes or len(found) != tile.width:
            self.fault(tile.path, "is not a beginning of the present tile")
        return None

    def _is_minute(self, index: int) -> bool:
        try:
            return isinstance(read_leaf(self.tiles.leaves(index // WIDTH)[index % WIDTH]), MinuteLeaf)
        except (Broken, MalformedMessage):
            return True  # that fault has been noted

    def report(self) -> Report:
        """What was found."""
        return Report(
            origin=self.head.checkpoint.origin,
            size=self.size,
            root=self.head.checkpoint.root,
            cosigners=self.head.cosigners,
            entries=self.entries,
            minutes=self.minutes,
            records=self.records,
            acts=self.acts,
            faults=tuple(dict.fromkeys(self.faults)),
            notices=(*self.notices, *self.numbering.missing()),
            first=self.first,
        )


def _root_of_lines(lines: Sequence[bytes]) -> bytes:
    return root_of([leaf_hash(line) for line in lines])


def no_progress(_entries: int) -> None:
    """Nobody watches."""


def verify_log(source: Source, trust: Trust, progress: Callable[[int], None] = no_progress) -> Report:
    """Read all of a log and compute every hash anew; every file that lies there is accounted for."""
    return _verify(source, trust, progress, None)


def verify_since(source: Source, trust: Trust, kept: bytes, progress: Callable[[int], None] = no_progress) -> Report:
    """Read what is new since the checkpoint ``kept`` and prove that the log begins with what stood then."""
    return _verify(source, trust, progress, kept)


def _verify(source: Source, trust: Trust, progress: Callable[[int], None], kept: bytes | None) -> Report:
    walk = None
    for _ in range(ATTEMPTS):
        try:
            head = open_head(source, trust)
            if walk is not None and walk.size == head.checkpoint.size:
                break
            walk = _Walk(source, head, progress)
            if kept is not None:
                walk.since = _continued(walk.tiles, head, kept, trust)
            elif head.checkpoint.origin.endswith("/0"):  # before the first epoch there was nothing
                walk.begins = NO_HEADER
        except Broken as error:
            return Report(faults=(error.fault,)) if walk is None else walk.report().with_fault(error.fault)
        leaves = walk.read()
        if kept is None:
            walk.upper_tiles(leaves)
            walk.others(leaves)
        if not walk.beyond:
            break
    assert walk is not None
    walk.faults += walk.beyond
    return walk.report()


def _continued(tiles: TreeTiles, head: Opened, kept: bytes, trust: Trust) -> int:
    """The size of the checkpoint that somebody kept, which the log must begin with. Raises :class:`Broken`."""
    try:
        old = open_checkpoint(kept, trust.log, trust.witnesses).checkpoint
    except BoundaryError as error:
        raise Broken("the checkpoint kept", str(error)) from error
    new = head.checkpoint
    if old.size > new.size:
        raise Broken(CHECKPOINT, f"{new.size} entries stand where {old.size} stood: the log was set back")
    proof = tiles.consistency(old.size)
    if not check_consistency(old.size, new.size, old.root, new.root, proof):
        raise Broken(CHECKPOINT, "the log does not begin with what stood in the checkpoint kept")
    return old.size


def verify_entry(source: Source, trust: Trust, index: int) -> Report:
    """Prove that the entry at ``index`` is in the log, and check what is published of it."""
    try:
        head = open_head(source, trust)
        if not 0 <= index < head.checkpoint.size:
            raise Broken(CHECKPOINT, f"the log has {head.checkpoint.size} entries", index)
        walk = _Walk(source, head, no_progress)
        number = index // WIDTH
        leaf = walk.tiles.leaves(number)[index % WIDTH]
        place = tile_at(ENTRIES, number, walk.size).path
        proof = walk.tiles.inclusion(index)
        if root_of_inclusion(index, walk.size, leaf_hash(leaf), proof) != head.checkpoint.root:
            raise Broken(place, "is not in the tree that the checkpoint commits to", index)
        content = read_leaf(leaf)
    except Broken as error:
        return Report(faults=(error.fault,))
    except MalformedMessage as error:
        return Report(faults=(Fault(place, index, str(error)),))
    walk.entries = 1
    if isinstance(content, MinuteLeaf):
        walk.minute(index, content)
    else:
        walk.bodies(number, {index: content}, only=index)
    return walk.report()
