"""Recognize a file by its content; its name only says how plain text is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assistant.errors import FileRefusedError
from assistant.ingestion.encoding import looks_like_text
from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf import PdfFile
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Reader
from assistant.ingestion.text_file import TextFile

READERS: Mapping[str, Reader] = {"pdf": PdfFile, "text": TextFile, "markdown": TextFile}
_HEAD_BYTES = 65_536
# The header may stand anywhere in the first 1,024 bytes (ISO 32000-1, annex H, 3.4.1).
_PDF_HEADER_WITHIN_BYTES = 1_024
_PDF_OBJECT = re.compile(rb"(?<![0-9])\d{1,7} \d{1,5} obj\b")


@dataclass(frozen=True, slots=True)
class _Signature:
    """Bytes at the start of a format that is known by name but not read here."""

    start: bytes
    name: str


_SIGNATURES = (
    _Signature(b"\x89PNG\r\n", "a PNG picture"),
    _Signature(b"\xff\xd8\xff", "a JPEG picture"),
    _Signature(b"GIF8", "a GIF picture"),
    _Signature(b"II*\0", "a TIFF picture"),
    _Signature(b"MM\0*", "a TIFF picture"),
    _Signature(b"BM", "a bitmap picture"),
    _Signature(b"{\\rtf", "an RTF document"),
    _Signature(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office or Outlook file"),
    _Signature(b"\x1f\x8b", "a compressed file"),
    _Signature(b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    _Signature(b"Rar!\x1a", "a RAR archive"),
)
_ZIP_CONTENTS = (
    _Signature(b"word/", "a Word document"),
    _Signature(b"xl/", "an Excel workbook"),
    _Signature(b"ppt/", "a PowerPoint file"),
    _Signature(b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
    _Signature(b"mimetypeapplication/epub", "an e-book"),
)
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(r"\s*<(?:\?xml|[A-Za-z_][\w.:-]*[\s>])")
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[\[{"])')
_EMAIL = re.compile(r"(?:[A-Z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){3}", re.IGNORECASE)
_EMAIL_FIELD = re.compile(r"^(?:mime-version|message-id|received|return-path):", re.IGNORECASE | re.MULTILINE)


def open_file(path: Path, kind: str, limits: Limits) -> OpenFile:
    """Open a file whose kind is known."""
    return READERS[kind](path, limits)


def recognize(path: Path, name: str) -> str:
    """The file's kind, a key of READERS. Raises FileRefusedError for any other, naming it where it is known."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    suffix = PurePosixPath(name).suffix.lower()
    if not head:
        raise refusal("empty_file")
    if _is_pdf(head, suffix):
        return "pdf"
    if (foreign := _foreign_format(head)) is not None:
        raise _refusal(foreign, suffix)
    if not looks_like_text(head):
        raise _refusal(None, suffix)
    return "markdown" if suffix in (".md", ".markdown") else "text"


def _is_pdf(head: bytes, suffix: str) -> bool:
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN_BYTES]:
        return True
    return suffix == ".pdf" and _PDF_OBJECT.search(head) is not None


def _foreign_format(head: bytes) -> str | None:
    for signature in _SIGNATURES:
        if head.startswith(signature.start):
            return signature.name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "a WebP picture"
    if head.startswith(b"PK\x03\x04"):
        return next((inside.name for inside in _ZIP_CONTENTS if inside.start in head), "a ZIP archive")
    return _foreign_text(head) if looks_like_text(head) else None


def _foreign_text(head: bytes) -> str | None:
    start = head[:4_096].decode("utf-8-sig", "replace")
    if _HTML.match(start):
        return "a web page (HTML)"
    if _XML.match(start):
        return "an XML file"
    if _JSON.match(start):
        return "a JSON file"
    if _EMAIL.match(start) and _EMAIL_FIELD.search(start):
        return "an e-mail"
    return None


def _refusal(foreign: str | None, suffix: str) -> FileRefusedError:
    if suffix == ".pdf":
        return refusal("not_a_pdf", what=f" but {foreign}" if foreign else "")
    return refusal("unsupported_format", what=foreign) if foreign else refusal("unknown_format")
