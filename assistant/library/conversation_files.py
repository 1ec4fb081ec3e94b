"""Conversations as plain JSON files, one each; a damaged one is passed over and never keeps its record from opening."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from assistant.domain import Conversation
from assistant.errors import RecordDamagedError, RecordNotFoundError
from assistant.library.disk import write_whole
from assistant.library.renaming import with_file_renamed

_VERSION = 1
_SUFFIX = ".json"
_DAMAGED = "The conversation is damaged on the disk and cannot be shown; delete it."
_ABSENT = "There is no such conversation in this record; it may have been deleted."
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def save(folder: Path, conversation: Conversation) -> None:
    """Write the conversation, replacing what it was before."""
    body = {"version": _VERSION, "conversation": _adapter().dump_python(conversation, mode="json")}
    write_whole(_path(folder, conversation.id), json.dumps(body, ensure_ascii=False).encode())


def load(folder: Path, conversation_id: str) -> Conversation:
    """One conversation. Raises RecordNotFoundError or RecordDamagedError."""
    try:
        data = _path(folder, conversation_id).read_bytes()
    except FileNotFoundError as error:
        raise RecordNotFoundError(_ABSENT) from error
    try:
        body = json.loads(data)
        if body["version"] != _VERSION:
            raise ValueError("another version")
        conversation = _adapter().validate_python(body["conversation"])
    except (ValueError, TypeError, KeyError, RecursionError):
        # `from None`: the parser's own message would quote the conversation.
        raise RecordDamagedError(_DAMAGED) from None
    if conversation.id != conversation_id:
        raise RecordDamagedError(_DAMAGED)
    return conversation


def load_all(folder: Path) -> tuple[Conversation, ...]:
    """Every conversation that can be read, newest first."""
    found: list[Conversation] = []
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            found.append(load(folder, path.stem))
        except (RecordNotFoundError, RecordDamagedError):
            continue
    return tuple(sorted(found, key=lambda conversation: conversation.created, reverse=True))


def delete(folder: Path, conversation_id: str) -> None:
    """Delete one conversation. Raises RecordNotFoundError if there is none."""
    try:
        _path(folder, conversation_id).unlink()
    except FileNotFoundError as error:
        raise RecordNotFoundError(_ABSENT) from error


def rename_file(folder: Path, old: str, new: str) -> None:
    """Have every conversation cite the file by its new name. Damaged ones stay as they are."""
    for conversation in load_all(folder):
        body = _adapter().dump_python(conversation, mode="json")
        renamed = _adapter().validate_python(with_file_renamed(body, old, new))
        if renamed != conversation:
            save(folder, renamed)


def _path(folder: Path, conversation_id: str) -> Path:
    """Ids come from outside; one that could leave the folder is none of ours."""
    if not _ID.fullmatch(conversation_id):
        raise RecordNotFoundError(_ABSENT)
    return folder / f"{conversation_id}{_SUFFIX}"


@cache
def _adapter() -> TypeAdapter[Conversation]:
    return TypeAdapter(Conversation)
