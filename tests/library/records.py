"""Invented records for the tests of the library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from assistant.domain import (
    Answer,
    Box,
    Citation,
    Conversation,
    Coverage,
    Origin,
    Page,
    PageRef,
    ReadingMode,
    SourceFile,
    Span,
    Statement,
    Support,
    Word,
    Words,
)
from assistant.ingestion.reading import Upload


def page(number: int, text: str = "Potassium 5.9", file: str = "letter.pdf") -> Page:
    box = Box(x0=1.5, y0=2, x1=30, y1=12)
    words = [Word(start=0, end=9, box=box), Word(start=10, end=13, box=box, confidence=0.5)]
    return Page(
        file=file, number=number, text=text, width=595, height=842, origin=Origin.OCR, words=Words(words), part="a/b"
    )


def pages(count: int) -> Iterator[Page]:
    return (page(number) for number in range(1, count + 1))


def upload(folder: Path, name: str = "letter.pdf", content: bytes = b"the original") -> Upload:
    path = folder / "upload"
    path.write_bytes(content)
    return Upload(name=name, path=path)


def source_file(given: Upload, page_count: int) -> SourceFile:
    data = given.path.read_bytes()
    return SourceFile(
        name=given.name,
        kind="pdf",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        page_count=page_count,
        unread_pages=(2,),
        warnings=("page 2: no text, not read",),
    )


def conversation(conversation_id: str = "c1", created: str = "2026-01-02T00:00:00+00:00") -> Conversation:
    span = Span(file="letter.pdf", page=1, start=0, end=9)
    answer = Answer(
        question="How high is the potassium?",
        text="“Potassium 5.9” [1]",
        mode=ReadingMode.RETRIEVAL,
        statements=(Statement(text="Potassium 5.9", support=Support.QUOTED, citations=(1,)),),
        citations=(Citation(n=1, span=span, quote="Potassium", boxes=(Box(x0=1, y0=2, x1=3, y1=4),)),),
        coverage=Coverage(
            record_tokens=10,
            context_tokens=20,
            prompt_tokens=5,
            pages_read=1,
            pages_total=2,
            not_read=(PageRef(file="letter.pdf", page=2),),
        ),
        stopped=True,
    )
    return Conversation(id=conversation_id, title="Potassium", created=created, turns=(answer,))
