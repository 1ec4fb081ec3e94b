"""Read Word documents (.docx): body, tables, lists, notes, comments, headers and footers as flow items."""

from __future__ import annotations

from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from assistant.ingestion.containers.unpacking import open_zip
from assistant.ingestion.docx.numbering import Numbering
from assistant.ingestion.docx.styles import Styles, is_on, number_of, paints
from assistant.ingestion.docx.text import PAGE_BREAK, Met, ParagraphText, TextReader
from assistant.ingestion.flow.items import Heading, Item, PageBreak, Paragraph
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.flow.tables import Cell, GridRow, table_items
from assistant.ingestion.limits import Limits
from assistant.ingestion.office.office_warnings import TRACKED_CHANGES, not_read
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, part_of, properties_of, value_of
from assistant.ingestion.office.page_furniture import furniture, marked
from assistant.ingestion.pdf.raised_digits import raised
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source

_MAIN_PARTS = ("word/document.xml", "word/document2.xml", "word/document3.xml")
_SAME_PAGE_SECTIONS = ("continuous", "nextColumn")
_WRAPPERS = ("sdt", "sdtContent", "customXml", "ins", "moveTo")
_MOST_COLUMNS = 300


class DocxFile(FlowFile):
    """A Word document on pages of our own. Macros and embedded files are not touched."""

    def __init__(self, source: Source, limits: Limits) -> None:
        with open_zip(source, limits) as archive:
            document = _Document(archive, limits)
            super().__init__(document.items(), limits)
        self._warnings = document.warnings()


