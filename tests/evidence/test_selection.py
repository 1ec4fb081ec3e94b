"""Hits are the best passages, each word and each copied passage once."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.domain import Hit, Passage, Span
from assistant.evidence.lexical import terms
from assistant.evidence.selection import best_first, chosen

TEXT = "alpha beta gamma delta epsilon"


def passage(start: int, end: int, page: int = 1, file: str = "a.pdf") -> Passage:
    return Passage(span=Span(file=file, page=page, start=start, end=end), text=TEXT[start:end])


def hits(passages: list[Passage], scores: list[float], top_k: int = 9) -> list[str]:
    terms = [(p.span.file, *p.text.split()) for p in passages]
    found = chosen(passages, terms, best_first(np.arange(len(passages)), np.array(scores)), top_k)
    assert all(TEXT[hit.passage.span.start : hit.passage.span.end] == hit.passage.text for hit in found)
    assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
    return [hit.passage.text for hit in found]


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    passages = [passage(0, 5), passage(6, 10), passage(11, 16)]
    assert hits(passages, [1, 3, 2], top_k=2) == ["beta", "gamma"]


def test_of_overlapping_passages_the_lower_gives_up_what_was_shown() -> None:
    assert hits([passage(0, 16), passage(6, 22), passage(17, 30)], [1, 2, 0.5]) == [
        "beta gamma delta",
        "alpha",
        "epsilon",
    ]


def test_a_passage_that_was_shown_whole_is_no_hit() -> None:
    assert hits([passage(0, 30), passage(6, 10)], [2, 1]) == [TEXT]


def test_the_same_place_on_another_page_is_another_place() -> None:
    assert hits([passage(0, 10, page=1), passage(6, 16, page=2)], [2, 1]) == ["alpha beta", "beta gamma"]


def test_a_copied_passage_is_shown_once() -> None:
    assert hits([passage(0, 10, page=1), passage(0, 10, page=2)], [2, 1]) == ["alpha beta"]
    assert len(hits([passage(0, 10, page=1), passage(0, 10, file="b.pdf")], [2, 1])) == 2


VISIT = "Stable on apixaban 5 mg twice daily. No bleeding, no falls. Creatinine 90, potassium 4.1. Review in a month."


def found(*texts: str, top_k: int = 9) -> tuple[Hit, ...]:
    """Hits for pages of these texts, in this order."""
    spans = [Span(file="a.pdf", page=number, start=0, end=len(text)) for number, text in enumerate(texts, start=1)]
    passages = [Passage(span=span, text=text) for span, text in zip(spans, texts, strict=True)]
    ranked = [(number, -float(number)) for number in range(len(texts))]
    return chosen(passages, [tuple(terms(text)) for text in texts], ranked, top_k)


def test_copies_are_named_with_the_hit_that_they_repeat_even_below_the_last_hit() -> None:
    first, second = found(VISIT, "Other words about the knee.", VISIT, VISIT.replace(" ", "\n"), top_k=2)
    assert [span.page for span in first.also] == [3, 4]
    assert second.also == ()


def test_a_part_of_what_is_shown_is_a_copy() -> None:
    (only,) = found(VISIT, VISIT[VISIT.index("No bleeding") :])
    assert [span.page for span in only.also] == [2]


@pytest.mark.parametrize(
    ("word", "other"), [("5 mg", "2.5 mg"), ("apixaban", "warfarin"), ("No bleeding", "Bleeding"), ("90", "190")]
)
def test_one_word_that_differs_makes_another_passage(word: str, other: str) -> None:
    assert len(found(VISIT, VISIT.replace(word, other))) == 2
