"""What a PDF page shows: its words, what it hides, and whether words in a picture are still to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pymupdf

from assistant.domain import HiddenText, Origin
from assistant.ingestion.layout.page_text import PlacedWord
from assistant.ingestion.ocr.text_layer import TextLayer, judge_text_layer
from assistant.ingestion.pdf.hidden import Look, Sight, hidden_texts, hidden_warning
from assistant.ingestion.pdf.ink import LetterInk, gray_picture, letter_ink
from assistant.ingestion.pdf.paint import Paint
from assistant.ingestion.pdf.words import MOST_WORDS, FoundWords, found_words, text_page

# Shades of 255 and share of the pixels: less is a speck or the shadow of a fold.
_DRAWN_SHADES = 40
_LEAST_DRAWN = 0.0001
_STEP = 2
_JUDGED_DPI = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPage:
    """A page as its reader sees it. `lines`: for each word the number of MuPDF's line that it stands in."""

    words: Sequence[PlacedWord]
    lines: Sequence[int]
    hidden: tuple[HiddenText, ...]
    origin: Origin
    needs_recognition: bool
    warnings: tuple[str, ...]
    found: FoundWords
    paint: Paint


def look_at(page: pymupdf.Page, *, width: float, height: float) -> SeenPage:
    """Look at a page of `width` by `height` points."""
    text = text_page(page)
    words = found_words(text, page.rotation_matrix)
    paint = Paint.of(page)
    ink = letter_ink(page, paint, width=width, height=height)
    sight = Look(page=page, text=text, words=words, paint=paint, ink=ink, width=width, height=height).sight()
    shown = _placed(words, sight)
    layer = judge_text_layer(
        shown,
        pictures=paint.pictures,
        is_drawn_on=not sight.shown and _is_drawn_on(paint, ink),
        width=width,
        height=height,
        draw=lambda: gray_picture(page, width=width, height=height, dpi=_JUDGED_DPI),
    )
    if layer is TextLayer.BAD:
        # What the file says of this page is not what it shows: neither words nor hidden words are worth telling.
        sight, shown = Sight(places=[], layer=frozenset(), misfits=frozenset()), []
    elif sight.misfits:
        sight = sight.without_misfits()
        shown = _placed(words, sight)
    return SeenPage(
        words=shown,
        lines=[words.lines[number] for number in sight.shown],
        hidden=hidden_texts(words, sight, width=width, height=height),
        origin=Origin.OCR if 2 * len(sight.layer) > len(sight.shown) else Origin.TEXT,
        needs_recognition=layer is not TextLayer.GOOD,
        warnings=tuple(_warnings(words, sight, layer)),
        found=words,
        paint=paint,
    )


def _warnings(words: FoundWords, sight: Sight, layer: TextLayer) -> Iterator[str]:
    if layer is TextLayer.BAD:
        yield "the text that the file gives for this page is not what it shows; its picture is read instead"
    if (warning := hidden_warning(sight)) is not None:
        yield warning
    if len(words) >= MOST_WORDS:
        yield "more words than a page can have; the rest was left out"


def _placed(words: FoundWords, sight: Sight) -> list[PlacedWord]:
    shown = sight.shown
    columns = words.boxes[shown].T.tolist()
    return list(map(PlacedWord._make, zip(*columns, (words.texts[number] for number in shown), strict=True)))


def _is_drawn_on(paint: Paint, ink: LetterInk | None) -> bool:
    """Whether the page shows anything but letters that MuPDF can name."""
    if ink is None:
        return bool(paint.kinds)
    if not paint.kinds:
        return False
    picture = ink.background.pixels
    differs = np.abs(picture.astype(np.int16) - int(np.median(picture))) >= _DRAWN_SHADES
    if not paint.pictures:
        # Letters drawn as paths have slanting and crossing strokes; rules and frames hardly any.
        differs = differs[:-_STEP, :-_STEP] & differs[_STEP:, _STEP:]
    return bool(differs.mean() >= _LEAST_DRAWN)
