"""Take a MIME message apart: the lines of its head, the texts that are its body, and what is attached."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from typing import TypeAlias

from assistant.ingestion.encoding import DecodedText, decode

_SHOWN_FIELDS = ("From", "Sender", "To", "Cc", "Subject", "Date")
_LONGEST_HEADER = 10_000
# Codecs of Python that are no encodings of texts, or slow on texts made to be slow.
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
_BODY_TYPES = ("text/plain", "text/html")
_MESSAGE_TYPES = ("message/rfc822", "message/global", "message/news")
# Of no use to a reader: signatures of the transport, and what says how a message was delivered.
_SILENT_TYPES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "message/delivery-status",
        "message/disposition-notification",
    }
)

Part: TypeAlias = "Message[str, str]"


class ShortHeaders(Compat32):
    """Headers as they stand, cut at a length that no honest one has: the standard library's parsers are quadratic.

    Compat32, for the newer policies parse every field of every part, at 0.2 ms each, and fail on damaged ones.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line of the head that people read."""

    name: str
    value: str


@dataclass(slots=True, kw_only=True)
class Contents:
    """The leaves of a message, in order."""

    body: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)


def shown_fields(message: Part) -> list[Field]:
    """From, To, Subject, Date and their like, decoded."""
    raw = [(name.title(), value) for name, value in message.raw_items()]
    return [
        Field(name=name, value=text)
        for name in _SHOWN_FIELDS
        for found, value in raw
        if found == name and (text := header_text(value))
    ]


def header_text(raw: object) -> str:
    """A header's text: encoded words decoded, bytes that are no ASCII guessed, lines unfolded."""
    unfolded = " ".join(str(raw)[:_LONGEST_HEADER].split())
    plain = decode(unfolded.encode("utf-8", "surrogateescape")).text
    if "=?" not in plain:
        return plain
    try:
        pieces = decode_header(plain)
    except (HeaderParseError, ValueError):
        return plain
    texts = [piece if isinstance(piece, str) else _decoded(piece, charset).text for piece, charset in pieces]
    return " ".join("".join(texts).split()) or plain


def body_text(part: Part) -> DecodedText:
    """A text part's text; what its charset does not fit is guessed as in any text file."""
    text = _decoded(payload(part), _parameter(part.get_content_charset()))
    return DecodedText(text=text.text.replace("\r\n", "\n").replace("\r", "\n"), warnings=text.warnings)


def payload(part: Part) -> bytes:
    """The part's bytes, unpacked from base64 or quoted-printable."""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def attached_name(part: Part) -> str | None:
    """The name that the sender gave, None where there is none."""
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError):
        return None
    return header_text(name) or None if name else None


def attached_message(part: Part) -> Part | None:
    """The message that a part is, None where it is anything else."""
    if part.get_content_type() not in _MESSAGE_TYPES:
        return None
    inner = part.get_payload()
    return inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else None


def contents(message: Part) -> Contents:
    """What a reader sees of a message: of alternatives one, plain text before HTML; everything else is attached."""
    found = Contents()
    # Not recursive: parts can be nested as deep as their writer likes.
    waiting: list[tuple[Part, bool]] = [(message, True)]
    while waiting:
        part, is_shown = waiting.pop()
        children = _children(part)
        if children is not None:
            chosen = _chosen(children) if part.get_content_subtype() == "alternative" else None
            waiting.extend((child, is_shown and (chosen is None or child is chosen)) for child in reversed(children))
        elif _is_text(part) and not _is_attached(part):
            if is_shown:
                found.body.append(part)
        elif part.get_content_type() not in _SILENT_TYPES and (is_shown or part.get_content_maintype() != "text"):
            found.attachments.append(part)
    return found


def _children(part: Part) -> list[Part] | None:
    """The parts of a multipart, None for a leaf; a message in a message is one."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        return None
    inner = part.get_payload()
    return [child for child in inner if isinstance(child, Message)] if isinstance(inner, list) else None


def _chosen(alternatives: list[Part]) -> Part | None:
    """The plain text if it says anything, else the last that is shown: the richest comes last (RFC 2046, 5.1.4)."""
    for part in alternatives:
        if part.get_content_type() == "text/plain" and body_text(part).text.strip():
            return part
    shown = [part for part in alternatives if part.get_content_type() in _BODY_TYPES or part.is_multipart()]
    return shown[-1] if shown else None


def _is_text(part: Part) -> bool:
    """A multipart without parts is a text whose writer promised more."""
    return part.get_content_type() in _BODY_TYPES or part.get_content_maintype() == "multipart"


def _is_attached(part: Part) -> bool:
    return part.get_content_disposition() == "attachment" or attached_name(part) is not None


def _parameter(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _decoded(data: bytes, charset: str | None) -> DecodedText:
    encoding = _encoding(charset)
    if encoding is not None:
        try:
            return DecodedText(text=data.decode(encoding))
        except (UnicodeError, LookupError):  # not every codec of Python is one of texts
            pass
    return decode(data) if data else DecodedText(text="")


def _encoding(charset: str | None) -> str | None:
    try:
        name = codecs.lookup(charset).name if charset else None
    except (LookupError, ValueError):
        return None
    # What says Latin-1 is Windows-1252 (WHATWG Encoding, 4.2): its C1 controls are curly quotes.
    if name in ("iso8859-1", "ascii"):
        return "cp1252" if name == "iso8859-1" else None
    return None if name in _NO_ENCODINGS else name
