"""For a broad question every document that speaks of the topic is heard before one is heard twice."""

from __future__ import annotations

from assistant.domain import DocumentKind
from assistant.evidence.coverage import Candidate, Topic, spread
from assistant.evidence.passage_context import PassageContext

ALLERGIES = Topic(query="allergies", headings=frozenset({"allergi"}))
EVERYTHING = Topic(query="diagnosis")


def candidate(number: int, score: float, document: int, context: PassageContext) -> Candidate:
    return Candidate(number=number, score=score, document=document, context=context)


def under(section: str, date: str | None = None) -> PassageContext:
    return PassageContext(section=section, date=date)


def order(topic: Topic, *candidates: Candidate, fewest: int = 9) -> list[int]:
    return [number for number, _ in spread(candidates, topic, fewest)]


def test_sections_of_the_topic_come_first_whatever_their_score() -> None:
    assert order(ALLERGIES, candidate(1, 9, 1, under("PLAN")), candidate(2, 1, 2, under("Known allergies"))) == [2, 1]


def test_a_heading_inside_the_passage_counts_and_so_does_the_kind_of_its_document() -> None:
    inside = PassageContext(headings=("Problems", "ALLERGIES"))
    assert ALLERGIES.has(inside)
    medication = Topic(query="drugs", kinds=frozenset({DocumentKind.MEDICATION_LIST}))
    assert medication.has(PassageContext(kind=DocumentKind.MEDICATION_LIST))
    assert not medication.has(PassageContext(kind=DocumentKind.CONSENT))


def test_each_document_is_heard_once_before_any_is_heard_twice_the_most_recent_first() -> None:
    old, new, undated = under("", "2019"), under("", "2024-05"), under("")
    found = order(
        EVERYTHING,
        candidate(1, 9, 1, old),
        candidate(2, 8, 1, old),
        candidate(3, 5, 2, new),
        candidate(4, 6, 2, new),
        candidate(5, 7, 3, undated),
    )
    assert found == [4, 1, 5, 3, 2]


def test_what_is_not_of_the_topic_is_spread_too_the_best_document_first() -> None:
    plan = under("PLAN", "2024")
    others = [candidate(1, 9, 1, plan), candidate(2, 8, 1, plan), candidate(3, 5, 2, plan)]
    assert order(ALLERGIES, *others) == [1, 3, 2]
    assert order(ALLERGIES, *others, fewest=2) == [1, 3]
    assert order(ALLERGIES, *others, candidate(4, 0, 1, under("Allergies")), fewest=0) == [4]
