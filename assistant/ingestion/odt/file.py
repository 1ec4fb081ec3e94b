"""Read OpenDocument texts (.odt) and tables (.ods): headings, lists, tables, notes and comments as flow items."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from assistant.domain import HidingPlace
from assistant.ingestion.containers.unpacking import open_zip
from assistant.ingestion.flow.items import Heading, HiddenWords, Item, PageBreak, Paragraph
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.flow.tables import Cell, GridRow, table_items
from assistant.ingestion.limits import Limits
from assistant.ingestion.odt.styles import ListLevel, Styles, bounded_number, marker
from assistant.ingestion.odt.text import ParagraphText, TextReader
from assistant.ingestion.office.office_warnings import TRACKED_CHANGES, not_read
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, part_of, value_of
from assistant.ingestion.office.page_furniture import furniture, marked
from assistant.ingestion.pdf.raised_digits import raised
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source

_ROW_GROUPS = frozenset({"table-header-rows", "table-rows", "table-row-group"})
_COLUMN_GROUPS = frozenset({"table-header-columns", "table-columns", "table-column-group"})
# Tables repeat empty rows and cells to the edge of the sheet; a repeated value is a rarity.
_MOST_REPEATED_COLUMNS = 300
_MOST_REPEATED_ROWS = 1_000
_SKIPPED = frozenset({"tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls", "shapes"})
_UNMARKED = ListLevel(number_style=None, before="", after="", start=1, shown_levels=1)


class OdtFile(FlowFile):
    """An OpenDocument text or table on pages of our own."""

    def __init__(self, source: Source, limits: Limits) -> None:
        with open_zip(source, limits) as archive:
            manifest = part_of(archive, "META-INF/manifest.xml", limits)
            if manifest is not None and next(descendants(manifest, "encryption-data"), None) is not None:
                raise refusal("office_password")
            document = _Document(part_of(archive, "content.xml", limits), part_of(archive, "styles.xml", limits))
            super().__init__(document.items(), limits)
        self._warnings = document.warnings()


class _Document:
    def __init__(self, content: etree._Element | None, styles: etree._Element | None) -> None:
        body = child_of(content, "body")
        if body is None:
            raise refusal("damaged")
        self._body = body
        self._master = child_of(styles, "master-styles")
        self._styles = Styles((styles, content))
        self._reader = TextReader(self._styles)
        # How far each list style has counted, for lists that go on where an earlier one ended.
        self._counted: dict[str | None, list[int]] = {}

    def items(self) -> Iterator[Item]:
        """Headers, body, notes, comments, footers."""
        yield from furniture("header", self._furniture("header"))
        for content in self._body:
            if name_of(content) == "spreadsheet":
                yield from self._sheets(content)
            else:
                yield from self._blocks(content)
        yield from self._notes()
        yield from self._comments()
        yield from furniture("footer", self._furniture("footer"))

    def warnings(self) -> tuple[str, ...]:
        """What to know about the document, once its items were made."""
        met = self._reader.met
        has_changes = next(descendants(self._body, "changed-region"), None) is not None
        changes = (TRACKED_CHANGES,) if has_changes else ()
        return (*changes, *not_read(met.pictures, "picture"), *not_read(met.objects, "object"))

    def _furniture(self, kind: str) -> Iterator[Iterator[Item]]:
        for page in () if self._master is None else self._master:
            for part in page:
                if name_of(part).startswith(kind):
                    yield self._blocks(part, is_shaded=True)

    def _blocks(self, parent: etree._Element, *, is_shaded: bool = False) -> Iterator[Item]:
        for element in parent:
            match name_of(element):
                case "p" | "h":
                    yield from self._paragraph(element, is_shaded)
                case "list":
                    yield from self._list(element, [], value_of(element, "style-name"), is_shaded)
                case "table":
                    yield from self._table(element, is_shaded)
                case "section" if value_of(element, "display") == "none":
                    text = " ".join("".join(map(str, element.itertext())).split())
                    yield HiddenWords(text=text, place=HidingPlace.INVISIBLE)
                case "frame":
                    yield from self._loose_frame(element)
                case name if name not in _SKIPPED and len(element):
                    yield from self._blocks(element, is_shaded=is_shaded)

    def _loose_frame(self, frame: etree._Element) -> Iterator[Item]:
        """A frame that hangs on the page, not on a paragraph."""
        found = self._reader.read_frame(frame)
        if found.text:
            yield Paragraph(text=found.text)
        yield from self._attached(found)

    def _attached(self, found: ParagraphText) -> Iterator[Item]:
        """What hangs on a paragraph."""
        yield from found.hidden
        for box in found.boxes:
            yield from self._blocks(box, is_shaded=True)

    def _paragraph(self, element: etree._Element, is_shaded: bool, mark: str = "", depth: int = 0) -> Iterator[Item]:
        style = value_of(element, "style-name")
        if self._styles.breaks_page(style):
            yield PageBreak()
        found = self._reader.read(element, is_shaded=is_shaded)
        text = found.text.strip(" \n")
        if text.strip():
            if name_of(element) == "h":
                level = bounded_number(value_of(element, "outline-level"), 1, 10)
                yield Heading(text=f"{mark} {text}".strip(), level=level + 1)
            elif self._styles.is_title(style):
                yield Heading(text=text, level=1)
            else:
                yield Paragraph(text=text, marker=mark, indent=depth)
        yield from self._attached(found)
        if self._styles.ends_page(style):
            yield PageBreak()

    def _list(
        self, element: etree._Element, above: list[tuple[ListLevel, int]], style: str | None, is_shaded: bool
    ) -> Iterator[Item]:
        depth = len(above)
        level = self._styles.level(style, depth + 1)
        number = (level.start if level else 1) - 1
        counted = self._counted.setdefault(style, [])
        if value_of(element, "continue-numbering") == "true" or value_of(element, "continue-list"):
            number = counted[depth] if depth < len(counted) else number
        for item in element:
            name = name_of(item)
            if name == "list-item":
                number = bounded_number(value_of(item, "start-value"), number + 1, 1_000_000)
            level = self._styles.level(style, depth + 1)
            here = [*above, (level or _UNMARKED, number)]
            mark = marker(here) if level is not None and name == "list-item" else ""
            yield from self._list_item(item, here, style, mark, is_shaded)
            counted[depth:] = [number]

    def _list_item(
        self,
        item: etree._Element,
        here: list[tuple[ListLevel, int]],
        style: str | None,
        mark: str,
        is_shaded: bool,
    ) -> Iterator[Item]:
        for element in item:
            if name_of(element) == "list":
                yield from self._list(element, here, value_of(element, "style-name") or style, is_shaded)
            elif name_of(element) in ("p", "h"):
                yield from self._paragraph(element, is_shaded, mark, len(here) - 1)
                mark = ""
            else:
                yield from self._blocks(item, is_shaded=is_shaded)
                return

    def _table(self, table: etree._Element, is_shaded: bool) -> Iterator[Item]:
        rows = list(self._rows(table, is_shaded, is_heading=False))
        while rows and not any(cell.blocks for cell in rows[-1].cells):
            rows.pop()
        yield from table_items(rows)

    def _rows(self, parent: etree._Element, is_shaded: bool, *, is_heading: bool) -> Iterator[GridRow]:
        for element in parent:
            name = name_of(element)
            if name in _ROW_GROUPS:
                yield from self._rows(element, is_shaded, is_heading=is_heading or name == "table-header-rows")
            elif name == "table-row":
                row = GridRow(cells=tuple(self._cells(element, is_shaded)), is_heading=is_heading)
                has_text = any(cell.blocks for cell in row.cells)
                count = bounded_number(value_of(element, "number-rows-repeated"), 1, _MOST_REPEATED_ROWS)
                yield from (row for _ in range(count if has_text else 1))

    def _cells(self, row: etree._Element, is_shaded: bool) -> Iterator[Cell]:
        """The cells of a row; one that a merged cell covers is empty."""
        for element in row:
            if name_of(element) not in ("table-cell", "covered-table-cell"):
                continue
            count = bounded_number(value_of(element, "number-columns-repeated"), 1, _MOST_REPEATED_COLUMNS)
            ground = is_shaded or self._styles.has_ground(value_of(element, "style-name"))
            is_covered = name_of(element) == "covered-table-cell"
            cell = Cell() if is_covered else Cell(blocks=tuple(self._blocks(element, is_shaded=ground)))
            yield from (cell for _ in range(count))

    def _sheets(self, spreadsheet: etree._Element) -> Iterator[Item]:
        """The sheets of a spreadsheet, a page or more each."""
        for table in spreadsheet:
            if name_of(table) == "table":
                yield PageBreak()
                yield Heading(text=value_of(table, "name") or "")
                yield from self._table(table, is_shaded=False)

    def _notes(self) -> Iterator[Item]:
        notes = list(self._reader.met.notes)
        if notes:
            yield Heading(text="Notes", level=3)
        for number, note in enumerate(notes, start=1):
            body = child_of(note, "note-body")
            if body is not None:
                yield from marked(self._blocks(body), raised(str(number)))

    def _comments(self) -> Iterator[Item]:
        comments = list(self._reader.met.comments)
        if comments:
            yield Heading(text="Comments", level=3)
        for comment in comments:
            creator = child_of(comment, "creator")
            author = "unknown" if creator is None else creator.text or "unknown"
            yield from marked(self._blocks(comment), f"Comment ({author}):")
