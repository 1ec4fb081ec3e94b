from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain import DocumentKind, FileProblem, PageRef
from assistant.errors import RecordNotFoundError
from assistant.evidence.search_scope import SearchScope
from assistant.ui import conversation_events, reading_events, record_events, source_events, summary_events
from assistant.ui.drawing import draw_turns
from assistant.ui.markup import NOTHING
from assistant.ui.occasions import Occasion
from assistant.ui.view import View
from assistant.ui.visits import Visit, Visits
from tests.ui.fake_service import SAMPLE, FakeService

QUESTION = "Why was her ACE inhibitor stopped?"


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def visit(service: FakeService) -> Visit:
    """A tab that has the sample record open."""
    opened = Visit(service=service)
    for _ in reading_events.open_sample(opened, Occasion({})):
        pass
    return opened


def asked(visit: Visit, question: str = QUESTION, **data: str) -> list[View]:
    return list(conversation_events.ask(visit, Occasion({"question": question, **data})))


def cited(visit: Visit, n: int = 1, **data: str) -> str:
    view = source_events.open_citation(visit, Occasion({"turn": "0", "n": str(n), **data}))
    return str(view.source)


def test_an_empty_page_offers_the_sample_record() -> None:
    view = record_events.arrive(Visit(service=FakeService()), Occasion({}))

    assert 'data-do="open_sample"' in str(view.turns)


def test_a_reload_opens_the_record_and_conversation_of_the_address(visit: Visit, service: FakeService) -> None:
    asked(visit)
    record_id, conversation_id = visit.record_id, visit.conversation_id
    service.create_record("Newer")
    again = Visit(service=service)

    view = record_events.arrive(again, Occasion({"record": record_id, "conversation": conversation_id}))

    assert (again.record_id, again.conversation_id) == (record_id, conversation_id)
    assert QUESTION in str(view.turns)


def test_an_address_of_an_unknown_record_opens_the_newest(visit: Visit) -> None:
    record_id = visit.record_id

    record_events.arrive(visit, Occasion({"record": "../../etc", "conversation": "x"}))

    assert visit.record_id == record_id


def test_reading_shows_a_page_at_once_and_every_files_progress(service: FakeService) -> None:
    visit = Visit(service=service)

    views = list(reading_events.open_sample(visit, Occasion({})))

    drawn = [str(view.files) for view in views if view.files]
    assert any("reading page 1 of 2" in html for html in drawn)
    assert any(">1 of 3<" in html for html in drawn)
    assert sum(view.source is not None for view in views) == 2  # cleared, then the first page; never again
    assert "Ask about this record" in str(views[-1].turns)
    assert "page 1: no text, not read" in drawn[-1]


def test_cancelling_keeps_what_was_read(service: FakeService) -> None:
    visit = Visit(service=service)
    reading = reading_events.open_sample(visit, Occasion({}))
    while not visit.record_id or not service.record(visit.record_id).files:
        next(reading)

    reading_events.cancel_reading(visit, Occasion({}))
    rest = list(reading)

    assert visit.record_id is not None
    assert len(service.record(visit.record_id).files) < len(SAMPLE)
    assert "Reading was stopped" in str(rest[-1].notice)


def test_reading_does_not_draw_over_a_record_that_was_opened_meanwhile(service: FakeService) -> None:
    visit = Visit(service=service)
    reading = reading_events.open_sample(visit, Occasion({}))
    next(reading)
    next(reading)

    record_events.new_record(visit, Occasion({}))

    assert list(reading) == []
    assert len(service.records()[-1].files) == len(SAMPLE)


