"""Notes and checkpoints: the specifications' own examples, a strict parser, and agreement with tlog-scales."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import signing, tlog

from clairvoie.errors import InvalidValue, MalformedMessage, SignatureMismatch
from clairvoie.oversight.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    NoteKey,
    cosign,
    open_checkpoint,
    parse_note,
    sign_note,
)

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
ORIGIN = "quai.clairvoie/ledger/0"
LOG_KEY = NoteKey(name=ORIGIN, kind=ED25519, public=LOG.public_key().public_bytes_raw())
WITNESS_KEY = NoteKey(name="witness.example/w1", kind=COSIGNATURE, public=WITNESS.public_key().public_bytes_raw())
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - the example of c2sp.org/tlog-cosignature, as it stands there
POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501 - the example of c2sp.org/signed-note


def made(size: int = 7, root: bytes = b"r" * 32, time: int = 1_795_316_645) -> bytes:
    checkpoint = Checkpoint(origin=ORIGIN, size=size, root=root)
    signatures = (sign_note(checkpoint.text, ORIGIN, LOG), cosign(checkpoint.text, WITNESS_KEY.name, WITNESS, time))
    return Note(text=checkpoint.text, signatures=signatures).encode()


@pytest.mark.parametrize("example", [EXAMPLE, POEM])
def test_the_examples_of_the_specifications_come_back_as_they_were(example: str) -> None:
    assert parse_note(example.encode()).encode() == example.encode()


@pytest.mark.parametrize(("time", "valid"), [(0, True), (2**63 - 1, True), (2**63, False)])
def test_a_cosignature_s_time_is_a_positive_number_to_every_reader(time: int, valid: bool) -> None:
    """Those who read 64 bits with a sign would see another moment than was signed."""
    if valid:
        assert open_checkpoint(made(time=time), LOG_KEY, [WITNESS_KEY]).cosigners == (WITNESS_KEY.name,)
    else:
        with pytest.raises(SignatureMismatch):
            open_checkpoint(made(time=time), LOG_KEY, [WITNESS_KEY])


def test_the_example_checkpoint_says_what_the_specification_says() -> None:
    note = parse_note(EXAMPLE.encode())
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert int.from_bytes(note.signatures[1].mark[:8], "big") == 1679315147


def test_a_checkpoint_is_opened_with_the_logs_key_and_counts_its_witnesses() -> None:
    opened = open_checkpoint(made(), LOG_KEY, [WITNESS_KEY])
    assert (opened.checkpoint.size, opened.cosigners, opened.unknown) == (7, ("witness.example/w1",), ())
    assert open_checkpoint(made(), LOG_KEY).unknown == ("witness.example/w1",)


def test_a_witness_that_signs_twice_counts_once() -> None:
    note = parse_note(made())
    twice = Note(text=note.text, signatures=(*note.signatures, cosign(note.text, WITNESS_KEY.name, WITNESS, 1)))
    assert open_checkpoint(twice.encode(), LOG_KEY, [WITNESS_KEY]).cosigners == ("witness.example/w1",)


def test_every_flipped_bit_of_a_checkpoint_is_refused() -> None:
    good = made()
    for bit in range(len(good) * 8):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        try:
            opened = open_checkpoint(bytes(bad), LOG_KEY, [WITNESS_KEY])
        except (MalformedMessage, SignatureMismatch):
            continue
        assert opened.unknown, f"bit {bit} passed unseen"  # a name that became another: a line nobody here knows


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text without signatures\n",
        b"\n\n\xe2\x80\x94 a AAAAAAAA\n",
        made() + b"\n",
        made()[:-1],
        made().replace(b"\n7\n", b"\n07\n"),
        made().replace(b"\n7\n", b"\n-7\n"),
        made().replace(b"\n7\n", b"\n\xd9\xa7\n"),  # an Arabic seven
        made().replace(b"\n7\n", b"\n7\r\n"),
        b"x" * 70_000,
    ],
)
def test_anything_else_is_not_a_checkpoint(data: bytes) -> None:
    with pytest.raises((MalformedMessage, SignatureMismatch)):
        open_checkpoint(data, LOG_KEY)


def test_another_key_another_origin_and_a_plain_signature_for_a_cosignature_are_refused() -> None:
    other = Ed25519PrivateKey.generate()
    other_key = NoteKey(name=ORIGIN, kind=ED25519, public=other.public_key().public_bytes_raw())
    with pytest.raises(SignatureMismatch, match="not signed by its log"):
        open_checkpoint(made(), other_key)
    foreign = Checkpoint(origin="another", size=1, root=bytes(32)).text
    with pytest.raises(SignatureMismatch, match="another log"):
        open_checkpoint(Note(text=foreign, signatures=(sign_note(foreign, ORIGIN, LOG),)).encode(), LOG_KEY)
    note = parse_note(made())
    plain = sign_note(note.text, WITNESS_KEY.name, WITNESS)
    swapped = Note(text=note.text, signatures=(note.signatures[0], plain))
    assert open_checkpoint(swapped.encode(), LOG_KEY, [WITNESS_KEY]).cosigners == ()


@pytest.mark.parametrize("vkey", ["", "a+b", "a+00000000+AQ==", LOG_KEY.vkey[:-1], LOG_KEY.vkey.replace("+", "+0", 1)])
def test_a_verifier_key_that_is_not_one_is_refused(vkey: str) -> None:
    with pytest.raises((InvalidValue, MalformedMessage)):
        NoteKey.parse(vkey)


@given(size=st.integers(0, 2**63 - 1), root=st.binary(min_size=32, max_size=32), time=st.integers(0, 2**62))
def test_tlog_scales_reads_and_verifies_our_notes(size: int, root: bytes, time: int) -> None:
    theirs = tlog.Checkpoint.from_text(made(size, root, time).decode())
    assert (theirs.origin, theirs.size, theirs.root_hash) == (ORIGIN, size, root)
    theirs.verify(signing.Vkey.from_string(LOG_KEY.vkey))
    theirs.verify(signing.Vkey.from_string(WITNESS_KEY.vkey))


@given(size=st.integers(0, 2**63 - 1), root=st.binary(min_size=32, max_size=32))
def test_we_read_and_verify_notes_of_tlog_scales(size: int, root: bytes) -> None:
    signer = signing.PlainEd25519Signer(ORIGIN, LOG)
    theirs = tlog.Checkpoint.make_signed(ORIGIN, size, root, [signer])
    assert NoteKey.parse(signer.vkey.serialize()) == LOG_KEY
    opened = open_checkpoint(theirs.serialize().encode(), LOG_KEY)
    assert (opened.checkpoint.size, opened.checkpoint.root) == (size, root)
