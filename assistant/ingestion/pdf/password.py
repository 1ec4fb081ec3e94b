"""Open a PDF that is protected by a password, and give a copy without it."""

from __future__ import annotations

import pymupdf

from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source


def unlocked(source: Source, password: str, limits: Limits) -> bytes:
    """The PDF without its protection; `password` is its user's or its owner's.

    Raises FileRefusedError: `wrong_password`, `damaged`, `too_large`.
    """
    with opened_pdf(source) as document:
        if document.needs_pass and not document.authenticate(password):
            raise refusal("wrong_password")
        data: bytes = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_NONE)
    if len(data) > limits.file_bytes:
        raise refusal("too_large", limit=f"{limits.file_bytes >> 20:,} MiB")
    return data


def opened_pdf(source: Source) -> pymupdf.Document:
    """The document, locked or not. Raises FileRefusedError where it is no PDF."""
    if source.data is not None:
        document = pymupdf.open(stream=source.data, filetype="pdf")
    else:
        document = pymupdf.open(source.path, filetype="pdf")
    # MuPDF looks at the content too, and would open a web page named .pdf.
    if not document.is_pdf:
        raise refusal("not_a_pdf", what="")
    return document
