"""Defects planted by seed into real notes are flagged, and true statements in other words are not."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from assistant.domain import Origin, Page, Support, Words
from assistant.evidence.verification import Verifier
from tests.evidence.planted import DEFECTS, REWORDINGS, note_pages, planted

FLAGGED = (Support.UNSUPPORTED, Support.NOT_IN_RECORD)
SEED = 5
EACH = 12
INVENTED = (
    "The patient takes lisinopril 10 mg twice daily since March 4, 2021 for his hypertension.",
    "She denies any fever and chills at home.",
    "There is swelling of the left knee with pain on movement of 3 weeks.",
    "His father had a possible myocardial infarction at the age of 61 years.",
    "He reports that he was given ibuprofen 800 mg every six hours as needed.",
)


def shares_flagged(pages: list[Page], each: int) -> tuple[dict[str, float], dict[str, float]]:
    """The share that is flagged, by kind: of defects, and of true statements."""
    verifier = Verifier(pages)
    flagged: Counter[tuple[str, bool]] = Counter()
    total: Counter[tuple[str, bool]] = Counter()
    for case in planted(pages, SEED, each):
        found = verifier.verify(case.text, file=case.file, page=case.page, quote=case.quote)
        total[case.kind, case.is_true] += 1
        flagged[case.kind, case.is_true] += found.support in FLAGGED
    shares = {kind: flagged[kind] / total[kind] for kind in total}
    defects = {kind: share for (kind, is_true), share in shares.items() if not is_true}
    return defects, {kind: share for (kind, is_true), share in shares.items() if is_true}


def invented_page(number: int, text: str) -> Page:
    return Page(
        file=f"{number % 2}.txt",
        number=1 + number // 2,
        text=text,
        width=1.0,
        height=1.0,
        origin=Origin.TEXT,
        words=Words(),
    )


def test_planted_defects_are_flagged_and_reworded_truths_are_not() -> None:
    pages = [invented_page(number, text) for number, text in enumerate(INVENTED)]
    defects, truths = shares_flagged(pages, 5)
    assert {"number", "unit", "dropped_no", "other_side", "drug_of_the_class", "another_date"} <= set(defects)
    assert {"wrong_page", "another_patient", "page_out_of_range", "quote_word_changed"} <= set(defects)
    assert {"frequency", "date_rewritten", "plain_words", "units_converted", "reported"} <= set(truths)
    assert set(defects.values()) == {1.0}
    assert set(truths.values()) == {0.0}


@pytest.mark.skipif("EVAL_DATA" not in os.environ, reason="EVAL_DATA names no folder of outside data")
def test_planted_defects_in_real_notes() -> None:
    pages = note_pages(Path(os.environ["EVAL_DATA"]) / "visit_notes")
    defects, truths = shares_flagged(pages, EACH)
    assert set(DEFECTS) <= set(defects)
    assert set(REWORDINGS) <= set(truths)
    assert min(defects.values()) >= 0.9, defects
    assert max(truths.values()) <= 0.1, truths
