"""How MuPDF says that each word of a page is painted: its size, colour, opacity, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pymupdf

from assistant.ingestion.pdf.words import LINES_A_BLOCK, Boxes, displayed

# MuPDF's marks on a span: filled, stroked, or a clip through which something is painted (a pattern, a picture).
_PAINTED = 16 | 32
_CLIP = 64
# Of 255: below 5 % nothing is seen.
_FAINTEST_ALPHA = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of letters painted alike. `size_points` is of the page as displayed; `colour` red, green, blue to 255."""

    size_points: float
    colour: tuple[int, int, int]
    is_painted: bool
    is_transparent: bool
    is_clip: bool


@dataclass(slots=True)
class Spans:
    """The spans of a page, by the line that they stand in."""

    _lines: dict[int, tuple[list[Span], Boxes]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: pymupdf.TextPage, turn: pymupdf.Matrix) -> Spans:
        """All spans of a page."""
        spans = cls()
        for block in text.extractDICT()["blocks"]:
            for number, line in enumerate(block.get("lines", ())):
                found = line["spans"]
                spans._lines[block["number"] * LINES_A_BLOCK + number] = (
                    [_span(entry) for entry in found],
                    displayed([entry["bbox"] for entry in found], turn),
                )
        return spans

    def of_word(self, line: int, box: Sequence[float]) -> Span | None:
        """The span that a word of the line stands in: the one whose box is nearest to its middle."""
        spans, boxes = self._lines.get(line, ([], None))
        if boxes is None or not spans:
            return None
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        across = (boxes[:, 0] - x).clip(0) + (x - boxes[:, 2]).clip(0)
        down = (boxes[:, 1] - y).clip(0) + (y - boxes[:, 3]).clip(0)
        away = across + down
        return spans[int(away.argmin())]


def _span(entry: dict[str, float]) -> Span:
    colour, marks = int(entry["color"]), int(entry["char_flags"])
    is_clip = bool(marks & _CLIP)
    return Span(
        size_points=float(entry["size"]),
        colour=(colour >> 16 & 255, colour >> 8 & 255, colour & 255),
        is_painted=is_clip or bool(marks & _PAINTED),
        is_transparent=not is_clip and int(entry["alpha"]) < _FAINTEST_ALPHA,
        is_clip=is_clip,
    )