def test_a_file_that_cannot_be_read_costs_that_file_alone(visit: Visit, tmp_path: Path) -> None:
    cache, intake = tmp_path / "cache", tmp_path / "intake"
    for folder in (cache, intake):
        folder.mkdir()
    (cache / "bad.pdf").write_bytes(b"nonsense")
    (cache / "note.txt").write_text("Penicillin: rash in 1999.")
    files = [{"name": name, "path": str(cache / name)} for name in ("bad.pdf", "note.txt")]

    views = list(reading_events.add_files(visit, Occasion({"files": files}), cache=cache, intake=intake))

    assert "This file is damaged" in str(views[-1].files)
    assert "Note" in str(views[-1].files)
    assert "1 document read, 1 could not be read" in str(views[-1].status)
    assert "damaged" not in str(record_events.remove_file(visit, Occasion({"file": "bad.pdf"})).files)


def test_an_answer_is_streamed_and_then_checked(visit: Visit) -> None:
    views = asked(visit)

    assert QUESTION in str(views[0].answering)
    assert views[-1].answering == ""
    assert "3 of 4 statements proven" in str(views[-1].turns)
    assert "Answered. ✓ 3 of 4 statements proven." in str(views[-1].status)


def test_stop_ends_the_model_and_keeps_what_was_said(visit: Visit, service: FakeService) -> None:
    service.seconds_per_word = 0.03
    answering = conversation_events.ask(visit, Occasion({"question": QUESTION}))
    for view in answering:
        if "Creatinine" in str(view.answering):
            break

    conversation_events.stop(visit, Occasion({}))
    last = list(answering)[-1]

    assert service.words_written < 15
    assert ">stopped<" in str(last.turns)


def test_another_record_stops_the_answer_and_is_not_drawn_over(visit: Visit) -> None:
    answering = conversation_events.ask(visit, Occasion({"question": QUESTION}))
    next(answering)

    record_events.new_record(visit, Occasion({}))

    assert list(answering) == []


def test_a_question_can_be_asked_again_and_edited(visit: Visit, service: FakeService) -> None:
    asked(visit)
    list(conversation_events.again(visit, Occasion({"question": QUESTION, "turn": "0"})))
    asked(visit, "What was the potassium?", replace="0")

    assert visit.record_id is not None
    kept = service.conversations(visit.record_id)
    assert [[turn.question for turn in each.turns] for each in kept] == [["What was the potassium?"]]


def test_a_model_that_fails_is_explained_and_the_question_kept(visit: Visit, service: FakeService) -> None:
    service.is_down = True

    last = asked(visit)[-1]

    assert "server does not answer" in str(last.answering)
    assert f'data-question="{QUESTION}"' in str(last.answering)


def test_work_that_breaks_does_not_seem_to_go_on(visit: Visit, service: FakeService, tmp_path: Path) -> None:
    service.is_broken = True
    drawn: list[View] = []
    works = (
        conversation_events.ask(visit, Occasion({"question": QUESTION})),
        summary_events.summarize(visit, Occasion({})),
        reading_events.open_sample(visit, Occasion({})),
    )

    for work in works:
        with pytest.raises(ZeroDivisionError):
            drawn += work

    assert "There is no answer" in str([view.answering for view in drawn if view.answering][-1])
    assert "Write the summary" in str([view.summary for view in drawn if view.summary][1])
    assert "data-reading" not in str(drawn[-1].files)


def test_conversations_are_begun_opened_and_deleted(visit: Visit) -> None:
    asked(visit)
    first = visit.conversation_id
    conversation_events.new_conversation(visit, Occasion({}))
    asked(visit, "Second?")
    view = conversation_events.open_conversation(visit, Occasion({"conversation": first}))
    assert QUESTION in str(view.turns)

    view = conversation_events.delete_conversation(visit, Occasion({"conversation": first}))

    assert visit.conversation_id is None
    assert QUESTION not in str(view.conversations)
    assert "Second?" in str(view.conversations)


def test_a_citation_opens_its_page_with_its_words_boxed(visit: Visit) -> None:
    asked(visit)

    html = cited(visit, 2)

    assert 'data-file="Discharge summary.pdf" data-page="2"' in html
    assert 'class="evidence"' in html
    assert "2 of 3" in html
    assert "<mark" in cited(visit, 2, view="text")


