"""Turn a web page into flow items: what a browser shows, top to bottom; scripts, styles and links are left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from assistant.ingestion.flow.items import Heading, HiddenWords, Item, Paragraph
from assistant.ingestion.flow.list_numbers import numbered
from assistant.ingestion.flow.tables import Cell, GridRow, table_items
from assistant.ingestion.html.fields import field_text
from assistant.ingestion.html.hiding import Hiding, hiding_place, paints_ground
from assistant.ingestion.pdf.raised_digits import raised

_SPACES = re.compile(r"[ \t\r\n\f]+")
_SPACE_RUN = re.compile(r" {2,}")
_AROUND_BREAK = re.compile(r" *\n *")
_COLUMN_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_DROPPED = frozenset(
    "script style head template iframe object embed canvas audio video svg noframes applet rp rt map param".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "header hgroup html legend li main nav ol optgroup p pre search section summary ul menu dir table caption "
    "thead tbody tfoot tr td th h1 h2 h3 h4 h5 h6 hr noscript".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_FIELDS = frozenset({"input", "select", "textarea", "meter", "progress"})
_STRUCK = frozenset({"s", "strike", "del"})
_LIST_STYLES = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_INDENTED = frozenset({"dd", "blockquote"})
_MOST_SPAN = 1_000


def items_of(root: etree._Element) -> Iterator[Item]:
    """The items of a whole page; its title stands first where it has no first-level heading."""
    sheets = ("".join(map(str, sheet.itertext())) for sheet in root.iter("style"))
    title = next((_collapsed("".join(map(str, found.itertext()))) for found in root.iter("title")), "")
    if title.strip() and next(root.iter("h1"), None) is None:
        yield Heading(text=title.strip(), level=1)
    walker = _Walker(Hiding(sheets))
    walker.walk(root, has_ground=False)
    yield from walker.finished()


@dataclass(slots=True)
class _List:
    """A list that is being read: the number of its next item, None for bullets."""

    number: int | None = None
    step: int = 1
    style: str = "decimal"

    @classmethod
    def of(cls, element: etree._Element) -> _List:
        """The list that an element begins."""
        if element.tag != "ol":
            return cls()
        is_reversed = element.get("reversed") is not None
        first = sum(child.tag == "li" for child in element) if is_reversed else 1
        style = _LIST_STYLES.get(element.get("type") or "", "decimal")
        return cls(_integer(element.get("start"), first), -1 if is_reversed else 1, style)

    def marker(self, item: etree._Element) -> str:
        """The next item's marker."""
        if self.number is None:
            return "•"
        number = _integer(item.get("value"), self.number)
        self.number = number + self.step
        return f"{numbered(number, self.style)}."


