"""What stands around the body of an office file, apart from it: headers and footers said once, notes with marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from assistant.ingestion.flow.items import Heading, Item, Paragraph, Table

# Stands for a page's number: pages of our own have others. Nobody sees it; it tells what a footer's line is about.
PAGE_NUMBER = "\x0e"
# "Page of" is not worth saying without its numbers.
_FEW_LETTERS = 12


def furniture(kind: str, parts: Iterable[Iterable[Item]]) -> Iterator[Item]:
    """A paragraph a part, marked as [header] or [footer]; a line that several parts have is said once."""
    seen: set[str] = set()
    for items in parts:
        lines = dict.fromkeys(line for item in items for line in _lines(item) if _is_worth(line))
        if text := "\n".join(line for line in lines if line not in seen):
            seen.update(lines)
            yield Paragraph(text=f"[{kind}] {text.replace(PAGE_NUMBER, '')}")


def marked(items: Iterable[Item], marker: str) -> Iterator[Item]:
    """The items of a note or comment, the first paragraph with its mark."""
    for item in items:
        if marker and isinstance(item, Paragraph):
            yield replace(item, marker=marker)
            marker = ""
        else:
            yield item


def _is_worth(line: str) -> bool:
    return bool(line.strip()) and not (PAGE_NUMBER in line and sum(map(str.isalpha, line)) <= _FEW_LETTERS)


def _lines(item: Item) -> Iterator[str]:
    """A line a paragraph, a tab between the cells of a table."""
    match item:
        case Heading() | Paragraph():
            yield item.text
        case Table():
            yield from ("\t".join(row.cells) for row in item.rows)
