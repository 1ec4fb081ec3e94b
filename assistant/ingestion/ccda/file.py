"""Read a C-CDA: its head, its sections with their coded entries, or the document of another format inside it."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from functools import partial
from xml.etree.ElementTree import Element

from assistant.domain import Origin
from assistant.ingestion.ccda.header import header_items
from assistant.ingestion.ccda.sections import section_items
from assistant.ingestion.containers.composite_file import CompositeFile, Member, check_nesting, open_member
from assistant.ingestion.flow.items import Item, Paragraph
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Source
from assistant.ingestion.safe_xml import parse_xml

_NAMESPACE = "urn:hl7-org:v3"
_SUFFIXES = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/html": "html",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "image/tiff": "tiff",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "application/msword": "doc",
}


def open_ccda(source: Source, limits: Limits) -> OpenFile:
    """A CDA document as pages. Raises FileRefusedError where its XML is damaged, hostile or too large."""
    if source.size_bytes > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")
    parsed = parse_xml(source.read_bytes(), _NAMESPACE)
    if parsed.root.tag != "ClinicalDocument":
        raise refusal("damaged")
    items = (*header_items(parsed.root), *section_items(parsed.root))
    body = parsed.root.find("component/nonXMLBody/text")
    if body is None:
        return FlowFile(items, limits, origin=Origin.STRUCTURED, warnings=parsed.warnings)
    return _with_body(items, body, limits, parsed.warnings)


def _with_body(items: tuple[Item, ...], body: Element, limits: Limits, warnings: tuple[str, ...]) -> OpenFile:
    """A document whose body is not XML: its head as a page, then the body, read as what it is."""
    if body.get("representation") != "B64":
        items = (*items, *_plain_body(body))
        missing = () if "".join(body.itertext()).strip() else ("the document itself is not in this file",)
        return FlowFile(items, limits, origin=Origin.STRUCTURED, warnings=(*warnings, *missing))
    check_nesting(limits)
    data = _decoded(body, limits)
    name = f"document.{_SUFFIXES.get(body.get('mediaType', '').casefold(), 'bin')}"
    members = [
        Member(part=None, open=partial(FlowFile, items, limits, origin=Origin.STRUCTURED, warnings=warnings)),
        Member(part=name, open=partial(open_member, Source(name=name, data=data), limits)),
    ]
    return CompositeFile(members, limits, unpacked_bytes=len(data))


def _plain_body(body: Element) -> Iterator[Item]:
    """Text as it stands; of a body in another file, that file's name."""
    for reference in body.findall("reference"):
        yield Paragraph(text=f"The document stands in another file: {reference.get('value', '')}")
    for paragraph in "".join(body.itertext()).replace("\r\n", "\n").split("\n\n"):
        if paragraph.strip():
            yield Paragraph(text=paragraph.strip("\n"))


def _decoded(body: Element, limits: Limits) -> bytes:
    try:
        data = base64.b64decode("".join("".join(body.itertext()).split()), validate=False)
        if body.get("compression") in ("DF", "ZL"):
            data = _inflated(data, limits)
    except (binascii.Error, zlib.error) as error:
        raise refusal("damaged") from error
    return data


def _inflated(data: bytes, limits: Limits) -> bytes:
    """The data unpacked, with or without a zlib header. Raises FileRefusedError past the limit."""
    try:
        unpacked = zlib.decompressobj().decompress(data, limits.unpacked_bytes + 1)
    except zlib.error:
        unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limits.unpacked_bytes + 1)
    if len(unpacked) > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")
    return unpacked
