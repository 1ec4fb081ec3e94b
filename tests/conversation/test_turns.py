from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from assistant.conversation.turns import AnswerProgress, AnswerText, ReadRecord, Turn
from assistant.domain import (
    Answer,
    DocumentKind,
    Hit,
    Page,
    PageRef,
    Passage,
    ReadingMode,
    Record,
    SourceDocument,
    SourceFile,
    Span,
    Support,
)
from assistant.errors import ContextExceededError, ModelAnswerError
from assistant.evidence.coverage import Topic
from assistant.evidence.search_scope import SearchScope
from assistant.language_models.answering import AnsweringModel
from tests.conversation.scripted_model import pieces_given, scripted, sent
from tests.conversation.test_copied_text import HISTORY
from tests.pages import page

TEXTS = (
    "Furosemide was raised to 80 mg on 3 May 2026.",
    "No known drug allergies were recorded at the visit.",
    "",
    "Potassium was 4.8 mmol/L in June and stable since.",
)
PAGES = [page(text, number=n) for n, text in enumerate(TEXTS, start=1)]
FILE = SourceFile(
    name="letter.pdf", kind="pdf", sha256="0" * 64, size_bytes=1, page_count=len(TEXTS), unread_pages=(3,)
)


def read_record() -> ReadRecord:
    return ReadRecord(
        record=Record(id="r", title="", created="2026-01-01T00:00:00Z", files=(FILE,)),
        pages=lambda: iter(PAGES),
        page_of=lambda ref: next((p for p in PAGES if PageRef(file=p.file, page=p.number) == ref), None),
        record_tokens=sum(len(text.split()) for text in TEXTS),
        search=_search,
        survey=lambda topic, _, most: _search(topic.query, most),
    )


def _search(query: str, top_k: int) -> tuple[Hit, ...]:
    """Pages that share a drug or analyte with the query, in page order."""
    return tuple(_hit(rank, found) for rank, found in enumerate(_shared(query), start=1))[:top_k]


def _hit(rank: int, found: Page) -> Hit:
    span = Span(file=found.file, page=found.number, start=0, end=len(found.text))
    return Hit(rank=rank, score=1.0, passage=Passage(span=span, text=found.text))


def _shared(query: str) -> Iterator[Page]:
    for found in PAGES:
        if {"furosemide", "potassium"} & set(query.lower().replace("?", "").split()) & set(found.text.lower().split()):
            yield found


def answered(model: AnsweringModel, *questions: str) -> list[Answer]:
    answers: list[Answer] = []
    for question in questions:
        turn = Turn(model, read_record(), answers, question)
        assert [event for event in turn.events() if isinstance(event, AnswerText)]
        answers.append(turn.answer())
    return answers


def test_a_record_that_fits_is_read_whole_and_the_unread_page_is_named() -> None:
    (answer,) = answered(scripted("Potassium was 4.8 mmol/L in June [3]."), "How is the potassium?")
    assert answer.mode is ReadingMode.FULL_CONTEXT
    assert answer.statements[0].support is Support.SUPPORTED
    assert answer.citations[0].span.page == 4
    assert (answer.coverage.pages_read, answer.coverage.pages_total) == (3, 4)
    assert answer.coverage.not_read == (PageRef(file="letter.pdf", page=3),)


def test_the_record_is_the_same_prefix_in_every_turn_and_the_question_comes_last() -> None:
    model = scripted("Potassium was 4.8 mmol/L in June [3].")
    answered(model, "How is the potassium?", "And the dose of furosemide?", "Any allergies?")
    prompts = ["\n".join(str(message.content) for message in messages) for messages in sent(model)]
    record_end = prompts[0].index("End of the record.")
    assert len({prompt[:record_end] for prompt in prompts}) == 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(prompts))
    assert prompts[2].rstrip().endswith("Question: Any allergies?")


def test_earlier_answers_cite_the_numbers_of_the_prompt_again() -> None:
    model = scripted("Potassium was 4.8 mmol/L in June [3].")
    first, _ = answered(model, "How is the potassium?", "Since when?")
    assert first.text.endswith("[1].")
    assert "4.8 mmol/L in June [3]." in str(sent(model)[1][2].content)


def test_a_record_that_does_not_fit_is_searched_and_says_so() -> None:
    model = scripted('"raised to 80 mg" [1].', context_tokens=420, answer_tokens=20)
    record = read_record()
    long = ReadRecord(
        record=record.record,
        pages=record.pages,
        page_of=record.page_of,
        record_tokens=10_000,
        search=record.search,
        survey=record.survey,
    )
    turn = Turn(model, long, [], "What is the furosemide dose?")
    list(turn.events())
    answer = turn.answer()
    assert answer.mode is ReadingMode.RETRIEVAL
    assert answer.citations[0].quote == "raised to 80 mg"
    assert answer.coverage.pages_read == 1
    assert len(answer.coverage.not_read) == 3


def test_a_broad_question_surveys_the_record_and_says_which_pages_were_read() -> None:
    surveyed: list[tuple[str, int]] = []

    def survey(topic: Topic, fewest: int, most: int) -> tuple[Hit, ...]:
        surveyed.append((topic.query, fewest))
        assert most >= fewest
        return tuple(_hit(rank, PAGES[rank - 1]) for rank in (1, 2))

    model = scripted('"No known drug allergies" [2].', context_tokens=2_000, answer_tokens=20)
    read = replace(read_record(), record_tokens=10_000, survey=survey)
    turn = Turn(model, read, [], "Any allergies?")
    list(turn.events())
    ((query, fewest),) = surveyed
    assert query.startswith("allergies")
    assert fewest == model.passages_per_question
    assert [ref.page for ref in turn.answer().coverage.not_read] == [3, 4]


