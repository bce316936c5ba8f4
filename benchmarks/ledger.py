"""How many entries a second go into the ledger in bulk, beside tlog-scales, which writes tiles and keeps no store.

Ours does all of it: entries are encoded, salted and committed to, stored in SQLite (WAL, ``synchronous=FULL``) in
transactions of 5,000, read back, hashed, written as tiles, flushed to the disk and signed. tlog-scales hashes leaves of
the same size and writes tiles with the same entries to a checkpoint, in batches of the same size as ours. Both run in
this process one after the other; time is wall-clock, since waiting for the disk is part of it. Then the whole log is
verified. Nothing here fails on speed: it prints the figures and their ratio.

    python benchmarks/ledger.py --entries 60000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.signing import PlainEd25519Signer
from tlog_scales.writer import TilesWriter

from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.hub.store import Store
from clairvoie.oversight.ledger import Ledger
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.publisher import Publisher
from clairvoie.oversight.tree import Trust
from clairvoie.oversight.verify import verify_log

BATCH = 5000
KEY = Ed25519PrivateKey.from_private_bytes(b"ledger".ljust(32, b"."))


def entry(number: int) -> Entry:
    """A look at an incident, as the desk makes them."""
    return Entry(
        kind=EntryKind.LOOK, at=1.8e9 + number, who="anne", about=f"incident/{number}", detail={"page": "incident"}
    )


def ours(folder: Path, count: int) -> tuple[float, float, float]:
    """Seconds to record, to publish, to verify."""
    store = Store(folder / "store.db", deployment="bench", sensors=())
    ledger = Ledger("bench", time.time)
    publisher = Publisher(ledger, folder=folder / "log", key=KEY, submit=store.submit, reading=store.reading)
    publisher.open()
    made = [entry(number) for number in range(count)]
    begun = time.perf_counter()
    for start in range(0, count, BATCH):
        batch = made[start : start + BATCH]
        store.submit(partial(ledger.record_all, entries=batch)).result()
    recorded = time.perf_counter()
    size = 0
    while size < count + 1:
        head = publisher.publish()
        size = 0 if head is None else head.checkpoint.size
    published = time.perf_counter()
    report = verify_log(Folder(publisher.place), Trust(log=publisher.key))
    assert not report.faults, report.faults
    verified = time.perf_counter()
    publisher.close()
    store.close()
    return recorded - begun, published - recorded, verified - published


def theirs(folder: Path, count: int) -> float:
    """Seconds in which tlog-scales writes as many leaves of the same size."""
    writer = TilesWriter.create(folder / "theirs", "example.org/log")
    signer = PlainEd25519Signer("example.org/log", KEY)
    begun = time.perf_counter()
    for start in range(0, count, BATCH):
        for number in range(start, min(count, start + BATCH)):
            writer.add_leaf(b"\x01\x01" + number.to_bytes(32, "big"))
        writer.commit([signer])
    return time.perf_counter() - begun


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    count = arguments.entries
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as name:
            record, publish, verify = ours(Path(name), count)
            other = theirs(Path(name), count)
        whole = record + publish
        print(f"{count:,} entries: record {record:.2f} s, publish {publish:.2f} s, verify {verify:.2f} s")
        print(f"  ours, recorded and published   {count / whole:10,.0f} entries/s")
        print(f"  tlog-scales, tiles alone       {count / other:10,.0f} entries/s")
        print(f"  ratio {other / whole:.2f}; published alone {count / publish:,.0f}, ratio {other / publish:.2f}")
        print(f"  verified                       {count / verify:10,.0f} entries/s")


if __name__ == "__main__":
    main()
