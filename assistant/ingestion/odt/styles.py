"""What the styles of an OpenDocument file say: breaks, hidden and raised and struck words, the markers of lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from assistant.domain import HidingPlace
from assistant.ingestion.flow.list_numbers import numbered
from assistant.ingestion.office.office_xml import name_of, value_of

_LONGEST_CHAIN = 20
_TINIEST_POINTS = 1.5
_POINTS = re.compile(r"([\d.]{1,8})pt")
_NUMBER_STYLES = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_NUMBER_STYLES |= {"一, 二, 三, ...": "chineseCounting"}
_MOST_SHOWN_LEVELS = 10
_BULLET = "•"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a run of words looks, as far as its meaning depends on it."""

    hiding_place: HidingPlace | None = None
    is_raised: bool = False
    is_struck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLevel:
    """One level of a list style: a bullet, or numbers with what stands around them."""

    number_style: str | None
    before: str
    after: str
    start: int
    shown_levels: int


@dataclass(slots=True)
class _Style:
    parent: str | None
    master_page: str
    # The attributes of its text and paragraph properties, by their names without a namespace.
    properties: dict[str, str] = field(default_factory=dict)


class Styles:
    """The styles of one document, by family and name."""

    def __init__(self, roots: Iterable[etree._Element | None]) -> None:
        self._styles: dict[str, _Style] = {}
        self._lists: dict[str, dict[int, ListLevel]] = {}
        for root in roots:
            for element in () if root is None else root.iter("{*}style", "{*}list-style"):
                name = value_of(element, "name") or ""
                if name_of(element) == "list-style":
                    self._lists[name] = _levels(element)
                else:
                    self._styles[name] = _style(element)

    def breaks_page(self, name: str | None) -> bool:
        """Whether a paragraph of this style begins a page."""
        style = self._styles.get(name or "")
        return style is not None and (bool(style.master_page) or self._property(name, "break-before") == "page")

    def ends_page(self, name: str | None) -> bool:
        """Whether a page ends after a paragraph of this style."""
        return self._property(name, "break-after") == "page"

    def is_title(self, name: str | None) -> bool:
        """Whether this is the style of titles, or made from it."""
        return name == "Title" or any(style.parent == "Title" for style in self._chain(name))

    def look(self, name: str | None, *, has_ground: bool) -> Look:
        """How words of this style look on a white or on a colored ground."""
        return Look(
            hiding_place=self._hiding_place(name, has_ground=has_ground),
            is_raised=(self._property(name, "text-position") or "").startswith(("super", "33", "58")),
            is_struck=self._property(name, "text-line-through-style") not in (None, "none"),
        )

    def has_ground(self, name: str | None) -> bool:
        """Whether this style paints a background."""
        ground = self._property(name, "background-color") or self._property(name, "fill-color")
        return ground not in (None, "transparent", "#ffffff")

    def list_of(self, name: str | None) -> str | None:
        """The list style that a paragraph style names."""
        return next((found for style in self._chain(name) if (found := style.properties.get("list-style-name"))), None)

    def level(self, list_style: str | None, depth: int) -> ListLevel | None:
        """One level of a list style, from 1; None where the list has no markers."""
        return self._lists.get(list_style or "", {}).get(depth)

    def _hiding_place(self, name: str | None, *, has_ground: bool) -> HidingPlace | None:
        if self._property(name, "display") == "none":
            return HidingPlace.INVISIBLE
        size = _POINTS.fullmatch(self._property(name, "font-size") or "")
        if size and size.group(1).count(".") < 2 and float(size.group(1)) <= _TINIEST_POINTS:
            return HidingPlace.TINY
        is_white = (self._property(name, "color") or "").lower() == "#ffffff"
        return HidingPlace.WHITE if is_white and not has_ground and not self.has_ground(name) else None

    def _property(self, name: str | None, key: str) -> str | None:
        return next((found for style in self._chain(name) if (found := style.properties.get(key))), None)

    def _chain(self, name: str | None) -> list[_Style]:
        chain: list[_Style] = []
        style = self._styles.get(name or "")
        while style is not None and len(chain) < _LONGEST_CHAIN:
            chain.append(style)
            style = self._styles.get(style.parent or "")
        return chain


def marker(levels: list[tuple[ListLevel, int]]) -> str:
    """The marker of an item: the level that it is in last, with the numbers of those above it where they are shown."""
    level = levels[-1][0]
    if level.number_style is None:
        return level.before
    shown = levels[-max(1, level.shown_levels) :]
    numbers = ".".join(numbered(number, of.number_style) for of, number in shown if of.number_style is not None)
    return f"{level.before}{numbers}{level.after}".strip()


def _style(element: etree._Element) -> _Style:
    style = _Style(value_of(element, "parent-style-name"), value_of(element, "master-page-name") or "")
    if (list_style := value_of(element, "list-style-name")) is not None:
        style.properties["list-style-name"] = list_style
    for child in element:
        if name_of(child).endswith("-properties"):
            style.properties |= {str(key).rpartition("}")[2]: str(value) for key, value in child.attrib.items()}
    return style


def _levels(element: etree._Element) -> dict[int, ListLevel]:
    levels = {}
    for child in element:
        depth = bounded_number(value_of(child, "level"), 0, _MOST_SHOWN_LEVELS)
        if name_of(child) == "list-level-style-bullet":
            levels[depth] = ListLevel(number_style=None, before=_bullet(child), after="", start=1, shown_levels=1)
        elif name_of(child) == "list-level-style-number" and (style := value_of(child, "num-format")):
            levels[depth] = ListLevel(
                number_style=_NUMBER_STYLES.get(style, "decimal"),
                before=value_of(child, "num-prefix") or "",
                after=value_of(child, "num-suffix") or "",
                start=bounded_number(value_of(child, "start-value"), 1, 1_000_000),
                shown_levels=bounded_number(value_of(child, "display-levels"), 1, _MOST_SHOWN_LEVELS),
            )
    return levels


def _bullet(element: etree._Element) -> str:
    """The bullet; one of a symbol font, whose look is not in the file, is a plain one."""
    character = value_of(element, "bullet-char") or _BULLET
    return character if character in "-–*+○◦▪■□◆✓✗➢→" else _BULLET


def bounded_number(text: str | None, default: int, most: int) -> int:
    """A number that a file gives, no larger than `most`."""
    return min(int(text), most) if text is not None and re.fullmatch(r"\d{1,9}", text) else default
