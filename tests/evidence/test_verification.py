"""A statement is checked against what it cites, or against the whole record when it cites nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from assistant.domain import Origin, Page, Support, Words
from assistant.evidence.verification import Verifier, verify

FIRST = "He takes lisinopril 20 mg daily. X-ray shows no evidence of fracture. He sleeps"
SECOND = "badly. Potassium was 5.9 mmol/L on 12 May 2024."


def page(number: int, text: str, file: str = "a.txt") -> Page:
    return Page(file=file, number=number, text=text, width=595.0, height=842.0, origin=Origin.TEXT, words=Words())


PAGES = (page(1, FIRST), page(2, SECOND), page(1, "She takes warfarin 3 mg daily.", file="b.txt"))


def words(verified_spans: tuple[object, ...]) -> list[str]:
    texts = {(each.file, each.number): each.text for each in PAGES}
    return [texts[span.file, span.page][span.start : span.end] for span in verified_spans]  # type: ignore[attr-defined]


def test_without_a_citation_the_whole_record_is_searched() -> None:
    found = verify("Warfarin 3 mg once a day", PAGES)
    assert found.support is Support.SUPPORTED
    assert words(found.spans) == ["She takes warfarin 3 mg daily."]


def test_words_that_stand_verbatim_are_quoted() -> None:
    assert verify("Potassium was 5.9 mmol/L", PAGES, file="a.txt", page=2).support is Support.QUOTED


def test_what_the_record_nowhere_speaks_of_is_not_in_the_record() -> None:
    assert verify("Colonoscopy found three polyps.", PAGES).support is Support.NOT_IN_RECORD


@pytest.mark.parametrize(
    ("file", "page_number"), [("b.txt", None), ("a.txt", 2), ("a.txt", 9), ("c.txt", None)], ids=str
)
def test_a_citation_to_the_wrong_place_is_unsupported(file: str, page_number: int | None) -> None:
    found = verify("He takes lisinopril 20 mg daily.", PAGES, file=file, page=page_number)
    assert found.support is Support.UNSUPPORTED


def test_a_quote_with_one_word_changed_is_unsupported_though_the_statement_is_true() -> None:
    text = "He takes lisinopril 20 mg daily."
    assert verify(text, PAGES, quote=text).support is Support.QUOTED
    assert verify(text, PAGES, quote="He took lisinopril 20 mg daily.").support is Support.UNSUPPORTED


def test_a_quote_counts_with_its_whole_sentence() -> None:
    found = verify("X-ray shows evidence of fracture.", PAGES, quote="evidence of fracture")
    assert found.support is Support.UNSUPPORTED
    assert words(found.spans) == ["X-ray shows no evidence of fracture."]


def test_a_quote_over_a_page_break_has_a_span_on_each_page() -> None:
    found = verify("He sleeps badly.", PAGES, file="a.txt", quote="He sleeps badly.")
    assert found.support is Support.QUOTED
    assert words(found.spans) == ["He sleeps", "badly."]


def test_an_empty_record_proves_nothing() -> None:
    assert verify("He sleeps badly.", ()).support is Support.UNSUPPORTED


@pytest.mark.skipif("EVAL_DATA" not in os.environ, reason="EVAL_DATA names no folder of outside data")
def test_planted_defects_are_flagged_and_true_statements_are_not() -> None:
    folder = Path(os.environ["EVAL_DATA"])
    gold = {case["id"]: case["true"] for case in _lines(folder / "statements" / "gold.jsonl")}
    notes = sorted((folder / "visit_notes").glob("*.txt"))
    verifier = Verifier(page(1, note.read_text(encoding="utf-8"), file=note.name) for note in notes)
    flagged = {True: 0, False: 0}
    for case in _lines(folder / "statements" / "statements.jsonl"):
        found = verifier.verify(case["text"], file=case["file"], quote=case.get("quote"))
        flagged[gold[case["id"]]] += found.support in (Support.UNSUPPORTED, Support.NOT_IN_RECORD)
    true_cases = sum(gold.values())
    assert flagged[False] >= 0.95 * (len(gold) - true_cases)
    assert flagged[True] <= 0.05 * true_cases


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
