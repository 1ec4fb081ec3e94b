"""Recognize the words of scanned pages: two processes of their own, so that no text page waits for a scan."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assistant.domain import Page
from assistant.ingestion.child import Child, ChildError
from assistant.ingestion.file_reading import page_of
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import PageMessage, RecognizeRequest, Refused
from assistant.ingestion.pool import Pool

_LIMITS = Limits()
_PROCESSES = 2
# The child ends itself at its own deadline; the parent waits this much longer.
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizedPage:
    """A page whose picture was looked at; `page` is None where that failed, and `code` says why."""

    number: int
    page: Page | None
    warnings: tuple[str, ...] = ()
    code: str = ""


def recognize_pages(
    path: Path, kind: str, file: str, numbers: Sequence[int], limits: Limits = _LIMITS
) -> Generator[RecognizedPage, None, None]:
    """The pages `numbers` of a file, in order, as they are done. Closing the iterator stops the work at once."""
    scans = _Scans(path=path.resolve(), kind=kind, file=file, limits=limits)
    running: deque[Future[RecognizedPage]] = deque()
    with ThreadPoolExecutor(_PROCESSES, thread_name_prefix="recognition") as threads:
        try:
            for number in numbers:
                running.append(threads.submit(scans.recognize, number))
                if len(running) > _PROCESSES:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()
            scans.stop()


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
