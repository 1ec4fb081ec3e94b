"""The child process: waits for requests, reads files page by page, draws pages, and says what it found.

It loads this package, PyMuPDF and the parsers of the formats that come, and nothing else: no model, no screen, no
settings.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pymupdf

from assistant.domain import Origin, Words
from assistant.errors import FileRefusedError
from assistant.ingestion import confinement
from assistant.ingestion.formats import open_file, recognize
from assistant.ingestion.layout.page_text import ComposedText
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import (
    OUT_OF_MEMORY_EXIT,
    BrokenMessageError,
    DrawRequest,
    Ended,
    Opened,
    PageMessage,
    PictureMessage,
    ReadRequest,
    Ready,
    RecognizeRequest,
    Refused,
    Reply,
    Request,
    Unlocked,
    UnlockRequest,
    encode,
    receive,
)
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, ReadPage, Source

# The size of a page that could not be read, where not even that is known: US Letter, as MuPDF assumes.
_UNKNOWN_SIZE = (612.0, 792.0)
_NOTHING = ComposedText(text="", words=Words())
_ALLOCATION_FAILED = ("malloc", "alloc", "memory")


def main() -> None:
    """Serve one parent until its pipe closes. The limits come as JSON in the first argument."""
    limits = Limits(**json.loads(sys.argv[1]))
    replies = os.fdopen(os.dup(1), "wb")
    # Libraries print; the pipe is for messages alone.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    confinement.confine(limits)
    is_filtered = confinement.forbid_network_and_programs()
    worker = Worker(limits, replies)
    worker.say(Ready(is_filtered=is_filtered))
    worker.serve(sys.stdin.buffer)


class Worker:
    """Answers one request after the other. Keeps the last drawn file open, for the reader turns its pages."""

    def __init__(self, limits: Limits, replies: BinaryIO) -> None:
        self._limits = limits
        self._replies = replies
        self._drawn: tuple[str, OpenFile] | None = None

    def serve(self, requests: BinaryIO) -> None:
        """Answer until the parent goes away."""
        while True:
            try:
                request = receive(requests).message
            except BrokenMessageError:
                return
            try:
                self._answer(request)
            except FileRefusedError as error:
                self.say(Refused(code=error.code, message=error.message))

    def say(self, reply: Reply, payload: bytes = b"") -> None:
        """Send one message."""
        self._replies.write(encode(reply, payload))
        self._replies.flush()

    def _answer(self, request: Request | Reply) -> None:
        match request:
            case ReadRequest():
                self._read(request)
            case DrawRequest():
                self._draw(request)
            case RecognizeRequest():
                self._recognize(request)
            case UnlockRequest():
                self._unlock(request)

    def _read(self, request: ReadRequest) -> None:
        with _deadline(self._limits.file_seconds):
            confinement.allow_processor_seconds(self._limits.seconds_for(0))
            opened, kind = self._open(request)
        try:
            count = opened.page_count
            confinement.allow_processor_seconds(self._limits.seconds_for(count))
            self.say(Opened(kind=kind, pages_total=count, warnings=list(opened.warnings)))
            for number in range(request.first, count + 1):
                self._send_page(opened, number)
            self.say(Ended(warnings=list(opened.warnings), peak_bytes=_peak_bytes()))
        finally:
            opened.close()

    def _open(self, request: ReadRequest) -> tuple[OpenFile, str]:
        source = Source(name=request.name, path=Path(request.path))
        with _failures_named():
            kind = recognize(source)
            opened = open_file(source, kind, self._limits)
            count = opened.page_count
        if count > self._limits.pages:
            raise refusal("too_many_pages", count=f"{count:,}", limit=f"{self._limits.pages:,}")
        if count < 1:
            raise refusal("no_pages")
        return opened, kind

    def _send_page(self, opened: OpenFile, number: int) -> None:
        page, failure = self._page(opened, number)
        self._say_page(number, page, failure)

    def _say_page(self, number: int, page: ReadPage, failure: str | None = None) -> None:
        message = PageMessage(
            number=number,
            text=page.composed.text,
            width=page.width,
            height=page.height,
            origin=page.origin,
            part=page.part,
            warnings=list(page.warnings),
            entries=[asdict(entry) for entry in page.entries],
            hidden=[asdict(hidden) for hidden in page.hidden],
            needs_recognition=page.needs_recognition,
            failure=failure,
        )
        self.say(message, page.composed.words.to_bytes())

    def _page(self, opened: OpenFile, number: int) -> tuple[ReadPage, str | None]:
        try:
            with _deadline(self._limits.page_seconds), _failures_named():
                return opened.read(number), None
        except FileRefusedError as error:
            width, height = _UNKNOWN_SIZE
            page = ReadPage(width=width, height=height, composed=_NOTHING, origin=Origin.TEXT)
            return page, error.code

    def _draw(self, request: DrawRequest) -> None:
        confinement.allow_processor_seconds(self._limits.file_seconds)
        with _deadline(self._limits.file_seconds), _failures_named():
            opened = self._kept_open(request)
            png = opened.draw(request.number, request.width_pixels)
        self.say(PictureMessage(number=request.number), png)

    def _recognize(self, request: RecognizeRequest) -> None:
        confinement.give_way()
        confinement.allow_processor_seconds(self._limits.recognition_seconds)
        with _deadline(self._limits.recognition_seconds), _failures_named():
            opened = self._kept_open(request)
            page = _recognizer()(opened, request.number, self._limits)
        self._say_page(request.number, page)

    def _unlock(self, request: UnlockRequest) -> None:
        confinement.allow_processor_seconds(self._limits.file_seconds)
        source = Source(name="", path=Path(request.path))
        with _deadline(self._limits.file_seconds), _failures_named():
            data = _unlocker()(source, request.password, self._limits)
        self.say(Unlocked(), data)

    def _kept_open(self, request: DrawRequest | RecognizeRequest) -> OpenFile:
        """The file of the request; the one asked for last is still open. Raises FileRefusedError for no such page."""
        opened = self._drawn_file(request)
        if not 1 <= request.number <= opened.page_count:
            raise refusal("no_such_page")
        return opened

    def _drawn_file(self, request: DrawRequest | RecognizeRequest) -> OpenFile:
        status = Path(request.path).stat()
        key = f"{request.kind} {status.st_dev} {status.st_ino} {status.st_mtime_ns} {status.st_size}"
        if self._drawn is None or self._drawn[0] != key:
            if self._drawn is not None:
                self._drawn[1].close()
                self._drawn = None
            source = Source(name="", path=Path(request.path))
            self._drawn = (key, open_file(source, request.kind, self._limits))
        return self._drawn[1]


class _Recognizer(Protocol):
    def __call__(self, opened: OpenFile, number: int, limits: Limits) -> ReadPage: ...


class _Unlocker(Protocol):
    def __call__(self, source: Source, password: str, limits: Limits) -> bytes: ...


def _recognizer() -> _Recognizer:
    """Loaded when the first scan comes: the engine and its language data take 100 MB."""
    return cast(_Recognizer, import_module("assistant.ingestion.ocr.recognition").recognized_page)


def _unlocker() -> _Unlocker:
    return cast(_Unlocker, import_module("assistant.ingestion.pdf.password").unlocked)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """The kernel ends this process when the time is over, even inside a parser and even when the parent is gone."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _failures_named() -> Iterator[None]:
    """Any failure of a parser becomes a refusal; out of memory ends the process, whose state nobody knows then."""
    try:
        yield
    except FileRefusedError:
        raise
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)
    except OSError as error:
        raise refusal("unreadable") from error
    except Exception as error:  # parsers raise everything; the message may quote the file and is dropped
        if any(word in str(error).lower() for word in _ALLOCATION_FAILED):
            os._exit(OUT_OF_MEMORY_EXIT)
        raise refusal("damaged") from error


def _peak_bytes() -> int:
    """The most memory this process has held. Not ru_maxrss on Linux: that counts what the parent held at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
        return int(fields["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes
