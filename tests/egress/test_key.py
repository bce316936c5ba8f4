"""The node's key: made once, read by nobody else, the same after every start."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clairvoie.egress.key import node_key, public_digits
from clairvoie.errors import EgressError


def test_a_key_is_born_on_first_use_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key.pem"
    born = public_digits(node_key(path))
    assert len(born) == 64
    assert public_digits(node_key(path)) == born
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["key.pem"]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    node_key(path)
    path.chmod(0o640)
    with pytest.raises(EgressError, match="others may read"):
        node_key(path)


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_damaged_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(EgressError, match="cannot be read"):
        node_key(path)


def test_a_key_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(EgressError, match="not an Ed25519 key"):
        node_key(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EgressError, match="cannot be written"):
        node_key(tmp_path / "file" / "key.pem")
