"""Recognize a file by its content; its name only says how plain text is meant. Open it with the reader of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import cast

from assistant.errors import FileRefusedError
from assistant.ingestion.coding.structured_formats import looks_like_ccda, looks_like_fhir, looks_like_hl7
from assistant.ingestion.containers.unpacking import member_names
from assistant.ingestion.encoding import decode, looks_like_text
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Reader, Source
from assistant.ingestion.sheets.csv_dialect import is_table

# Loaded when the first file of the kind comes, in the child alone: a child that reads PDF starts in 0.2 s.
READERS: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "assistant.ingestion.pdf.file:PdfFile",
        "text": "assistant.ingestion.text_file:TextFile",
        "markdown": "assistant.ingestion.text_file:TextFile",
        "docx": "assistant.ingestion.docx.file:DocxFile",
        "html": "assistant.ingestion.html.file:HtmlFile",
        "odt": "assistant.ingestion.odt.file:OdtFile",
        "ods": "assistant.ingestion.odt.file:OdtFile",
        "rtf": "assistant.ingestion.rtf.file:RtfFile",
        "ccda": "assistant.ingestion.ccda.file:open_ccda",
        "fhir": "assistant.ingestion.fhir.file:open_fhir",
        "hl7": "assistant.ingestion.hl7.file:open_hl7",
        "xlsx": "assistant.ingestion.sheets.xlsx_file:XlsxFile",
        "csv": "assistant.ingestion.sheets.csv_file:CsvFile",
        "email": "assistant.ingestion.containers.email_file:EmailFile",
        "mbox": "assistant.ingestion.containers.email_file:MailboxFile",
        "zip": "assistant.ingestion.containers.archive_file:ArchiveFile",
        **dict.fromkeys(("png", "jpeg", "gif", "tiff", "webp", "bmp"), "assistant.ingestion.ocr.image_file:ImageFile"),
    }
)
_HEAD_BYTES = 65_536
_TAIL_BYTES = 65_536
# The header may stand anywhere in the first 1,024 bytes (ISO 32000-1, annex H, 3.4.1).
_PDF_HEADER_WITHIN_BYTES = 1_024
_PDF_OBJECT = re.compile(rb"(?<![0-9])\d{1,7} \d{1,5} obj\b")


@dataclass(frozen=True, slots=True)
class _Signature:
    """Bytes that tell a format, and its name."""

    start: bytes
    name: str


_PICTURES = (
    _Signature(b"\x89PNG\r\n", "png"),
    _Signature(b"\xff\xd8\xff", "jpeg"),
    _Signature(b"GIF8", "gif"),
    _Signature(b"II*\0", "tiff"),
    _Signature(b"MM\0*", "tiff"),
)
_FOREIGN = (
    _Signature(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office or Outlook file"),
    _Signature(b"\x1f\x8b", "a compressed file"),
    _Signature(b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    _Signature(b"Rar!\x1a", "a RAR archive"),
    _Signature(b"\x78\x9f\x3e\x22", "an Outlook attachment (winmail.dat)"),
)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# What an office file is stands in its directory, or in its first member: an archive that holds a letter unpacked has
# the letter's names among its bytes too.
_ZIP_KINDS = {"word/document.xml": "docx", "word/document2.xml": "docx", "xl/workbook.xml": "xlsx"}
_ZIP_FOREIGN = {"xl/workbook.bin": "a binary Excel workbook", "ppt/presentation.xml": "a PowerPoint file"}
_FIRST_MEMBER_KINDS = (
    _Signature(b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    _Signature(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
)
_FIRST_MEMBER_FOREIGN = (
    _Signature(b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file that holds no text document"),
    _Signature(b"mimetypeapplication/epub", "an e-book"),
)
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(r"\s*<(?:\?xml|[A-Za-z_][\w.:-]*[\s>])")
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[\[{"])')
_EMAIL = re.compile(r"(?:[A-Z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){3}", re.IGNORECASE)
_EMAIL_FIELD = re.compile(r"^(?:mime-version|message-id|received|return-path):", re.IGNORECASE | re.MULTILINE)
_EMAIL_BEGIN = re.compile(r"(?:from|to|subject|date|mime-version|received|return-path|message-id):", re.IGNORECASE)
_MAILBOX = re.compile(r"From \S+ [^\n]*\d{4}[^\n]*\n(?:[A-Z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2}", re.IGNORECASE)
_BY_SUFFIX = {".md": "markdown", ".markdown": "markdown", ".csv": "csv", ".tsv": "csv", ".htm": "html", ".html": "html"}


def open_file(source: Source, kind: str, limits: Limits) -> OpenFile:
    """Open a file whose kind is known."""
    module, name = READERS[kind].split(":")
    return cast(Reader, getattr(import_module(module), name))(source, limits)


def recognize(source: Source) -> str:
    """The file's kind, a key of READERS. Raises FileRefusedError for any other, naming it where it is known."""
    head, tail = _ends(source)
    suffix = PurePosixPath(source.name).suffix.lower()
    if not head:
        raise refusal("empty_file")
    # Before PDF: an archive whose first member is a PDF has a PDF's header among its first bytes.
    is_zip = head.startswith(_ZIP_STARTS)
    if not is_zip and _is_pdf(head, suffix):
        return "pdf"
    kind = _zip_kind(source, head, suffix) if is_zip else _binary_kind(head, tail, suffix)
    if kind is None and looks_like_text(head):
        kind = _text_kind(head, suffix)
    if kind is None or kind not in READERS:
        raise _refusal(kind, suffix)
    return kind


