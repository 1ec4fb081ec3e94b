"""What the styles of a Word document say about a paragraph: its heading level, its list, whether it is hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from lxml import etree

from assistant.ingestion.office.office_xml import child_of, name_of, value_of

# Styles may be based on one another in a circle.
_LONGEST_CHAIN = 20
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_LEVEL = 9  # outline level 9 is body text (ECMA-376 part 1, 17.3.1.20)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberingRef:
    """The list that a paragraph belongs to, and its level in it from 0; None where the list's own link says."""

    list_id: str
    level: int | None


class Look(NamedTuple):
    """What may hide words: None where it is not said. `color` as RRGGBB, size in half-points."""

    is_vanished: bool | None = None
    color: str | None = None
    half_points: int | None = None

    def over(self, other: Look) -> Look:
        """This look, and where it does not say, the other."""
        return Look(
            other.is_vanished if self.is_vanished is None else self.is_vanished,
            other.color if self.color is None else self.color,
            other.half_points if self.half_points is None else self.half_points,
        )


NO_LOOK = Look()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    name: str
    based_on: str | None
    outline: int | None
    numbering: NumberingRef | None
    look: Look


class Styles:
    """The styles of one document, by their ids."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles = {} if root is None else {value_of(s, "styleId") or "": _style(s) for s in _all_styles(root)}

        self._chains: dict[str, list[_Style]] = {"": []}
        self._looks: dict[str, Look] = {"": NO_LOOK}

    def heading_level(self, properties: etree._Element | None) -> int | None:
        """1 for the title, 2 for a first-level heading and so on; None for other paragraphs."""
        outline = number_of(value_of(child_of(properties, "outlineLvl"), "val"))
        chain = self._chain(properties)
        for style in chain:
            if style.name.lower() == "title":
                return 1
            if outline is None and (found := _HEADING_NAME.fullmatch(style.name)):
                outline = int(found.group(1)) - 1
            outline = style.outline if outline is None else outline
        return outline + 2 if outline is not None and 0 <= outline < _BODY_LEVEL else None

    def numbering(self, properties: etree._Element | None) -> NumberingRef | None:
        """The list of a paragraph: its own, else its style's. List 0 means none."""
        refs = [_numbering(properties), *(style.numbering for style in self._chain(properties))]
        levels = [ref.level for ref in refs if ref is not None and ref.level is not None]
        ids = [ref.list_id for ref in refs if ref is not None and ref.list_id]
        if not ids or ids[0] == "0":
            return None
        return NumberingRef(list_id=ids[0], level=levels[0] if levels else None)

    def style_id(self, properties: etree._Element | None) -> str | None:
        """The id of the style that a paragraph or run names."""
        return value_of(child_of(properties, "pStyle"), "val") or value_of(child_of(properties, "rStyle"), "val")

    def look(self, properties: etree._Element | None) -> Look:
        """How the styles that a paragraph or run names, and a run's own properties, make its words look."""
        name = self.style_id(properties) or ""
        if name not in self._looks:
            self._looks[name] = reduce(Look.over, (style.look for style in self._chain(properties)), NO_LOOK)
        return _look(properties).over(self._looks[name])

    def _chain(self, properties: etree._Element | None) -> list[_Style]:
        name = self.style_id(properties) or ""
        if name not in self._chains:
            self._chains[name] = self._found_chain(name)
        return self._chains[name]

    def _found_chain(self, name: str) -> list[_Style]:
        chain: list[_Style] = []
        style = self._styles.get(name)
        while style is not None and len(chain) < _LONGEST_CHAIN:
            chain.append(style)
            style = self._styles.get(style.based_on or "")
        return chain


def _all_styles(root: etree._Element) -> list[etree._Element]:
    return [element for element in root if name_of(element) == "style"]


def _style(element: etree._Element) -> _Style:
    paragraph, run = child_of(element, "pPr"), child_of(element, "rPr")
    return _Style(
        name=value_of(child_of(element, "name"), "val") or "",
        based_on=value_of(child_of(element, "basedOn"), "val"),
        outline=number_of(value_of(child_of(paragraph, "outlineLvl"), "val")),
        numbering=_numbering(paragraph),
        look=_look(run),
    )


def _look(properties: etree._Element | None) -> Look:
    if properties is None:
        return NO_LOOK
    color = value_of(child_of(properties, "color"), "val")
    return Look(
        is_vanished=is_on(child_of(properties, "vanish")),
        color=None if color is None else color.upper(),
        half_points=number_of(value_of(child_of(properties, "sz"), "val")),
    )


def paints(shading: etree._Element | None) -> bool:
    """Whether a shading is another ground than white paper."""
    if shading is None:
        return False
    fill = (value_of(shading, "fill") or "auto").upper()
    return fill not in ("AUTO", "FFFFFF") or value_of(shading, "val") not in ("clear", "nil", None)


def _numbering(properties: etree._Element | None) -> NumberingRef | None:
    numbering = child_of(properties, "numPr")
    if numbering is None:
        return None
    return NumberingRef(
        list_id=value_of(child_of(numbering, "numId"), "val") or "",
        level=number_of(value_of(child_of(numbering, "ilvl"), "val")),
    )


def number_of(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,4}", text) else None


def is_on(element: etree._Element | None) -> bool | None:
    """An on/off property: present without a value is on; None where it is absent."""
    return None if element is None else value_of(element, "val") not in ("0", "false", "off")
