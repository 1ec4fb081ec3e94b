"""Flow the blocks of a manuscript down columns and over pages."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tools.sample_record.markup import (
    Block,
    Columns,
    Heading,
    PageBreak,
    Pairs,
    Paragraph,
    Rule,
    Signature,
    Table,
)
from tools.sample_record.typesetting import (
    FACES,
    GREY,
    HAIRLINE,
    INK,
    RED,
    Colour,
    LineMark,
    Mark,
    RectMark,
    Run,
    TextMark,
    break_lines,
    line_marks,
    runs_of,
    text_width,
)

GUTTER = 18.0
PEN: Colour = (0.1, 0.14, 0.42)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one institution sets its text; sizes in points."""

    family: str
    size: float
    leading: float
    accent: Colour
    heading: str = "bold"  # bold, caps, band, underline
    table: str = "lines"  # lines, grid, band
    tint: Colour = (0.95, 0.96, 0.97)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The room for text: the sheet's width, the margins, and where text starts on the first and on later pages."""

    width: float
    left: float
    right: float
    first_top: float
    next_top: float
    bottom: float


class Flow:
    """The pen: it knows the page, the column and how far down it is."""

    def __init__(self, look: Look, frame: Frame) -> None:
        self.look, self.frame = look, frame
        self.pages: list[list[Mark]] = [[]]
        self.columns, self.column = 1, 0
        self.y = self.top = frame.first_top
        self.floor = frame.bottom  # columns that do not fill the page end here, so that both are equally long
        self.lowest = self.y
        self.after_bullet = False
        self.unset = 0.0  # what is left of a section in columns, as the height of one endless column

    @property
    def width(self) -> float:
        return (self.frame.right - self.frame.left - GUTTER * (self.columns - 1)) / self.columns

    @property
    def x(self) -> float:
        return self.frame.left + self.column * (self.width + GUTTER)

    def put(self, *marks: Mark) -> None:
        self.pages[-1].extend(marks)

    def room(self, height: float) -> None:
        """Go on to the next column or page when `height` does not fit here."""
        floor = self.floor if self.column < self.columns - 1 else self.frame.bottom
        if self.y + height <= floor or self.y == self.top:
            return
        self.lowest = max(self.lowest, self.y)
        if self.column < self.columns - 1:
            self.column, self.y = self.column + 1, self.top
        else:
            self.new_page()

    def new_page(self) -> None:
        self.pages.append([])
        self.unset -= self.columns * (self.frame.bottom - self.top)
        self.column = 0
        self.y = self.top = self.lowest = self.frame.next_top
        self.floor = self.level_floor()

    def set_columns(self, count: int, height: float = 0.0) -> None:
        """Start a section of `count` columns; `height` is what its text would take in one such column."""
        self.lowest = max(self.lowest, self.y)
        self.y = self.top = self.lowest + (6 if count > 1 or self.columns > 1 else 0)
        self.columns, self.column = count, 0
        self.unset = height
        self.floor = self.level_floor()

    def level_floor(self) -> float:
        """Where the columns of this page end so that they come out equally long."""
        if self.columns == 1:
            return self.frame.bottom
        return min(self.top + max(self.unset, 0.0) / self.columns + 14, self.frame.bottom)

    # What one block looks like.

    def lines(self, runs: Sequence[Run], *, size: float, indent: float = 0.0, colour: Colour = INK) -> None:
        step = size * self.look.leading
        for line in break_lines(runs, size, self.width - indent):
            self.room(step)
            self.put(*line_marks(line, self.x + indent, self.y + size, size, colour))
            self.y += step

    def heading(self, block: Heading, *, before_table: bool) -> None:
        look, size = self.look, self.look.size + (2.2 if block.level == 1 else 0.4)
        self.room(size * 2 + (9 if before_table else 3.5) * look.size)  # never alone at the foot of a page
        if self.y > self.top:
            self.y += size * (0.75 if block.level == 1 else 0.35)
        code, text = FACES[look.family]["b"], block.text
        if block.level > 1:
            self.lines([Run(text=text, code=code)], size=size, colour=look.accent if look.heading == "caps" else INK)
            return
        if look.heading == "band":
            self.put(RectMark(x0=self.x, y0=self.y, x1=self.x + self.width, y1=self.y + size * 1.5, fill=look.accent))
            self.put(
                TextMark(x=self.x + 5, y=self.y + size * 1.1, text=text, code=code, size=size - 1, colour=(1, 1, 1))
            )
            self.y += size * 1.5 + 5
            return
        text, size = (text.upper(), size - 2) if look.heading == "caps" else (text, size)
        self.lines([Run(text=text, code=code)], size=size, colour=INK if look.heading == "underline" else look.accent)
        if look.heading != "bold":
            self.put(LineMark(points=((self.x, self.y + 1), (self.x + self.width, self.y + 1)), colour=look.accent))
            self.y += 5

    def paragraph(self, block: Paragraph) -> None:
        look, size = self.look, self.look.size
        if block.kind == "alert":
            self.alert(block.text)
        elif block.kind == "small":
            self.lines(runs_of(block.text, look.family), size=size - 1.6, colour=GREY)
            self.y += 3
        elif block.kind == "mono":
            self.lines(runs_of(block.text, "mono"), size=size - 0.5)
        elif block.kind == "bullet":
            self.room(size * look.leading)
            self.put(TextMark(x=self.x + 3, y=self.y + size, text="•", code=FACES[look.family]["r"], size=size))
            self.lines(runs_of(block.text, look.family), size=size, indent=13)
            self.y += size * 0.15
        else:
            self.lines(runs_of(block.text, look.family), size=size)
            self.y += size * 0.55

    def alert(self, text: str) -> None:
        size = self.look.size
        lines = break_lines(runs_of(text, self.look.family), size, self.width - 16)
        height = len(lines) * size * self.look.leading + 9
        self.room(height)
        self.put(
            RectMark(x0=self.x, y0=self.y, x1=self.x + self.width, y1=self.y + height, fill=(1, 0.96, 0.95), stroke=RED)
        )
        for number, line in enumerate(lines):
            y = self.y + 3 + size + number * size * self.look.leading
            self.put(*line_marks(line, self.x + 8, y, size))
        self.y += height + size * 0.6

    def pairs(self, block: Pairs) -> None:
        look, size = self.look, self.look.size
        bold = FACES[look.family]["b"]
        indent = min(max(text_width(label, bold, size) for label, _ in block.rows) + 10, self.width * 0.45)
        for label, value in block.rows:
            self.room(size * look.leading)
            self.put(TextMark(x=self.x, y=self.y + size, text=label, code=bold, size=size))
            self.lines(runs_of(value or "–", look.family), size=size, indent=indent)
        self.y += size * 0.55

    def table(self, block: Table) -> None:
        head, *rows = block.rows
        size = self.look.size - (1.0 if block.numeric else 0.6)
        edges = [self.width * sum(block.widths[:n]) / sum(block.widths) for n in range(len(head) + 1)]
        self.room(size * 6)
        self.table_row(head, edges, size, number=-1, numeric=block.numeric)
        for number, row in enumerate(rows):
            before = len(self.pages)
            self.room(self.row_height(row, edges, size))
            if len(self.pages) > before:  # the head again, as every printed table does
                self.table_row(head, edges, size, number=-1, numeric=block.numeric)
            self.table_row(row, edges, size, number=number, numeric=block.numeric)
        self.y += self.look.size * 0.9

    def cell_lines(
        self, row: Sequence[str], edges: Sequence[float], size: float, *, bold: bool
    ) -> list[list[list[Run]]]:
        text = [f"**{cell}**" if bold and cell and "**" not in cell else cell for cell in row]
        room = [right - left - 7 for left, right in pairwise(edges)]
        cells = zip(text, room, strict=True)
        return [break_lines(runs_of(cell, self.look.family), size, width) for cell, width in cells]

    def row_height(self, row: Sequence[str], edges: Sequence[float], size: float) -> float:
        deepest = max((len(cell) for cell in self.cell_lines(row, edges, size, bold=False)), default=1)
        return max(deepest, 1) * size * 1.22 + 4.6

    def table_row(self, row: Sequence[str], edges: Sequence[float], size: float, *, number: int, numeric: bool) -> None:
        look, head, section = self.look, number < 0, bool(row[0]) and not any(row[1:])
        height = self.row_height(row, edges, size)
        x0, x1, y0, y1 = self.x, self.x + self.width, self.y, self.y + height
        fill = look.accent if head and look.table == "band" else look.tint if head or section else None
        if fill is None and look.table == "band" and number % 2:
            fill = (0.975, 0.98, 0.985)
        if fill or look.table == "grid":
            stroke = HAIRLINE if look.table == "grid" else None
            self.put(RectMark(x0=x0, y0=y0, x1=x1, y1=y1, fill=fill, stroke=stroke))
        if look.table == "grid" and not section:
            self.put(*(LineMark(points=((x0 + edge, y0), (x0 + edge, y1))) for edge in edges[1:-1]))
        colour = (1.0, 1.0, 1.0) if head and look.table == "band" else INK
        for cell, edge in zip(self.cell_lines(row, edges, size, bold=head or section), edges, strict=False):
            flagged = numeric and not head and "".join(run.text for line in cell for run in line).endswith((" H", " L"))
            for line_number, line in enumerate(cell):
                y = y0 + 2.2 + size + line_number * size * 1.22
                self.put(*line_marks(line, x0 + edge + 3.5, y, size, RED if flagged else colour))
        self.put(LineMark(points=((x0, y1), (x1, y1)), colour=look.accent if head else HAIRLINE))
        self.y = y1

    def signature(self, block: Signature) -> None:
        look, size = self.look, self.look.size
        self.room(size * 6.5)
        self.y += size * 0.6
        if block.by_hand:
            self.put(LineMark(points=scrawl(block.name, self.x + 4, self.y + size * 1.6), colour=PEN, width=1.1))
            self.y += size * 3
        else:  # what letter programs print when a letter is signed on the screen
            note = [Run(text="Electronically checked and signed", code=FACES[look.family]["i"])]
            self.lines(note, size=size - 1, colour=GREY)
        self.y += size * 0.3
        self.lines([Run(text=block.name, code=FACES[look.family]["b"])], size=size)
        self.lines(runs_of(block.role, look.family), size=size)
        self.y += size * 0.6

    def rule(self) -> None:
        self.put(LineMark(points=((self.x, self.y + 2), (self.x + self.width, self.y + 2))))
        self.y += 8

    def block(self, block: Block, *, before_table: bool = False) -> None:
        is_bullet = isinstance(block, Paragraph) and block.kind == "bullet"
        if self.after_bullet and not is_bullet and self.y > self.top:
            self.y += self.look.size * 0.45
        self.after_bullet = is_bullet
        match block:
            case Heading():
                self.heading(block, before_table=before_table)
            case Paragraph():
                self.paragraph(block)
            case Pairs():
                self.pairs(block)
            case Table():
                self.table(block)
            case Signature():
                self.signature(block)
            case PageBreak():
                self.new_page()
            case Rule():
                self.rule()
            case _:
                raise ValueError("this block must be replaced before the text flows")


