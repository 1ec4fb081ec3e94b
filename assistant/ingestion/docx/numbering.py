"""The lists of a Word document: counted as its paragraphs come, so that every item has the marker that Word shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from assistant.ingestion.docx.styles import NumberingRef, number_of
from assistant.ingestion.flow.list_numbers import numbered
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, value_of

_PLACE = re.compile(r"%(\d)")
_BULLET = "•"


@dataclass(slots=True, kw_only=True)
class _Level:
    style: str
    text: str
    start: int
    linked_style: str | None = None


class Numbering:
    """The lists of one document, counted while its paragraphs are read in order."""

    def __init__(self, root: etree._Element | None) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, str] = {}
        self._restarts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        for element in () if root is None else root:
            if name_of(element) == "abstractNum":
                self._abstract[value_of(element, "abstractNumId") or ""] = _levels(element)
            elif name_of(element) == "num":
                self._add_list(element)

    def marker(self, ref: NumberingRef, style_id: str | None) -> str:
        """The next marker of a list, and count on."""
        abstract = self._lists.get(ref.list_id, "")
        levels = self._abstract.get(abstract, {})
        depth = self.depth(ref, style_id)
        level = levels.get(depth)
        if level is None:
            return ""
        counts = self._counts.setdefault(abstract, {})
        if ref.list_id not in self._begun:
            self._begun.add(ref.list_id)
            for number, start in self._restarts.get(ref.list_id, {}).items():
                counts[number] = start - 1
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [number for number in counts if number > depth]:
            del counts[deeper]
        return _shown(levels, counts, level)

    def depth(self, ref: NumberingRef, style_id: str | None) -> int:
        """The level of a paragraph in its list, from 0."""
        if ref.level is not None:
            return ref.level
        levels = self._abstract.get(self._lists.get(ref.list_id, ""), {})
        return next((n for n, level in levels.items() if style_id and level.linked_style == style_id), 0)

    def _add_list(self, element: etree._Element) -> None:
        list_id = value_of(element, "numId") or ""
        self._lists[list_id] = value_of(child_of(element, "abstractNumId"), "val") or ""
        for override in descendants(element, "lvlOverride"):
            start = number_of(value_of(child_of(override, "startOverride"), "val"))
            depth = number_of(value_of(override, "ilvl"))
            if start is not None and depth is not None:
                self._restarts.setdefault(list_id, {})[depth] = start


def _levels(element: etree._Element) -> dict[int, _Level]:
    levels = {}
    for level in element:
        depth = number_of(value_of(level, "ilvl"))
        if name_of(level) != "lvl" or depth is None:
            continue
        start = number_of(value_of(child_of(level, "start"), "val"))
        levels[depth] = _Level(
            style=value_of(child_of(level, "numFmt"), "val") or "decimal",
            text=value_of(child_of(level, "lvlText"), "val") or "",
            start=1 if start is None else start,
            linked_style=value_of(child_of(level, "pStyle"), "val"),
        )
    return levels


def _shown(levels: dict[int, _Level], counts: dict[int, int], level: _Level) -> str:
    """The marker: a bullet, or the level's pattern ("%1.%2.") with its numbers filled in."""
    if level.style == "none":
        return ""
    if level.style == "bullet":
        # Bullets are letters of symbol fonts; what they look like is not in the file.
        return level.text if level.text.isascii() and not level.text.isalnum() and level.text.strip() else _BULLET

    def number(found: re.Match[str]) -> str:
        depth = int(found.group(1)) - 1
        of = levels.get(depth, level)
        return numbered(counts.get(depth, of.start), of.style)

    return _PLACE.sub(number, level.text).strip()
