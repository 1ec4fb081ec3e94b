"""The sections of a C-CDA as flow items: heading, narrative, and the entries that the narrative does not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.coded import CodedEntry
from assistant.ingestion.ccda.entries import statements
from assistant.ingestion.ccda.header import document_day
from assistant.ingestion.ccda.narrative import read_narrative
from assistant.ingestion.ccda.places import place_entries
from assistant.ingestion.ccda.statements import Context
from assistant.ingestion.ccda.values import person_name
from assistant.ingestion.coding.entry_lines import entry_line
from assistant.ingestion.flow.items import Heading, Item, Paragraph

_CODED_HEADING = "Coded entries"
_LEVEL_OF_SECTIONS = 2
_DEEPEST_LEVEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    element: Element
    depth: int
    code: str = field(default="")


def section_items(document: Element) -> Iterator[Item]:
    """All sections of the body, top to bottom, sections within sections below them."""
    day = document_day(document)
    for section in _sections(document.findall("component/structuredBody/component/section"), 0, ""):
        yield from _items(section, day)


def _sections(elements: Iterable[Element], depth: int, outer_code: str) -> Iterator[_Section]:
    for element in elements:
        code = element.find("code")
        own = code.get("code", "") if code is not None else ""
        yield _Section(element=element, depth=depth, code=own or outer_code)
        yield from _sections(element.findall("component/section"), depth + 1, own or outer_code)


def _items(section: _Section, day: str | None) -> Iterator[Item]:
    level = min(_LEVEL_OF_SECTIONS + section.depth, _DEEPEST_LEVEL)
    if title := _title(section.element):
        yield Heading(text=title, level=level)
    narrative = read_narrative(section.element.find("text"))
    context = Context(narrative=narrative, section=section.code, document_day=day)
    found = (each for entry in section.element.findall("entry") for each in statements(entry, context))
    placed = place_entries(narrative, found)
    yield from placed.items
    if not narrative.items and section.element.get("nullFlavor") == "NI":
        yield Paragraph(text="No information.")
    yield from coded_items(placed.unplaced, level + 1)


def coded_items(entries: Iterable[CodedEntry], level: int) -> Iterator[Item]:
    """A readable line for every entry that stands nowhere else; the same line once."""
    lines: dict[str, list[CodedEntry]] = {}
    for entry in entries:
        lines.setdefault(entry_line(entry), []).append(entry)
    if lines:
        yield Heading(text=_CODED_HEADING, level=min(level, _DEEPEST_LEVEL))
    for line, same in lines.items():
        yield Paragraph(text=line, marker="-", entries=tuple(same))


def _title(element: Element) -> str | None:
    code = element.find("code")
    stated = code.get("displayName") if code is not None else None
    return person_name(element.find("title")) or stated
