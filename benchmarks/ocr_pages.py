"""Type clinical notes: in one column, in two, and with a ruled laboratory table above."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pymupdf

WIDTH, HEIGHT = 595.0, 842.0
_TOP, _BOTTOM = 90.0, 770.0
_TABLE_ROWS = 16
_TESTS = """
Potassium mmol/L 2.8 6.2
Sodium mmol/L 128 149
Creatinine umol/L 48 320
Urea mmol/L 2.1 24.8
eGFR mL/min/1.73m2 14 98
Haemoglobin g/L 71 168
Platelets 10^9/L 62 510
White cells 10^9/L 2.1 18.9
CRP mg/L 1 240
Albumin g/L 21 48
ALT U/L 8 420
Bilirubin umol/L 4 88
INR ratio 0.9 4.8
Troponin ng/L 3 980
HbA1c mmol/mol 31 104
Glucose mmol/L 3.1 22.4
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPage:
    """A typed page, a PDF of its own."""

    layout: str
    pdf: bytes


def known_pages(notes: Sequence[Path]) -> Iterator[KnownPage]:
    """One page a note, the three layouts in turn."""
    for number, note in enumerate(notes):
        text = note.read_text(encoding="utf-8")
        sheet = _Sheet(chance=random.Random(number))
        layout = ("one column", "two columns", "table")[number % 3]
        sheet.header(number)
        if layout == "two columns":
            sheet.columns(text)
        elif layout == "table":
            sheet.table()
            sheet.column(text, 60, 535, top=_TOP + _TABLE_ROWS * 16 + 40, font="helv", size=10)
        else:
            sheet.column(text, 60, 535, top=_TOP, font=sheet.chance.choice(("helv", "tiro", "cour")), size=10.5)
        sheet.footer(number)
        yield KnownPage(layout=layout, pdf=sheet.finish())


@dataclass(slots=True, kw_only=True)
class _Sheet:
    chance: random.Random
    document: pymupdf.Document = field(default_factory=pymupdf.open)
    page: pymupdf.Page = None

    def __post_init__(self) -> None:
        self.page = self.document.new_page(width=WIDTH, height=HEIGHT)

    def header(self, number: int) -> None:
        self._line(["Harbour", "Lane", "Surgery"], 60, 55, "hebo", 13)
        words = f"Record number {410_000 + 7 * number} printed {1 + number % 28:02d}/03/2024".split()
        self._line(words, 340, 55, "helv", 9)

    def footer(self, number: int) -> None:
        self._line(f"Page {1 + number % 5} of 5".split(), 265, 810, "helv", 8)

    def columns(self, text: str) -> None:
        rest = self.column(text, 50, 285, top=_TOP, font="tiro", size=9.5)
        self.column(rest, 310, 545, top=_TOP, font="tiro", size=9.5)

    def column(self, text: str, x0: float, x1: float, *, top: float, font: str, size: float) -> str:
        """Fill a column; what did not fit comes back."""
        face, y = pymupdf.Font(font), top
        paragraphs = text.split("\n")
        for at, paragraph in enumerate(paragraphs):
            words = [word for word in paragraph.replace("•", "-").split() if word.isascii()]
            while words:
                if y > _BOTTOM:
                    return "\n".join([" ".join(words), *paragraphs[at + 1 :]])
                count = self._fitting(words, face, size, x1 - x0)
                self._line(words[:count], x0, y, font, size)
                words = words[count:]
                y += 1.32 * size
            y += 0.35 * size
        return ""

    def table(self) -> None:
        stops, right, top = (60, 210, 290, 380, 490), 535, _TOP
        for row, cells in enumerate(self._rows()):
            y = top + row * 16
            for x, cell in zip(stops, cells, strict=True):
                self._line(cell.split(), x + 4, y, "hebo" if row == 0 else "helv", 9)
        for row in range(_TABLE_ROWS + 2):
            self.page.draw_line((stops[0], top - 11 + row * 16), (right, top - 11 + row * 16), width=0.6)
        for x in (*stops, right):
            self.page.draw_line((x, top - 11), (x, top - 11 + (_TABLE_ROWS + 1) * 16), width=0.6)

    def finish(self) -> bytes:
        data: bytes = self.document.tobytes()
        self.document.close()
        return data

    def _rows(self) -> Iterator[tuple[str, ...]]:
        yield "Test", "Result", "Unit", "Reference", "Flag"
        for test in self.chance.sample(_TESTS.splitlines(), _TABLE_ROWS):
            *name, unit, low, high = test.split()
            digits = 1 if "." in low else 0
            values = sorted(self.chance.uniform(float(low), float(high)) for _ in range(3))
            value = self.chance.uniform(float(low), float(high))
            flag = "H" if value > values[2] else "L" if value < values[0] else "N"
            yield " ".join(name), f"{value:.{digits}f}", unit, f"{values[0]:.{digits}f}-{values[2]:.{digits}f}", flag

    def _fitting(self, words: Sequence[str], face: pymupdf.Font, size: float, width: float) -> int:
        count = 1
        while count < len(words) and face.text_length(" ".join(words[: count + 1]), size) <= width:
            count += 1
        return count

    def _line(self, words: Sequence[str], x: float, y: float, font: str, size: float) -> None:
        face = pymupdf.Font(font)
        for word in words:
            width = face.text_length(word, size)
            self.page.insert_text((x, y), word, fontname=font, fontsize=size)
            x += width + face.text_length(" ", size)