def scrawl(name: str, x: float, y: float) -> tuple[tuple[float, float], ...]:
    """A pen stroke in the place of a signature; each name has its own."""
    hand = random.Random(name)  # the same name gives the same stroke on every run
    pace, slant = hand.uniform(0.45, 0.8), hand.uniform(0.3, 0.9)
    heights = [14.0, *(hand.choice((2.0, 3.0, 4.0, 9.0)) for _ in range(20))]
    points = []
    for step in range(110):
        turn = step * pace
        height = heights[int(turn / math.tau)] if step < 90 else 1.2
        lift = height * (0.6 + math.sin(turn)) - step * 0.02
        points.append((x + step * 0.9 + slant * lift + 2.5 * math.cos(turn), y - lift * 0.7))
    return tuple(points)


def _height(blocks: Sequence[Block], look: Look, frame: Frame, columns: int) -> float:
    """What the blocks take in one endless column of a section."""
    width = (frame.right - frame.left - GUTTER * (columns - 1)) / columns
    endless = Frame(
        width=frame.width, left=frame.left, right=frame.left + width, first_top=0.0, next_top=0.0, bottom=1e9
    )
    flow = Flow(look, endless)
    for block in blocks:
        flow.block(block)
    return flow.y


def flow_pages(blocks: Sequence[Block], look: Look, frame: Frame) -> list[list[Mark]]:
    """The marks of each page; heads and feet are not in them."""
    flow = Flow(look, frame)
    for number, block in enumerate(blocks):
        if isinstance(block, Columns):
            rest = list(blocks[number + 1 :])
            ends = [n for n, later in enumerate(rest) if isinstance(later, Columns | PageBreak)]
            section = rest[: ends[0]] if ends else rest
            flow.set_columns(block.count, _height(section, look, frame, block.count) if block.count > 1 else 0.0)
        else:
            following = blocks[number + 1] if number + 1 < len(blocks) else None
            flow.block(block, before_table=isinstance(following, Table))
    return flow.pages
