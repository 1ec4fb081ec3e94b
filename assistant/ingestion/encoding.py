"""Bytes to text: by byte order mark, as UTF-8, as UTF-16 without a mark, else by what fits them, with a warning."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from charset_normalizer import CharsetMatch, from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REPLACEMENT = "\ufffd"
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x0b\x1b\x08\x1a\x85")
# A DOS printer file has a few control codes; machine code has many.
_MOST_CONTROLS = 0.02
# What clinics' systems have written; a choice of a hundred finds look-alikes.
_ENCODINGS = tuple(
    "gb18030 big5 cp932 euc_jp cp949 cp1251 koi8_r cp1253 cp1250 cp1254 cp1255 cp1256 cp1252 cp850".split()
)
# Letters and signs of western Europe: text that needs no others is in Windows-1252.
_WESTERN = frozenset("ÄÖÜäöüßÀÂÇÈÉÊËÎÏÔÙÛàâçèéêëîïôùûÁÍÓÚÑáíóúñÅØÆåøæìòÌÒãõÃÕ°±µ²³·×÷½¼¾§€£«»“”‘’‚„–—…•™®©¿¡ªº\xa0\xad")
# Above this share the accents are the letters of another script.
_MOST_ACCENTS = 0.2
_GUESSED_BYTES = 100_000
# This many good multi-byte characters to each bad one: a damaged UTF-8 file rather than one in another encoding.
_GOOD_PER_BAD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """A file's text, and what to know about how it was decoded."""

    text: str
    warnings: tuple[str, ...] = ()


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes of a file can be text in some encoding."""
    if _marked_encoding(head) is not None or _unmarked_utf16(head) is not None:
        return True
    if b"\0" in head:
        return False
    controls = sum(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head)
    return controls <= _MOST_CONTROLS * len(head)


def decode(data: bytes) -> DecodedText:
    """The text of a whole file. Never fails: what cannot be decoded becomes U+FFFD, and a warning says so."""
    encoding = _marked_encoding(data) or _unmarked_utf16(data[:65_536])
    if encoding is not None:
        return _with_replacements(data, encoding)
    try:
        return DecodedText(text=data.decode("utf-8"))
    except UnicodeDecodeError:
        return _not_utf8(data)


def _marked_encoding(data: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def _unmarked_utf16(head: bytes) -> str | None:
    """Western text in UTF-16 has a zero in nearly every other byte, and nowhere else."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _with_replacements(data: bytes, encoding: str) -> DecodedText:
    text = data.decode(encoding, "replace")
    bad = text.count(_REPLACEMENT)
    if not bad:
        return DecodedText(text=text)
    return DecodedText(text=text, warnings=(f"{bad} characters are damaged and stand as {_REPLACEMENT}",))


def _not_utf8(data: bytes) -> DecodedText:
    as_utf8 = _with_replacements(data, "utf-8")
    bad = as_utf8.text.count(_REPLACEMENT)
    good = sum(character > "\x7f" for character in as_utf8.text) - bad
    if good >= _GOOD_PER_BAD * bad:
        return as_utf8
    return guessed(data)


def guessed(data: bytes) -> DecodedText:
    """The text of bytes that are neither Unicode nor say what they are, with a warning that names the guess."""
    western = data.decode("cp1252", "replace")
    found = None if _is_western(western[:_GUESSED_BYTES]) else _best_guess(data[:_GUESSED_BYTES])
    if found is None or found.encoding == "cp1252":
        warning = "the text is not UTF-8; it was read as Windows-1252, so accented letters may be wrong"
        return DecodedText(text=western, warnings=(warning,))
    warning = f"the text is not UTF-8; it was read as {found.encoding}, a guess from its bytes"
    return DecodedText(text=data.decode(found.encoding, "replace"), warnings=(warning,))


def _is_western(text: str) -> bool:
    beyond = [character for character in text if character > "\x7f"]
    return len(beyond) <= _MOST_ACCENTS * len(text) and _WESTERN.issuperset(beyond)


def _best_guess(data: bytes) -> CharsetMatch | None:
    # Threshold 0: letters and medical abbreviations of a short note are like no language's.
    return from_bytes(data, cp_isolation=list(_ENCODINGS), language_threshold=0.0).best()
