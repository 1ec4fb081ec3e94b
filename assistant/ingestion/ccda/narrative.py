"""The narrative block of a C-CDA section as flow items, and where each ID that entries refer to stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.ingestion.flow.items import Heading, Item, Paragraph, Row, Table

_PARAGRAPHS = frozenset({"paragraph", "p", "div", "caption", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"})
_LISTS = frozenset({"list", "ul", "ol"})
_ITEMS = frozenset({"item", "li"})
_BLOCKS = _PARAGRAPHS | _LISTS | _ITEMS | {"table", "tr", "text"}
_CELLS = frozenset({"td", "th"})
# A table of a clinical document has some ten columns; a span of millions is meant to fill the memory.
_WIDEST_TABLE = 200
_WIDEST_SPAN = 50
_BREAK = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A paragraph, or a row of a table, of the narrative: the item's position, the row's in it, and its words."""

    item: int
    row: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What an ID stands on: places `first` up to `end`, and its own words."""

    first: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """The readable words of a section."""

    items: tuple[Item, ...] = ()
    places: tuple[Place, ...] = ()
    anchors: Mapping[str, Anchor] = field(default_factory=dict)

    def anchor(self, reference: str) -> Anchor | None:
        """What `reference` ("#med1" or "med1") points to; writers do not agree on upper and lower case."""
        name = reference.strip().removeprefix("#")
        return self.anchors.get(name) or self.anchors.get(name.casefold())

    def words(self, reference: str) -> str:
        """The words that `reference` points to, "" for none."""
        anchor = self.anchor(reference)
        return anchor.text if anchor else ""


def read_narrative(text: Element | None) -> Narrative:
    """The `text` element of a section, top to bottom."""
    reader = _Reader()
    if text is not None:
        reader.block(text, "", 0)
    return Narrative(items=tuple(reader.items), places=tuple(reader.places), anchors=reader.anchors)


class _Reader:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.places: list[Place] = []
        self.anchors: dict[str, Anchor] = {}

    def block(self, element: Element, marker: str, indent: int) -> None:
        """Paragraphs of the words that stand between the blocks inside `element`, and those blocks."""
        first = len(self.places)
        words = [_spaced(element.text)]
        loose: list[Element] = []
        for child in element:
            if _has_blocks(child):
                marker = self._flush(words, loose, marker, indent)
                self._child(child, marker, indent)
                marker = ""
                words, loose = [_spaced(child.tail)], []
            else:
                loose.append(child)
                words += (inline_text(child), _spaced(child.tail))
        self._flush(words, loose, marker, indent)
        self._note(element, first)

    def _child(self, child: Element, marker: str, indent: int) -> None:
        if child.tag in _LISTS:
            self._list(child, indent)
        elif child.tag == "table":
            self._table(child)
        else:
            self.block(child, marker, indent)

    def _flush(self, words: list[str], loose: list[Element], marker: str, indent: int) -> str:
        """One paragraph of loose words; the marker if it still waits for words."""
        first = len(self.places)
        text = _tidy("".join(words))
        if text:
            self.places.append(Place(item=len(self.items), row=None, text=text))
            self.items.append(Paragraph(text=text, marker=marker, indent=indent))
        for child in loose:
            self._note_all(child, first)
        return "" if text else marker

    def _list(self, element: Element, indent: int) -> None:
        first = len(self.places)
        is_ordered = element.get("listType") == "ordered" or element.tag == "ol"
        number = 0
        for child in element:
            if child.tag in _ITEMS:
                number += 1
                self.block(child, f"{number}." if is_ordered else "-", indent + 1)
            elif child.tag == "caption":
                self._caption(child)
            else:
                self.block(child, "", indent + 1)
        self._note(element, first)

    def _caption(self, element: Element) -> None:
        if text := inline_text(element).strip():
            self.items.append(Heading(text=_tidy(text), level=4))

    def _table(self, element: Element) -> None:
        first = len(self.places)
        caption = element.find("caption")
        grid = _Grid()
        for tr, is_heading in _table_rows(element):
            cells = grid.cells(tr)
            row_first = len(self.places)
            if any(cells):
                place = Place(item=len(self.items), row=len(grid.rows), text="\t".join(cells))
                is_heading = is_heading or _is_all_headings(tr)
                grid.rows.append(Row(cells=cells, is_heading=is_heading))
                self.places.append(place)
            self._note(tr, row_first, next((cell for cell in cells if cell), ""))
            for cell in tr:
                self._note_all(cell, row_first)
        if grid.rows:
            text = inline_text(caption) if caption is not None else ""
            self.items.append(Table(rows=tuple(grid.rows), caption=_tidy(text).replace(_BREAK, " ")))
        self._note(element, first)

    def _note(self, element: Element, first: int, words: str | None = None) -> None:
        """Remember where an element with an ID stands; the first of two with the same ID counts."""
        name = element.get("ID") or element.get("id")
        if name:
            text = _tidy(inline_text(element)) if words is None else words
            anchor = Anchor(first=first, end=len(self.places), text=text)
            self.anchors.setdefault(name, anchor)
            self.anchors.setdefault(name.casefold(), anchor)

    def _note_all(self, element: Element, first: int) -> None:
        """The same for everything inside: a row or paragraph is as near as an entry can be pointed at.

        Some writers put an empty element before the words it stands for: then all words of `element` are meant.
        """
        for each in element.iter():
            if not (each.get("ID") or each.get("id")):
                continue
            is_empty = not any(text.strip() for text in each.itertext())
            self._note(each, first, _tidy(inline_text(element)) if is_empty else None)


class _Grid:
    """The rows of a table whose cells may span several columns and rows: every cell stands in its own column."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._taken: dict[int, int] = {}  # column -> rows below that a cell from above still covers

    def cells(self, tr: Element) -> tuple[str, ...]:
        """The texts of one row, "" where a cell from above or from the left goes on."""
        cells: list[str] = []
        taken, self._taken = self._taken, {}
        for cell in (child for child in tr if child.tag in _CELLS):
            self._skip(cells, taken)
            text = _cell_text(cell)
            down = _span(cell, "rowspan")
            for position in range(_span(cell, "colspan")):
                self._put(cells, "" if position else text, down - 1)
        self._skip(cells, taken)
        while cells and not cells[-1]:
            cells.pop()
        return tuple(cells)

    def _skip(self, cells: list[str], taken: dict[int, int]) -> None:
        while (below := taken.get(len(cells), 0)) and len(cells) < _WIDEST_TABLE:
            self._put(cells, "", below - 1)

    def _put(self, cells: list[str], text: str, below: int) -> None:
        if len(cells) < _WIDEST_TABLE:
            if below:
                self._taken[len(cells)] = below
            cells.append(text)


