"""Which elements of a web page are not shown: by their attributes, their style, and the page's own style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from assistant.domain import HidingPlace

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE_SELECTOR = re.compile(r"([a-z][a-z0-9]*)?([.#][\w-]+)?", re.IGNORECASE)
_DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;!]+)", re.IGNORECASE)
_LARGEST_SHEET = 500_000
_LENGTH = re.compile(r"(-?[\d.]+)\s*(px|pt|em|rem|%|ex|cm|mm|in)?")
_TINIEST = {"px": 2.0, "pt": 1.5, "em": 0.15, "rem": 0.15, "%": 15.0}
_FAR_AWAY = 900.0
_WHITES = frozenset({"white", "snow", "ivory", "whitesmoke", "ghostwhite", "floralwhite", "mintcream", "azure"})
_HEX = re.compile(r"#(?:([0-9a-f]{3})|([0-9a-f]{6}))")
_RGB = re.compile(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,[\d.]+)?\)")
# Of 255 in each of red, green and blue: letters as pale as this are not seen on paper as pale as this.
_PALE = 240
_CLEAR = frozenset({"transparent", "rgba(0,0,0,0)", "rgba(255,255,255,0)"})
_NO_GROUND = frozenset({"none", "inherit", "initial", "unset"})

Declarations = Mapping[str, str]


class Hiding:
    """Knows a page's style sheets, as far as their selectors are a tag, a class or an id."""

    def __init__(self, sheets: Iterator[str]) -> None:
        self._rules: dict[str, dict[str, str]] = {}
        for sheet in sheets:
            for selectors, body in _RULE.findall(_without_at_blocks(_COMMENT.sub("", sheet[:_LARGEST_SHEET]))):
                declared = _declarations(body)
                for selector in selectors.split(","):
                    if _SIMPLE_SELECTOR.fullmatch(selector.strip()):
                        self._rules.setdefault(selector.strip().lower(), {}).update(declared)

    def style_of(self, element: etree._Element) -> Declarations:
        """What is declared for an element: its tag's, its classes', its id's rules, then its own style."""
        own = element.get("style")
        if not self._rules:
            return _declarations(own) if own else {}
        tag = str(element.tag).lower()
        keys = [tag]
        for name in (element.get("class") or "").lower().split()[:20]:
            keys += (f".{name}", f"{tag}.{name}")
        if (identity := element.get("id")) is not None:
            keys += (f"#{identity.lower()}", f"{tag}#{identity.lower()}")
        declared: dict[str, str] = {}
        for key in keys:
            declared |= self._rules.get(key, {})
        return declared | _declarations(own) if own else declared


def hiding_place(element: etree._Element, style: Declarations, *, has_ground: bool) -> HidingPlace | None:
    """How an element is hidden, None where it is seen. On a ground of its own white letters can be seen."""
    if element.get("hidden") is not None or style.get("display") == "none":
        return HidingPlace.INVISIBLE
    if style.get("visibility") in ("hidden", "collapse") or _number(style.get("opacity")) == 0.0:
        return HidingPlace.INVISIBLE
    if _is_tiny(style.get("font-size", "")):
        return HidingPlace.TINY
    if any(_is_far(style.get(name, "")) for name in ("left", "top", "text-indent", "margin-left", "right")):
        return HidingPlace.OFF_PAGE
    color = (style.get("color") or element.get("color") or "").replace(" ", "").lower()
    if color in _CLEAR:
        return HidingPlace.INVISIBLE
    return HidingPlace.WHITE if _is_white(color) and not has_ground else None


def paints_ground(element: etree._Element, style: Declarations) -> bool:
    """Whether an element has a background other than the white of the page."""
    if element.get("background"):
        return True
    grounds = (
        style.get("background"),
        style.get("background-color"),
        style.get("background-image"),
        element.get("bgcolor"),
    )
    said = ("".join(ground.split()).lower() for ground in grounds if ground)
    return any(ground not in _CLEAR | _NO_GROUND and not _is_white(ground) for ground in said)


def _is_white(color: str) -> bool:
    """Whether a color, in lower case without spaces, is white or nearly so."""
    if found := _HEX.fullmatch(color):
        short, long = found.groups()
        digits = "".join(digit * 2 for digit in short) if short else long
        return all(int(digits[at : at + 2], 16) >= _PALE for at in (0, 2, 4))
    if found := _RGB.fullmatch(color):
        return all(int(channel) >= _PALE for channel in found.groups())
    return color in _WHITES


def _declarations(text: str) -> dict[str, str]:
    return {name.lower(): value.strip().lower() for name, value in _DECLARATION.findall(text)}


def _without_at_blocks(sheet: str) -> str:
    """The rules that always hold: not those for print, for small screens or for fonts."""
    kept: list[str] = []
    depth, at_depth = 0, 0
    is_at = False
    start = 0
    for found in re.finditer(r"[@{};]", sheet):
        mark, at = found.group(), found.start()
        if mark == "@" and not is_at:
            kept.append(sheet[start:at])
            is_at, at_depth = True, depth
        elif mark == "{":
            depth += 1
        elif mark == "}":
            depth = max(depth - 1, 0)
        if is_at and mark in "};" and depth == at_depth:
            is_at, start = False, at + 1
    return "".join(kept) + ("" if is_at else sheet[start:])


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _is_tiny(size: str) -> bool:
    found = _LENGTH.fullmatch(size)
    number = _number(found.group(1)) if found else None
    if found is None or number is None:
        return False
    return number <= _TINIEST.get(found.group(2) or "px", 0.0)


def _is_far(length: str) -> bool:
    found = _LENGTH.fullmatch(length)
    number = _number(found.group(1)) if found else None
    return number is not None and number <= -_FAR_AWAY
