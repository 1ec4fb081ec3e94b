"""Invented laboratory tables in the styles that clinics print, and how many of their rows a reader keeps whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pymupdf

Row = tuple[str, ...]

_TESTS = """
Sodium|Potassium|Urea|Creatinine|eGFR (CKD-EPI)|Haemoglobin|Platelets|White cell count|Alkaline phosphatase|
Adjusted calcium|C-reactive protein|Ferritin|Thyroid stimulating hormone|NT-proBNP|Urine albumin:creatinine ratio
"""
_UNITS = ("mmol/L", "g/L", "10*9/L", "U/L", "%", "mL/min")
_NOTES = ("Repeat in two weeks", "Haemolysed sample", "Phoned to the ward at 14:20", "See the letter of 3 May", "")
_LINE = 11.0
_FILLED = 0.6
_LEFT, _TOP, _FONT, _SIZE = 50.0, 120.0, "helv", 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a table is set. Gaps and padding in points."""

    name: str
    gap: float = 24.0
    padding: float = 5.0
    is_ruled: bool = False
    has_rules_between: bool = False
    is_right_aligned: bool = False
    note_width: float = 0.0
    name_width: float = 0.0
    is_centred: bool = False
    is_sparse: bool = False


STYLES = (
    Style(name="wide gaps"),
    Style(name="narrow gaps", gap=7.0),
    Style(name="a grid of rules", gap=6.0, is_ruled=True),
    Style(name="rules between rows", has_rules_between=True),
    Style(name="numbers right", is_right_aligned=True),
    Style(name="wrapped notes", note_width=70.0),
    Style(name="wrapped notes in a grid", note_width=70.0, gap=6.0, is_ruled=True),
    Style(name="wrapped names", name_width=70.0),
    Style(name="centred in a grid", note_width=70.0, name_width=70.0, gap=8.0, is_ruled=True, is_centred=True),
    Style(name="centred between rules", note_width=70.0, has_rules_between=True, is_centred=True),
    Style(name="empty cells", is_sparse=True),
    Style(name="close lines", padding=1.0),
)


def write_table(page: pymupdf.Page, style: Style, chance: random.Random) -> list[Row]:
    """Draw one table below a paragraph, and say which rows it has."""
    page.insert_textbox((_LEFT, 60, 545, _TOP - 20), "The patient was seen in the clinic today. " * 4, fontsize=_SIZE)
    tests = chance.sample("".join(_TESTS.split("\n")).split("|"), 10)
    rows = [("Test", "Result", "Unit", "Reference range", "Comment"), *(_row(test, style, chance) for test in tests)]
    limits = (style.name_width, 0.0, 0.0, 0.0, style.note_width)
    cells = [[_wrapped(cell, limit) for cell, limit in zip(row, limits, strict=True)] for row in rows]
    widths = [max(_width(line) for row in cells for line in row[column]) for column in range(5)]
    lefts = [_LEFT + sum(widths[:column]) + column * style.gap for column in range(5)]
    top = _TOP
    for row in cells:
        bottom = top + max(map(len, row)) * _LINE + style.padding
        _draw_row(page, style, row, lefts, widths, top)
        if style.is_ruled or style.has_rules_between:
            page.draw_line((_LEFT - 3, bottom), (lefts[-1] + widths[-1] + 3, bottom), width=0.5)
        top = bottom
    if style.is_ruled:
        for x in (*(left - style.gap / 2 for left in lefts), lefts[-1] + widths[-1] + style.gap / 2):
            page.draw_line((x, _TOP), (x, top), width=0.5)
    return rows


def kept_rows(text: str, rows: Sequence[Row], separator: str = "\t") -> int:
    """How many of the rows stand on one line each, cell by cell."""
    lines = {line.rstrip("\t ") for line in text.splitlines()}
    return sum(separator.join(row).rstrip("\t ") in lines for row in rows)


def kept_share(read: Callable[[bytes], str], style: Style, tables: int = 20) -> float:
    """The share of the rows of so many tables that a reader keeps."""
    chance = random.Random(style.name)
    kept = total = 0
    for _ in range(tables):
        with pymupdf.open() as document:
            rows = write_table(document.new_page(width=595, height=842), style, chance)
            kept += kept_rows(read(document.tobytes()), rows)
        total += len(rows)
    return round(kept / total, 3)


def _row(test: str, style: Style, chance: random.Random) -> Row:
    low = round(chance.uniform(1, 100), 1)
    value = f"{chance.uniform(1, 150):.1f}{chance.choice((' H', ' L', '', ''))}"
    row = (test, value, chance.choice(_UNITS), f"{low}-{low + 20:.1f}", chance.choice(_NOTES))
    if not style.is_sparse:
        return row
    return test, *(cell if chance.random() < _FILLED else "" for cell in row[1:])


def _draw_row(
    page: pymupdf.Page, style: Style, row: list[list[str]], lefts: list[float], widths: list[float], top: float
) -> None:
    tallest = max(map(len, row))
    for column, lines in enumerate(row):
        down = _LINE * (tallest - len(lines)) / 2 if style.is_centred else 0.0
        for number, line in enumerate(lines):
            is_right = style.is_right_aligned and column in (1, 3)
            x = lefts[column] + (widths[column] - _width(line) if is_right else 0.0)
            page.insert_text((x, top + 10 + down + _LINE * number), line, fontname=_FONT, fontsize=_SIZE)


def _wrapped(cell: str, width: float) -> list[str]:
    lines = [""]
    for word in cell.split():
        longer = f"{lines[-1]} {word}".strip()
        if width and lines[-1] and _width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _width(text: str) -> float:
    return float(pymupdf.get_text_length(text, fontname=_FONT, fontsize=_SIZE))
