"""The invented documents that the understanding of pages is measured on, laid out as pages with words and boxes.

`development.txt` was looked at while the rules were written; `held_out.txt` was written afterwards, in other styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.domain import Box, DocumentKind, Origin, Page, Word, Words

FOLDER = Path(__file__).parent / "documents"
WIDTH, HEIGHT = 595.0, 842.0
_TOP, _LEFT, _PITCH, _CHARACTER = 40.0, 40.0, 13.0, 5.0
_FOOT = "<<foot>>"  # the lines after it stand at the foot of the page


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedDocument:
    """The pages of a document as text, and what is true of it; None for what it does not state."""

    kind: DocumentKind
    date: str | None
    author: str | None
    texts: tuple[str, ...]


def invented_documents(name: str) -> tuple[InventedDocument, ...]:
    """The documents of `development` or `held_out`."""
    written = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(_document(one) for one in written.split("\n=====\n"))


def pages_of(documents: Sequence[InventedDocument], file: str = "bundle.pdf") -> Iterator[Page]:
    """The documents as one file, page after page."""
    texts = [text for document in documents for text in document.texts]
    return (lay_out(text, file=file, number=number) for number, text in enumerate(texts, 1))


def lay_out(text: str, *, file: str = "letter.pdf", number: int = 1) -> Page:
    """A page of A4 with the lines of `text`, one below the other from the top, those after <<foot>> at its foot."""
    body, _, foot = text.partition(f"{_FOOT}\n")
    lines = body.removesuffix("\n").split("\n") + (foot.removesuffix("\n").split("\n") if foot else [])
    feet = len(foot.removesuffix("\n").split("\n")) if foot else 0
    words = []
    at = 0
    for place, line in enumerate(lines):
        from_end = len(lines) - place
        top = HEIGHT - 20.0 - _PITCH * from_end if from_end <= feet else _TOP + _PITCH * place
        for match in re.finditer(r"\S+", line):
            x0 = _LEFT + _CHARACTER * match.start()
            box = Box(x0=x0, y0=top, x1=x0 + _CHARACTER * len(match.group()), y1=top + 10.0)
            words.append(Word(start=at + match.start(), end=at + match.end(), box=box))
        at += len(line) + 1
    composed = "\n".join(lines)
    return Page(
        file=file, number=number, text=composed, width=WIDTH, height=HEIGHT, origin=Origin.TEXT, words=Words(words)
    )


def _document(written: str) -> InventedDocument:
    head, _, text = written.partition("\n---\n")
    gold = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return InventedDocument(
        kind=DocumentKind(gold["kind"]),
        date=None if gold["date"] == "none" else gold["date"],
        author=None if gold["author"] == "none" else gold["author"],
        texts=tuple(text.split("\f\n")),
    )