def test_only_the_scope_of_a_question_is_read() -> None:
    letter = SourceDocument(kind=DocumentKind.CLINIC_LETTER, first_page=1, last_page=2)
    record = replace(read_record().record, files=(replace(FILE, documents=(letter,)),))
    scope = SearchScope(kinds=frozenset({DocumentKind.CLINIC_LETTER}))
    read = replace(read_record(), record=record, scope=scope)
    model = scripted("It was raised to 80 mg [1].")
    turn = Turn(model, read, [], "How is the potassium?")
    list(turn.events())
    assert "Potassium was" not in str(sent(model)[0])
    assert [ref.page for ref in turn.answer().coverage.not_read] == [3, 4]
    searched = Turn(scripted("It was [1].", reads_prompts=False), read, [], "How is the potassium?")
    list(searched.events())
    assert searched.answer().coverage.pages_read == 2


def test_a_record_that_fits_once_its_copies_are_left_out_is_read_whole() -> None:
    old = " ".join([HISTORY, *(f"Visit {n} was cancelled by the patient." for n in range(30))])
    pages = [page(f"{old}\n\nSeen again on day {n}.", number=n) for n in range(1, 21)]
    files = (replace(FILE, page_count=20),)
    tokens = sum(len(each.text.split()) for each in pages)
    read = replace(read_record(), record=replace(read_record().record, files=files), record_tokens=tokens)
    read = replace(read, pages=lambda: iter(pages))
    model = scripted("Since 2019 [1].", context_tokens=tokens * 2 // 3, answer_tokens=100)
    turn = Turn(model, read, [], "Since when is there atrial fibrillation?")
    list(turn.events())
    assert turn.answer().mode is ReadingMode.FULL_CONTEXT
    assert str(sent(model)[0]).count("atrial fibrillation since 2019") == 1


def test_when_the_window_fills_the_oldest_turns_are_shortened_never_the_record_or_the_question() -> None:
    long_answer = "Potassium was 4.8 mmol/L in June [3]. " * 40
    model = scripted(long_answer, context_tokens=2_000, answer_tokens=100)
    answered(model, *(f"How is the potassium, asked for time {n}?" for n in range(8)))
    last = "\n".join(str(message.content) for message in sent(model)[-1])
    assert "Potassium was 4.8 mmol/L in June and stable since." in last
    assert "asked for time 7?" in last
    assert "Earlier in this conversation, shortened" in last
    assert "asked for time 0?" in last
    assert len(last.split()) < 1_900


def test_a_question_longer_than_the_window_is_refused_with_the_numbers() -> None:
    model = scripted("No.", context_tokens=500)
    turn = Turn(model, read_record(), [], "why " * 600)
    with pytest.raises(ContextExceededError, match=r"of \d+ tokens"):
        list(turn.events())


def test_stopping_stops_the_model_and_keeps_what_was_said() -> None:
    model = scripted("Potassium was 4.8 mmol/L in June [3]. And then much more follows here. " * 50)
    turn = Turn(model, read_record(), [], "How is the potassium?")
    events = turn.events()
    for event in events:
        if isinstance(event, AnswerText) and len(event.text) > 60:
            break
    events.close()
    asked = pieces_given(model)
    answer = turn.answer()
    assert answer.stopped
    assert answer.statements[0].support is Support.SUPPORTED
    assert asked < 15


def test_an_empty_answer_is_an_error() -> None:
    turn = Turn(scripted(" "), read_record(), [], "How is the potassium?")
    with pytest.raises(ModelAnswerError):
        list(turn.events())


def test_progress_comes_before_words() -> None:
    turn = Turn(scripted("Potassium was 4.8 mmol/L [3]."), read_record(), [], "How is the potassium?")
    kinds = [type(event) for event in turn.events()]
    assert kinds[:2] == [AnswerProgress, AnswerProgress]
    assert kinds[2] is AnswerText


def test_the_extractive_reader_is_given_passages_and_earlier_questions_beside_the_prompt() -> None:
    model = scripted('"Potassium was 4.8 mmol/L" [1]', reads_prompts=False)
    answers = answered(model, "How is the potassium?", "since when?")
    extra = sent(model)[1][-1].additional_kwargs
    assert extra["question"] == "since when?"
    assert extra["history"] == ["How is the potassium?"]
    assert [p["text"] for p in extra["passages"]] == [TEXTS[3]]
    assert answers[0].mode is ReadingMode.RETRIEVAL
    assert answers[0].coverage.pages_read == 3


@pytest.mark.parametrize(("waiting", "pages_read"), [((), 3), ((2,), 2), ((2, 3), 2), ((1, 2, 4), 0)])
def test_a_page_that_waits_for_its_recognition_was_not_searched(waiting: tuple[int, ...], pages_read: int) -> None:
    model = replace(scripted("The record does not say."), reads_prompts=False)
    read = read_record()
    file = replace(FILE, waiting_pages=waiting)
    turn = Turn(model, replace(read, record=replace(read.record, files=(file,))), [], "What is the dose of furosemide?")
    list(turn.events())
    assert turn.answer().coverage.pages_read == pages_read
    assert {ref.page for ref in turn.answer().coverage.not_read} == {3, *waiting}
