"""Put recognized words into the order in which PDF pages are read, with boxes on the page as it is displayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from assistant.domain import Box, Word, Words
from assistant.ingestion.layout.page_text import ComposedText, PlacedWord, compose
from assistant.ingestion.layout.reading_order import reading_order
from assistant.ingestion.ocr.engine import FoundWord
from assistant.ingestion.ocr.upright import Boxes, UprightPicture

# A recognized word this much covered by a printed one is the same word seen again.
_COVERED = 0.4
# Beside printed words, only what Tesseract is sure of: the rest is the texture of a picture.
_SURE_BESIDE_PRINTED = 0.6
_SMALLEST_POINTS = 0.5
_POINTS_PER_INCH = 72.0


def composed_page(
    upright: UprightPicture, found: Sequence[FoundWord], *, printed: Sequence[PlacedWord], characters: int
) -> ComposedText:
    """The page's text, ordered as it stands upright. `printed` words are right, and stand as the page is displayed."""
    points = _POINTS_PER_INCH / upright.dots_per_inch
    recognized = _placed([(word.x0, word.y0, word.x1, word.y1) for word in found], [w.text for w in found], points)
    confidences: dict[tuple[float, float, str], float] = {}
    lines = [word.line for word in found]
    typed = _typed(upright, printed, points)
    if typed:
        kept = [at for at, word in enumerate(recognized) if not _is_known(word, found[at].confidence, typed)]
        recognized, found = [recognized[at] for at in kept], [found[at] for at in kept]
        lines = [lines[at] for at in kept]
    for word, seen in zip(recognized, found, strict=True):
        confidences[_key(word.x0, word.y0, word.text)] = seen.confidence
    first_typed = max(lines, default=0) + 1
    blocks = reading_order([*recognized, *typed], lines + [first_typed + line for line in _lines(typed)])
    rows, columns = upright.pixels.shape
    composed = compose(blocks, width=columns * points, height=rows * points, characters=characters)
    return _on_page(composed, upright, confidences)


def _placed(
    boxes: Sequence[tuple[float, float, float, float]], texts: Sequence[str], points: float
) -> list[PlacedWord]:
    scaled = np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * points
    return [PlacedWord._make((*box, text)) for box, text in zip(np.round(scaled, 2).tolist(), texts, strict=True)]


def _typed(upright: UprightPicture, printed: Sequence[PlacedWord], points: float) -> list[PlacedWord]:
    if not printed:
        return []
    boxes = upright.from_page(np.array([word[:4] for word in printed]))
    return _placed([(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()], [word.text for word in printed], points)


def _is_known(word: PlacedWord, confidence: float, typed: Sequence[PlacedWord]) -> bool:
    """Whether the word is printed already, or too doubtful to stand beside printed ones."""
    if confidence < _SURE_BESIDE_PRINTED:
        return True
    area = max((word.x1 - word.x0) * (word.y1 - word.y0), 0.01)
    for other in typed:
        width = min(word.x1, other.x1) - max(word.x0, other.x0)
        height = min(word.y1, other.y1) - max(word.y0, other.y0)
        if width > 0 and height > 0 and width * height > _COVERED * area:
            return True
    return False


def _lines(typed: Sequence[PlacedWord]) -> Iterator[int]:
    """Line numbers for printed words, which come in reading order: a new one where the next word stands elsewhere."""
    number = 0
    for at, word in enumerate(typed):
        before = typed[max(at - 1, 0)]
        if word.x0 < before.x0 or not before.y0 <= word.middle <= before.y1:
            number += 1
        yield number


def _on_page(
    composed: ComposedText, upright: UprightPicture, confidences: dict[tuple[float, float, str], float]
) -> ComposedText:
    words = list(composed.words)
    boxes = np.array([word.box.as_list() for word in words], dtype=np.float64).reshape(-1, 4)
    turned = upright.on_page(boxes * (upright.dots_per_inch / _POINTS_PER_INCH))
    placed = [
        Word(
            start=word.start,
            end=word.end,
            box=box,
            confidence=confidences.get(_key(word.box.x0, word.box.y0, composed.text[word.start : word.end])),
        )
        for word, box in zip(words, _cut(turned, upright.width, upright.height), strict=True)
    ]
    return ComposedText(text=composed.text, words=Words(placed), lines=composed.lines)


def _cut(boxes: Boxes, width: float, height: float) -> Iterator[Box]:
    """The boxes within the page, never empty."""
    for x0, y0, x1, y1 in np.round(boxes, 2).tolist():
        left, top = min(max(x0, 0.0), width - _SMALLEST_POINTS), min(max(y0, 0.0), height - _SMALLEST_POINTS)
        right, bottom = max(min(x1, width), left + _SMALLEST_POINTS), max(min(y1, height), top + _SMALLEST_POINTS)
        yield Box(x0=left, y0=top, x1=right, y1=bottom)


def _key(x0: float, y0: float, text: str) -> tuple[float, float, str]:
    return round(x0, 2), round(y0, 2), text
