"""Small office files made from their XML, and what their readers make of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from assistant.domain import HiddenText, Page
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import OpenFile, Source
from tests.ingestion.page_checks import check_page

WORD = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
OPEN_DOCUMENT = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"),
    )
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip


def packed(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP container of these members; `mimetype` is stored as it is, for by it the format is known."""
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED)
    return stream.getvalue()


def docx(body: str, **parts: str) -> bytes:
    """A Word document with this body; `styles`, `numbering`, `footnotes`, `comments`, `header1` are further parts."""
    members: dict[str, str | bytes] = {"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>"}
    for name, content in parts.items():
        kind = {"header1": "hdr", "footer1": "ftr"}.get(name, name)
        members[f"word/{name}.xml"] = f"<w:{kind} {WORD}>{content}</w:{kind}>"
    relations = "".join(
        f'<Relationship Id="{name}" Target="{name}.xml"/>' for name in parts if name in ("header1", "footer1")
    )
    members["word/_rels/document.xml.rels"] = f"<Relationships>{relations}</Relationships>"
    return packed(members)


def odt(body: str, styles: str = "") -> bytes:
    """An OpenDocument text with this body."""
    content = content_of("text", body, styles)
    return packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def content_of(kind: str, body: str, styles: str = "") -> str:
    """The main part of an OpenDocument "text" or "spreadsheet"."""
    return (
        f"<office:document-content {OPEN_DOCUMENT}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )


def pages_of(reader: Callable[[Source, Limits], OpenFile], data: bytes, limits: Limits | None = None) -> list[Page]:
    """The pages that a reader makes of these bytes, checked."""
    return pages_in(reader(Source(name="letter", data=data), limits or Limits()))


def pages_in(file: OpenFile) -> list[Page]:
    """The pages of an open file, checked."""
    pages = []
    for number in range(1, file.page_count + 1):
        read = file.read(number)
        page = Page(
            file="letter",
            number=number,
            text=read.composed.text,
            width=read.width,
            height=read.height,
            origin=read.origin,
            words=read.composed.words,
            entries=read.entries,
            hidden=read.hidden,
        )
        check_page(page)
        pages.append(page)
    file.close()
    return pages


def hidden_of(pages: list[Page]) -> list[HiddenText]:
    """What all pages hide."""
    return [hidden for page in pages for hidden in page.hidden]
