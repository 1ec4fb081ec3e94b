"""Read web pages (HTML): parsed leniently as browsers do, with nothing fetched and nothing run."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from assistant.ingestion.flow.items import Item
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.html.charset import decode_html
from assistant.ingestion.html.items import items_of
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source

# lxml's tree takes some ten times the page; a page of this size still fits the memory of a child.
_LARGEST_BYTES = 64 << 20
_TOO_DEEP = "the page is nested too deeply; what comes after is missing"


class HtmlFile(FlowFile):
    """A web page on pages of our own."""

    def __init__(self, source: Source, limits: Limits) -> None:
        if source.size_bytes > _LARGEST_BYTES:
            raise refusal("too_large", limit=f"{_LARGEST_BYTES >> 20} MiB")
        decoded = decode_html(source.read_bytes(), None)
        root, is_whole = _parsed(decoded.text)
        super().__init__(items_of(root), limits, warnings=decoded.warnings + (() if is_whole else (_TOO_DEEP,)))


def html_items(data: bytes, charset: str | None = None) -> Iterator[Item]:
    """The flow items of a web page that is part of another file; `charset` is what came with it."""
    root, _ = _parsed(decode_html(data, charset).text)
    return items_of(root)


def _parsed(text: str) -> tuple[etree._Element, bool]:
    """The page's root, and whether the page was read to its end: libxml2 stops at what is nested 256 deep."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    # Around it an element of our own: libxml2 finds no page in a file without any element.
    data = f"<html>{text}</html>".replace("\0", "").encode("utf-8", "replace")
    root = etree.fromstring(data, parser)
    return root, not any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)