def _ends(source: Source) -> tuple[bytes, bytes]:
    """The first and the last bytes of a file."""
    with source.open() as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(source.size_bytes - _TAIL_BYTES, 0))
        return head, file.read(_TAIL_BYTES)


def _is_pdf(head: bytes, suffix: str) -> bool:
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN_BYTES]:
        return True
    return suffix == ".pdf" and _PDF_OBJECT.search(head) is not None


def _binary_kind(head: bytes, tail: bytes, suffix: str) -> str | None:
    """The kind that the bytes at the start show, None for what may be text. Raises FileRefusedError."""
    for signature in _PICTURES:
        if head.startswith(signature.start):
            return signature.name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and not looks_like_text(head):
        return "bmp"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    for signature in _FOREIGN:
        if head.startswith(signature.start):
            is_locked = _ENCRYPTED_OFFICE in head or _ENCRYPTED_OFFICE in tail
            raise refusal("office_password") if is_locked else _refusal(signature.name, suffix)
    return None


def _zip_kind(source: Source, head: bytes, suffix: str) -> str:
    first = head[_LOCAL_HEADER_BYTES:]
    for kind in _FIRST_MEMBER_KINDS:
        if first.startswith(kind.start):
            return kind.name
    for foreign in _FIRST_MEMBER_FOREIGN:
        if first.startswith(foreign.start):
            raise _refusal(foreign.name, suffix)
    try:
        names = member_names(source)
    except FileRefusedError:  # the archive's own reader says what is wrong with it
        if suffix == ".pdf":
            raise _refusal("a damaged ZIP archive", suffix) from None
        return "zip"
    for name, described in _ZIP_FOREIGN.items():
        if name in names:
            raise _refusal(described, suffix)
    return next((kind for name, kind in _ZIP_KINDS.items() if name in names), "zip")


def _text_kind(head: bytes, suffix: str) -> str:
    """What text is meant as: its first characters say, and where they do not, its name. Raises FileRefusedError."""
    text = decode(head).text
    if looks_like_hl7(head):
        return "hl7"
    if _HTML.match(text):
        return "html"
    if looks_like_ccda(head):
        return "ccda"
    if _XML.match(text) and suffix not in _BY_SUFFIX:
        raise _refusal("an XML file that is no C-CDA document", suffix)
    if _JSON.match(text):
        if looks_like_fhir(head):
            return "fhir"
        raise _refusal("a JSON file that is no FHIR resource", suffix)
    if _is_email(text, suffix):
        return "email"
    if _MAILBOX.match(text):
        return "mbox"
    return _BY_SUFFIX.get(suffix) or ("csv" if is_table(text) else "text")


def _is_email(text: str, suffix: str) -> bool:
    if suffix == ".eml" and _EMAIL_BEGIN.match(text):
        return True
    return bool(_EMAIL.match(text) and _EMAIL_FIELD.search(text))


def _refusal(foreign: str | None, suffix: str) -> FileRefusedError:
    if suffix == ".pdf":
        return refusal("not_a_pdf", what=f" but {foreign}" if foreign else "")
    return refusal("unsupported_format", what=foreign) if foreign else refusal("unknown_format")
