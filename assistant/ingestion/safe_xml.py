"""Parse XML that may be hostile: nothing is declared, expanded or fetched, and depth is bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from assistant.ingestion.encoding import decode
from assistant.ingestion.problems import refusal

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# A C-CDA is about 30 deep. Functions that walk the tree call themselves once a level.
_DEEPEST = 150
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_INCOMPLETE = "the file is damaged; what comes after the damage is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedXml:
    """The root of a document, and what to know about how it was parsed."""

    root: Element
    warnings: tuple[str, ...] = ()


def parse_xml(data: bytes, namespace: str) -> ParsedXml:
    """The document with the elements of `namespace` (or of none) called by their bare names, without comments.

    A damaged document gives what stands before the damage, and a warning. Raises FileRefusedError ("damaged") where
    there is nothing, and for any document with a type declaration: entities are declared there, and clinical formats
    have none.
    """
    decoded = None
    builder, is_whole = _build(data, namespace)
    if not is_whole:  # perhaps only its encoding is not what it says
        decoded = decode(data)
        text = _DECLARATION.sub("", decoded.text, count=1)
        second, is_whole = _build(text.encode("utf-8"), namespace)
        if is_whole or second.count > builder.count:
            builder = second
        else:
            decoded = None
    if builder.root is None:
        raise refusal("damaged")
    warnings = (*(decoded.warnings if decoded else ()), *(() if is_whole else (_INCOMPLETE,)))
    return ParsedXml(root=builder.root, warnings=warnings)


def type_of(element: Element) -> str:
    """The xsi:type of an element without its prefix, "" for none."""
    return element.get(_XSI_TYPE, "").rpartition(":")[2]


class _Builder:
    """Builds the tree, and keeps its root so that a document that breaks off is not lost."""

    def __init__(self, namespace: str) -> None:
        self.root: Element | None = None
        self.count = 0
        self._tree = TreeBuilder()
        self._prefix = f"{{{namespace}}}"
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.count += 1
        if self._depth > _DEEPEST:
            raise refusal("damaged")
        element = self._tree.start(tag.removeprefix(self._prefix), attributes)
        if self.root is None:
            self.root = element

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag.removeprefix(self._prefix))

    def data(self, text: str) -> None:
        self._tree.data(text)

    def close(self) -> None:
        """Where the document breaks off, the elements that are still open end here: their last text is kept."""
        while self._depth:
            self._depth -= 1
            self._tree.end("")


def _build(data: bytes, namespace: str) -> tuple[_Builder, bool]:
    builder = _Builder(namespace)
    try:
        parser = DefusedXMLParser(target=builder, forbid_dtd=True)
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise refusal("damaged") from error
    except (ParseError, ValueError, LookupError):
        builder.close()
        return builder, False
    return builder, True
