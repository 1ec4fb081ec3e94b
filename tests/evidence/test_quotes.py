"""A quote is found where it stands word for word, and nowhere else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import Page, Span
from assistant.evidence.quotes import QuoteFinder, locate, quotable
from tests.evidence.writing import page


def found(quote: str, *texts: str) -> list[str]:
    pages = [page(text, number) for number, text in enumerate(texts, start=1)]
    return [_words(pages, span) for span in locate(quote, pages)]


def _words(pages: list[Page], span: Span) -> str:
    return pages[span.page - 1].text[span.start : span.end]


@pytest.mark.parametrize(
    ("quote", "text", "words"),
    [
        ("blood pressure 120/80", "with blood  pressure\n120/80 today", "blood  pressure\n120/80"),
        ("hypertension", "has hyper-\ntension since", "hyper-\ntension"),
        ("long-term oxygen", "on long-\nterm oxygen", "long-\nterm oxygen"),
        ("hyper-\ntension", "has hypertension since", "hypertension"),
        ("COVID-19", "had COVID-\n19 twice", "COVID-\n19"),
        ('"no pain"', "she said “no pain” twice", "“no pain”"),
        ("patient's knee", "the patient’s knee", "patient’s knee"),
        ("metoprolol", "took meto\u00adprolol daily", "meto\u00adprolol"),
        ("5 mg", "took 5\u00a0mg daily", "5\u00a0mg"),
        ("高血压病", "诊断：高血\n压病。", "高血\n压病"),
    ],
)
def test_layout_and_the_shape_of_quotation_marks_do_not_matter(quote: str, text: str, words: str) -> None:
    assert found(quote, text) == [words]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("Penicillin", "allergic to penicillin"),
        ("5 mg", "takes 2.5 mg daily"),
        ("5 mg", "takes 25 mg daily"),
        ("1", "INR was 1.5 today"),
        ("INR was 1.", "INR was 1.5 today"),
        (".5 today", "INR was 1.5 today"),
        ("no edema", "anno edema"),
        ("therapist", "the rapist"),
        ("longterm", "long-term oxygen"),
        ("long-term", "longterm oxygen"),
        ("3.5-5.1", "range 3.5 - 5.1"),
        ("left knee", "left, knee"),
        ("", "left knee"),
    ],
)
def test_a_quote_with_anything_else_changed_is_not_found(quote: str, text: str) -> None:
    assert found(quote, text) == []


def test_what_can_be_quoted_is_found_as_it_is_written_out() -> None:
    text = "A well-\nknown hyper-\ntension, well-known; “low”\u00a0dose  of 5 mg\tdaily"
    written = quotable(text)
    assert written == 'A well-known hypertension, well-known; "low" dose of 5 mg daily'
    assert found(written, text) == [text]


def test_a_quotation_inside_the_quote_may_be_in_single_marks() -> None:
    text = 'The letter stating "no known drug allergies" was corrected. Height 5\'10".'
    (span,) = locate("stating 'no known drug allergies' was corrected", [page(text)])
    assert text[span.start : span.end] == 'stating "no known drug allergies" was corrected'
    assert locate("Height 5'10'", [page(text)]) == ()


def test_every_place_is_found_in_record_order() -> None:
    spans = locate("no rash", [page("no rash. later no\nrash", 1), page("again: no rash", 2)])
    assert [(span.page, span.start, span.end) for span in spans] == [(1, 0, 7), (1, 15, 22), (2, 7, 14)]


def test_a_quote_over_a_page_break_is_a_span_on_each_page() -> None:
    assert found(
        "was started on bisoprolol 2.5 mg daily", "She was started\non biso-\n", "\nprolol 2.5 mg\ndaily. Well."
    ) == [
        "was started\non biso-",
        "prolol 2.5 mg\ndaily",
    ]


def test_a_quote_over_a_page_break_passes_over_footer_and_header() -> None:
    footer, header = "Rosalind Quent 1 Jan 1950\nPage 1 of 2", "Northfield Hospital\nRosalind Quent"
    one, two = f"She was started\non biso-\n\n{footer}", f"{header}\n\nprolol 2.5 mg daily. Well."
    assert found("was started on bisoprolol 2.5 mg", one, two) == ["was started\non biso-", "prolol 2.5 mg"]
    assert found("was started on carvedilol 2.5 mg", one, two) == []


def test_words_far_from_the_page_break_are_not_joined_over_it() -> None:
    one = "She was started on\n" + "\n".join(f"line {n}" for n in range(9))
    assert found("was started on bisoprolol", one, "bisoprolol daily") == []


def test_a_quote_never_runs_from_one_file_into_the_next_or_over_a_page_that_was_not_read() -> None:
    one, other = page("was started on", 1, "a.pdf"), page("metoprolol daily", 1, "b.pdf")
    assert locate("was started on metoprolol", [one, other]) == ()
    assert found("was started on metoprolol", "was started on", "", "metoprolol daily") == []


def test_a_prepared_record_of_500_pages_answers_fast() -> None:
    lines = "\n".join(
        f"On day {day} the wound was clean, potassium 4.{day} mmol/L and the hyper-\ntension mild." for day in range(40)
    )
    finder = QuoteFinder([page(f"{lines}\npage {number} of 500", number) for number in range(1, 501)])
    started = time.perf_counter()
    spans = finder.locate("page 412 of 500")
    assert time.perf_counter() - started < 0.1
    assert [span.page for span in spans] == [412]


@given(
    st.lists(
        st.sampled_from(["knee", "hyper-\ntension", "long-term", "5.9", "mg", "“x”", "高血压", "\n", "  "]),
        min_size=1,
        max_size=30,
    ),
    st.data(),
)
def test_any_run_of_whole_words_of_a_page_is_found_there(pieces: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(pieces) - 1))
    last = data.draw(st.integers(first + 1, len(pieces)))
    before, quote = "".join(f"{piece} " for piece in pieces[:first]), " ".join(pieces[first:last])
    text = " ".join(pieces)
    if quote.strip():
        starts = [span.start for span in locate(quote, [page(text)])]
        assert any(abs(start - len(before)) <= len(quote) - len(quote.lstrip()) for start in starts) or len(starts) > 0