def inline_text(element: Element) -> str:
    """The words of an element as they are read, blocks inside it a line each."""
    return "".join(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    tag = element.tag
    if tag == "br":
        yield _BREAK
    elif tag in ("renderMultiMedia", "observationMedia"):
        yield "[picture] "
    if element.get("revised") == "delete":
        yield "[deleted: "
    if tag == "footnote":
        yield " ["
    yield _spaced(element.text)
    for child in element:
        is_block = child.tag in _BLOCKS
        if is_block:
            yield _BREAK
        yield from _pieces(child)
        yield _BREAK if is_block else "\t" if child.tag in _CELLS else ""
        yield _spaced(child.tail)
    if tag == "footnote" or element.get("revised") == "delete":
        yield "]"
    if tag == "linkHtml" and not (element.text or len(element)):
        yield element.get("href", "")


def _spaced(text: str | None) -> str:
    """White space of the file is one space; only the breaks that the narrative marks are kept."""
    if not text:
        return ""
    inner = " ".join(text.split())
    return f"{' ' if text[0].isspace() else ''}{inner}{' ' if text[-1].isspace() and inner else ''}"


def _tidy(text: str) -> str:
    """Lines without double spaces, and no empty lines."""
    lines = (" ".join(line.split()) for line in text.split(_BREAK))
    return _BREAK.join(line for line in lines if line)


def _cell_text(cell: Element) -> str:
    """A cell is one line: its blocks and line breaks become a semicolon, where no other mark ends them."""
    text = ""
    for line in _tidy(inline_text(cell)).split(_BREAK):
        joint = " " if text.endswith((",", ";", ":", ".", "-", "/", "(")) else "; "
        text = f"{text}{joint}{line}" if text else line
    return text


def _has_blocks(element: Element) -> bool:
    return any(each.tag in _BLOCKS for each in element.iter())


def _table_rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """The rows with whether they stand in the table's head; the foot comes last, wherever it is written."""
    groups = [child for child in table if child.tag in ("thead", "tbody", "tfoot", "tr")]
    for group in sorted(groups, key=lambda group: {"thead": 0, "tfoot": 2}.get(group.tag, 1)):
        rows = [group] if group.tag == "tr" else [child for child in group if child.tag == "tr"]
        yield from ((row, group.tag == "thead") for row in rows)


def _is_all_headings(tr: Element) -> bool:
    cells = [child for child in tr if child.tag in _CELLS]
    return bool(cells) and all(cell.tag == "th" for cell in cells)


def _span(cell: Element, name: str) -> int:
    text = cell.get(name, "1").strip()
    return min(max(int(text), 1), _WIDEST_SPAN) if text.isascii() and text.isdigit() and len(text) < 9 else 1
