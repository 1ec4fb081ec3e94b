"""What comes with a PDF beside its pages, and is not read: attached files, forms of another kind."""

from __future__ import annotations

import pymupdf


def parcel_warnings(document: pymupdf.Document) -> tuple[str, ...]:
    """What to tell about the file; nothing in it is opened or run."""
    catalog = document.pdf_catalog()
    if not catalog:
        return ()
    warnings = []
    if attached := document.embfile_count():
        files = "1 attached file was" if attached == 1 else f"{attached:,} attached files were"
        warnings.append(f"{files} not opened; save what is wanted from the PDF and add it")
    if document.xref_get_key(catalog, "AcroForm/XFA")[0] != "null":
        warnings.append("a form of its own kind (XFA): values that only its own program shows are not read")
    return tuple(warnings)
