"""Read web pages (HTML): parsed leniently as browsers do, with nothing fetched and nothing run."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html

from assistant.ingestion.flow import Item
from assistant.ingestion.flow_layout import FlowFile
from assistant.ingestion.html_charset import decode_html
from assistant.ingestion.html_items import items_of
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source

# lxml's tree takes some ten times the page; a page of this size still fits the memory of a child.
_LARGEST_BYTES = 64 << 20
# libxml2 drops what is nested deeper than 256 elements.
_DEEPEST = 250


class HtmlFile(FlowFile):
    """A web page on pages of our own."""

    def __init__(self, source: Source, limits: Limits) -> None:
        if source.size_bytes > _LARGEST_BYTES:
            raise refusal("too_large", limit=f"{_LARGEST_BYTES >> 20} MiB")
        decoded = decode_html(source.read_bytes(), None)
        root = _parsed(decoded.text)
        warnings = decoded.warnings
        if _depth(root) >= _DEEPEST:
            warnings += ("the page is nested too deeply; what stands deepest was left out",)
        super().__init__(items_of(root), limits, warnings=warnings)


def html_items(data: bytes, charset: str | None = None) -> Iterator[Item]:
    """The flow items of a web page that is part of another file; `charset` is what came with it."""
    return items_of(_parsed(decode_html(data, charset).text))


def _parsed(text: str) -> etree._Element:
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    # Around it an element of our own: libxml2 finds no page in a file without any element.
    data = f"<html>{text}</html>".replace("\0", "").encode("utf-8", "replace")
    return html.document_fromstring(data, parser=parser)


def _depth(root: etree._Element) -> int:
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
