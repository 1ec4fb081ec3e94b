"""Recognize one page of an open file, in the child process: its picture, the words printed on it already, the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from assistant.domain import Origin
from assistant.ingestion.containers.composite_file import innermost
from assistant.ingestion.layout.page_text import ComposedText, PlacedWord
from assistant.ingestion.limits import Limits
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.picture_reading import Recognizer
from assistant.ingestion.reader import OpenFile, ReadPage

_DOTS_PER_INCH = 300.0
_POINTS_PER_INCH = 72.0


@runtime_checkable
class ShowsScans(Protocol):
    """An open file that gives a page's picture as it was scanned, which no drawing at another size equals."""

    def scan(self, number: int) -> GrayPicture:
        """Page `number` as displayed, at the resolution of its own picture, or at 300 dots per inch."""


def recognized_page(opened: OpenFile, number: int, limits: Limits) -> ReadPage:
    """Page `number` with the words of its picture. Words that its reader gives stay, for those are right."""
    page = opened.read(number)
    picture = _picture(opened, page, number, limits)
    printed = list(_printed(page.composed))
    found = _recognizer().recognize(picture, printed=printed, characters=limits.page_characters)
    if printed and len(found.composed.words) <= len(printed):
        # Nothing new: the page keeps its lines and tables as its reader made them.
        return replace(page, warnings=(), needs_recognition=False)
    return replace(
        page,
        composed=found.composed,
        origin=Origin.OCR if 2 * len(printed) < len(found.composed.words) else page.origin,
        warnings=found.warnings,
        needs_recognition=False,
    )


def _picture(opened: OpenFile, page: ReadPage, number: int, limits: Limits) -> GrayPicture:
    scanned, own_number = innermost(opened, number)
    if isinstance(scanned, ShowsScans):
        return scanned.scan(own_number)
    pixels = (limits.picture_pixels / max(page.width * page.height, 1.0)) ** 0.5
    width_pixels = round(page.width * min(_DOTS_PER_INCH / _POINTS_PER_INCH, pixels))
    with Image.open(BytesIO(opened.draw(number, width_pixels)), formats=("PNG",)) as picture:
        return GrayPicture(pixels=np.asarray(picture.convert("L")), width=page.width, height=page.height)


def _printed(composed: ComposedText) -> Iterator[PlacedWord]:
    for word in composed.words:
        box = word.box
        yield PlacedWord(box.x0, box.y0, box.x1, box.y1, composed.text[word.start : word.end])


@cache
def _recognizer() -> Recognizer:
    """One a process: loading a language takes 0.1 s and 30 MB."""
    return Recognizer()
