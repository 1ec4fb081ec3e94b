"""What lies over a sheet's cells: comments, text boxes, and pictures and charts that have no text to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import ZipFile

from lxml import etree

from assistant.ingestion.limits import Limits
from assistant.ingestion.office.office_xml import descendants, part_of, value_of
from assistant.ingestion.sheets.workbook import Sheet, relations, rich_text

# What Excel writes into a comment for programs that do not know threads.
_THREAD = re.compile(r"\[Threaded comment\].*?\n\s*Comment:\s*", re.DOTALL)
_THREAD_AUTHOR = "tc="
_MOST_NOTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetNotes:
    """Comments and texts of boxes, in order; how many pictures and charts there are."""

    texts: tuple[str, ...] = ()
    pictures: int = 0
    charts: int = 0


def read_notes(archive: ZipFile, sheet: Sheet, limits: Limits) -> SheetNotes:
    """What lies over the cells of one sheet."""
    texts: list[str] = []
    pictures = charts = 0
    for part in relations(archive, sheet.path, limits):
        root = part_of(archive, part.path, limits) if part.kind in ("comments", "drawing") else None
        if root is None:
            continue
        if part.kind == "comments":
            texts.extend(_comments(root))
        else:
            texts.extend(_boxes(root))
            pictures += sum(1 for _ in descendants(root, "pic"))
            charts += sum(1 for _ in descendants(root, "graphicFrame"))
    return SheetNotes(texts=tuple(texts[:_MOST_NOTES]), pictures=pictures, charts=charts)


def _comments(root: etree._Element) -> Iterator[str]:
    authors = [author.text or "" for author in descendants(root, "author")]
    for comment in descendants(root, "comment"):
        number = value_of(comment, "authorId") or ""
        author = authors[int(number)] if number.isascii() and number.isdecimal() and int(number) < len(authors) else ""
        text = _THREAD.sub("", rich_text(comment)).strip()
        # Programs repeat the author at the start of the text.
        text = text.removeprefix(f"{author}:").strip() if author else text
        if text:
            by = f" ({author})" if author and not author.startswith(_THREAD_AUTHOR) else ""
            yield f"Comment on {value_of(comment, 'ref') or 'a cell'}{by}: {text}"


def _boxes(root: etree._Element) -> Iterator[str]:
    for body in descendants(root, "txBody"):
        text = "\n".join(line for part in descendants(body, "p") if (line := rich_text(part).strip()))
        if text:
            yield text