def test_the_neighbouring_page_has_no_box(visit: Visit) -> None:
    asked(visit)
    there = {"file": "Discharge summary.pdf", "turn": "0", "n": "1"}

    html = str(source_events.open_page(visit, Occasion({**there, "page": "1"})).source)

    assert 'class="evidence"' not in html
    assert 'class="evidence"' in str(source_events.open_page(visit, Occasion({**there, "page": "2"})).source)


@pytest.mark.parametrize(
    "data", [{"turn": "9", "n": "1"}, {"turn": "0", "n": "99"}, {"turn": "x", "n": "1"}, {"turn": "0", "n": "a"}, {}]
)
def test_an_address_that_leads_nowhere_is_one_clear_sentence(visit: Visit, data: dict[str, str]) -> None:
    asked(visit)

    with pytest.raises(RecordNotFoundError, match="no longer there"):
        source_events.open_citation(visit, Occasion(data))


def test_the_summary_is_checked_and_cited(visit: Visit) -> None:
    last = list(summary_events.summarize(visit, Occasion({})))[-1]

    assert "the record is silent: Family history." in str(last.summary)
    assert 'data-turn="summary" data-n="1"' in str(last.summary)
    assert 'class="evidence"' in cited(visit, 1, turn="summary")


def test_deleting_a_record_opens_the_next(visit: Visit, service: FakeService) -> None:
    gone, other = visit.record_id, service.create_record("Other").id

    record_events.delete_record(visit, Occasion({}))

    assert visit.record_id == other
    assert gone not in [record.id for record in service.records()]


def test_one_visitor_cannot_reach_the_record_of_another() -> None:
    services = {"first": FakeService(), "second": FakeService()}
    visits = Visits(services.__getitem__)
    first = visits.visit("first", "tab")
    _exhaust(reading_events.open_sample(first, Occasion({})))

    second = visits.visit("second", "tab", record_id=first.record_id)
    view = record_events.arrive(second, Occasion({"record": first.record_id}))

    assert second.record_id is None
    assert "Discharge" not in str(view)
    with pytest.raises(RecordNotFoundError):
        record_events.open_record(second, Occasion({"record": first.record_id}))


def test_a_closed_tab_stops_its_work() -> None:
    service = FakeService()
    visits = Visits(lambda visitor: service)
    visit = visits.visit("local", "tab")
    answering, reading = visit.begin_answer(), visit.begin_reading()

    visits.end("local", "tab")

    assert answering.is_set()
    assert reading.is_set()


def _exhaust(views: Iterator[View]) -> None:
    for _ in views:
        pass


def test_a_question_is_asked_of_the_chosen_dates_and_kinds(visit: Visit, service: FakeService) -> None:
    asked(visit, first_date="2024-05-01", last_date="nonsense", kinds="laboratory,unheard_of")

    kinds = frozenset({DocumentKind.LABORATORY})
    assert service.scope == SearchScope(kinds=kinds, first_date="2024-05-01", last_date=None)


def test_the_question_is_asked_again_over_the_pages_that_were_not_read(visit: Visit, service: FakeService) -> None:
    asked(visit)
    assert 'data-do="ask_rest"' in str(draw_turns(visit))

    list(conversation_events.ask_rest(visit, Occasion({"turn": "0", "question": QUESTION})))

    assert service.scope == SearchScope(pages=frozenset({PageRef(file="Referral, Dr Okafor.pdf", page=1)}))
    with pytest.raises(RecordNotFoundError):
        list(conversation_events.ask_rest(visit, Occasion({"turn": "7", "question": QUESTION})))


def test_reading_begins_with_the_last_problem_put_away(visit: Visit, service: FakeService) -> None:
    assert visit.record_id is not None
    problem = FileProblem(code="password_protected", message="It is protected by a password.")
    service.hold(visit.record_id, "Discharge summary.pdf", problem=problem, page_count=0)

    first, *_ = reading_events.unlock_file(visit, Occasion({"file": "Discharge summary.pdf", "password": "open"}))

    assert first.notice == NOTHING
