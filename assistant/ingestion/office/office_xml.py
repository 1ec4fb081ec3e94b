"""Parse the XML of office files with lxml: no entity expanded, nothing fetched, depth and size bounded."""

from __future__ import annotations

from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from assistant.ingestion.containers.unpacking import unpack
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal

# lxml's tree takes some ten times its XML; a part of this size still fits the memory of a child.
_LARGEST_PART_BYTES = 64 << 20
_MOST_NAMES = 10_000


class _Names(dict[str, str]):
    """Names without their namespaces, cut once: a document has millions of elements and a hundred names."""

    def __missing__(self, tag: str) -> str:
        name = tag.rpartition("}")[2]
        if len(self) < _MOST_NAMES:
            self[tag] = name
        return name


_NAMES = _Names()


def part_of(archive: ZipFile, name: str, limits: Limits) -> etree._Element | None:
    """The root of a part of an office file; None where there is no such part, or it is no XML."""
    try:
        member = archive.getinfo(name)
    except KeyError:
        return None
    largest = min(_LARGEST_PART_BYTES, limits.unpacked_bytes)
    if member.file_size > largest:
        raise refusal("unpacks_too_large", limit=f"{largest >> 20:,} MiB")
    data = unpack(archive, member)
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        return None
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise refusal("damaged")  # no office program writes a document type; entities are declared there
    return root


def name_of(element: etree._Element) -> str:
    """An element's name without its namespace: the strict and the transitional form of a format differ only in that."""
    return _NAMES[element.tag]


def value_of(element: etree._Element | None, name: str) -> str | None:
    """The value of an attribute, whatever namespace it is in."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def child_of(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first child of this name, and its first child of the next name; None where one is missing."""
    for name in path:
        if element is None:
            return None
        element = next(element.iterchildren("{*}" + name), None)
    return element


def properties_of(element: etree._Element, name: str) -> etree._Element | None:
    """A child that lists properties; None where it lists none, as is mostly so."""
    found = next(element.iterchildren("{*}" + name), None)
    return found if found is not None and len(found) else None


def descendants(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """All elements of this name inside `element`, in order."""
    return element.iter(f"{{*}}{name}")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
