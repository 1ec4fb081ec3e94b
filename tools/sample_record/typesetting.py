"""Put words, rules and boxes on a sheet: fonts, line breaking and the drawing of one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pymupdf

Colour = tuple[float, float, float]
INK: Colour = (0.09, 0.1, 0.12)
GREY: Colour = (0.38, 0.4, 0.44)
HAIRLINE: Colour = (0.72, 0.74, 0.77)
RED: Colour = (0.7, 0.08, 0.1)

# The fonts that PyMuPDF carries, by family and by weight: r regular, b bold, i italic.
FACES = {
    "sans": {"r": "helv", "b": "hebo", "i": "heit"},
    "serif": {"r": "tiro", "b": "tibo", "i": "tiit"},
    "mono": {"r": "cour", "b": "cobo", "i": "coit"},
}


@cache
def face(code: str) -> Any:
    return pymupdf.Font(code)


def text_width(text: str, code: str, size: float) -> float:
    missing = [letter for letter in text if not face(code).has_glyph(ord(letter))]
    if missing:
        raise ValueError(f"the font {code} has no glyph for {missing}; write it in another way")
    return float(face(code).text_length(text, fontsize=size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring characters in one font; `code` names the font as PyMuPDF does."""

    text: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMark:
    x: float
    y: float  # the base line
    text: str
    code: str
    size: float
    colour: Colour = INK


@dataclass(frozen=True, slots=True, kw_only=True)
class RectMark:
    x0: float
    y0: float
    x1: float
    y1: float
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = 0.6
    round: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMark:
    points: tuple[tuple[float, float], ...]
    colour: Colour = HAIRLINE
    width: float = 0.6
    dashes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleMark:
    x: float
    y: float
    radius: float
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = 0.8


Mark = TextMark | RectMark | LineMark | CircleMark


def runs_of(text: str, family: str) -> list[Run]:
    """Split `**bold**` and `_italic_` marks into runs. An underscore counts only at a word's edge."""
    faces, runs, weight = FACES[family], [], "r"
    for number, part in enumerate(text.split("**")):
        weight = "b" if number % 2 else "r"
        if part:
            runs.append(Run(text=part, code=faces[weight]))
    if len(runs) == 1 and text.startswith("_") and text.endswith("_"):
        return [Run(text=text[1:-1], code=faces["i"])]
    return runs


def break_lines(runs: Sequence[Run], size: float, width: float) -> list[list[Run]]:
    """Greedy line breaking at blanks. Only a word that is wider than `width` by itself leaves it."""
    lines: list[list[Run]] = []
    line: list[Run] = []
    used = 0.0
    glued = False  # the last word had no blank after it, so the next run continues it
    for run in runs:
        for number, word in enumerate(run.text.split(" ")):
            continues = number == 0 and (glued or not line) and not run.text.startswith(" ")
            gap = "" if continues or not line else " "
            needed = text_width(gap + word, run.code, size)
            if line and not continues and used + needed > width:
                lines.append(line)
                line, used, gap = [], 0.0, ""
                needed = text_width(word, run.code, size)
            if word:
                line.append(Run(text=gap + word, code=run.code))
                used += needed
        glued = not run.text.endswith(" ")
    return [*lines, line] if line else lines


def line_marks(line: Sequence[Run], x: float, y: float, size: float, colour: Colour = INK) -> list[TextMark]:
    """Neighbours in one font become one mark, so that a line is a line for every PDF reader."""
    marks: list[TextMark] = []
    text, code, start = "", "", x
    for run in [*line, Run(text="", code="")]:
        if run.code == code:
            text += run.text
            continue
        if text:
            marks.append(TextMark(x=start, y=y, text=text, code=code, size=size, colour=colour))
            start += text_width(text, code, size)
        text, code = run.text, run.code
    return marks


def draw(page: Any, marks: Sequence[Mark]) -> None:
    """Draw in the order given: it is the order in which a reader gets the text back."""
    codes = sorted({mark.code for mark in marks if isinstance(mark, TextMark)})
    for code in codes:
        page.insert_font(fontname=f"F{code}", fontbuffer=face(code).buffer)
    shape = page.new_shape()
    for mark in marks:
        match mark:
            case TextMark():
                shape.insert_text(
                    (mark.x, mark.y), mark.text, fontname=f"F{mark.code}", fontsize=mark.size, color=mark.colour
                )
            case RectMark():
                radius = mark.round / min(mark.x1 - mark.x0, mark.y1 - mark.y0) if mark.round else None
                shape.draw_rect(pymupdf.Rect(mark.x0, mark.y0, mark.x1, mark.y1), radius=radius)
                shape.finish(color=mark.stroke, fill=mark.fill, width=mark.width if mark.stroke else 0)
            case LineMark():
                shape.draw_polyline([pymupdf.Point(*point) for point in mark.points])
                shape.finish(color=mark.colour, width=mark.width, dashes=mark.dashes, closePath=False)
            case CircleMark():
                shape.draw_circle(pymupdf.Point(mark.x, mark.y), mark.radius)
                shape.finish(color=mark.stroke, fill=mark.fill, width=mark.width if mark.stroke else 0)
    shape.commit()
