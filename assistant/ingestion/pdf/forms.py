"""What the fields of a PDF form hold: ticks as "[x]" and "[ ]", and values that the page does not show by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymupdf

from assistant.ingestion.layout.page_text import PlacedWord, visible_text
from assistant.ingestion.pdf.mupdf_errors import BROKEN_PART

mupdf = pymupdf.mupdf

Rectangle = tuple[float, float, float, float]

_MOST_FIELDS = 2_000
_MOST_CHARACTERS = 10_000
_TICKED, _OPEN = "[x]", "[ ]"
# A tick is one glyph of a symbol font, which reads as "4" or "l".
_TICK_CHARACTERS = 2
_LINE_POINTS = 12.0
_AROUND_POINTS = 2.0
_NOWHERE: Rectangle = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form: what stands in for it, where it is, and which of the page's words that replaces."""

    box: Rectangle
    text: str
    is_tick: bool = False
    is_list: bool = False
    is_broken: bool = False

    def replaces(self, word: PlacedWord) -> bool:
        """Whether the word is the tick's glyph, or one of a list's choices, of which one is chosen."""
        if not _is_inside(word, self.box):
            return False
        return self.is_list or (self.is_tick and len(word.text) <= _TICK_CHARACTERS)

    def is_shown_by(self, words: Sequence[PlacedWord]) -> bool:
        """Whether the page's words at its place say what it holds."""
        if self.is_tick or self.is_list:
            return False
        there = _letters("".join(word.text for word in words if _is_inside(word, self.box)))
        return _letters(self.text) in there

    def lines(self) -> Iterator[list[PlacedWord]]:
        """The words to be read at its place; a tick's brackets are one, so that nothing comes between them."""
        if self.is_tick:
            yield [PlacedWord._make((*self.box, self.text))]
        else:
            yield from placed_lines(self.text, self.box)


def fields_of(page: pymupdf.Page) -> list[Field]:
    """The fields of a page that hold something, all its boxes to tick, and those that cannot be read."""
    return [field for field in _fields(page) if field.text.strip() or field.is_broken]


def with_fields(shown: Sequence[PlacedWord], lines: Sequence[int], fields: Sequence[Field]) -> FilledPage:
    """The page's words with what its fields hold, and the number of the line each stands in."""
    if not fields:
        return FilledPage(words=list(shown), lines=list(lines))
    kept = [(word, line) for word, line in zip(shown, lines, strict=True) if not any(f.replaces(word) for f in fields)]
    added = -1
    for field in fields:
        if field.is_broken or field.is_shown_by(shown):
            continue
        for words in field.lines():
            kept += [(word, added) for word in words]
            added -= 1
    return FilledPage(words=[word for word, _ in kept], lines=[line for _, line in kept])


def broken_warning(count: int) -> str | None:
    """What to say of the fields and notes that could not be read."""
    return f"{count:,} form fields or notes could not be read" if count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPage:
    """Words, and for each the number of the line it stands in."""

    words: list[PlacedWord]
    lines: list[int]


def placed_lines(text: str, box: Rectangle) -> Iterator[list[PlacedWord]]:
    """The words of `text` laid into a box, evenly, a line of the text in a line of it."""
    lines = [words for line in text.splitlines() if (words := visible_text(line).split())]
    x0, y0, x1, y1 = box
    height = min((y1 - y0) / max(len(lines), 1), _LINE_POINTS)
    for number, words in enumerate(lines):
        letters = sum(map(len, words)) + len(words) - 1
        step = (x1 - x0) / max(letters, 1)
        at, top = x0, y0 + number * height
        line = []
        for word in words:
            line.append(PlacedWord(at, top, at + step * len(word), top + height, word))
            at += step * (len(word) + 1)
        yield line


def pdf_page(page: pymupdf.Page) -> object:
    """MuPDF's own page, where its annotations are."""
    return mupdf.pdf_page_from_fz_page(page.this) if isinstance(page.this, mupdf.FzPage) else page.this


def is_shown(annotation: object) -> bool:
    """Whether a viewer shows the annotation."""
    return not mupdf.pdf_annot_flags(annotation) & (mupdf.PDF_ANNOT_IS_HIDDEN | mupdf.PDF_ANNOT_IS_NO_VIEW)


def _fields(page: pymupdf.Page) -> Iterator[Field]:
    widget = mupdf.pdf_first_widget(pdf_page(page))
    for _ in range(_MOST_FIELDS):
        if not widget.m_internal:
            return
        try:
            if is_shown(widget):
                yield _field(widget)
        except BROKEN_PART:
            yield Field(box=_NOWHERE, text="", is_broken=True)
        widget = mupdf.pdf_next_widget(widget)


def _field(widget: object) -> Field:
    bound = mupdf.pdf_bound_widget(widget)
    box = (bound.x0, bound.y0, bound.x1, bound.y1)
    kind = mupdf.pdf_widget_type(widget)
    if kind in (mupdf.PDF_WIDGET_TYPE_CHECKBOX, mupdf.PDF_WIDGET_TYPE_RADIOBUTTON):
        return Field(box=box, text=_TICKED if _is_ticked(widget) else _OPEN, is_tick=True)
    if kind not in (mupdf.PDF_WIDGET_TYPE_TEXT, mupdf.PDF_WIDGET_TYPE_COMBOBOX, mupdf.PDF_WIDGET_TYPE_LISTBOX):
        return Field(box=box, text="")
    if mupdf.pdf_field_flags(mupdf.pdf_annot_obj(widget)) & mupdf.PDF_TX_FIELD_IS_PASSWORD:
        return Field(box=box, text="")
    value = str(mupdf.pdf_annot_field_value(widget) or "")[:_MOST_CHARACTERS]
    return Field(box=box, text=value, is_list=kind == mupdf.PDF_WIDGET_TYPE_LISTBOX)


def _is_ticked(widget: object) -> bool:
    state = mupdf.pdf_to_name(mupdf.pdf_dict_gets(mupdf.pdf_annot_obj(widget), "AS"))
    if state:
        return bool(state != "Off")
    return str(mupdf.pdf_annot_field_value(widget) or "Off") != "Off"


def _is_inside(word: PlacedWord, box: Rectangle) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return (
        box[0] - _AROUND_POINTS <= x <= box[2] + _AROUND_POINTS
        and box[1] - _AROUND_POINTS <= y <= box[3] + _AROUND_POINTS
    )


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum()).casefold()
