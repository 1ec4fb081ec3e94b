"""What people have written on a PDF: sticky notes, comments on highlights, text typed over the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymupdf

from assistant.ingestion.page_text import Block, PlacedWord
from assistant.ingestion.pdf_forms import Field, Rectangle, is_shown, pdf_page, placed_lines

mupdf = pymupdf.mupdf

_MOST_NOTES = 1_000
_MOST_CHARACTERS = 5_000
_LEADS = "Note:"
_NOT_NOTES = ("Link", "Popup", "Widget", "Watermark", "FileAttachment", "Screen", "Movie", "Sound", "RichMedia", "3D")
# Text of these stands on the page itself, mostly.
_TYPED = "FreeText"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What was added to a page: `typed` belongs where it stands, `remarks` are read after the page."""

    typed: Sequence[Field]
    remarks: Sequence[Block]


def notes_on(page: pymupdf.Page, shown: Sequence[PlacedWord]) -> Notes:
    """The notes of a page, but for those that its words, `shown`, already say at their place."""
    typed: list[Field] = []
    remarks: list[Block] = []
    for kind, note in _notes(page):
        if note.is_shown_by(shown):
            continue
        if kind == _TYPED:
            typed.append(note)
        else:
            remarks.append(list(placed_lines(f"{_LEADS} {note.text}", note.box)))
    return Notes(typed=typed, remarks=remarks)


def _notes(page: pymupdf.Page) -> Iterator[tuple[str, Field]]:
    annotation = mupdf.pdf_first_annot(pdf_page(page))
    for _ in range(_MOST_NOTES):
        if not annotation.m_internal:
            return
        kind = mupdf.pdf_string_from_annot_type(mupdf.pdf_annot_type(annotation))
        if kind not in _NOT_NOTES and is_shown(annotation):
            text = str(mupdf.pdf_annot_contents(annotation) or "")[:_MOST_CHARACTERS]
            if text.strip():
                yield kind, Field(box=_box(annotation), text=text)
        annotation = mupdf.pdf_next_annot(annotation)


def _box(annotation: object) -> Rectangle:
    bound = mupdf.pdf_bound_annot(annotation)
    return bound.x0, bound.y0, bound.x1, bound.y1
