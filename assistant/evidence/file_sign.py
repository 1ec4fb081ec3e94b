"""Tell whether a file of the record is searched, and whether what its index was made from is still what is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from assistant.domain import SourceDocument, SourceFile


def is_searchable(file: SourceFile) -> bool:
    """Whether the file was read and nobody is to say first whether it belongs to this patient."""
    return file.problem is None and file.hold is None


def sign(file: SourceFile) -> str:
    """Changes when the file's passages or their contexts would: new pages, scans recognized, other documents."""
    return _digest(file.page_count, file.waiting_pages, file.documents)


def sign_of_pages(page_count: int) -> str:
    """The sign of a file of which nothing is known but its pages."""
    return _digest(page_count, (), ())


def _digest(page_count: int, waiting: Sequence[int], documents: Sequence[SourceDocument]) -> str:
    known = [[each.kind, each.first_page, each.last_page, each.date] for each in documents]
    return hashlib.sha256(json.dumps([page_count, list(waiting), known]).encode()).hexdigest()[:16]
