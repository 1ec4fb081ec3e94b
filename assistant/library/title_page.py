"""A record's title and its date, in record.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.ingestion.layout.page_text import visible_text
from assistant.library.disk import write_whole

_FILE = "record.json"
_VERSION = 1
_LONGEST_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TitlePage:
    """What a record says about itself. `created` is ISO 8601 in UTC."""

    title: str
    created: str


def now() -> str:
    """This moment in UTC. Microseconds keep records that were made one after the other in order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def write_title_page(folder: Path, page: TitlePage) -> None:
    """Replace the record's title page; the title loses what nobody can see."""
    title = " ".join(visible_text(page.title).split())[:_LONGEST_TITLE_CHARACTERS]
    body = {"version": _VERSION, "title": title, "created": page.created}
    write_whole(folder / _FILE, json.dumps(body, ensure_ascii=False).encode())


def read_title_page(folder: Path) -> TitlePage:
    """The record's title page. A damaged one must not keep the record closed: then the folder's date is taken."""
    try:
        body = json.loads((folder / _FILE).read_bytes())
        return TitlePage(title=str(body["title"]), created=str(body["created"]))
    except (OSError, ValueError, TypeError, KeyError):
        changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        return TitlePage(title="", created=changed.isoformat(timespec="microseconds"))