class _Document:
    def __init__(self, archive: ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        main = next((name for name in _MAIN_PARTS if name in archive.NameToInfo), _MAIN_PARTS[0])
        root = part_of(archive, main, limits)
        body = child_of(root, "body")
        if root is None or body is None:
            raise refusal("damaged")
        self._body = body
        self._styles = Styles(self._part("styles"))
        self._numbering = Numbering(self._part("numbering"))
        self._reader = TextReader(self._styles)
        self._has_foreign_parts = next(descendants(body, "altChunk"), None) is not None

    def items(self) -> Iterator[Item]:
        """Headers, body, notes, comments, footers."""
        yield from furniture("header", self._furniture("header"))
        yield from self._blocks(self._body)
        yield from self._all_notes()
        yield from self._comments()
        yield from furniture("footer", self._furniture("footer"))

    def warnings(self) -> tuple[str, ...]:
        """What to know about the document, once its items were made."""
        return tuple(_warnings(self._reader.met, has_foreign_parts=self._has_foreign_parts))

    def _part(self, name: str) -> etree._Element | None:
        return part_of(self._archive, f"word/{name}.xml", self._limits)

    def _blocks(self, parent: etree._Element, *, is_shaded: bool = False) -> Iterator[Item]:
        for element in parent:
            name = name_of(element)
            if name == "p":
                yield from self._paragraph(element, is_shaded)
            elif name == "tbl":
                yield from self._table(element, is_shaded)
            elif name in ("del", "moveFrom", "sdtPr", "AlternateContent"):
                continue
            elif len(element) and name not in ("sectPr", "tcPr"):
                yield from self._blocks(element, is_shaded=is_shaded)

    def _paragraph(self, element: etree._Element, is_shaded: bool) -> Iterator[Item]:
        properties = properties_of(element, "pPr")
        found = self._reader.read(element, properties, is_shaded=is_shaded)
        if is_on(child_of(properties, "pageBreakBefore")):
            yield PageBreak()
        yield from self._text_items(found, properties)
        yield from found.hidden
        for box in found.boxes:
            yield from self._blocks(box, is_shaded=True)
        if properties is None:
            return
        section = child_of(properties, "sectPr")
        if section is not None and value_of(child_of(section, "type"), "val") not in _SAME_PAGE_SECTIONS:
            yield PageBreak()

    def _text_items(self, found: ParagraphText, properties: etree._Element | None) -> Iterator[Item]:
        marker, indent = "", 0
        if properties is None:
            yield from self._plain_items(found.text)
            return
        ref = self._styles.numbering(properties)
        if ref is not None and found.text.strip():
            style = self._styles.style_id(properties)
            marker, indent = self._numbering.marker(ref, style), self._numbering.depth(ref, style)
        level = self._styles.heading_level(properties)
        for number, text in enumerate(found.text.split(PAGE_BREAK)):
            if number:
                yield PageBreak()
                marker = ""
            if not text.strip():
                continue
            if level is not None:
                yield Heading(text=f"{marker} {text}".strip(), level=level)
            else:
                yield Paragraph(text=text.strip("\n"), marker=marker, indent=indent)

    def _plain_items(self, text: str) -> Iterator[Item]:
        """A paragraph without any property."""
        for number, page in enumerate(text.split(PAGE_BREAK)):
            if number:
                yield PageBreak()
            if page.strip():
                yield Paragraph(text=page.strip("\n"))

    def _table(self, table: etree._Element, is_shaded: bool) -> Iterator[Item]:
        # A table style shades rows by rules of its own; white letters there are meant to be seen.
        ground = is_shaded or child_of(table, "tblPr", "tblStyle") is not None
        rows: list[GridRow] = []
        for row in _inner(table, "tr"):
            properties = child_of(row, "trPr")
            is_deleted = child_of(properties, "del") is not None
            self._reader.met.has_changes |= is_deleted or child_of(properties, "ins") is not None
            if is_deleted:
                continue
            before = [Cell() for _ in range(_count(child_of(properties, "gridBefore"), 0))]
            cells = (*before, *(self._cell(cell, ground) for cell in _inner(row, "tc")))
            rows.append(GridRow(cells=cells, is_heading=child_of(properties, "tblHeader") is not None))
        yield from table_items(rows)

    def _cell(self, cell: etree._Element, is_shaded: bool) -> Cell:
        properties = properties_of(cell, "tcPr")
        if properties is None:
            return Cell(blocks=tuple(self._blocks(cell, is_shaded=is_shaded)))
        columns = _count(child_of(properties, "gridSpan"), 1)  # a cell merged with the one above is there, and empty
        ground = is_shaded or paints(child_of(properties, "shd"))
        return Cell(blocks=tuple(self._blocks(cell, is_shaded=ground)), columns=columns)

    def _furniture(self, kind: str) -> Iterator[Iterator[Item]]:
        """The headers (or footers) that the sections name, in order."""
        relations = part_of(self._archive, "word/_rels/document.xml.rels", self._limits)
        targets = {} if relations is None else {value_of(r, "Id"): value_of(r, "Target") or "" for r in relations}
        references = descendants(self._body, f"{kind}Reference")
        found = (targets.get(value_of(reference, "id"), "") for reference in references)
        for target in dict.fromkeys(filter(None, found)):
            root = part_of(self._archive, f"word/{target}", self._limits)
            if root is not None:
                yield self._blocks(root, is_shaded=True)

    def _all_notes(self) -> Iterator[Item]:
        roots = {kind: self._part(f"{kind}s") for kind in ("footnote", "endnote")}
        notes = {
            f"{kind} {value_of(note, 'id')}": note for kind, root in roots.items() if root is not None for note in root
        }
        called = list(self._reader.met.note_names)
        if called and notes:
            yield Heading(text="Notes", level=3)
        for number, name in enumerate(called, start=1):
            if name in notes:
                yield from marked(self._blocks(notes[name]), raised(str(number)))

    def _comments(self) -> Iterator[Item]:
        root = self._part("comments")
        comments = [] if root is None else [element for element in root if name_of(element) == "comment"]
        if comments:
            yield Heading(text="Comments", level=3)
        for comment in comments:
            author = value_of(comment, "author") or "unknown"
            yield from marked(self._blocks(comment), f"Comment ({author}):")


def _inner(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    """The rows of a table or cells of a row; content controls and tracked changes may wrap them."""
    for element in parent:
        found = name_of(element)
        if found == name:
            yield element
        elif found in _WRAPPERS:
            yield from _inner(element, name)


def _count(element: etree._Element | None, default: int) -> int:
    number = number_of(value_of(element, "val"))
    return default if number is None else min(number, _MOST_COLUMNS)


def _warnings(met: Met, *, has_foreign_parts: bool) -> Iterator[str]:
    if met.has_changes:
        yield TRACKED_CHANGES
    yield from not_read(met.pictures, "picture")
    yield from not_read(met.charts, "chart")
    if has_foreign_parts:
        yield "parts of the document are other files put into it; they are not read"
