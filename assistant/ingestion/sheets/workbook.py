"""What an Excel workbook says of itself: its sheets, the texts that they share, and how cells are shown."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TypeVar
from zipfile import ZipFile

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from assistant.ingestion.containers.unpacking import unpack_stream
from assistant.ingestion.limits import Limits
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, part_of, value_of
from assistant.ingestion.problems import refusal

# The built-in formats of Chinese and Japanese Excel, which openpyxl's table lacks (ECMA-376 part 1, 18.8.30).
_EAST_ASIAN_DATES = {
    **dict.fromkeys((27, 28, 29, 30, 31, 50, 51, 52, 53, 54, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
    **dict.fromkeys((36, 57), "yyyy-mm"),
}
_WHITE = ("FFFFFFFF", "00FFFFFF")
_UNFILLED = ("none", "")
_MOST_STYLES = 100_000
_Value = TypeVar("_Value")


class SheetKind(StrEnum):
    """What a sheet of a workbook holds."""

    CELLS = "worksheet"
    CHART = "chartsheet"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet: `path` is its part in the container."""

    name: str
    path: str
    kind: SheetKind
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStyle:
    """How cells of one style show their value. `is_white`: in white letters on no colour."""

    number_format: str = "General"
    is_white: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What another part is to this one: `kind` is the last word of its type."""

    id: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A workbook's sheets in order and what their cells refer to."""

    sheets: tuple[Sheet, ...]
    texts: Sequence[str]
    styles: Sequence[CellStyle]
    epoch: datetime.datetime


def read_workbook(archive: ZipFile, limits: Limits) -> Workbook:
    """Raises FileRefusedError where the container holds no workbook."""
    path = next(
        (part.path for part in relations(archive, "", limits) if part.kind == "officeDocument"), "xl/workbook.xml"
    )
    root = part_of(archive, path, limits)
    if root is None:
        raise refusal("damaged")
    parts = relations(archive, path, limits)
    by_id = {part.id: part for part in parts}
    sheets = [sheet for element in descendants(root, "sheet") if (sheet := _sheet(element, by_id)) is not None]
    properties = child_of(root, "workbookPr")
    return Workbook(
        sheets=tuple(sheets),
        texts=_shared_texts(archive, _path_of(parts, "sharedStrings"), limits),
        styles=_styles(archive, _path_of(parts, "styles"), limits),
        epoch=MAC_EPOCH if value_of(properties, "date1904") in ("1", "true") else WINDOWS_EPOCH,
    )


def relations(archive: ZipFile, path: str, limits: Limits) -> list[Relation]:
    """The parts that the part at `path` names; those outside the container are not followed and not given."""
    folder, name = posixpath.split(path)
    root = part_of(archive, posixpath.join(folder, "_rels", f"{name}.rels"), limits)
    if root is None:
        return []
    return [
        Relation(
            id=value_of(element, "Id") or "",
            kind=(value_of(element, "Type") or "").rpartition("/")[2],
            path=posixpath.normpath(posixpath.join("/", folder, value_of(element, "Target") or "")).lstrip("/"),
        )
        for element in descendants(root, "Relationship")
        if value_of(element, "TargetMode") != "External"
    ]


def rich_text(element: etree._Element) -> str:
    """The text of a cell or comment, its runs joined; how its Chinese or Japanese is spoken is left out."""
    return "".join(text.text or "" for text in descendants(element, "t") if _parent_name(text) != "rPh")


def elements(archive: ZipFile, path: str, *names: str) -> Iterator[etree._Element]:
    """The elements of these names in a part of any size, one at a time: each is emptied when the next is asked for.

    Raises FileRefusedError for a part with a document type; what comes after damage is not given.
    """
    _refuse_document_type(archive, path)
    with unpack_stream(archive, archive.getinfo(path)) as stream:
        for _, element in _parsed(stream, ("end",), [f"{{*}}{name}" for name in names]):
            yield element
            _forget(element)


def _refuse_document_type(archive: ZipFile, path: str) -> None:
    """No office program writes a document type; entities are declared there."""
    with unpack_stream(archive, archive.getinfo(path)) as stream:
        root = next((element for _, element in _parsed(stream, ("start",), None)), None)
        if root is not None and root.getroottree().docinfo.doctype:
            raise refusal("damaged")


def _parsed(stream: IO[bytes], events: Sequence[str], tags: list[str] | None) -> etree.iterparse:
    return etree.iterparse(
        stream,
        events=events,
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parent_name(element: etree._Element) -> str:
    parent = element.getparent()
    return name_of(parent) if parent is not None else ""


def _forget(element: etree._Element) -> None:
    """Free an element and those before it; their empty husks would fill the memory too."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _sheet(element: etree._Element, by_id: dict[str, Relation]) -> Sheet | None:
    part = by_id.get(value_of(element, "id") or "")
    if part is None:
        return None
    kinds = {"worksheet": SheetKind.CELLS, "chartsheet": SheetKind.CHART}
    return Sheet(
        name=value_of(element, "name") or "",
        path=part.path,
        kind=kinds.get(part.kind, SheetKind.OTHER),
        is_hidden=(value_of(element, "state") or "visible") != "visible",
    )


def _path_of(parts: list[Relation], kind: str) -> str:
    return next((part.path for part in parts if part.kind == kind), "")


def _shared_texts(archive: ZipFile, path: str, limits: Limits) -> list[str]:
    if path not in archive.NameToInfo:
        return []
    texts: list[str] = []
    characters = 0
    for element in elements(archive, path, "si"):
        texts.append(rich_text(element))
        characters += len(texts[-1])
        if characters > limits.file_characters:
            raise refusal("too_much_text", limit=f"{limits.file_characters:,}")
    return texts


def _styles(archive: ZipFile, path: str, limits: Limits) -> list[CellStyle]:
    root = part_of(archive, path, limits) if path else None
    if root is None:
        return []
    codes = {
        **_EAST_ASIAN_DATES,
        **BUILTIN_FORMATS,
        **{
            _index(value_of(element, "numFmtId")): value_of(element, "formatCode") or ""
            for element in descendants(root, "numFmt")
        },
    }
    white_fonts = [_is_white(font) for font in _children(root, "fonts")]
    filled = [value_of(child_of(fill, "patternFill"), "patternType") or "" for fill in _children(root, "fills")]
    return [
        CellStyle(
            number_format=codes.get(_index(value_of(style, "numFmtId")), "General"),
            is_white=_at(white_fonts, _index(value_of(style, "fontId")), missing=False)
            and _at(filled, _index(value_of(style, "fillId")), missing="") in _UNFILLED,
        )
        for style in _children(root, "cellXfs")[:_MOST_STYLES]
    ]


def _children(root: etree._Element, name: str) -> list[etree._Element]:
    element = child_of(root, name)
    return list(element) if element is not None else []


def _is_white(font: etree._Element) -> bool:
    """Theme colour 0 is the paper's."""
    color = child_of(font, "color")
    return value_of(color, "rgb") in _WHITE or (value_of(color, "theme") == "0" and value_of(color, "tint") is None)


def _index(value: str | None) -> int:
    """A number that another part counts by; what is none is the first."""
    return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) < 10 else 0


def _at(values: Sequence[_Value], index: int, *, missing: _Value) -> _Value:
    return values[index] if index < len(values) else missing
