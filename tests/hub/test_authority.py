"""Acts are accepted once and for ever, whatever becomes of their files; what narrows binds before it is stored."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hub_street import DEPLOYMENT, LEAVE, NOW, Running, Served, Street, authorisation, begin, give_leave, settings_at
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from clairvoie.boundary.authorisation import ObservationKind, Reporting
from clairvoie.boundary.charter import encode_charter
from clairvoie.boundary.document import (
    AUTHORISATION_TYPE,
    LEASE_TYPE,
    MAXIMUM_DOCUMENT_BYTES,
    SignedDocument,
    encode_document,
    unsigned,
)
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.overseen import ActState, state_of
from clairvoie.boundary.reading import Change
from clairvoie.boundary.standing import standing_of
from clairvoie.errors import ConfigurationError, Refusal, StoreUnavailable
from clairvoie.hub import schema
from clairvoie.hub.acts_on_disk import ActsFolder
from clairvoie.hub.authority import receive
from clairvoie.lab.leave import make_leave, write_key
from clairvoie.server.application import task_of

FIRST = LEAVE.signed(authorisation())
SECOND = LEAVE.signed(authorisation(number=2, sensors=("mic-a",)))
RIVAL = LEAVE.signed(authorisation(number=2, sensors=("mic-b",)))
ALONE = LEAVE.signed(authorisation(number=3), by=("dpo",))
SUSPENSION = LEAVE.suspended(FIRST, NOW - 100)
STRANGER = make_leave(DEPLOYMENT, exercise=False).signed(authorisation(number=4))
DOCUMENTS = (FIRST, SECOND, RIVAL, ALONE, SUSPENSION, STRANGER)


def digests(documents: tuple[SignedDocument, ...]) -> set[str]:
    return {document.digest for document in documents}


@given(st.permutations(DOCUMENTS), st.integers(0, len(DOCUMENTS)))
def test_nothing_that_is_held_is_ever_displaced(order: list[SignedDocument], cut: int) -> None:
    before = receive(LEAVE.charter, (), order[:cut])
    after = receive(LEAVE.charter, before.accepted, order[cut:])
    held = (*before.accepted, *after.accepted)
    assert standing_of(LEAVE.charter, held)[1] == ()
    assert digests(held) >= digests((FIRST, SUSPENSION))
    assert len(digests(held) & digests((SECOND, RIVAL))) == 1, "one number, one act: the first to come"
    assert not digests(held) & digests((ALONE, STRANGER))
    assert digests(held) | {r.digest for r in (*before.rejected, *after.rejected)} == digests(DOCUMENTS)


@given(st.permutations(DOCUMENTS))
def test_together_they_are_accepted_in_no_order(order: list[SignedDocument]) -> None:
    assert receive(LEAVE.charter, (), order) == receive(LEAVE.charter, (), DOCUMENTS)


def test_two_signatures_may_come_in_two_files() -> None:
    alone = [LEAVE.signed(authorisation(), by=(role,)) for role in ("authority", "board")]
    assert receive(LEAVE.charter, (), alone[:1]).accepted == ()
    (whole,) = receive(LEAVE.charter, (), alone).accepted
    assert LEAVE.charter.roles_that_signed(whole) == {"authority", "board"}


def test_a_folder_is_read_file_by_file_and_nothing_in_it_is_fatal(tmp_path: Path) -> None:
    folder = ActsFolder(tmp_path / "acts")
    assert not folder.look().changed
    folder.path.mkdir()
    whole = encode_document(FIRST)
    (folder.path / "half.json").write_bytes(whole[: len(whole) // 2])
    (folder.path / "large.json").write_bytes(bytes(MAXIMUM_DOCUMENT_BYTES + 1))
    (folder.path / "other.json").write_text("{}")
    (folder.path / "payload.json").write_bytes(
        msgspec.json.encode(SignedDocument(payload_type=AUTHORISATION_TYPE, payload="%", signatures=()))
    )
    (folder.path / "folder.json").mkdir()
    (folder.path / "notes.txt").write_bytes(whole)
    look = folder.look()
    assert look.documents == ()
    assert [broken.name for broken in look.broken] == [
        "folder.json", "half.json", "large.json", "other.json", "payload.json",
    ]  # fmt: skip
    assert not folder.look().changed, "what did not change is not read again"
    (folder.path / "half.json").write_bytes(whole)
    look = folder.look()
    assert look.changed
    assert look.documents == (FIRST,)
    assert "half.json" not in [broken.name for broken in look.broken]


def test_deleting_or_altering_its_file_withdraws_nothing(running: Running, tmp_path: Path, settings) -> None:
    (path,) = (tmp_path / "authorisations").glob("*.json")
    path.unlink()
    running.hub.look_at_acts()
    running.store(running.street.events("mic-a", begin(1)))
    path.write_bytes(b"{}")
    running.hub.look_at_acts()
    assert len(running.hub.authority.rejected) == 1
    running.store(running.street.events("mic-a", begin(2)))
    path.unlink()
    running.hub.close()
    with Running.of(settings, running.street) as again:
        again.store(running.street.events("mic-a", begin(3)))
        assert again.ledger.of(EntryKind.AUTHORISATION) == [], "it was entered when it was accepted"


def test_each_accepted_act_is_one_entry_and_is_told(running: Running, tmp_path: Path) -> None:
    entries = running.ledger.of(EntryKind.AUTHORISATION)
    assert [(e.about, e.who, e.detail["number"]) for e in entries] == [(FIRST.digest, "authority, dpo", "1")]
    give_leave(tmp_path, SUSPENSION, SECOND, ALONE)
    running.hub.look_at_acts()
    running.hub.look_at_acts()
    (suspended,) = running.ledger.of(EntryKind.SUSPENSION)
    assert (suspended.about, suspended.who) == (FIRST.digest, "dpo")
    assert suspended.detail == {"document": SUSPENSION.digest, "since": str(NOW - 100)}
    assert len(running.ledger.of(EntryKind.AUTHORISATION)) == 2
    assert [r.digest for r in running.hub.authority.rejected] == [ALONE.digest]
    assert running.count(schema.acts) == 3
    standing = running.hub.authority.standing
    assert [state_of(standing, act, NOW) for act in standing.acts] == [ActState.REPLACED, ActState.IN_FORCE]


def test_open_pages_are_told(served: Served, tmp_path: Path) -> None:
    async def scenario() -> None:
        changes = served.desk.changes()
        give_leave(tmp_path, SUSPENSION)
        while await anext(changes) is not Change.ACTS:  # the application watches the folder by itself
            pass

    served.runner.run(scenario())
    assert served.upload(served.street.events("mic-a", begin())).json()["code"] == "suspended"


def test_a_suspension_binds_even_when_the_store_cannot_be_written(running: Running, tmp_path: Path) -> None:
    from sqlalchemy import text

    running.hub.store.submit(lambda c: c.execute(text("PRAGMA busy_timeout = 20")).all()).result(timeout=30)
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    levels = Reporting("mic-a", ObservationKind.LEVELS)
    give_leave(tmp_path, SUSPENSION, LEAVE.signed(authorisation(number=2, sensors=("mic-a", "mic-new"))))
    with pytest.raises(StoreUnavailable):
        running.hub.look_at_acts()
    assert running.hub.authority.leave.denial(levels, NOW) == "suspended"
    assert len(running.hub.authority.documents) == 2, "nodes are told of it"
    assert len(running.hub.authority.standing.acts) == 1, "what would widen waits until it is stored"
    other.execute("ROLLBACK")
    other.close()
    running.hub.look_at_acts()
    assert running.hub.authority.leave.denial(levels, NOW) is None
    assert running.count(schema.acts) == 3


def test_held_documents_are_kept_as_they_were_signed(running: Running) -> None:
    with running.hub.store.reading() as connection:
        (stored,) = connection.execute(select(schema.acts.c.document)).scalars()
    assert stored == encode_document(FIRST)


def refused_start(settings, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        task_of(settings)


def test_a_hub_that_could_not_keep_its_charter_s_promise_does_not_start(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    task_of(settings)
    refused_start(settings_at(tmp_path, exercise=True), "another deployment")
    refused_start(settings_at(tmp_path, deployment="elsewhere"), "another deployment")
    refused_start(settings_at(tmp_path, charter=str(tmp_path / "nowhere.json")), "charter cannot be read")
    key = tmp_path / "keys" / "leases.pem"
    write_key(key, LEAVE.ledger)
    refused_start(settings, f"another key for leases.*{LEAVE.charter.leases}")
    key.write_text("no key")
    refused_start(settings, "no PKCS #8 PEM")
    key.unlink()
    refused_start(settings, "key for leases cannot be read")


def test_under_another_charter_what_was_held_no_longer_counts(tmp_path: Path) -> None:
    street = Street()
    with Running.of(settings_at(tmp_path), street) as running:
        running.store(street.events("mic-a", begin(1)))
    other = make_leave(DEPLOYMENT, exercise=False)
    (tmp_path / "charter.json").write_bytes(encode_charter(other.charter))
    write_key(tmp_path / "keys" / "leases.pem", other.leases)
    with Running.of(settings_at(tmp_path), street) as running, pytest.raises(Refusal) as refusal:
        running.store(street.events("mic-a", begin(2)))
    assert refusal.value.code == "not-authorised"


def test_a_document_of_another_kind_is_rejected() -> None:
    lease = unsigned(LEASE_TYPE, b"{}")
    assert receive(LEAVE.charter, (), [lease]).accepted == ()
