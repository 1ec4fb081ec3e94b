"""What happens to records: open, create, rename, delete."""

from __future__ import annotations

from assistant.errors import RecordNotFoundError
from assistant.ui.drawing import draw_conversations, draw_files, draw_header, draw_summary, draw_turns, said, whole_page
from assistant.ui.markup import NOTHING
from assistant.ui.occasions import Occasion
from assistant.ui.source_html import nothing_shown
from assistant.ui.view import View
from assistant.ui.visits import Visit

_MAX_TITLE_CHARACTERS = 120


def arrive(visit: Visit, occasion: Occasion) -> View:
    """The page was loaded: open what its address names, else the newest record and its newest conversation."""
    record_id, conversation_id = occasion.text("record"), occasion.text("conversation")
    records = visit.service.records()
    known = next((record.id for record in records if record.id == record_id), None)
    chosen = known or (records[0].id if records else None)
    visit.show(chosen, _conversation(visit, chosen, conversation_id if known else ""))
    return whole_page(visit)


def _conversation(visit: Visit, record_id: str | None, wanted: str) -> str | None:
    """The wanted conversation if the record has it, else its newest."""
    if record_id is None:
        return None
    ids = [conversation.id for conversation in visit.service.conversations(record_id)]
    return wanted if wanted in ids else next(iter(ids), None)


def open_record(visit: Visit, occasion: Occasion) -> View:
    """Another record was chosen."""
    record_id = visit.service.record(occasion.wanted("record")).id
    visit.show(record_id, _conversation(visit, record_id, ""))
    return whole_page(visit)


def new_record(visit: Visit, _: Occasion) -> View:
    """An empty record."""
    visit.show(visit.service.create_record().id)
    return whole_page(visit)


def rename_record(visit: Visit, occasion: Occasion) -> View:
    """The open record gets another name."""
    title = " ".join(occasion.text("title").split())[:_MAX_TITLE_CHARACTERS]
    visit.service.rename_record(_open_id(visit), title)
    return View(header=draw_header(visit))


def delete_record(visit: Visit, _: Occasion) -> View:
    """The open record is deleted for good; the next one opens."""
    record_id = _open_id(visit)
    visit.stop_reading.set()
    visit.show(None)
    visit.service.delete_record(record_id)
    return arrive(visit, Occasion({}))


def remove_file(visit: Visit, occasion: Occasion) -> View:
    """One document leaves the record."""
    record_id, name = _open_id(visit), occasion.wanted("file")
    visit.problems.pop(name, None)
    visit.summary = None
    if any(file.name == name for file in visit.service.record(record_id).files):
        visit.service.remove_file(record_id, name)
    return View(
        header=draw_header(visit),
        files=draw_files(visit),
        conversations=draw_conversations(visit),
        turns=draw_turns(visit),
        summary=draw_summary(visit),
        source=nothing_shown(),
        notice=NOTHING,
        status=said("Document removed."),
    )


def rename_file(visit: Visit, occasion: Occasion) -> View:
    """A document gets another name."""
    record_id, file = _open_id(visit), occasion.wanted("file")
    visit.service.rename_file(record_id, file, occasion.text("name"))
    visit.summary = None  # its numbers point to the old name
    return View(
        files=draw_files(visit),
        turns=draw_turns(visit),
        summary=draw_summary(visit),
        source=nothing_shown(),
        notice=NOTHING,
        status=said("Document renamed."),
    )


def accept_file(visit: Visit, occasion: Occasion) -> View:
    """A document that seemed to be another patient's belongs to this one."""
    visit.service.accept_file(_open_id(visit), occasion.wanted("file"))
    visit.summary = None
    return View(
        header=draw_header(visit),
        files=draw_files(visit),
        turns=draw_turns(visit),
        summary=draw_summary(visit),
        notice=NOTHING,
        status=said("The document is part of the record now."),
    )


def _open_id(visit: Visit) -> str:
    if visit.record_id is None:
        raise RecordNotFoundError("no record is open; open one or drop files to begin one")
    return visit.record_id
