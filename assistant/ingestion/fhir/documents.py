"""Texts inside FHIR resources: narratives in XHTML, and attached documents of any format."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.errors import FileRefusedError
from assistant.ingestion.ccda.narrative import read_narrative
from assistant.ingestion.coding.clinical_times import day_of, from_fhir
from assistant.ingestion.encoding import decode
from assistant.ingestion.fhir.bundle import Bundle
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import coded, span
from assistant.ingestion.flow.items import Heading, Item, Paragraph
from assistant.ingestion.safe_xml import parse_xml

_XHTML = "http://www.w3.org/1999/xhtml"
_SUFFIXES = {
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "text/csv": "csv",
    "application/xml": "xml",
    "text/xml": "xml",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tiff",
}
_SECTION_LEVEL, _DEEPEST_SECTION = 2, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document inside a resource: what the resource calls it, its day, its format, and its bytes."""

    title: str
    day: str | None
    content_type: str
    data: bytes

    @property
    def is_plain_text(self) -> bool:
        """Whether it is text that can stand on the record's own pages."""
        return self.content_type.partition(";")[0] in ("text/plain", "text/markdown")

    @property
    def suffix(self) -> str:
        """How a file of its format is named."""
        return _SUFFIXES.get(self.content_type.partition(";")[0], "bin")

    def items(self) -> Iterator[Item]:
        """A plain text as it stands."""
        yield Heading(text=" · ".join(part for part in (self.title, self.day) if part), level=3)
        for paragraph in decode(self.data).text.replace("\r\n", "\n").split("\n\n"):
            if paragraph.strip():
                yield Paragraph(text=paragraph.strip("\n"))


def narrative_items(text: Node) -> Iterator[Item]:
    """The readable words of a resource's or section's `text`; nothing where they are damaged."""
    div = text["div"].text
    if div:
        try:
            root = parse_xml(div.encode("utf-8"), _XHTML).root
        except FileRefusedError:
            return
        yield from read_narrative(root).items


def composition_items(composition: Node, bundle: Bundle) -> Iterator[Item]:
    """The head and the sections of a document, as it is to be read."""
    if date := from_fhir(composition["date"].text):
        yield Paragraph(text=f"Document date: {date.replace('T', ' ')}")
    for label, key in (("Author", "author"), ("Custodian", "custodian")):
        for each in composition[key]:
            if name := _who(each, composition, bundle):
                yield Paragraph(text=f"{label}: {name}")
    yield from _sections(composition["section"], _SECTION_LEVEL)


def _sections(sections: Node, level: int) -> Iterator[Item]:
    for section in sections:
        if title := section["title"].text or coded(section["code"]).name:
            yield Heading(text=title, level=min(level, 4))
        yield from narrative_items(section["text"])
        if level < _DEEPEST_SECTION:
            yield from _sections(section["section"], level + 1)


def _who(reference: Node, container: Node, bundle: Bundle) -> str:
    found = bundle.resolve(reference, container)
    name = next(iter(found["name"]), Node())
    parts = [each.text for key in ("prefix", "given", "family") for each in name[key]]
    return reference["display"].text or " ".join(part for part in parts if part) or name["text"].text or name.text


def attachments(resource: Node, bundle: Bundle) -> Iterator[Attachment]:
    """The documents inside a DocumentReference, a DiagnosticReport or a Binary that is part of the file."""
    kind = coded(resource["type"]).name or coded(resource["code"]).name or resource["description"].text
    day = day_of(span(resource, "effective").begin or from_fhir(resource.first("date", "issued").text))
    documents = [each["attachment"] for each in resource["content"]] + list(resource["presentedForm"])
    for each in documents:
        binary = bundle.resolve(each["url"], resource)
        data = _decoded(each["data"].text or binary["data"].text)
        if data:
            yield Attachment(
                title=each["title"].text or kind or "Document",
                day=day_of(from_fhir(each["creation"].text)) or day,
                content_type=(each["contentType"].text or binary["contentType"].text).casefold(),
                data=data,
            )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
