"""The failures of MuPDF that concern one thing on a page and leave the rest to be read; never one of memory."""

from __future__ import annotations

import pymupdf

_MUPDF = pymupdf.mupdf
BROKEN_PART = (
    _MUPDF.FzErrorArgument,
    _MUPDF.FzErrorFormat,
    _MUPDF.FzErrorLibrary,
    _MUPDF.FzErrorLimit,
    _MUPDF.FzErrorSyntax,
    _MUPDF.FzErrorUnsupported,
)
