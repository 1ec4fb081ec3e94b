"""What a visit shows, drawn place by place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from assistant.domain import Conversation, Coverage, ReadingMode, Record
from assistant.intake import FileProgress
from assistant.ui import answer_html, conversations_html, empty_html, files_html, header_html, source_html, summary_html
from assistant.ui.markup import NOTHING, Html, tag
from assistant.ui.view import View
from assistant.ui.visits import Visit


def whole_page(visit: Visit) -> View:
    """Every place anew, with nothing at the right."""
    return View(
        header=draw_header(visit),
        files=draw_files(visit),
        conversations=draw_conversations(visit),
        turns=draw_turns(visit),
        answering=NOTHING,
        summary=draw_summary(visit),
        source=source_html.nothing_shown(),
        notice=NOTHING,
    )


def open_record_of(visit: Visit) -> Record | None:
    """The record that the visit shows."""
    return visit.service.record(visit.record_id) if visit.record_id else None


def open_conversation_of(visit: Visit) -> Conversation | None:
    """The conversation that the visit shows; None before its first question."""
    if visit.record_id is None or visit.conversation_id is None:
        return None
    return visit.service.conversation(visit.record_id, visit.conversation_id)


def draw_header(visit: Visit) -> Html:
    """The top line."""
    record = open_record_of(visit)
    return header_html.header(
        records=visit.service.records(),
        record=record,
        conversation_id=visit.conversation_id,
        model=visit.service.model,
        coverage=_coverage(visit, record),
    )


def _coverage(visit: Visit, record: Record | None) -> tuple[ReadingMode, Coverage] | None:
    """What the last answer had read; before the first one, what the next would read."""
    if record is None or not record.files:
        return None
    conversation = open_conversation_of(visit)
    if conversation is not None and conversation.turns:
        return conversation.turns[-1].mode, conversation.turns[-1].coverage
    return visit.service.coverage(record.id)


def draw_files(visit: Visit, reading: Sequence[FileProgress] = ()) -> Html:
    """The documents, with those that are being read."""
    return files_html.files(open_record_of(visit), reading=reading, problems=visit.problems)


def draw_conversations(visit: Visit) -> Html:
    """The list of conversations."""
    if visit.record_id is None:
        return NOTHING
    listed = visit.service.conversations(visit.record_id)
    return conversations_html.conversations(listed, visit.conversation_id, now=datetime.now(UTC))


def draw_turns(visit: Visit, *, up_to: int | None = None) -> Html:
    """The turns of the open conversation (those before `up_to`), or what to do where there is none yet."""
    conversation = open_conversation_of(visit)
    if conversation is not None and conversation.turns:
        return answer_html.turns(conversation, up_to=up_to)
    record = open_record_of(visit)
    if record is None:
        return empty_html.no_record()
    if not any(file.page_count for file in record.files):
        return empty_html.no_document()
    return empty_html.no_question(record, visit.service.suggested_questions(record.id))


def draw_summary(visit: Visit) -> Html:
    """The summary, or how to get one."""
    record = open_record_of(visit)
    if record is None or not record.pages_total:
        return empty_html.no_record() if record is None else empty_html.no_document()
    return summary_html.summary(visit.summary)


def said(sentence: str) -> Html:
    """A sentence for the status line, which screen readers read out."""
    return tag("span", sentence)


def notice(sentence: str) -> Html:
    """What went wrong, until it is dismissed."""
    dismiss = tag("button", "×", type="button", data_dismiss=True, aria_label="Dismiss")
    return tag("div", tag("p", sentence), dismiss, class_="problem", role="alert")
