from __future__ import annotations

import pytest

from assistant.conversation.checking import CheckedText, check_answer
from assistant.conversation.sources import Source
from assistant.domain import Page, PageRef, Passage, Span, Support
from tests.pages import page

FIRST = page(
    "Hospital course. Creatinine rose from 1.3 to 1.9 mg/dL on day four\nand lisinopril was stopped.\n"
    "Potassium peaked at 5.9 mmol/L.\n\nThe discharge was planned with the patient and her",
    number=1,
)
SECOND = page("daughter on 2 June 2026. Furosemide 40 mg once daily.", number=2)
PAGES = {PageRef(file=p.file, page=p.number): p for p in (FIRST, SECOND)}


def checked(written: str) -> CheckedText:
    sources = [Source(n=n, passage=_whole(p)) for n, p in ((7, FIRST), (8, SECOND))]
    return check_answer(written, sources, PAGES.get)


def _whole(p: Page) -> Passage:
    return Passage(span=Span(file=p.file, page=p.number, start=0, end=len(p.text)), text=p.text)


def test_a_quotation_is_found_over_a_line_break_and_boxed_line_by_line() -> None:
    answer = checked('"1.9 mg/dL on day four and lisinopril was stopped" [7].')
    assert [s.support for s in answer.statements] == [Support.QUOTED]
    (citation,) = answer.citations
    assert citation.quote == "1.9 mg/dL on day four\nand lisinopril was stopped"
    assert len(citation.boxes) == 2
    assert answer.text == '"1.9 mg/dL on day four and lisinopril was stopped" [1].'


def test_a_quotation_over_a_page_break_is_two_citations() -> None:
    answer = checked('"planned with the patient and her daughter on 2 June 2026" [7].')
    assert [(c.span.page, c.quote) for c in answer.citations] == [
        (1, "planned with the patient and her"),
        (2, "daughter on 2 June 2026"),
    ]
    assert answer.statements[0].citations == (1, 2)
    assert answer.text.endswith("[1][2].")


def test_words_that_do_not_stand_on_the_cited_page_are_unsupported_and_box_nothing() -> None:
    for written in ('"Potassium peaked at 6.9 mmol/L" [7].', '"Furosemide 40 mg once daily" [7].'):
        answer = checked(written)
        assert answer.statements[0].support is Support.UNSUPPORTED
        assert answer.citations == ()
        assert "[" not in answer.text


def test_a_number_that_names_nothing_is_dropped_and_the_statement_unsupported() -> None:
    answer = checked("Potassium peaked at 5.9 mmol/L [99].")
    assert answer.statements[0].support is Support.UNSUPPORTED
    assert answer.citations == ()
    assert answer.text == "Potassium peaked at 5.9 mmol/L."


@pytest.mark.parametrize(
    "mark", ["[]", "[n]", "[?]", "[citation needed]", "[ref]", "【】", "[7", "[0]", "[7, 99]", "[6-8]"]
)
def test_a_malformed_mark_or_one_out_of_range_leaves_a_true_statement_unproven(mark: str) -> None:
    answer = checked(f"Potassium peaked at 5.9 mmol/L {mark}")
    assert [s.support for s in answer.statements] == [Support.UNSUPPORTED]
    assert "99" not in answer.text
    assert "[n]" not in answer.text


def test_contradicting_citations_of_an_answer_are_named() -> None:
    torn = [page("NKDA.", number=1), page("Allergic to penicillin.", number=2)]
    sources = [Source(n=n, passage=_whole(p)) for n, p in enumerate(torn, start=1)]
    pages = {PageRef(file=p.file, page=p.number): p for p in torn}
    answer = check_answer('"NKDA" [1]. But "Allergic to penicillin" [2].', sources, pages.get)
    assert [(c.first, c.second) for c in answer.contradictions] == [(1, 2)]


def test_a_statement_without_a_mark_is_unsupported() -> None:
    assert checked("Potassium peaked at 5.9 mmol/L.").statements[0].support is Support.UNSUPPORTED


def test_a_paraphrase_with_the_right_numbers_is_supported_and_cites_its_sentence() -> None:
    answer = checked("Potassium peaked at 5.9 mmol/L [7].")
    assert answer.statements[0].support is Support.SUPPORTED
    assert answer.citations[0].quote == "Potassium peaked at 5.9 mmol/L."


def test_a_paraphrase_with_a_wrong_number_is_unsupported() -> None:
    answer = checked("Potassium peaked at 4.9 mmol/L [7].")
    assert answer.statements[0].support is Support.UNSUPPORTED
    assert answer.citations == ()


def test_words_cut_out_of_a_denial_prove_nothing() -> None:
    scan = page("There is no evidence of fracture. Pain has been less.", number=1)
    source = Source(n=1, passage=_whole(scan))
    for written, support in (
        ('The scan shows "evidence of fracture" [1].', Support.UNSUPPORTED),
        ('The scan shows "no evidence of fracture" [1].', Support.QUOTED),
    ):
        answer = check_answer(written, [source], {PageRef(file=scan.file, page=1): scan}.get)
        assert answer.statements[0].support is support


def test_the_sentence_for_nothing_found_and_general_knowledge_are_told_apart() -> None:
    assert checked("The record does not say.").statements[0].support is Support.NOT_IN_RECORD
    general = checked("General knowledge: ACE inhibitors can raise potassium.")
    assert general.statements[0].support is Support.GENERAL


def test_every_statement_stands_where_it_says_it_does() -> None:
    answer = checked(
        'Her course:\n- Potassium peaked at 5.9 mmol/L [7].\n- **Dose.** "Furosemide 40 mg once daily" [8]'
    )
    for statement in answer.statements:
        written = answer.text[statement.start : statement.end]
        assert all(word.strip(".") in written for word in statement.text.split())
    assert [s.citations for s in answer.statements] == [(1,), (2,)]


def test_one_place_cited_twice_keeps_one_number() -> None:
    answer = checked("Potassium peaked at 5.9 mmol/L [7]. Potassium peaked at 5.9 mmol/L [7].")
    assert [s.citations for s in answer.statements] == [(1,), (1,)]
    assert len(answer.citations) == 1
