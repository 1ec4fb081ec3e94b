"""Which encoding a web page is in: by its mark, what came with it, what it declares, else by what fits its bytes."""

from __future__ import annotations

import codecs
import re

from assistant.ingestion.encoding import DecodedText, decode, guessed

_DECLARED = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w:.-]{2,40})""", re.IGNORECASE)
_XML_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w:.-]{2,40})""", re.IGNORECASE)
_HEAD_BYTES = 4_096
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Browsers read these names as their Windows supersets (WHATWG Encoding Standard, 4.2).
_SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "iso8859-9": "cp1254"}
_NOT_TEXT = frozenset({"base64", "hex", "bz2", "zlib", "quopri", "uu", "rot13", "idna", "punycode", "unicode-escape"})


def decode_html(data: bytes, charset: str | None) -> DecodedText:
    """The text of a web page. `charset` is what came with it, as from an e-mail. Never fails."""
    if data.startswith(_MARKS):
        return decode(data)
    for name in (charset, _declared(data)):
        if (known := _codec(name)) is not None:
            text = _strictly(data, known)
            if text is not None:
                return DecodedText(text=text)
    as_utf8 = _strictly(data, "utf-8")
    if as_utf8 is not None:
        return DecodedText(text=as_utf8)
    return guessed(data)


def _declared(data: bytes) -> str | None:
    head = data[:_HEAD_BYTES]
    found = _DECLARED.search(head) or _XML_DECLARED.search(head)
    return found.group(1).decode("ascii", "replace") if found else None


def _codec(name: str | None) -> str | None:
    if not name:
        return None
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    if known in _NOT_TEXT or known.startswith(("utf-16", "utf-32")):
        return None  # a page whose declaration could be read byte by byte is in neither
    return _SUPERSETS.get(known, known)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, ValueError):
        return None
