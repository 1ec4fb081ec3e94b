"""How wide the columns of a table are: as their contents ask, narrowed where the page is too narrow for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from assistant.ingestion.flow.faces import Face

# Contents decide up to here; a column of long remarks must not starve the column of numbers beside it.
_WIDEST_WISH = 300.0
_LONGEST_WORD = 90.0
_NARROWEST = 14.0
# A sum of widths depends on its order in the last digit; a text that just fits must not be wrapped for it.
_SLACK = 0.01
# Widths are taken from so many rows of a long table, spread over it; what is longer elsewhere is wrapped.
_MEASURED_ROWS = 600
# MuPDF and PDF viewers go up to 14,400 points.
_WIDEST_TABLE = 4_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where a column's text begins on the page, and how wide it may be, in points."""

    x: float
    width: float


def columns_for(
    rows: Sequence[tuple[str, ...]], *, face: Face, size: float, x: float, room: float, padding: float
) -> tuple[Column, ...]:
    """The columns of a table that begins at `x` and has `room`; wider than that only where its words need it."""
    measured = rows[:: len(rows) // _MEASURED_ROWS + 1]
    count = max(map(len, rows), default=0)
    wishes = [_NARROWEST] * count
    needs = [_NARROWEST] * count
    for number, cells in enumerate(zip_longest(*measured, fillvalue="")):
        for text in filter(None, cells):
            width = face.width(text) * size if "\n" not in text else _longest_line(text, face) * size
            wishes[number] = max(wishes[number], min(width, _WIDEST_WISH))
            if width > needs[number]:
                needs[number] = max(needs[number], min(_longest_word(text, face) * size, _LONGEST_WORD))
    widths = _shared([wish + _SLACK for wish in wishes], needs, room - 2 * padding * count)
    columns = []
    for width in widths:
        columns.append(Column(x=x + padding, width=width))
        x += width + 2 * padding
    return tuple(columns)


def _shared(wishes: list[float], needs: list[float], room: float) -> list[float]:
    """Every column gets what it needs, and of the rest its share of what it wishes for."""
    if sum(wishes) <= room:
        return wishes
    needed = sum(needs)
    if needed >= room:
        shrink = min(1.0, _WIDEST_TABLE / needed)
        return [need * shrink for need in needs]
    share = (room - needed) / (sum(wishes) - needed)
    return [need + (wish - need) * share for wish, need in zip(wishes, needs, strict=True)]


def _longest_line(text: str, face: Face) -> float:
    return max(map(face.width, text.split("\n")))


def _longest_word(text: str, face: Face) -> float:
    return max(map(face.width, text.split()), default=0.0)
