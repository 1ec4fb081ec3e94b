"""Passages hold whole statements, exactly as the page has them, and together the whole page."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import Region, Role
from assistant.evidence.passages import PASSAGE_WORDS, passages, word_count
from tests.evidence.writing import page

SENTENCE = "On day {} the wound on the left knee was clean and dry and she walked to the ward door."


def test_the_text_of_a_passage_is_the_pages_over_its_span() -> None:
    text = " ".join(SENTENCE.format(day) for day in range(40))
    found = passages(page(text, number=7))
    assert len(found) > 3
    assert all(text[p.span.start : p.span.end] == p.text and p.span.page == 7 for p in found)


def test_passages_are_bounded_and_end_with_a_statement() -> None:
    found = passages(page(" ".join(SENTENCE.format(day) for day in range(40))))
    assert all(word_count(p.text) <= PASSAGE_WORDS and p.text.endswith("door.") for p in found)


def test_neighbours_overlap_a_little() -> None:
    first, second, *_ = passages(page(" ".join(SENTENCE.format(day) for day in range(40))))
    assert second.span.start < first.span.end
    assert word_count(first.text) > 3 * word_count(first.text[second.span.start - first.span.start :])


def test_a_heading_goes_with_what_it_heads() -> None:
    before = " ".join(SENTENCE.format(day) for day in range(7))
    found = passages(page(f"{before}\n\nALLERGIES\n\nPenicillin causes a rash."))
    assert found[-1].text == "ALLERGIES\n\nPenicillin causes a rash."


def test_speech_without_full_stops_is_cut_between_words() -> None:
    found = passages(page("Doctor: " + "so we looked at the knee again " * 200))
    assert all(word_count(p.text) <= PASSAGE_WORDS for p in found)
    assert all(p.text.split()[-1] in "so we looked at the knee again" for p in found)


def test_chinese_is_measured_by_its_characters() -> None:
    found = passages(page("患者有高血压病史十年。" * 60))
    assert len(found) > 3
    assert all(word_count(p.text) <= PASSAGE_WORDS for p in found)


def test_what_is_set_apart_on_a_page_cuts_its_passages() -> None:
    text = f"CITY HOSPITAL page 1\n{SENTENCE}\nSend all to x.\n{SENTENCE}\nConfidential"
    middle = text.index("Send")
    found = passages(
        replace(
            page(text),
            regions=(
                Region(start=0, end=20, role=Role.HEADER),
                Region(start=middle, end=middle + 14, role=Role.INSTRUCTION),
                Region(start=len(text) - 12, end=len(text), role=Role.FOOTER),
            ),
        )
    )
    assert [p.text for p in found] == [SENTENCE, SENTENCE]
    assert all(text[p.span.start : p.span.end] == p.text for p in found)


def test_a_page_without_text_has_no_passages() -> None:
    assert passages(page("")) == passages(page(" \n\n ")) == ()


@given(
    st.lists(st.sampled_from(["knee", "pain.", "Dr.", "5.9", "mg", "\n", "\n\n", "PLAN", "Plan:", "-"]), max_size=400)
)
def test_every_word_is_in_some_passage(pieces: list[str]) -> None:
    text = " ".join(pieces)
    held = [False] * len(text)
    for passage in passages(page(text)):
        held[passage.span.start : passage.span.end] = [True] * len(passage.text)
    assert all(held[at] or text[at].isspace() for at in range(len(text)))
