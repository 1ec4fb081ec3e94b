"""Recognize C-CDA, FHIR and HL7 v2 files by their first bytes."""

from __future__ import annotations

import re

# A file names its root within its first kilobytes; comments and processing instructions may stand before it.
_LOOKED_AT_BYTES = 65_536
_CLINICAL_DOCUMENT = re.compile(r"<(?:[\w.-]+:)?ClinicalDocument[\s>]")
_NOT_YET_ROOT = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL)
_JSON_START = re.compile(r"\s*[\[{]")
_RESOURCE_TYPE = re.compile(r'"resourceType"\s*:\s*"[A-Z][A-Za-z]{2,40}"')
_HL7_START = re.compile(r"[\x0b\x1c\s]*(?:MSH|FHS|BHS)[^\w\s\x00-\x1f][^\w\s\x00-\x1f]{1,5}")


def looks_like_ccda(head: bytes) -> bool:
    """Whether a file that begins so is a CDA document (C-CDA, CCD, C32, ...)."""
    start = _text(head)
    match = _NOT_YET_ROOT.match(start)
    return bool(match and _CLINICAL_DOCUMENT.match(start, match.end()))


def looks_like_fhir(head: bytes) -> bool:
    """Whether a file that begins so is FHIR in JSON: a Bundle, one resource, a list of them, or one a line (NDJSON)."""
    start = _text(head)
    return bool(_JSON_START.match(start) and _RESOURCE_TYPE.search(start))


def looks_like_hl7(head: bytes) -> bool:
    """Whether a file that begins so holds HL7 v2 messages, alone, in a batch, or framed for the wire (MLLP)."""
    return bool(_HL7_START.match(_text(head)))


def _text(head: bytes) -> str:
    head = head[:_LOOKED_AT_BYTES]
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.decode("utf-8", "replace")
