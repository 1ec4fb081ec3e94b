"""Recognize the words of scanned pages: two processes of their own, so that no text page waits for a scan."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from assistant.domain import Origin, Page, SourceFile
from assistant.ingestion.child import Child, ChildError
from assistant.ingestion.file_reading import page_of
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import PageMessage, RecognizeRequest, Refused
from assistant.ingestion.page_runs import page_runs
from assistant.ingestion.pool import Pool

_LIMITS = Limits()
_PROCESSES = 2
_WARNINGS_KEPT = 50
# The child ends itself at its own deadline; the parent waits this much longer.
_GRACE_SECONDS = 2.0
# Whoever waits for a slow page can stop it this soon.
_SIGN_SECONDS = 0.5


@dataclass(slots=True, kw_only=True)
class FileRecognition:
    """How far the waiting pages of a file have come. `pages()` recognizes them, `result()` says what is known then."""

    file: SourceFile
    path: Path
    limits: Limits = _LIMITS
    _done: set[int] = field(default_factory=set)
    _unread: list[int] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)
    _failures: dict[int, str] = field(default_factory=dict)
    _are_words_found: bool = False

    @property
    def done(self) -> int:
        """Pages looked at, also those that gave nothing."""
        return len(self._done)

    def pages(self) -> Generator[Page | None, None, None]:
        """The pages as they are done, in order; None while one takes long, and for one that could not be read.

        Closing it stops at once.
        """
        waiting = self.file.waiting_pages
        with closing(recognize_pages(self.path, self.file.kind, self.file.name, waiting, self.limits)) as recognized:
            for found in recognized:
                if found is not None:
                    self._note(found)
                yield found.page if found is not None else None

    def result(self) -> SourceFile:
        """The file as it is known by now; pages not done go on waiting."""
        file = self.file
        origins = {*file.origins, Origin.OCR} if self._are_words_found else set(file.origins)
        return replace(
            file,
            waiting_pages=tuple(number for number in file.waiting_pages if number not in self._done),
            unread_pages=tuple(sorted({*file.unread_pages, *self._unread})),
            warnings=(*file.warnings, *self._summary(), *self._warnings[:_WARNINGS_KEPT]),
            origins=tuple(sorted(origins)),
        )

    def _note(self, found: RecognizedPage) -> None:
        self._done.add(found.number)
        if found.page is None:
            self._failures[found.number] = found.code
        if found.page is None or not found.page.was_read:
            self._unread.append(found.number)
        else:
            self._are_words_found = True
        self._warnings.extend(f"page {found.number}: {warning}" for warning in found.warnings)

    def _summary(self) -> Iterator[str]:
        empty = [number for number in self._unread if number not in self._failures]
        if empty:
            yield f"{page_runs(sorted(empty))}: no words found in the picture"
        for code in dict.fromkeys(self._failures.values()):
            yield f"{page_runs(n for n in sorted(self._failures) if self._failures[n] == code)}: not read ({code})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizedPage:
    """A page whose picture was looked at; `page` is None where that failed, and `code` says why."""

    number: int
    page: Page | None
    warnings: tuple[str, ...] = ()
    code: str = ""


def recognize_pages(
    path: Path, kind: str, file: str, numbers: Sequence[int], limits: Limits = _LIMITS
) -> Generator[RecognizedPage | None, None, None]:
    """The pages `numbers` of a file, in order, as they are done; None while one takes long.

    Closing the iterator stops the work at once.
    """
    scans = _Scans(path=path.resolve(), kind=kind, file=file, limits=limits)
    running: deque[Future[RecognizedPage]] = deque()
    with ThreadPoolExecutor(_PROCESSES, thread_name_prefix="recognition") as threads:
        try:
            for number in numbers:
                running.append(threads.submit(scans.recognize, number))
                if len(running) > _PROCESSES:
                    yield from _awaited(running.popleft())
            while running:
                yield from _awaited(running.popleft())
        finally:
            for future in running:
                future.cancel()
            scans.stop()


def _awaited(page: Future[RecognizedPage]) -> Iterator[RecognizedPage | None]:
    while not wait([page], timeout=_SIGN_SECONDS).done:
        yield None
    yield page.result()


@dataclass(slots=True, kw_only=True)
class _Scans:
    """The scanned pages of one file, and the children that look at them now."""

    path: Path
    kind: str
    file: str
    limits: Limits
    _children: set[Child] = field(default_factory=set)
    _is_stopped: bool = False

    def recognize(self, number: int) -> RecognizedPage:
        """One page; runs in a thread."""
        try:
            with _pool().lend(self.limits) as child:
                self._children.add(child)
                try:
                    return self._answer(child, number)
                finally:
                    self._children.discard(child)
        except ChildError as error:
            return RecognizedPage(number=number, page=None, code=error.code)

    def stop(self) -> None:
        """Cut short what still runs; nobody waits for it."""
        self._is_stopped = True
        for child in tuple(self._children):
            child.kill()

    def _answer(self, child: Child, number: int) -> RecognizedPage:
        if self._is_stopped:
            return RecognizedPage(number=number, page=None, code="not_recognized")
        child.ask(RecognizeRequest(path=str(self.path), kind=self.kind, number=number))
        received = child.receive(self.limits.recognition_seconds + _GRACE_SECONDS)
        match received.message:
            case PageMessage() as message:
                page = page_of(self.file, message, received.payload)
                return RecognizedPage(number=number, page=page, warnings=tuple(message.warnings))
            case Refused(code=code):
                return RecognizedPage(number=number, page=None, code=code)
            case _:
                raise ChildError("reader_crashed")


@cache
def _pool() -> Pool:
    return Pool(_PROCESSES)
