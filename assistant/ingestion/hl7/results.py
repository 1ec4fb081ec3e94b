"""The observations of an HL7 v2 message: each order's values as a table, its texts as paragraphs, files set apart."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.coding.clinical_times import from_hl7
from assistant.ingestion.coding.vital_signs import VITAL_CODES
from assistant.ingestion.flow.items import Heading, Item, Paragraph, Row, Table
from assistant.ingestion.hl7.message import Message, Segment
from assistant.ingestion.hl7.values import coded_element, observed, person

_TEXTS = ("TX", "FT", "")
_LONGEST_VALUE = 120
_FILES = ("ED", "RP")
_WITHDRAWN = ("D", "W")
_STATUSES = {
    "F": ("final", ClinicalStatus.FINAL),
    "C": ("corrected", ClinicalStatus.CHANGED),
    "P": ("preliminary", ClinicalStatus.PENDING),
    "R": ("not verified", ClinicalStatus.PENDING),
    "I": ("pending", ClinicalStatus.PENDING),
    "S": ("partial", ClinicalStatus.PENDING),
    "O": ("ordered", ClinicalStatus.PENDING),
    "X": ("cannot be obtained", ClinicalStatus.STOPPED),
    "D": ("deleted", ClinicalStatus.RULED_OUT),
    "W": ("wrong, withdrawn", ClinicalStatus.RULED_OUT),
}
_HEADINGS = ("Name", "Value", "Unit", "Reference range", "Flag", "Date", "Status", "Note")
_SUFFIXES = {"pdf": "pdf", "rtf": "rtf", "html": "html", "plain": "txt", "text": "txt", "jpeg": "jpg", "png": "png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A file inside a message."""

    suffix: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class Observations:
    """What the observations of a message gave beside their items."""

    files: list[Embedded] = field(default_factory=list)
    withdrawn: int = 0

    def items(self, message: Message) -> Iterator[Item]:
        """The orders in turn, each with a heading, its notes, and what was observed."""
        rows: list[Row] = []
        order: Segment | None = None
        last_text = ""
        for segment in message.segments:
            if segment.name in ("OBR", "TXA"):
                yield from _table(rows)
                rows, order, last_text = [], segment, ""
                yield from _order(segment)
            elif segment.name == "NTE" and rows:
                rows[-1] = _with_note(rows[-1], segment.whole(3))
            elif segment.name == "NTE" and segment.whole(3):
                yield Paragraph(text=segment.whole(3))
            elif segment.name == "OBX" and self._is_file(segment):
                continue
            elif segment.name == "OBX" and _is_long(segment, last_text):
                yield from _table(rows)
                rows = []
                yield from _text(segment, last_text)
                last_text = _key(segment)
            elif segment.name == "OBX":
                rows.append(self._row(segment, order))
                last_text = ""
        yield from _table(rows)

    def _is_file(self, segment: Segment) -> bool:
        """Whether the value is a file; it is kept where its bytes are in the message."""
        if segment.text(2).upper() not in _FILES:
            return False
        for repetition in segment.repetitions(5):
            encoding, data = segment.part(repetition, 4), segment.part(repetition, 5)
            if encoding.casefold() == "base64" and (found := _decoded(data)):
                kind = segment.part(repetition, 3) or segment.part(repetition, 2)
                self.files.append(Embedded(suffix=_SUFFIXES.get(kind.casefold().rpartition("/")[2], "bin"), data=found))
        return True

    def _row(self, segment: Segment, order: Segment | None) -> Row:
        words, status = _STATUSES.get(segment.text(11).upper(), ("", ClinicalStatus.FINAL))
        entry = _entry(segment, order, status)
        cells = (
            entry.name,
            entry.value or "",
            entry.unit or "",
            entry.reference_range or "",
            entry.flag or "",
            (entry.date or "").replace("T", " "),
            words,
            "",
        )
        if segment.text(11).upper() in _WITHDRAWN:
            self.withdrawn += 1
            return Row(cells=_one_line(cells))
        return Row(cells=_one_line(cells), entries=(entry,) if entry.name else ())


def _entry(segment: Segment, order: Segment | None, status: ClinicalStatus) -> CodedEntry:
    found = coded_element(segment, 3)
    unit = coded_element(segment, 6)
    ordered = order.text(7) if order is not None and order.name == "OBR" else ""
    name = found.name or (coded_element(order, 4).name if order is not None and order.name == "OBR" else None)
    return CodedEntry(
        kind=EntryKind.VITAL if found.code in VITAL_CODES else EntryKind.RESULT,
        name=" ".join((name or "").split()),
        status=status,
        start=0,
        end=0,
        date=from_hl7(segment.text(14)) or from_hl7(ordered),
        value=" ".join(observed(segment).split()) or None,
        unit=unit.code or unit.name,
        reference_range=" ".join(segment.whole(7).split()) or None,
        flag=", ".join(flag for each in segment.repetitions(8) if (flag := segment.part(each, 1))) or None,
        code_system=found.system,
        code=found.code,
    )


def _order(segment: Segment) -> Iterator[Item]:
    """The heading of an order or document, and what is said of it as a whole."""
    if segment.name == "TXA":
        name, when = segment.text(2, 2) or segment.text(2), from_hl7(segment.text(4) or segment.text(6))
        by = ("Author", person(segment, 9, has_number=True))
    else:
        name, when = coded_element(segment, 4).name or "", from_hl7(segment.text(7))
        by = ("Ordered by", person(segment, 16, has_number=True))
    day = (when or "").replace("T", " ")
    yield Heading(text=" · ".join(part for part in (name, day) if part) or "Observations")
    if by[1]:
        yield Paragraph(text=": ".join(by))
    if segment.name == "OBR" and (reason := segment.text(31, 2) or segment.text(31)):
        yield Paragraph(text=f"Reason: {reason}")


def _table(rows: list[Row]) -> Iterator[Item]:
    """The rows, with the columns that any of them fills."""
    if not rows:
        return
    used = [at for at in range(len(_HEADINGS)) if any(row.cells[at] for row in rows)]
    heading = Row(cells=tuple(_HEADINGS[at] for at in used), is_heading=True)
    body = (Row(cells=tuple(row.cells[at] for at in used), entries=row.entries) for row in rows)
    yield Table(rows=(heading, *body))


def _with_note(row: Row, note: str) -> Row:
    *cells, before = row.cells
    return Row(cells=_one_line((*cells, f"{before} {note}")), entries=row.entries)


def _is_long(segment: Segment, last_text: str) -> bool:
    """Whether an observation is a text to be read in paragraphs; the parts of one text share their name."""
    if segment.text(2).upper() not in _TEXTS:
        return False
    text = segment.whole(5)
    return len(text) > _LONGEST_VALUE or "\n" in text or _key(segment) == last_text or not segment.text(3)


def _text(segment: Segment, last_text: str) -> Iterator[Item]:
    name = coded_element(segment, 3).name
    if name and _key(segment) != last_text:
        yield Heading(text=name, level=3)
    for paragraph in segment.whole(5).split("\n\n"):
        if paragraph.strip():
            yield Paragraph(text=paragraph.strip("\n"))


def _key(segment: Segment) -> str:
    return segment.whole(3) or "text"


def _one_line(cells: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(cell.split()) for cell in cells)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()))
    except (binascii.Error, ValueError):
        return b""
