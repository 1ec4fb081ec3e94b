"""What happens while documents are read: progress file by file, cancel, and what failed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AnamnesisError, RecordNotFoundError
from assistant.ingestion.reading import Upload
from assistant.intake import ALREADY_THERE, FileProgress
from assistant.ui.dates import count
from assistant.ui.drawing import draw_files, draw_header, draw_summary, draw_turns, notice, said, whole_page
from assistant.ui.empty_html import being_read
from assistant.ui.markup import NOTHING, Html
from assistant.ui.occasions import Occasion
from assistant.ui.source_events import first_page
from assistant.ui.stoppable import stoppable
from assistant.ui.uploads import taken_uploads
from assistant.ui.view import View
from assistant.ui.visits import Visit

_SECONDS_BETWEEN_DRAWINGS = 0.15
_AT_AN_END = ("done", "failed")


def add_files(visit: Visit, occasion: Occasion, *, cache: Path, intake: Path) -> Iterator[View]:
    """Documents were dropped: read them into the open record, or into a new one."""
    with taken_uploads(occasion.items("files"), cache=cache, intake=intake) as uploads:
        if visit.record_id is None:
            visit.show(visit.service.create_record().id)
            yield whole_page(visit)
        yield from _read(visit, uploads)


def open_sample(visit: Visit, _: Occasion) -> Iterator[View]:
    """The invented patient, in a record of its own."""
    visit.show(visit.service.create_record().id)
    yield whole_page(visit)
    yield from _read(visit, visit.service.sample_record_uploads())


def cancel_reading(visit: Visit, _: Occasion) -> View:
    """Stop reading; what was read stays."""
    visit.stop_reading.set()
    return View(status=said("Reading is being stopped."))


def unlock_file(visit: Visit, occasion: Occasion) -> Iterator[View]:
    """A password was given for a locked document."""
    file, password = occasion.wanted("file"), occasion.text("password")
    record_id = _open_id(visit)
    yield from _followed(visit, record_id, [file], visit.service.unlock_file(record_id, file, password))


def recognize_file(visit: Visit, occasion: Occasion) -> Iterator[View]:
    """The scanned pages of a document that were left are read now."""
    file, record_id = occasion.wanted("file"), _open_id(visit)
    yield from _followed(visit, record_id, [file], visit.service.recognize_file(record_id, file))


def _open_id(visit: Visit) -> str:
    if visit.record_id is None:
        raise RecordNotFoundError("no record is open; open one or drop files to begin one")
    return visit.record_id


def _read(visit: Visit, uploads: Sequence[Upload]) -> Iterator[View]:
    if visit.record_id is not None and uploads:
        work = visit.service.add_files(visit.record_id, uploads)
        yield from _followed(visit, visit.record_id, [upload.name for upload in uploads], work)


def _followed(visit: Visit, record_id: str, names: Sequence[str], work: Iterator[FileProgress]) -> Iterator[View]:
    """The views of a reading under way, until it ends, is stopped or nobody looks any more."""
    stopped = visit.begin_reading()
    batch = _Batch(states=[FileProgress(file=name, stage="reading") for name in names])
    begins = not visit.service.record(record_id).pages_total
    yield View(files=draw_files(visit, batch.states), turns=being_read(len(names)) if begins else None, notice=NOTHING)
    try:
        with stoppable(work) as events:
            for event in events:
                if stopped.is_set():
                    break
                is_due = batch.take(event)
                if visit.record_id == record_id and is_due:
                    yield _progress(visit, batch, event, begins=begins)
    except AnamnesisError:
        if visit.record_id == record_id:
            yield _after(visit, batch, was_stopped=False)
            raise
        return  # the record was deleted or left meanwhile: nobody is waiting for this
    except Exception:
        if visit.record_id == record_id:
            yield _after(visit, batch, was_stopped=False)  # it must not seem to go on
        raise
    if visit.record_id == record_id:
        yield _after(visit, batch, was_stopped=stopped.is_set())


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The files of one drop, in its order; a name may be made unique on the way."""

    states: list[FileProgress]
    drawn_at: float = 0.0
    is_page_shown: bool = False

    def take(self, event: FileProgress) -> bool:
        """Note where a file stands; whether it is time to draw that."""
        is_over = event.stage in _AT_AN_END or event.stage != self.states[event.upload].stage
        self.states[event.upload] = event
        if is_over or time.monotonic() - self.drawn_at > _SECONDS_BETWEEN_DRAWINGS:
            self.drawn_at = time.monotonic()
            return True
        return False

    def count(self, stage: str) -> int:
        """Files that stand at `stage`."""
        return sum(state.stage == stage for state in self.states)


def _progress(visit: Visit, batch: _Batch, event: FileProgress, *, begins: bool) -> View:
    """The list with its progress; the first page to look at and the first questions as soon as there are any."""
    if event.problem is not None:
        visit.problems[event.file] = event.problem
    source = None if batch.is_page_shown or visit.record_id is None else _first_page(visit, visit.record_id, event.file)
    batch.is_page_shown = batch.is_page_shown or source is not None
    # A scan that waits to be recognized is in the record too: questions can begin.
    is_read = event.stage == "done" or (event.stage == "recognizing" and not event.done)
    is_first = begins and is_read and batch.count("done") + batch.count("recognizing") == 1 and not visit.is_asked
    return View(
        files=draw_files(visit, batch.states),
        turns=draw_turns(visit) if is_first else None,
        header=draw_header(visit) if is_first else None,
        source=source,
    )


def _first_page(visit: Visit, record_id: str, file: str) -> Html | None:
    """Something to look at as soon as it can be looked at; None while it cannot."""
    try:
        return first_page(visit, record_id, file)
    except AnamnesisError:
        return None


def _after(visit: Visit, batch: _Batch, *, was_stopped: bool) -> View:
    visit.summary = None
    read, failed = batch.count("done"), batch.count("failed")
    sentence = f"{count(read, 'document')} read" + (f", {failed} could not be read" if failed else "")
    told = _already_there(batch) or (f"Reading was stopped. {sentence}; the rest was left out." if was_stopped else "")
    return View(
        header=draw_header(visit),
        files=draw_files(visit),
        # The page before the first question says how many pages are ready.
        turns=draw_turns(visit) if visit.conversation_id is None and not visit.is_asked else None,
        summary=draw_summary(visit),
        notice=notice(told) if told else None,
        status=said(f"{sentence}."),
    )


def _already_there(batch: _Batch) -> str:
    """Which files were not added because the record has them."""
    names = [state.file for state in batch.states if ALREADY_THERE in state.warnings]
    return f"{', '.join(names)}: {ALREADY_THERE}." if names else ""
