"""Conversations are kept whole, and a damaged one harms no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain import Contradiction, Conversation
from assistant.errors import RecordDamagedError, RecordNotFoundError
from assistant.library.record_store import StoredRecord
from assistant.library.store import Library
from tests.library.records import conversation


@pytest.fixture
def stored(tmp_path: Path) -> StoredRecord:
    return Library(tmp_path).create()


def test_a_conversation_comes_back_as_it_was(stored: StoredRecord) -> None:
    stored.save_conversation(conversation())
    assert stored.conversation("c1") == conversation()


def test_contradictions_are_kept_and_a_file_from_before_there_were_any_is_read(stored: StoredRecord) -> None:
    torn = Contradiction(first=1, second=2, reason="different allergy statuses")
    (answer,) = conversation().turns
    kept = replace(conversation(), turns=(replace(answer, contradictions=(torn,)),))
    stored.save_conversation(kept)
    assert stored.conversation("c1") == kept
    (path,) = stored.folder.rglob("c1.json")
    body = json.loads(path.read_text(encoding="utf-8"))
    del body["conversation"]["turns"][0]["contradictions"]
    path.write_text(json.dumps(body), encoding="utf-8")
    assert stored.conversation("c1") == conversation()


def test_conversations_come_newest_first(stored: StoredRecord) -> None:
    for month in ("02", "11", "05"):
        stored.save_conversation(conversation(f"c{month}", f"2026-{month}-01T00:00:00+00:00"))
    assert [found.id for found in stored.conversations()] == ["c11", "c05", "c02"]


def test_a_change_starts_from_what_is_kept_and_does_not_bring_a_deleted_one_back(stored: StoredRecord) -> None:
    stored.save_conversation(conversation())
    changed = stored.change_conversation("c1", lambda now: replace(now, title=f"{now.title}, again"))
    assert stored.conversation("c1") == changed == replace(conversation(), title="Potassium, again")
    stored.delete_conversation("c1")
    with pytest.raises(RecordNotFoundError):
        stored.change_conversation("c1", lambda now: now)
    assert stored.conversations() == ()


def test_saving_again_replaces(stored: StoredRecord) -> None:
    stored.save_conversation(conversation())
    stored.save_conversation(Conversation(id="c1", title="other", created="2026"))
    assert stored.conversation("c1").title == "other"
    assert len(stored.conversations()) == 1


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version": 9, "conversation": {}}', b'{"version": 1}', b"\xff\xfe"]
)
def test_a_damaged_conversation_is_passed_over(stored: StoredRecord, damage: bytes) -> None:
    stored.save_conversation(conversation())
    (stored.folder / "conversations" / "c2.json").write_bytes(damage)
    assert [found.id for found in stored.conversations()] == ["c1"]
    assert stored.record()
    with pytest.raises(RecordDamagedError) as raised:
        stored.conversation("c2")
    assert raised.value.__cause__ is None


def test_a_deleted_conversation_is_gone(stored: StoredRecord) -> None:
    stored.save_conversation(conversation())
    stored.delete_conversation("c1")
    assert stored.conversations() == ()
    for use in (stored.conversation, stored.delete_conversation):
        with pytest.raises(RecordNotFoundError):
            use("c1")


@pytest.mark.parametrize("conversation_id", ["", "../record", "a/b", "x" * 65, "c1.json"])
def test_an_id_cannot_lead_out_of_the_folder(stored: StoredRecord, conversation_id: str) -> None:
    for use in (stored.conversation, stored.delete_conversation):
        with pytest.raises(RecordNotFoundError):
            use(conversation_id)
