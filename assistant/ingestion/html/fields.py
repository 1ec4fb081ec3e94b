"""What a form field shows: the text typed in, the state of a box, the option chosen."""

from __future__ import annotations

from lxml import etree

_CHECKED, _UNCHECKED = "☒", "☐"
_NOT_SHOWN = frozenset({"hidden", "password", "file", "image", "button", "submit", "reset"})


def field_text(element: etree._Element) -> str:
    """The text of an input, select, textarea, meter or progress element; a placeholder is not a value."""
    match element.tag:
        case "input":
            return _input(element)
        case "select":
            return ", ".join(_chosen(element))
        case "textarea":
            return f" {''.join(map(str, element.itertext()))} "
    return element.get("value") or ""


def _input(element: etree._Element) -> str:
    kind = (element.get("type") or "text").lower()
    if kind in _NOT_SHOWN:
        return ""
    if kind in ("checkbox", "radio"):
        return f" {_UNCHECKED if element.get('checked') is None else _CHECKED} "
    return f" {element.get('value') or ''} "


def _chosen(element: etree._Element) -> list[str]:
    options = list(element.iter("option"))
    chosen = [option for option in options if option.get("selected") is not None]
    if not chosen and element.get("multiple") is None:
        chosen = options[:1]
    return [" ".join("".join(map(str, option.itertext())).split()) for option in chosen]
