"""HL7 v2 messages out of a file: batch and wire framing removed, separators and escapes as each message says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.ingestion.encoding import decode

_FRAMING = re.compile("[\x0b\x1c]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?=[^\w\s]|$)")
_CHARSETS = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "8859/1": "cp1252",
    "8859/2": "iso8859-2",
    "8859/5": "iso8859-5",
    "8859/7": "iso8859-7",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
}
_HEADER = re.compile(rb"(?<![\w|])MSH([^\w\s])([^\r\n]*)")
_BREAKS = re.compile(r"\.(?:br|sp\d*|ce|in[+-]?\d*|ti[+-]?\d*)", re.IGNORECASE)
_LOOKED_AT_BYTES = 65_536
_BATCH = ("FHS", "BHS", "BTS", "FTS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Separators:
    """What divides a message: fields, components, repetitions, sub-components; and what escapes them."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One line of a message. Fields count from 1 as in HL7; MSH-1 is the separator itself."""

    name: str
    fields: tuple[str, ...]
    separators: Separators

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field, still with their escapes."""
        raw = self.fields[number - 1] if 0 < number <= len(self.fields) else ""
        return [each for each in raw.split(self.separators.repetition) if each]

    def text(self, number: int, component: int = 1) -> str:
        """A component of the first repetition of a field, in words; "" for none and for HL7's explicit null."""
        repetitions = self.repetitions(number)
        return self.part(repetitions[0], component) if repetitions else ""

    def part(self, repetition: str, component: int) -> str:
        """A component of one repetition, its sub-components with a space between."""
        parts = repetition.split(self.separators.component)
        if component > len(parts) or parts[component - 1] == '""':
            return ""
        pieces = parts[component - 1].split(self.separators.subcomponent)
        return " ".join(piece for each in pieces if (piece := unescape(each, self.separators).strip()))

    def whole(self, number: int) -> str:
        """A field in words, whatever separators stand in it: texts are often sent without escapes."""
        raw = self.fields[number - 1] if 0 < number <= len(self.fields) else ""
        return unescape(raw.replace(self.separators.repetition, "\n"), self.separators).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: its segments in order, the first of them MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        return next((each for each in self.segments if each.name == name), None)

    def all(self, name: str) -> list[Segment]:
        """All segments of a name."""
        return [each for each in self.segments if each.name == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessages:
    """The messages of a file, and what to know about how they were decoded."""

    messages: tuple[Message, ...]
    warnings: tuple[str, ...] = ()


def parse_messages(data: bytes) -> ParsedMessages:
    """All messages of a file; none where it holds no MSH segment."""
    text, warnings = _decoded(data)
    return ParsedMessages(messages=tuple(_messages(_FRAMING.sub("\r", text))), warnings=warnings)


def unescape(text: str, separators: Separators) -> str:
    """The text with its escape sequences resolved; \\.br\\ and its kind are line breaks, highlighting is dropped."""
    escape = separators.escape
    if not escape or escape not in text:
        return text
    pieces = text.split(escape)
    out = [pieces[0]]
    at = 1
    while at < len(pieces):
        if at + 1 < len(pieces) and (found := _escaped(pieces[at], separators)) is not None:
            out += (found, pieces[at + 1])
            at += 2
        else:  # an escape character that nobody escaped
            out += (escape, pieces[at])
            at += 1
    return "".join(out)


def _escaped(code: str, separators: Separators) -> str | None:
    """What an escape sequence stands for, None for what is none."""
    marks = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        "P": "#",
        "H": "",
        "N": "",
        ".fi": "",
        ".nf": "",
    }
    if code in marks:
        return marks[code]
    if _BREAKS.fullmatch(code):
        return "\n"
    if code[:1] == "X" and len(code) > 1:
        try:
            return bytes.fromhex(code[1:]).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        except ValueError:
            return None
    return "" if re.fullmatch(r"[CMZ][0-9A-Fa-f]{2,8}", code) else None


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text by the character set that the first message names, where it can be decoded so."""
    charset = _CHARSETS.get(_stated_charset(data))
    if charset:
        try:
            return data.decode(charset), ()
        except UnicodeDecodeError:
            pass
    decoded = decode(data)
    return decoded.text, decoded.warnings


def _stated_charset(data: bytes) -> str:
    """MSH-18 of the first message."""
    header = _HEADER.search(data[:_LOOKED_AT_BYTES])
    fields = header.group(2).split(header.group(1)) if header else []
    return fields[16].partition(b"~")[0].decode("ascii", "replace").strip().upper() if len(fields) > 16 else ""


def _messages(text: str) -> Iterator[Message]:
    lines: list[str] = []
    for line in _LINE_END.split(text):
        name = line[:3]
        if name == "MSH":
            yield from _message(lines)
            lines = [line]
        elif name in _BATCH and _SEGMENT.match(line):
            yield from _message(lines)
            lines = []
        elif lines and _SEGMENT.match(line):
            lines.append(line)
        elif lines and line.strip():  # a text with a line break in it that its sender did not escape
            lines[-1] += f"\n{line}"
    yield from _message(lines)


def _message(lines: list[str]) -> Iterator[Message]:
    if not lines or len(lines[0]) < 5:
        return
    separators = _separators(lines[0])
    yield Message(segments=tuple(_segment(line, separators) for line in lines))


def _separators(header: str) -> Separators:
    field = header[3]
    marks = header[4:].partition(field)[0]
    component, repetition, escape, subcomponent = (marks[at : at + 1] or default for at, default in enumerate("^~\\&"))
    return Separators(field=field, component=component, repetition=repetition, escape=escape, subcomponent=subcomponent)


def _segment(line: str, separators: Separators) -> Segment:
    name, *fields = line.split(separators.field)
    if name == "MSH":
        fields = [separators.field, *fields]
    return Segment(name=name, fields=tuple(fields), separators=separators)
