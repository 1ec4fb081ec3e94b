"""HTML that cannot be broken out of: every piece of text is escaped unless it is already Html."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"br", "img", "input", "meta"})
_SAFE_ADDRESSES = ("#", "https://", "data:image/png;base64,", "data:image/svg+xml;base64,")


class Html(str):
    """Text that is already safe HTML. Only this module makes it."""

    __slots__ = ()


Child = Html | str | None
Attribute = str | int | float | bool | None

NOTHING = Html("")


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """`<name ...>children</name>`. `class_` gives `class`, `data_file` `data-file`; None and False are left out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """The children one after the other, plain text escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children if child is not None))


def button(does: str, *children: Child, **attributes: Attribute) -> Html:
    """A button that sends the event `does` with its data-attributes; page.js listens."""
    return tag("button", *children, type="button", data_do=does, **attributes)


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name.startswith("on"):
        raise ValueError(f"the attribute {name} would run code")
    if value is False:
        return ""
    if value is True:
        return f" {name}"
    written = str(value)
    if name in ("href", "src") and not written.startswith(_SAFE_ADDRESSES):
        raise ValueError(f"{name} may only be a picture's data, a place on the page or https")
    return f' {name}="{escape(written)}"'
