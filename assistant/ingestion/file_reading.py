"""Read one file, whatever it does to its readers: a page that kills one is left unread, the rest is read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.coded import CodedEntry
from assistant.domain import FileProblem, HiddenText, Origin, Page, SourceFile, Words
from assistant.errors import FileRefusedError
from assistant.ingestion.child import Child, ChildError
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import Ended, Opened, PageMessage, ReadRequest, Received, Refused
from assistant.ingestion.page_runs import page_runs
from assistant.ingestion.pool import Pool
from assistant.ingestion.problems import problem, refusal

# The child ends itself at its own deadline; the parent waits this much longer before it believes that the child cannot.
_GRACE_SECONDS = 2.0
# A child that has held this share of its memory gives little of it back; a fresh one has all of it.
_WORN_SHARE = 0.25
_WARNINGS_KEPT = 50
_UNKNOWN_SIZE = (612.0, 792.0)


@dataclass(slots=True, kw_only=True)
class FileReading:
    """How far the reading of one file has come. `pages()` reads it, `result()` then says what came of it."""

    name: str
    path: Path
    limits: Limits
    pool: Pool
    pages_total: int | None = None
    _kind: str = "unknown"
    _size_bytes: int = 0
    _next_page: int = 1
    _deaths: int = 0
    _seconds: float = 0.0
    _characters: int = 0
    _is_over: bool = False
    _is_any_page_read: bool = False
    _problem: FileProblem | None = None
    _warnings: list[str] = field(default_factory=list)
    _page_warnings: list[str] = field(default_factory=list)
    _without_text: list[int] = field(default_factory=list)
    _waiting: list[int] = field(default_factory=list)
    _origins: set[Origin] = field(default_factory=set)
    _failures: dict[int, str] = field(default_factory=dict)
    # Failed pages wait here until one page is read: a file with none is a problem and has no pages at all.
    _held_back: list[Page] = field(default_factory=list)

    def pages(self) -> Generator[Page, None, None]:
        """The pages in order. Closing the iterator ends the child."""
        try:
            self._size_bytes = _readable_bytes(self.path, self.limits)
        except FileRefusedError as error:
            self._problem = FileProblem(code=error.code, message=error.message)
            return
        while not self._is_over:
            yield from self._attempt()
        yield from self._rest()

    def result(self) -> SourceFile:
        """What the file turned out to be, once its pages are read."""
        if self._problem is None and not self._is_any_page_read:
            self._problem = problem(next(iter(self._failures.values()), "no_pages"))
        has_pages = self._problem is None
        unread = sorted({*self._without_text, *self._failures})
        return SourceFile(
            name=self.name,
            kind=self._kind,
            sha256=_sha256(self.path),
            size_bytes=self._size_bytes,
            page_count=(self.pages_total or 0) if has_pages else 0,
            unread_pages=tuple(unread) if has_pages else (),
            warnings=tuple(self._all_warnings()) if has_pages else (),
            problem=self._problem,
            waiting_pages=tuple(self._waiting) if has_pages else (),
            origins=tuple(sorted(self._origins)) if has_pages else (),
        )

    def _attempt(self) -> Iterator[Page]:
        try:
            with self.pool.lend(self.limits) as child:
                child.ask(ReadRequest(path=str(self.path.resolve()), name=self.name, first=self._next_page))
                while not self._is_over:
                    received = self._receive(child)
                    if isinstance(received.message, Ended):
                        child.is_worn = received.message.peak_bytes > _WORN_SHARE * self.limits.memory_bytes
                    yield from self._take(received)
        except ChildError as error:
            self._note_death(error)

    def _receive(self, child: Child) -> Received:
        left = self.limits.seconds_for(self.pages_total or 0) - self._seconds
        longest = self.limits.file_seconds if self.pages_total is None else self.limits.page_seconds
        began = time.monotonic()
        try:
            return child.receive(min(longest + _GRACE_SECONDS, max(left, 0.0)))
        finally:
            self._seconds += time.monotonic() - began

    def _take(self, received: Received) -> Iterator[Page]:
        message = received.message
        match message:
            case PageMessage():
                yield from self._take_page(message, received.payload)
            case Opened():
                self._kind, self.pages_total, self._warnings = message.kind, message.pages_total, message.warnings
            case Ended():
                self._warnings, self._is_over = message.warnings, True
            case Refused():
                self._problem = FileProblem(code=message.code, message=message.message)
                self._is_over = True
            case _:
                raise ChildError("reader_crashed")

    def _take_page(self, message: PageMessage, payload: bytes) -> Iterator[Page]:
        if message.number != self._next_page:
            raise ChildError("reader_crashed")
        page = page_of(self.name, message, payload)
        self._next_page += 1
        self._characters += len(page.text)
        if message.failure is not None:
            self._failures[page.number] = message.failure
            yield from self._failed(page)
            return
        if message.needs_recognition:
            self._waiting.append(page.number)
        elif not page.was_read:
            self._without_text.append(page.number)
        if page.was_read:
            self._origins.add(page.origin)
        self._page_warnings.extend(f"page {page.number}: {warning}" for warning in message.warnings)
        self._is_any_page_read = True
        yield from self._released()
        yield page
        if self._characters > self.limits.file_characters:
            self._is_over = True
            raise ChildError("too_much_text")

    def _note_death(self, error: ChildError) -> None:
        """Blame the page that the child was at, and go on behind it unless there is too little hope or time."""
        self._deaths += 1
        if self.pages_total is None:
            self._problem = problem(error.code)
            self._is_over = True
            return
        if self._next_page <= self.pages_total:
            self._failures[self._next_page] = error.code
            number, self._next_page = self._next_page, self._next_page + 1
            self._held_back.append(self._unread_page(number))
        is_out_of_time = self._seconds >= self.limits.seconds_for(self.pages_total)
        if self._deaths > self.limits.deaths or is_out_of_time or self._next_page > self.pages_total:
            self._is_over = True

    def _rest(self) -> Iterator[Page]:
        """The pages after the one where reading was given up; they exist, and nobody has read them."""
        if not self._is_any_page_read or self.pages_total is None:
            return
        yield from self._released()
        code = next(reversed(self._failures.values()), "too_much_text")
        for number in range(self._next_page, self.pages_total + 1):
            self._failures[number] = code
            yield self._unread_page(number)

    def _failed(self, page: Page) -> Iterator[Page]:
        self._held_back.append(page)
        if self._is_any_page_read:
            yield from self._released()

    def _released(self) -> Iterator[Page]:
        held_back, self._held_back = self._held_back, []
        yield from held_back

    def _unread_page(self, number: int) -> Page:
        width, height = _UNKNOWN_SIZE
        return Page(
            file=self.name, number=number, text="", width=width, height=height, origin=Origin.TEXT, words=Words()
        )

    def _all_warnings(self) -> Iterator[str]:
        if self.name.lower().endswith(".pdf") and self._kind != "pdf":
            yield f"named .pdf, but it is none; it was read as {self._kind}"
        yield from self._warnings
        if self._without_text:
            yield f"{page_runs(self._without_text)}: no text, not read"
        for code in dict.fromkeys(self._failures.values()):
            yield f"{page_runs(n for n in sorted(self._failures) if self._failures[n] == code)}: not read ({code})"
        yield from self._page_warnings[:_WARNINGS_KEPT]
        if (more := len(self._page_warnings) - _WARNINGS_KEPT) > 0:
            yield f"{more} more warnings about single pages"


def _readable_bytes(path: Path, limits: Limits) -> int:
    """The file's size. Raises FileRefusedError for what is no file, empty, or too large to be looked at."""
    try:
        if not path.is_file():
            raise refusal("missing_file")
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise refusal("missing_file") from error
    if size == 0:
        raise refusal("empty_file")
    if size > limits.file_bytes:
        raise refusal("too_large", limit=f"{limits.file_bytes / (1 << 20):,.0f} MiB")
    return size


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def page_of(file: str, message: PageMessage, payload: bytes) -> Page:
    """The page that a child sent. Raises ChildError if it is none: the child may be in the hands of its file."""
    try:
        page = Page(
            file=file,
            number=message.number,
            text=message.text,
            width=message.width,
            height=message.height,
            origin=Origin(message.origin),
            words=Words.from_bytes(payload),
            part=message.part,
            entries=_entries().validate_python(message.entries) if message.entries else (),
            hidden=_hidden().validate_python(message.hidden) if message.hidden else (),
        )
    except (ValueError, ValidationError) as error:
        raise ChildError("reader_crashed") from error
    if not all(0 <= entry.start <= entry.end <= len(page.text) for entry in page.entries):
        raise ChildError("reader_crashed")
    return page


@cache
def _entries() -> TypeAdapter[tuple[CodedEntry, ...]]:
    return TypeAdapter(tuple[CodedEntry, ...])


@cache
def _hidden() -> TypeAdapter[tuple[HiddenText, ...]]:
    return TypeAdapter(tuple[HiddenText, ...])
