"""An equation of an office file as one line of text: (a+b)/(2), x^(2), √(x)."""

from __future__ import annotations

import re

from lxml import etree

from assistant.ingestion.office.office_xml import child_of, name_of, value_of

_BRACKETED = re.compile(r"\([^()]*\)")
_PROPERTIES = frozenset({"rPr", "fPr", "sSupPr", "sSubPr", "dPr", "radPr", "naryPr", "ctrlPr", "oMathParaPr", "mPr"})


def math_text(element: etree._Element) -> str:
    """The text of an OMML element (ECMA-376 part 1, 22.1); elements that are not known give what they hold."""
    match name_of(element):
        case "t":
            return element.text or ""
        case "f":
            return f"{_part(element, 'num')}/{_part(element, 'den')}"
        case "sSup":
            return f"{_part(element, 'e')}^{_part(element, 'sup')}"
        case "sSub":
            return f"{_part(element, 'e')}_{_part(element, 'sub')}"
        case "sSubSup":
            return f"{_part(element, 'e')}_{_part(element, 'sub')}^{_part(element, 'sup')}"
        case "rad":
            degree = _inside(element, "deg")
            return f"{degree}√({_inside(element, 'e')})"
        case "nary":
            return _sum(element)
        case "d":
            return _bracketed(element)
        case "m":
            rows = [child for child in element if name_of(child) == "mr"]
            return "[" + "; ".join(", ".join(_all(cell) for cell in row) for row in rows) + "]"
        case name if name in _PROPERTIES:
            return ""
    return _all(element)


def _all(element: etree._Element) -> str:
    return "".join(map(math_text, element))


def _inside(element: etree._Element, name: str) -> str:
    found = child_of(element, name)
    return "" if found is None else _all(found)


def _part(element: etree._Element, name: str) -> str:
    """A part in brackets unless it is a single number or name."""
    text = _inside(element, name)
    is_single = text.isalpha() or text.replace(".", "").isdecimal() or _BRACKETED.fullmatch(text)
    return text if is_single else f"({text})"


def _sum(element: etree._Element) -> str:
    sign = value_of(child_of(element, "naryPr", "chr"), "val") or "∫"
    low, high = _inside(element, "sub"), _inside(element, "sup")
    limits = (f"_({low})" if low else "") + (f"^({high})" if high else "")
    return f"{sign}{limits} {_inside(element, 'e')}"


def _bracketed(element: etree._Element) -> str:
    properties = child_of(element, "dPr")
    begin = value_of(child_of(properties, "begChr"), "val")
    end = value_of(child_of(properties, "endChr"), "val")
    parts = "|".join(_all(child) for child in element if name_of(child) == "e")
    return f"{'(' if begin is None else begin}{parts}{')' if end is None else end}"
