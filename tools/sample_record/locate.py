"""Find the pages on which given words stand, in the finished PDFs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pymupdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`words` is a run of the page's text once white space is one blank; pages are 1-based."""

    file: str
    page: int
    words: str


def flat(text: str) -> str:
    return " ".join(text.split())


def page_texts(pdfs: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The text of each page of each file, white space made single."""
    return {name: [flat(page.get_text()) for page in pymupdf.open("pdf", data)] for name, data in pdfs.items()}


def places(words: str, texts: Mapping[str, list[str]]) -> list[Place]:
    """Every page of every file that holds the words."""
    found = [
        Place(file=file, page=number, words=words)
        for file, pages in texts.items()
        for number, text in enumerate(pages, start=1)
        if words in text
    ]
    if not found:
        raise LookupError(f"no page of the sample record holds these words: {words!r}")
    return found
