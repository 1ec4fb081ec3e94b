"""Put the words of a page into reading order: columns one after the other, the row of a table on one line.

MuPDF gives words in runs that share a baseline. Runs are cut at wide gaps; columns are looked for between the pieces;
inside a column, pieces beside each other become one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from assistant.ingestion.layout.columns import column_order
from assistant.ingestion.layout.loose_lines import rejoined
from assistant.ingestion.layout.page_text import Block, Line, PlacedWord
from assistant.ingestion.layout.pieces import Piece
from assistant.ingestion.layout.rules import Rules
from assistant.ingestion.layout.table_rows import rows_of
from assistant.ingestion.layout.tables import Table, sections
from assistant.ingestion.layout.text_lines import TextLine

# In line heights. Word spaces are about 0.3, in loosely justified text below 0.8; gutters are wider.
_WIDE_GAP = 0.9
# Pieces beside each other share a line if they overlap by this much of the lower one's height.
_SAME_LINE = 0.5
# A line this much further down than its neighbours starts a new block, in line heights between the lines' tops.
_BLOCK_PITCH = 1.6
_TURNED = 1.5
_NO_RULES = Rules()


def reading_order(words: Sequence[PlacedWord], line_numbers: Sequence[int], rules: Rules = _NO_RULES) -> list[Block]:
    """The words as blocks of lines. `line_numbers` says for each word in which of MuPDF's lines it is.

    Between the cells of a table's row stand CELL_ENDs; what a cell wraps stays in its row.
    """
    upright: list[Piece] = []
    turned: list[Block] = []
    for run in _runs(words, line_numbers):
        if _is_turned(run):
            turned.append([run])
        else:
            upright.extend(_pieces(run))
    blocks = [block for column in column_order(rejoined(upright)) for block in _blocks(_lines(column), rules)]
    # Words that run up or down the margin read last: a stamp must not cut a sentence in two.
    return blocks + turned


def _runs(words: Sequence[PlacedWord], line_numbers: Sequence[int]) -> Iterator[Line]:
    """The words of each of MuPDF's lines, without those drawn twice to look bold."""
    run: Line = []
    current = -1
    seen: set[tuple[str, int, int]] = set()
    for word, number in zip(words, line_numbers, strict=True):
        key = (word.text, int(word.x0) // 2, int(word.y0) // 2)
        if key in seen:
            continue
        seen.add(key)
        if number != current and run:
            yield run
            run = []
        current = number
        run.append(word)
    if run:
        yield run


def _is_turned(run: Line) -> bool:
    """Whether the run goes up or down the page: its words are higher than wide, or stand one above the other."""
    if len(run) == 1:
        word = run[0]
        return len(word.text) > 2 and word.y1 - word.y0 > _TURNED * (word.x1 - word.x0)
    across = max(word.x1 for word in run) - min(word.x0 for word in run)
    down = max(word.y1 for word in run) - min(word.y0 for word in run)
    return down > _TURNED * across


def _pieces(run: Line) -> Iterator[Piece]:
    ordered = run if _reads_right_to_left(run) else sorted(run)
    piece = [ordered[0]]
    for before, word in pairwise(ordered):
        gap = max(word.x0 - before.x1, before.x0 - word.x1)
        if gap > _WIDE_GAP * min(before.y1 - before.y0, word.y1 - word.y0):
            yield Piece.of(piece)
            piece = []
        piece.append(word)
    yield Piece.of(piece)


def _reads_right_to_left(run: Line) -> bool:
    return any("\u0590" <= character <= "\u08ff" for word in run if not word.text.isascii() for character in word.text)


def _lines(pieces: list[Piece]) -> list[Piece]:
    """Join the pieces that stand beside each other; each line follows its last piece, so a skewed scan works."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.x0, p.y0)):
        best, best_share = None, _SAME_LINE
        for line in lines:
            share = line[-1].overlap(piece)
            if share > best_share and line[-1].x1 - piece.x0 < 0.5 * piece.height:
                best, best_share = line, share
        if best is None:
            lines.append([piece])
        else:
            best.append(piece)
    joined = [Piece.of([word for piece in line for word in piece.words]) for line in lines]
    return sorted(joined, key=lambda line: (line.y0 + line.y1, line.x0))


def _blocks(lines: list[Piece], rules: Rules) -> Iterator[Block]:
    if not lines:
        return
    usual_height = median(line.height for line in lines)
    for section in sections([TextLine.of(line, rules) for line in lines]):
        if isinstance(section, Table):
            yield rows_of(section, rules)
        else:
            yield from _paragraphs(section, usual_height)


def _paragraphs(lines: list[TextLine], usual_height: float) -> Iterator[Block]:
    block: Block = []
    for before, line in pairwise([lines[0], *lines]):
        above, below = before.whole, line.whole
        if below.y0 - above.y0 > _BLOCK_PITCH * max(usual_height, min(above.height, below.height)) and block:
            yield block
            block = []
        block.append(list(line.whole.words))
    yield block
