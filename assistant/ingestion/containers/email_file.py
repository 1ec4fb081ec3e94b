"""Read an e-mail: its head and body on pages of our own, then the pages of what is attached to it."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from assistant.ingestion.containers.composite_file import CompositeFile, Member, check_nesting, open_member, part_names
from assistant.ingestion.containers.email_parts import (
    Contents,
    Part,
    ShortHeaders,
    attached_message,
    attached_name,
    body_text,
    contents,
    payload,
    shown_fields,
)
from assistant.ingestion.encoding import DecodedText
from assistant.ingestion.flow.items import Heading, Item, Paragraph
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.html.file import html_items
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Source

# The parser holds a message ten times over; mail servers take 50 MB at most.
_LARGEST_BYTES = 64 << 20
# A logo or a line of a signature; a scan is larger.
_SMALL_PICTURE_BYTES = 10_000
_ENCRYPTED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_SOFT_BREAK = re.compile(r"(?<!^--) \n", re.MULTILINE)
# mboxrd: a message begins at such a line, and such a line in it is quoted.
_MESSAGE_START = re.compile(rb"^From [^\n]*\d{4}[^\n]*\n", re.MULTILINE)
_QUOTED_START = re.compile(rb"^>(>*From )", re.MULTILINE)
_SUFFIXES = {"text/csv": ".csv", "text/tab-separated-values": ".tsv", "text/markdown": ".md", "text/html": ".html"}


class MessageFile(CompositeFile):
    """A message that is parsed: its own text, without a part's name, and what is attached."""

    def __init__(self, message: Part, limits: Limits) -> None:
        check_nesting(limits)
        found = contents(message)
        if len(found.attachments) > limits.members:
            raise refusal("too_many_members", limit=f"{limits.members:,}")
        own = Member(part=None, open=partial(_text_file, message, found, limits))
        attached = [part for part in found.attachments if not _is_decoration(part)]
        names = part_names(_names(attached))
        members = [
            Member(part=name, open=partial(_attached_file, part, name, limits))
            for name, part in zip(names, attached, strict=True)
        ]
        super().__init__([own, *members], limits, unpacked_bytes=0)


class EmailFile(MessageFile):
    """A file that holds one message (EML)."""

    def __init__(self, source: Source, limits: Limits) -> None:
        super().__init__(_parsed(_bytes(source)), limits)


class MailboxFile(CompositeFile):
    """A file that holds messages one after the other (mbox)."""

    def __init__(self, source: Source, limits: Limits) -> None:
        check_nesting(limits)
        messages = _MESSAGE_START.split(_bytes(source))[1:]
        if len(messages) > limits.members:
            raise refusal("too_many_members", limit=f"{limits.members:,}")
        inner = replace(limits, nesting=limits.nesting - 1)
        members = [
            Member(part=f"message {number}", open=partial(_mailed, data, inner))
            for number, data in enumerate(messages, start=1)
        ]
        super().__init__(members, limits, unpacked_bytes=0)
        if not self.page_count:
            raise refusal("no_readable_members")


def _bytes(source: Source) -> bytes:
    if source.size_bytes > _LARGEST_BYTES:
        raise refusal("too_large", limit=f"{_LARGEST_BYTES >> 20} MiB")
    return source.read_bytes()


def _parsed(data: bytes) -> Part:
    try:
        return email.message_from_bytes(data, policy=ShortHeaders())
    except RecursionError as error:  # parts in parts in parts
        raise refusal("damaged") from error


def _mailed(data: bytes, limits: Limits) -> OpenFile:
    return MessageFile(_parsed(_QUOTED_START.sub(rb"\1", data)), limits)


def _text_file(message: Part, found: Contents, limits: Limits) -> OpenFile:
    texts = [body_text(part) for part in found.body]
    warnings = dict.fromkeys(warning for text in texts for warning in text.warnings)
    return FlowFile(_items(message, found, texts), limits, warnings=tuple(warnings))


def _items(message: Part, found: Contents, texts: list[DecodedText]) -> Iterator[Item]:
    fields = shown_fields(message)
    yield from (Heading(text=shown.value, level=1) for shown in fields if shown.name == "Subject")
    head = "\n".join(f"{shown.name}: {shown.value}" for shown in fields if shown.name != "Subject")
    if head:
        yield Paragraph(text=head)
    for part, text in zip(found.body, texts, strict=True):
        if part.get_content_type() == "text/html":
            yield from html_items(text.text.encode(), "utf-8")
        else:
            yield from _paragraphs(_unwrapped(part, text.text))


def _paragraphs(text: str) -> Iterator[Item]:
    for block in _BLANK_LINES.split(text):
        if block.strip():
            yield Paragraph(text=block.strip("\n"))


def _unwrapped(part: Part, text: str) -> str:
    """The lines as they were written: format=flowed breaks them with a space before the break (RFC 3676, 4)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    return _SOFT_BREAK.sub("" if str(part.get_param("delsp", "")).lower() == "yes" else " ", text)


def _is_decoration(part: Part) -> bool:
    """A picture that the text shows among its words, too small to be a page."""
    is_inline = part.get_content_disposition() != "attachment" and part.get("Content-ID") is not None
    return is_inline and part.get_content_maintype() == "image" and len(payload(part)) < _SMALL_PICTURE_BYTES


def _names(parts: list[Part]) -> Iterator[str]:
    for number, part in enumerate(parts, start=1):
        message = attached_message(part)
        subject = (
            next((shown.value for shown in shown_fields(message) if shown.name == "Subject"), "") if message else ""
        )
        suffix = _SUFFIXES.get(part.get_content_type(), "")
        yield (attached_name(part) or subject or f"part {number}{suffix}").replace("/", " ")


def _attached_file(part: Part, name: str, limits: Limits) -> OpenFile:
    message = attached_message(part)
    if message is not None:
        return MessageFile(message, replace(limits, nesting=limits.nesting - 1))
    if part.get_content_type() in _ENCRYPTED_TYPES:
        raise refusal("encrypted")
    data = payload(part)
    if part.get_content_type() == "text/plain" and part.get_content_charset() is not None:
        data = body_text(part).text.encode()
    return open_member(Source(name=name, data=data), limits)
