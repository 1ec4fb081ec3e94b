"""The values every room of the assistant speaks in: record, file, page, span, citation, statement, answer.

Pages are 1-based. Offsets are 0-based half-open ranges of Unicode code points into a page's text. Boxes are in points
(1/72 inch) of the page as displayed (rotation and crop applied), origin top left. Nothing here reads a file, knows a
model or holds a setting.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from assistant.coded import CodedEntry


class Origin(StrEnum):
    """Where a page's text came from."""

    TEXT = "text"
    OCR = "ocr"
    STRUCTURED = "structured"


class Support(StrEnum):
    """What the checker, which is code and no model, found for a statement."""

    QUOTED = "quoted"
    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    NOT_IN_RECORD = "not_in_record"
    GENERAL = "general"


class ReadingMode(StrEnum):
    """Whether the model read the whole record or only the passages that search found."""

    FULL_CONTEXT = "full_context"
    RETRIEVAL = "retrieval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a displayed page, in points: 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height."""

    x0: float
    y0: float
    x1: float
    y1: float

    def as_list(self) -> list[float]:
        """[x0, y0, x1, y1], as the contracts write it."""
        return [self.x0, self.y0, self.x1, self.y1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a page: `page.text[start:end]`, where it stands, and how sure OCR is of it (0 to 1)."""

    start: int
    end: int
    box: Box
    confidence: float | None = None


_NUMBERS_PER_WORD = 7
_NO_CONFIDENCE = -1.0


class Words(Sequence[Word]):
    """The words of a page in reading order, packed: a 5,000-page record must not become millions of objects."""

    __slots__ = ("_numbers",)

    def __init__(self, words: Iterable[Word] = ()) -> None:
        self._numbers = array("d")
        for word in words:
            box = word.box
            confidence = _NO_CONFIDENCE if word.confidence is None else word.confidence
            self._numbers.extend((word.start, word.end, box.x0, box.y0, box.x1, box.y1, confidence))

    @classmethod
    def from_bytes(cls, data: bytes) -> Words:
        """The inverse of `to_bytes`. Raises ValueError if `data` is not a whole number of words."""
        words = cls()
        words._numbers.frombytes(data)
        if len(words._numbers) % _NUMBERS_PER_WORD:
            raise ValueError("packed words are cut off")
        return words

    def to_bytes(self) -> bytes:
        """Seven little-endian float64 a word: start, end, x0, y0, x1, y1, confidence (-1 for none)."""
        return self._numbers.tobytes()

    def __len__(self) -> int:
        return len(self._numbers) // _NUMBERS_PER_WORD

    @overload
    def __getitem__(self, index: int) -> Word: ...
    @overload
    def __getitem__(self, index: slice) -> Words: ...
    def __getitem__(self, index: int | slice) -> Word | Words:
        if isinstance(index, slice):
            return Words(self[i] for i in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._word(index)

    def __iter__(self) -> Iterator[Word]:
        return (self._word(index) for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self._numbers == other._numbers

    def __hash__(self) -> int:
        return hash(self._numbers.tobytes())

    def _word(self, index: int) -> Word:
        at = index * _NUMBERS_PER_WORD
        start, end, x0, y0, x1, y1, confidence = self._numbers[at : at + _NUMBERS_PER_WORD]
        return Word(
            start=int(start),
            end=int(end),
            box=Box(x0=x0, y0=y0, x1=x1, y1=y1),
            confidence=None if confidence == _NO_CONFIDENCE else confidence,
        )


class HidingPlace(StrEnum):
    """How words of a file are kept from the eye of its reader."""

    WHITE = "white"
    TINY = "tiny"
    OFF_PAGE = "off_page"
    COVERED = "covered"
    INVISIBLE = "invisible"


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenText:
    """Words that the file holds and the page does not show; no part of the page's text. `box` where they would be."""

    text: str
    place: HidingPlace
    box: Box | None


class Role(StrEnum):
    """Why a stretch of a page's text is not read as what the record says about the patient."""

    HEADER = "header"
    FOOTER = "footer"
    INSTRUCTION = "instruction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a page's text, `text[start:end]`, that is set apart: page furniture, words addressed to an AI."""

    start: int
    end: int
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a file: its text, its size in points, and its words with their boxes.

    `part` names the member of a ZIP or e-mail that the page comes from. A page that could not be read has no text.
    `entries` are the coded entries of a structured file, `hidden` what the file holds and the page does not show;
    `regions`, in order and apart from one another, are found once the whole file is read.
    """

    file: str
    number: int
    text: str
    width: float
    height: float
    origin: Origin
    words: Words
    part: str | None = None
    entries: tuple[CodedEntry, ...] = ()
    hidden: tuple[HiddenText, ...] = ()
    regions: tuple[Region, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether the page gave any text."""
        return bool(self.text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """Why a file could not be read: a stable code for programs, and a sentence that quotes nothing from the file."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRef:
    """A page by its address."""

    file: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of a page's text by its address: `text[start:end]` of that page."""

    file: str
    page: int
    start: int
    end: int

    @property
    def page_ref(self) -> PageRef:
        """The page that the span stands on."""
        return PageRef(file=self.file, page=self.page)


class DocumentKind(StrEnum):
    """What a document of a record is."""

    DISCHARGE_SUMMARY = "discharge_summary"
    CLINIC_LETTER = "clinic_letter"
    LABORATORY = "laboratory"
    RADIOLOGY = "radiology"
    PATHOLOGY = "pathology"
    MEDICATION_LIST = "medication_list"
    OPERATION_NOTE = "operation_note"
    NURSING = "nursing"
    CONSENT = "consent"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """One document of a file, pages `first_page` to `last_page`: a faxed bundle has several.

    `date` is the day of the event it tells of, not of its printing. Where its kind, date and author stand is None
    where the document does not state them.
    """

    kind: DocumentKind
    first_page: int
    last_page: int
    date: str | None = None
    author: str | None = None
    kind_span: Span | None = None
    date_span: Span | None = None
    author_span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A value as a page writes it, and where."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom pages name as the patient: names, birth dates and record numbers, each once, commonest first."""

    names: tuple[Stated, ...] = ()
    birth_dates: tuple[Stated, ...] = ()
    numbers: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One uploaded file. `name` is unique in its record; `problem` is set if and only if it has no pages.

    `waiting_pages` are scans whose text is still to be recognized. A file on `hold` is neither searched nor read by
    a model until its user has answered the question that `hold` asks: it may belong to another patient. `hold_places`
    are what the record and what the file says, to be compared; a file that was accepted is never asked about again.
    """

    name: str
    kind: str
    sha256: str
    size_bytes: int
    page_count: int
    unread_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: FileProblem | None = None
    documents: tuple[SourceDocument, ...] = ()
    waiting_pages: tuple[int, ...] = ()
    origins: tuple[Origin, ...] = ()
    hold: FileProblem | None = None
    hold_places: tuple[Span, ...] = ()
    is_accepted: bool = False
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One patient's record: what is in its folder, pages left on disk. Times are ISO 8601 in UTC."""

    id: str
    title: str
    created: str
    files: tuple[SourceFile, ...] = ()

    @property
    def pages_total(self) -> int:
        """Pages of all files, read or not."""
        return sum(file.page_count for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of one page that search can find; `text` is exactly the page's text over `span`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that search found, best first: rank from 1, higher score better. `also` says the same elsewhere."""

    rank: int
    score: float
    passage: Passage
    also: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The words a statement rests on: `quote` is the page's text over `span`, `boxes` where they stand, a box a line.

    `n` counts from 1 within one answer.
    """

    n: int
    span: Span
    quote: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence of an answer with the checker's verdict and the numbers of its citations.

    `text` has no [n] marks; with its marks the sentence stands at `start:end` of the answer's text.
    """

    text: str
    support: Support
    citations: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the record the answering model had before it. Tokens are the model's own."""

    record_tokens: int
    context_tokens: int
    prompt_tokens: int
    pages_read: int
    pages_total: int
    not_read: tuple[PageRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two citations of one answer, by number, that say different things of one fact; `reason` quotes neither."""

    first: int
    second: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A checked answer: the text with its [n] marks, the statements it falls into, and the words they rest on.

    `files_waiting` were on their way into the record when it was asked: the answer knows nothing of them.
    `contradictions` are pairs of citations that cannot both be right.
    """

    question: str
    text: str
    mode: ReadingMode
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    reasoning: str = ""
    stopped: bool = False
    files_waiting: int = 0
    contradictions: tuple[Contradiction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Questions and answers about one record, oldest first. Times are ISO 8601 in UTC."""

    id: str
    title: str
    created: str
    turns: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarySection:
    """One heading of a summary with its checked statements."""

    heading: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A summary of a record: sections of checked statements; `missing` names the headings without any."""

    kind: str
    title: str
    sections: tuple[SummarySection, ...]
    citations: tuple[Citation, ...]
    missing: tuple[str, ...] = ()
