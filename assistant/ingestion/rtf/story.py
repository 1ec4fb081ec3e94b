"""One story of an RTF file (its body, a header, a note): paragraphs and rows as they end, made into flow items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from assistant.domain import HidingPlace
from assistant.ingestion.flow.items import Heading, HiddenWords, Item, PageBreak, Paragraph
from assistant.ingestion.flow.tables import Cell, GridRow, table_items

# Edges of cells closer than this (in twips, 1/20 point) are one column's; Word's own rounding is smaller.
_SAME_EDGE_TWIPS = 60
_DEEPEST_TABLE = 20
_STRUCK = "[struck out: "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    cells: tuple[tuple[Item, ...], ...]
    edges: tuple[int, ...]
    is_heading: bool


@dataclass(slots=True)
class _Level:
    """A table that is being read: its rows so far, the cells of its row, the blocks of its cell."""

    rows: list[_Row] = field(default_factory=list)
    cells: list[tuple[Item, ...]] = field(default_factory=list)
    blocks: list[Item] = field(default_factory=list)


class Story:
    """Collects a story. Level 0 is the text outside tables, deeper levels are tables in one another."""

    def __init__(self) -> None:
        self._levels = [_Level()]
        self._pieces: list[str] = []
        self._hidden: list[HiddenWords] = []
        self.marker = ""

    def say(self, text: str, *, is_struck: bool = False) -> None:
        """More text of the paragraph."""
        self._pieces.append(f"{_STRUCK}{text}]" if is_struck and text.strip() else text)

    def hide(self, text: str, place: HidingPlace) -> None:
        """Words of the paragraph that are not shown."""
        if self._hidden and self._hidden[-1].place == place:
            text = self._hidden.pop().text + text
        self._hidden.append(HiddenWords(text=_whole(text), place=place))

    def add(self, items: list[Item]) -> None:
        """Blocks that hang on the paragraph, as a text box does; they come before it."""
        self._levels[-1].blocks += items

    def end_paragraph(self, *, depth: int, heading: int | None, indent: int = 0) -> None:
        """The paragraph ends; it stands `depth` tables deep."""
        text = _whole("".join(self._pieces)).replace(f"]{_STRUCK}", "").strip("\n")
        marker = " ".join(self.marker.split())
        self._pieces.clear()
        self.marker = ""
        self._go_to(depth)
        blocks = self._levels[-1].blocks
        if text.strip():
            if heading is not None:
                blocks.append(Heading(text=f"{marker} {text}".strip(), level=heading))
            else:
                blocks.append(Paragraph(text=text, marker=marker, indent=indent))
        blocks += self._hidden
        self._hidden.clear()

    def end_cell(self, depth: int) -> None:
        """A cell ends, of the table `depth` deep."""
        self.end_paragraph(depth=depth, heading=None)
        self._go_to(depth)
        level = self._levels[-1]
        level.cells.append(tuple(level.blocks))
        level.blocks = []

    def end_row(self, depth: int, edges: tuple[int, ...], *, is_heading: bool) -> None:
        """A row ends; `edges` are where its cells end, in twips."""
        self._go_to(depth)
        level = self._levels[-1]
        if level.blocks:
            level.cells.append(tuple(level.blocks))
            level.blocks = []
        level.rows.append(_Row(cells=tuple(level.cells), edges=edges, is_heading=is_heading))
        level.cells = []

    def end_page(self) -> None:
        """A page ends here."""
        self.end_paragraph(depth=0, heading=None)
        self._go_to(0)
        self._levels[0].blocks.append(PageBreak())

    def items(self) -> list[Item]:
        """All items, once the story is over."""
        self.end_paragraph(depth=len(self._levels) - 1, heading=None)
        self._go_to(0)
        return self._levels[0].blocks

    def _go_to(self, depth: int) -> None:
        """Begin tables, or end them, until so many are open."""
        depth = min(depth, _DEEPEST_TABLE)
        while len(self._levels) > depth + 1:
            level = self._levels.pop()
            if level.cells or level.blocks:
                level.rows.append(_Row(cells=(*level.cells, tuple(level.blocks)), edges=(), is_heading=False))
            self._levels[-1].blocks += table_items(list(_grid(level.rows)))
        while len(self._levels) < depth + 1:
            self._levels.append(_Level())


def _whole(text: str) -> str:
    """`text` with the halves of its surrogate pairs put together: RTF writes a rare character as two."""
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _grid(rows: list[_Row]) -> Iterator[GridRow]:
    """The rows with every cell over as many columns as its edges say."""
    columns = _columns(rows)
    for row in rows:
        cells = []
        before = -1
        for blocks, edge in zip_longest(row.cells, row.edges[: len(row.cells)]):
            column = before + 1 if edge is None else max(columns.get(edge, before + 1), before + 1)
            cells.append(Cell(blocks=blocks, columns=column - before))
            before = column
        yield GridRow(cells=tuple(cells), is_heading=row.is_heading)


def _columns(rows: list[_Row]) -> dict[int, int]:
    """The column in which each edge ends."""
    columns: dict[int, int] = {}
    number, last = -1, None
    for edge in sorted({edge for row in rows for edge in row.edges}):
        if last is None or edge - last > _SAME_EDGE_TWIPS:
            number += 1
        columns[edge], last = number, edge
    return columns