class _Walker:
    """Collects the items of an element and what is inside it."""

    def __init__(self, hiding: Hiding, *, indent: int = -1) -> None:
        self._hiding = hiding
        self._items: list[Item] = []
        self._pieces: list[str] = []
        self._hidden: list[Item] = []
        self._marker = ""
        # Depth of lists: the items of an outermost list are not indented.
        self._indent = indent
        self._lists: list[_List] = []
        self._level: int | None = None
        self._keeps_spaces = False

    def finished(self) -> list[Item]:
        """All items, once the walk is over."""
        self._flush()
        return self._items

    def walk(self, element: etree._Element, *, has_ground: bool) -> None:
        """Take in an element that is shown: its text, and its children one by one."""
        self._say(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child, has_ground)
            self._say(child.tail)

    def _element(self, element: etree._Element, has_ground: bool) -> None:
        tag = str(element.tag).lower()
        if tag in _DROPPED:
            return
        ground, hidden = self._seen(element, has_ground)
        if hidden is not None:
            self._hidden += hidden
        elif tag in _BLOCKS:
            self._block(element, tag, ground)
        else:
            self._inline(element, tag, ground)

    def _inline(self, element: etree._Element, tag: str, has_ground: bool) -> None:
        if tag == "br":
            self._pieces.append("\n")
        elif tag == "img":
            self._pieces.append(_picture(element.get("alt")))
        elif tag in _FIELDS:
            self._pieces.append(field_text(element))
        elif tag == "sup":
            before = len(self._pieces)
            self.walk(element, has_ground=has_ground)
            self._pieces[before:] = [raised("".join(self._pieces[before:]))]
        elif tag in _STRUCK and next(element.iterancestors(*_STRUCK), None) is None:
            self._pieces.append("[struck out: ")
            self.walk(element, has_ground=has_ground)
            self._pieces.append("]")
        else:
            self.walk(element, has_ground=has_ground)

    def _block(self, element: etree._Element, tag: str, has_ground: bool) -> None:
        self._flush()
        if tag == "table":
            self._items += self._table(element, has_ground)
            return
        level, keeps_spaces = self._level, self._keeps_spaces
        deeper = 1 if tag in _LISTS or (tag in _INDENTED and self._indent >= 0) else 0
        self._indent += deeper
        if tag in _LISTS:
            self._lists.append(_List.of(element))
        elif tag == "li":
            self._marker = self._lists[-1].marker(element) if self._lists else "•"
        self._level = _HEADINGS.get(tag, level)
        self._keeps_spaces = keeps_spaces or tag == "pre"
        self.walk(element, has_ground=has_ground)
        self._flush()
        self._indent -= deeper
        self._level, self._keeps_spaces = level, keeps_spaces
        if tag in _LISTS:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""  # an item without text takes its marker with it

    def _say(self, text: str | None) -> None:
        if text:
            self._pieces.append(_COLUMN_GAP.sub("\t", text) if self._keeps_spaces else _collapsed(text))

    def _flush(self) -> None:
        """End the block that is being collected."""
        if not self._pieces and not self._hidden:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        if not self._keeps_spaces:
            text = _AROUND_BREAK.sub("\n", _SPACE_RUN.sub(" ", text))
        text = text.strip(" \n\r")
        if text.strip():
            if self._level is not None:
                self._items.append(Heading(text=f"{self._marker} {text}".strip(), level=self._level))
            else:
                self._items.append(Paragraph(text=text, marker=self._marker, indent=max(self._indent, 0)))
            self._marker = ""
        self._items += self._hidden
        self._hidden.clear()

    def _table(self, table: etree._Element, has_ground: bool) -> Iterator[Item]:
        caption = next((child for child in table if child.tag == "caption"), None)
        said = "" if caption is None else _collapsed("".join(map(str, caption.itertext()))).strip()
        rows = list(self._rows(table, has_ground))
        if table.get("role") in ("presentation", "none"):
            return (block for row in rows for cell in row.cells for block in cell.blocks)
        return table_items(rows, said)

    def _rows(self, parent: etree._Element, has_ground: bool) -> Iterator[GridRow]:
        for element in parent:
            if element.tag != "tr" and element.tag not in _ROW_GROUPS:
                continue
            ground, hidden = self._seen(element, has_ground)
            if hidden is not None:
                yield GridRow(cells=(Cell(blocks=hidden),))
            elif element.tag in _ROW_GROUPS:
                yield from self._rows(element, ground)
            else:
                cells = [cell for cell in element if cell.tag in ("td", "th")]
                is_heading = parent.tag == "thead" or (bool(cells) and all(cell.tag == "th" for cell in cells))
                yield GridRow(cells=tuple(self._cell(cell, ground) for cell in cells), is_heading=is_heading)

    def _cell(self, cell: etree._Element, has_ground: bool) -> Cell:
        ground, blocks = self._seen(cell, has_ground)
        if blocks is None:
            walker = _Walker(self._hiding)
            walker.walk(cell, has_ground=ground)
            blocks = tuple(walker.finished())
        return Cell(blocks=blocks, columns=_span(cell.get("colspan")), rows=_span(cell.get("rowspan")))

    def _seen(self, element: etree._Element, has_ground: bool) -> tuple[bool, tuple[Item, ...] | None]:
        """Whether an element stands on a ground of its own; and the words that it hides, None where it is shown."""
        style = self._hiding.style_of(element)
        if not style and not element.keys():
            return has_ground, None
        ground = has_ground or paints_ground(element, style)
        place = hiding_place(element, style, has_ground=ground)
        if place is None:
            return ground, None
        text = _text_of(element)
        return ground, (HiddenWords(text=text, place=place),) if text else ()


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,6}", text.strip()) else default


def _span(text: str | None) -> int:
    """How many columns or rows a cell covers; rowspan 0 is to the end of the table."""
    return min(_integer(text, 1) or _MOST_SPAN, _MOST_SPAN)


def _picture(alt: str | None) -> str:
    """A picture by its description; one that is described as empty is decoration."""
    if alt is None:
        return "[picture]"
    said = _collapsed(alt).strip()
    return f"[picture: {said}]" if said else ""


def _text_of(element: etree._Element) -> str:
    return _collapsed(" ".join(map(str, element.itertext()))).strip()


def _collapsed(text: str) -> str:
    return _SPACES.sub(" ", text)
