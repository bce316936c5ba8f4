"""The first records of a hub may arrive in several threads at once; msgspec must have learned the types before."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
from clairvoie.boundary.bulletin import Bulletin, TenSeconds
from clairvoie.boundary.wire import MinuteParts, Record, decode_record, encode_body

bulletin = Bulletin(sensor="mic-1", second=1_799_999_942, scheduled=(TenSeconds(laeq=84),))
content = MinuteParts(sensor="mic-1", minute=1_799_999_940, bulletins=(bulletin,))
body = encode_body(Record(sequence=1, content=content))
barrier = threading.Barrier(8)

def decode():
    barrier.wait()
    decode_record(body)

threads = [threading.Thread(target=decode) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
PROCESSES = 8
"""One process in three crashed when decoders were made on first use, so eight find it 96 times in 100."""


def test_the_first_records_may_be_decoded_by_several_threads_at_once() -> None:
    ended = [subprocess.run([sys.executable, "-c", RACE], check=False).returncode for _ in range(PROCESSES)]
    assert ended == [0] * PROCESSES
