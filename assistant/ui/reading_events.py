"""What happens while documents are read: progress file by file, cancel, and what failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.errors import AnamnesisError
from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress
from assistant.ui.dates import count
from assistant.ui.drawing import draw_files, draw_header, draw_turns, notice, said, whole_page
from assistant.ui.occasions import Occasion
from assistant.ui.source_events import first_page
from assistant.ui.stoppable import stoppable
from assistant.ui.uploads import taken_uploads
from assistant.ui.view import View
from assistant.ui.visits import Visit

_SAMPLE_TITLE = "Sample record (invented patient)"
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
    visit.show(visit.service.create_record(_SAMPLE_TITLE).id)
    yield whole_page(visit)
    yield from _read(visit, visit.service.sample_record_uploads())


def cancel_reading(visit: Visit, _: Occasion) -> View:
    """Stop reading; what was read stays."""
    visit.stop_reading.set()
    return View(status=said("Reading is being stopped."))


def _read(visit: Visit, uploads: Sequence[Upload]) -> Iterator[View]:
    record_id, visit.stop_reading = visit.record_id, threading.Event()
    stopped = visit.stop_reading
    if record_id is None:
        return
    states = [FileProgress(file=upload.name, stage="reading") for upload in uploads]
    at, shown, drawn_at = 0, False, 0.0
    with stoppable(visit.service.add_files(record_id, uploads)) as events:
        for event in events:
            if stopped.is_set():
                break
            states[at] = event  # files come in the order given; the name may have been made unique
            at += event.stage in _AT_AN_END
            _keep_problem(visit, record_id, event)
            is_due = event.stage in _AT_AN_END or time.monotonic() - drawn_at > _SECONDS_BETWEEN_DRAWINGS
            if visit.record_id != record_id or not is_due:
                continue
            drawn_at = time.monotonic()
            first = None if shown else _first_page(visit, record_id, event.file)
            shown = shown or first is not None
            yield View(files=draw_files(visit, states), source=first.source if first else None)
    if visit.record_id == record_id:
        yield _after(visit, states, was_stopped=stopped.is_set())


def _keep_problem(visit: Visit, record_id: str, event: FileProgress) -> None:
    if event.problem is not None and visit.record_id == record_id:
        visit.problems[event.file] = event.problem


def _first_page(visit: Visit, record_id: str, file: str) -> View | None:
    """Something to look at as soon as it can be looked at; None while it cannot."""
    try:
        return first_page(visit, record_id, file)
    except AnamnesisError:
        return None


def _after(visit: Visit, states: Sequence[FileProgress], *, was_stopped: bool) -> View:
    read = sum(state.stage == "done" for state in states)
    failed = sum(state.stage == "failed" for state in states)
    sentence = f"{count(read, 'document')} read" + (f", {failed} could not be read" if failed else "")
    return View(
        header=draw_header(visit),
        files=draw_files(visit),
        turns=draw_turns(visit),
        notice=notice(f"Reading was stopped. {sentence}; the rest was left out.") if was_stopped else None,
        status=said(f"{sentence}."),
    )
