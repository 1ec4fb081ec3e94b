"""What the page calls kinds of documents, formats of files and origins of text."""

from __future__ import annotations

from assistant.domain import DocumentKind, Origin, SourceDocument, SourceFile
from assistant.ui.dates import count, written_day
from assistant.ui.file_names import label

_KINDS = {
    DocumentKind.DISCHARGE_SUMMARY: "discharge summary",
    DocumentKind.CLINIC_LETTER: "clinic letter",
    DocumentKind.LABORATORY: "laboratory",
    DocumentKind.RADIOLOGY: "radiology",
    DocumentKind.PATHOLOGY: "pathology",
    DocumentKind.MEDICATION_LIST: "medication list",
    DocumentKind.OPERATION_NOTE: "operation note",
    DocumentKind.NURSING: "nursing",
    DocumentKind.CONSENT: "consent",
}
_FORMATS = {
    "pdf": "PDF",
    "text": "plain text",
    "markdown": "Markdown",
    "docx": "Word",
    "odt": "OpenDocument",
    "rtf": "RTF",
    "html": "web page",
    "email": "e-mail",
    "xlsx": "Excel",
    "csv": "CSV",
    "ccda": "C-CDA",
    "fhir": "FHIR",
    "hl7": "HL7",
    "zip": "ZIP",
}
_PICTURES = ("png", "jpeg", "gif", "tiff", "webp", "bmp")


def kind_name(kind: DocumentKind) -> str:
    """A document's kind in words, "" where it is of no known kind."""
    return _KINDS.get(kind, "")


def format_name(file: SourceFile) -> str:
    """The file's format, as people call it."""
    return "picture" if file.kind in _PICTURES else _FORMATS.get(file.kind, file.kind)


def day_of(file: SourceFile) -> str:
    """The day of the file's one document, or the span of years of several; else what its name says."""
    dates = sorted(document.date for document in file.documents if document.date)
    if not dates:
        return label(file.name).day
    if len(file.documents) == 1 or dates[0] == dates[-1]:
        return written_day(dates[0])
    first, last = dates[0][:4], dates[-1][:4]
    return first if first == last else f"{first}\N{EN DASH}{last}"


def description(file: SourceFile) -> str:
    """Kind, day and origin of a file in one line."""
    kinds = {kind_name(document.kind) for document in file.documents} - {""}
    several = count(len(file.documents), "document") if len(file.documents) > 1 else ""
    kind = several or (kinds.pop() if len(kinds) == 1 else "")
    parts = (day_of(file), kind, _origin(file))
    return " · ".join(part for part in parts if part)


def document_line(document: SourceDocument) -> str:
    """One document of a file: kind, day, pages and author."""
    first, last = document.first_page, document.last_page
    pages = f"p {first}" if first == last else f"p {first}\N{EN DASH}{last}"
    day = written_day(document.date) if document.date else "no date"
    parts = (kind_name(document.kind) or "document", day, pages, document.author or "")
    return " · ".join(part for part in parts if part)


def _origin(file: SourceFile) -> str:
    if Origin.OCR in file.origins or file.waiting_pages:
        return "scan" if set(file.origins) <= {Origin.OCR} else "part scan"
    return format_name(file)
