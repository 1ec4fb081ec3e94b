from __future__ import annotations

from dataclasses import replace

from assistant.domain import (
    Answer,
    Box,
    Citation,
    Contradiction,
    Conversation,
    Coverage,
    ReadingMode,
    Span,
    Statement,
    Support,
)
from assistant.ui.answer_html import copied, proven_count, turns, verdict

HOSTILE = "<img src=x onerror=alert(1)>"


def citation(n: int = 1, *, file: str = "2026-06-02_letter.pdf", quote: str = "Potassium 5.9 mmol/L") -> Citation:
    span = Span(file=file, page=2, start=0, end=len(quote))
    return Citation(n=n, span=span, quote=quote, boxes=(Box(x0=1, y0=1, x1=9, y1=9),))


def statement(text: str, support: Support, *cited: int, start: int = 0, end: int = 0) -> Statement:
    return Statement(text=text, support=support, citations=cited, start=start, end=end)


def answer(
    *statements: Statement, citations: tuple[Citation, ...] = (), text: str = "", question: str = "Why?"
) -> Answer:
    coverage = Coverage(record_tokens=10, context_tokens=100, prompt_tokens=20, pages_read=1, pages_total=1)
    return Answer(
        question=question,
        text=text,
        mode=ReadingMode.FULL_CONTEXT,
        statements=statements,
        citations=citations,
        coverage=coverage,
    )


def drawn(*answers: Answer, up_to: int | None = None) -> str:
    return turns(Conversation(id="c", title="t", created="2026-11-20T10:00:00Z", turns=answers), up_to=up_to)


def test_a_proven_statement_carries_its_numbered_citation() -> None:
    html = drawn(answer(statement("Potassium was 5.9.", Support.SUPPORTED, 1), citations=(citation(),)))

    assert 'data-do="open_citation"' in html
    assert 'data-turn="0" data-n="1"' in html
    assert 'data-quote="Potassium 5.9 mmol/L"' in html
    assert 'data-where="Letter, 2 Jun 2026, page 2"' in html
    assert "⚑" not in html


def test_an_unproven_statement_is_marked_in_words() -> None:
    html = drawn(answer(statement("She tolerated ramipril.", Support.UNSUPPORTED)))

    assert "⚑ not found in the record" in html


def test_general_knowledge_is_told_from_the_record() -> None:
    assert "general knowledge, not from the record" in drawn(
        answer(statement("ACE inhibitors raise it.", Support.GENERAL))
    )


def test_nothing_that_a_document_or_a_model_wrote_becomes_markup() -> None:
    hostile = answer(
        statement(HOSTILE, Support.QUOTED, 1),
        statement(HOSTILE, Support.UNSUPPORTED),
        citations=(citation(file=f"{HOSTILE}.pdf", quote=HOSTILE),),
        question=HOSTILE,
        text=f"**{HOSTILE}**\n{HOSTILE}",
    )

    html = drawn(replace(hostile, reasoning=HOSTILE))

    assert "<img" not in html
    assert html.count("&lt;img") > 5


def test_the_line_below_counts_what_is_proven() -> None:
    statements = (
        statement("a", Support.QUOTED, 1),
        statement("b", Support.SUPPORTED, 1),
        statement("c", Support.UNSUPPORTED),
        statement("d", Support.NOT_IN_RECORD),
        statement("e", Support.GENERAL),
    )

    assert proven_count(statements) == (2, 3)
    assert verdict(statements) == "✓ 2 of 3 statements proven"
    assert verdict(statements[2:3]) == "⚑ 0 of 1 statement proven"
    assert verdict(statements[3:4]) == "○ The record holds no answer"


def test_only_the_last_turn_can_be_asked_again_or_edited() -> None:
    one = answer(statement("a", Support.UNSUPPORTED))

    html = drawn(one, one)

    assert html.count('data-do="again"') == 1
    assert html.count("data-edit=") == 1
    assert 'data-edit="1"' in html


def test_the_turns_that_a_new_question_replaces_are_not_shown() -> None:
    first, second = (
        answer(statement("a", Support.UNSUPPORTED), question=question) for question in ("First?", "Second?")
    )

    html = drawn(first, second, up_to=1)

    assert "First?" in html
    assert "Second?" not in html
    assert "data-edit=" not in html


def test_a_copy_keeps_numbers_signs_and_sources() -> None:
    words = copied(
        answer(
            statement("Potassium was 5.9.", Support.SUPPORTED, 1),
            statement("She is well.", Support.UNSUPPORTED),
            citations=(citation(),),
        )
    )

    assert "Potassium was 5.9. [1]" in words
    assert "She is well. (⚑ not found in the record)" in words
    assert "[1] 2026-06-02_letter.pdf, page 2: “Potassium 5.9 mmol/L”" in words
    assert "Draft for clinician review" in words


def test_a_stopped_answer_says_so() -> None:
    assert ">stopped<" in drawn(replace(answer(statement("a", Support.UNSUPPORTED)), stopped=True))


def test_contradicting_citations_stand_side_by_side_with_their_words() -> None:
    cited = (citation(quote="Penicillin allergy."), citation(2, quote=f"No known allergies. {HOSTILE}"))
    said = statement("The record says both.", Support.SUPPORTED, 1, 2)
    plain = answer(said, citations=cited)
    torn = replace(plain, contradictions=(Contradiction(first=1, second=2, reason="different allergy statuses"),))
    html = drawn(torn)

    block = html[html.index('class="contradictions"') :]
    assert "The record disagrees: different allergy statuses" in block
    assert block.index("Penicillin allergy.") < block.index("No known allergies.")
    assert block.count('data-do="open_citation"') == 2
    assert HOSTILE not in html
    assert "contradictions" not in drawn(plain)
    assert "⚑ The record disagrees, different allergy statuses: [1] and [2]" in copied(torn)
    lost = replace(torn, contradictions=(Contradiction(first=1, second=9, reason="different allergy statuses"),))
    assert "contradictions" not in drawn(lost)
