"""Who did what to which record, and when: an append-only log without a word of any patient."""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from assistant.library.disk import make_folders, storage_errors, write_all
from assistant.library.title_page import now

_FILE = "audit.jsonl"
# Ids and user names only: a free text could carry a patient's name.
_ID = re.compile(r"[A-Za-z0-9._@\\-]{0,64}")


class Verb(StrEnum):
    """What can be done to a record."""

    CREATE = "create"
    OPEN = "open"
    RENAME = "rename"
    DELETE = "delete"
    PURGE = "purge"
    ADD_FILE = "add_file"
    REMOVE_FILE = "remove_file"
    RENAME_FILE = "rename_file"
    ACCEPT_FILE = "accept_file"
    ASK = "ask"
    SUMMARIZE = "summarize"
    OVERVIEW = "overview"
    EXPORT = "export"
    DELETE_CONVERSATION = "delete_conversation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the log. `time` is ISO 8601 in UTC; `who` is a visitor's id or the operating system's user."""

    time: str
    who: str
    verb: Verb
    record_id: str


class AuditLog:
    """The log of one data directory. Lines are only ever added."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / _FILE

    def note(self, verb: Verb, record_id: str, *, who: str | None = None) -> None:
        """Add a line. `who` is a visitor's id; without one it is the user that runs the program."""
        entry = AuditEntry(time=now(), who=_id(who or _system_user()), verb=verb, record_id=_id(record_id))
        line = json.dumps(asdict(entry)).encode() + b"\n"
        with storage_errors():
            make_folders(self._path.parent)
            # O_APPEND: two processes' lines stand one after the other, never inside one another.
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                write_all(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def entries(self) -> Iterator[AuditEntry]:
        """The lines, oldest first; one that a power cut broke is passed over."""
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            for line in lines:
                try:
                    fields = json.loads(line)
                    yield AuditEntry(**{**fields, "verb": Verb(fields["verb"])})
                except (ValueError, TypeError, KeyError):
                    continue


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("an audit entry holds ids only")
    return text


def _system_user() -> str:
    try:
        return "".join(character for character in getpass.getuser()[:64] if _ID.fullmatch(character))
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
