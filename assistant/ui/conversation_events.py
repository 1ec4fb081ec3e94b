"""What happens in a conversation: ask, stop, ask again, open, begin, delete."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date

from assistant.conversation.turns import AnswerProgress
from assistant.domain import DocumentKind
from assistant.errors import AnamnesisError, RecordNotFoundError
from assistant.evidence.search_scope import SearchScope
from assistant.service import AnswerDone, AnswerEvent
from assistant.ui.answer_html import turns, verdict
from assistant.ui.answering_html import answering, failed
from assistant.ui.drawing import draw_conversations, draw_header, draw_turns, open_conversation_of, said
from assistant.ui.markup import NOTHING, Html
from assistant.ui.occasions import Occasion
from assistant.ui.stoppable import stoppable
from assistant.ui.view import View
from assistant.ui.visits import Visit

_SECONDS_BETWEEN_DRAWINGS = 0.08
_NO_ANSWER = "There is no answer: something went wrong inside the program."
_NOTHING_SAID = "Stopped before anything was said."


def ask(visit: Visit, occasion: Occasion) -> Iterator[View]:
    """A question: the words as they come, then the checked answer in their place."""
    return _asked(visit, occasion, _scope(occasion))


def ask_rest(visit: Visit, occasion: Occasion) -> Iterator[View]:
    """The question of an answer once more, over the pages that nobody read for it."""
    conversation, turn = open_conversation_of(visit), occasion.number("turn")
    if conversation is None or not 0 <= turn < len(conversation.turns):
        raise RecordNotFoundError("that answer is no longer there; reload the page")
    not_read = frozenset(conversation.turns[turn].coverage.not_read)
    return _asked(visit, Occasion({"question": occasion.text("question")}), SearchScope(pages=not_read))


def _asked(visit: Visit, occasion: Occasion, scope: SearchScope) -> Iterator[View]:
    question, from_turn = occasion.text("question").strip(), occasion.number_or_none("replace")
    if not question:
        return
    record_id, stopped = _open_id(visit), visit.begin_answer()
    before = {conversation.id for conversation in visit.service.conversations(record_id)}
    earlier = _earlier(visit, from_turn)
    yield View(turns=earlier, answering=answering(question), notice=NOTHING, status=said("Answering."))
    visit.is_asked = True
    try:
        work = visit.service.ask(record_id, visit.conversation_id, question, replace_from_turn=from_turn, scope=scope)
        with stoppable(work) as events:
            yield from _drawn(question, events, stopped)
    except AnamnesisError as error:
        if visit.is_answering(stopped):
            yield View(answering=failed(question, error.message), status=said(error.message))
        return
    except Exception:
        if visit.is_answering(stopped):
            yield View(answering=failed(question, _NO_ANSWER))
        raise
    finally:
        visit.is_asked = False
    if visit.is_answering(stopped):
        yield _answered(visit, question, before)


def again(visit: Visit, occasion: Occasion) -> Iterator[View]:
    """The last question once more; its answer is replaced."""
    return ask(visit, Occasion({**occasion.data, "replace": occasion.text("turn")}))


def stop(visit: Visit, _: Occasion) -> View:
    """Stop the model; what was said is kept."""
    visit.stop_answer.set()
    return View(status=said("Stopping."))


def open_conversation(visit: Visit, occasion: Occasion) -> View:
    """Another conversation about the same record."""
    conversation_id = visit.service.conversation(_open_id(visit), occasion.wanted("conversation")).id
    visit.show(visit.record_id, conversation_id)
    return _turned(visit)


def new_conversation(visit: Visit, _: Occasion) -> View:
    """An empty conversation; it is kept from its first question on."""
    visit.show(_open_id(visit))
    return _turned(visit)


def delete_conversation(visit: Visit, occasion: Occasion) -> View:
    """One conversation is deleted for good."""
    gone = occasion.wanted("conversation")
    if gone == visit.conversation_id:
        visit.show(visit.record_id)
    visit.service.delete_conversation(_open_id(visit), gone)
    return _turned(visit)


def _turned(visit: Visit) -> View:
    return View(
        header=draw_header(visit),
        conversations=draw_conversations(visit),
        turns=draw_turns(visit),
        answering=NOTHING,
        notice=NOTHING,
    )


def _scope(occasion: Occasion) -> SearchScope:
    """What the question is asked of, as the chips above it say; what cannot be read there narrows nothing."""
    kinds = frozenset(kind for kind in DocumentKind if kind.value in occasion.text("kinds").split(","))
    return SearchScope(
        kinds=kinds or None,
        first_date=_day(occasion.text("first_date")),
        last_date=_day(occasion.text("last_date")),
    )


def _day(written: str) -> str | None:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return None


def _earlier(visit: Visit, from_turn: int | None) -> Html:
    """The turns that stay above the new question."""
    conversation = open_conversation_of(visit)
    return NOTHING if conversation is None else turns(conversation, up_to=from_turn)


def _drawn(question: str, events: Iterator[AnswerEvent], stopped: threading.Event) -> Iterator[View]:
    """The words and the progress as they come, not more often than an eye can follow."""
    drawn_at = 0.0
    for event in events:
        if stopped.is_set():
            return
        if isinstance(event, AnswerDone) or time.monotonic() - drawn_at < _SECONDS_BETWEEN_DRAWINGS:
            continue
        drawn_at = time.monotonic()
        if isinstance(event, AnswerProgress):
            yield View(answering=answering(question, progress=event))
        else:
            yield View(answering=answering(question, text=event.text))


def _answered(visit: Visit, question: str, before: set[str]) -> View:
    """The conversation as it is kept now; a first question has begun one. `before` are the ids from before it."""
    kept = visit.service.conversations(_open_id(visit))
    begun = next((conversation.id for conversation in kept if conversation.id not in before), None)
    visit.conversation_id = visit.conversation_id or begun
    conversation = open_conversation_of(visit)
    if conversation is None or conversation.turns[-1].question != question:
        return View(answering=failed(question, _NOTHING_SAID), status=said(_NOTHING_SAID))
    last = conversation.turns[-1]
    return View(
        header=draw_header(visit),
        conversations=draw_conversations(visit),
        turns=draw_turns(visit),
        answering=NOTHING,
        status=said(f"{'Stopped' if last.stopped else 'Answered'}. {verdict(last.statements)}."),
    )


def _open_id(visit: Visit) -> str:
    if visit.record_id is None:
        raise RecordNotFoundError("no record is open; open one or drop files to begin one")
    return visit.record_id
