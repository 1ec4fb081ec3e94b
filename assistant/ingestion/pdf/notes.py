"""What people have written on a PDF: sticky notes, comments on highlights, text typed over the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymupdf

from assistant.ingestion.layout.page_text import Block, PlacedWord
from assistant.ingestion.pdf.forms import Field, Rectangle, is_shown, pdf_page, placed_lines
from assistant.ingestion.pdf.mupdf_errors import BROKEN_PART

mupdf = pymupdf.mupdf

_MOST_NOTES = 1_000
_MOST_CHARACTERS = 5_000
_LEADS = "Note:"
_NOT_NOTES = ("Link", "Popup", "Widget", "Watermark", "FileAttachment", "Screen", "Movie", "Sound", "RichMedia", "3D")
# Text of these stands on the page itself, mostly.
_TYPED = "FreeText"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What was added to a page: `typed` belongs where it stands, `remarks` are read after it, `broken` not at all."""

    typed: Sequence[Field]
    remarks: Sequence[Block]
    broken: int


def notes_on(page: pymupdf.Page, shown: Sequence[PlacedWord]) -> Notes:
    """The notes of a page, but for those that its words, `shown`, already say at their place."""
    typed: list[Field] = []
    remarks: list[Block] = []
    broken = 0
    for kind, note in _notes(page):
        if note.is_broken:
            broken += 1
        elif note.text.strip() and not note.is_shown_by(shown):
            if kind == _TYPED:
                typed.append(note)
            else:
                remarks.append(list(placed_lines(f"{_LEADS} {note.text}", note.box)))
    return Notes(typed=typed, remarks=remarks, broken=broken)


def _notes(page: pymupdf.Page) -> Iterator[tuple[str, Field]]:
    annotation = mupdf.pdf_first_annot(pdf_page(page))
    for _ in range(_MOST_NOTES):
        if not annotation.m_internal:
            return
        try:
            yield _note(annotation)
        except BROKEN_PART:
            yield "", Field(box=(0.0, 0.0, 0.0, 0.0), text="", is_broken=True)
        annotation = mupdf.pdf_next_annot(annotation)


def _note(annotation: object) -> tuple[str, Field]:
    """The kind of an annotation, and what it says: nothing where nobody sees it, or where it is no note."""
    kind = str(mupdf.pdf_string_from_annot_type(mupdf.pdf_annot_type(annotation)))
    says = kind not in _NOT_NOTES and is_shown(annotation)
    text = str(mupdf.pdf_annot_contents(annotation) or "")[:_MOST_CHARACTERS] if says else ""
    return kind, Field(box=_box(annotation), text=text)


def _box(annotation: object) -> Rectangle:
    bound = mupdf.pdf_bound_annot(annotation)
    return bound.x0, bound.y0, bound.x1, bound.y1
