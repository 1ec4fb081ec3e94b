"""Each rule by which cited words prove a statement, and each defect that must not pass."""

from __future__ import annotations

import pytest

from assistant.domain import Passage, Span, Support
from assistant.evidence.support import best_extent, check

NOTE = """HISTORY

Mr. Tamm is a 62-year-old man with hypertension and type 2 diabetes. He denies chest pain or shortness of breath.
X-ray of the right knee shows no evidence of fracture. There is possible early osteoarthritis.
On 12 May 2024 he was started on metoprolol 50 mg twice daily. Lisinopril 20 mg daily, amlodipine 5 mg daily.
His mother had breast cancer. Weakness is worse on the left than on the right.

Potassium 5.9 mmol/L 3.5-5.1 H
Sodium 131 mmol/L 135-145 L
Seen again 03/04/2021.
"""


def passage(text: str = NOTE, start: int = 0) -> Passage:
    return Passage(span=Span(file="note.txt", page=1, start=start, end=start + len(text)), text=text)


@pytest.mark.parametrize(
    "statement",
    [
        "X-ray of the right knee shows no evidence of fracture.",
        "The right knee X-ray shows no fracture [1].",
        "The patient denied shortness of breath and chest pain.",
        "She denies breathlessness.",
        "He has high blood pressure and T2DM.",
        "Metoprolol 50 mg BID was started on 2024-05-12.",
        "Metoprolol was started in May 2024.",
        "Lisinopril 20mg once a day",
        "Potassium was high at 5.9 mmol/L.",
        "His mother had breast cancer.",
        "There may be early osteoarthritis.",
        "The record says that lisinopril is 0.02 g od.",
        "It is documented that metoprolol 50 mg b.i.d. was begun on 12 May 2024.",
    ],
)
def test_what_the_cited_words_say_in_other_words_is_supported(statement: str) -> None:
    verdict = check(statement, [passage()])
    assert verdict.support is Support.SUPPORTED, verdict.reasons


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("Lisinopril 40 mg daily", "number"),
        ("Lisinopril 20 mcg daily", "unit"),
        ("Lisinopril 5 mg daily", "something else"),
        ("Lisinopril 0.2 g daily", "number"),
        ("Losartan 20 mg daily", "Losartan"),
        ("Lisinopril 20 mg twice daily", "twice daily"),
        ("Metoprolol was started on 13 May 2024.", "date"),
        ("Seen again on 3 April 2021.", "date"),
        ("X-ray of the left knee shows no evidence of fracture.", "left"),
        ("X-ray of the right knee shows evidence of fracture.", "deny"),
        ("He has chest pain.", "deny"),
        ("He denies hypertension.", "affirm"),
        ("There is early osteoarthritis.", "not certain"),
        ("He had breast cancer.", "relative"),
        ("Weakness is worse on the left than on the left.", "more often"),
        ("Sodium was high at 131 mmol/L.", "high"),
        ("He has gout.", "say nothing of it"),
        ("He is. [1]", "say nothing of it"),
    ],
)
def test_a_planted_defect_is_unsupported_with_its_reason(statement: str, reason: str) -> None:
    verdict = check(statement, [passage()])
    assert verdict.support is Support.UNSUPPORTED
    assert reason in " ".join(verdict.reasons)


def test_a_quotation_that_stands_verbatim_is_quoted() -> None:
    assert check("“X-ray of the right knee” [1]", [passage()]).support is Support.QUOTED
    assert check('The note says: "There is possible early\nosteoarthritis."', [passage()]).support is Support.QUOTED


def test_a_quotation_with_one_word_changed_is_unsupported() -> None:
    verdict = check('"X-ray of the left knee shows no evidence of fracture." [1]', [passage()])
    assert verdict.support is Support.UNSUPPORTED
    assert "does not stand so" in verdict.reasons[0]


def test_words_around_a_quotation_may_not_bring_their_own_facts() -> None:
    quotation = '"Lisinopril 20 mg daily"'
    assert check(f"He takes {quotation} [1]", [passage()]).support is Support.QUOTED
    for framing in ("Since 2019 he takes", "His father takes", "At a dose of 40 mg he takes"):
        assert check(f"{framing} {quotation} [1]", [passage()]).support is Support.UNSUPPORTED


def test_a_statement_may_rest_on_two_passages_together() -> None:
    heart = passage("He takes metoprolol 50 mg daily.")
    sugar = passage("He takes metformin 500 mg daily.")
    assert check("He takes metoprolol 50 mg and metformin 500 mg.", [heart, sugar]).support is Support.SUPPORTED
    assert check("He takes metoprolol 500 mg.", [heart, sugar]).support is Support.UNSUPPORTED


def test_a_statement_without_a_citation_is_unsupported() -> None:
    assert check("He has hypertension.", []).support is Support.UNSUPPORTED


def test_the_best_extent_is_the_sentence_or_row_the_statement_rests_on() -> None:
    cited = passage("Page head\n" + NOTE, start=100)
    for statement, words in (
        ("The right knee X-ray shows no fracture", "X-ray of the right knee shows no evidence of fracture."),
        ("Sodium was low at 131", "Sodium 131 mmol/L 135-145 L"),
    ):
        span = best_extent(statement, cited)
        assert span is not None
        assert (span.file, span.page) == ("note.txt", 1)
        assert cited.text[span.start - 100 : span.end - 100] == words


@pytest.mark.parametrize(
    ("statement", "cited"),
    [
        ("Her hemoglobin was 16.", "Her hemoglobin A1c was 16."),
        ("The patient has known drug allergies.", "Allergies: NKDA"),
        ("The patient has known drug allergies.", "No known drug allergies."),
        ("He has prostate cancer.", "A PSA was taken to rule out prostate cancer."),
        ("He has a fever.", "Use ibuprofen if he has a fever."),
        ("Pneumonia was found.", "Pneumonia was ruled out."),
        ("The potassium was 5.", "The potassium was 5.9."),
        ("Morphine was given by mouth.", "Morphine was given intravenously."),
    ],
)
def test_words_that_only_look_alike_prove_nothing(statement: str, cited: str) -> None:
    assert check(statement, [passage(cited)]).support is Support.UNSUPPORTED


def test_an_abbreviated_denial_proves_the_denial_in_full() -> None:
    assert check("No known drug allergies.", [passage("Allergies: NKDA")]).support is Support.SUPPORTED


def test_both_spellings_of_english_are_one() -> None:
    assert check("Anemia and ankle edema.", [passage("Anaemia, oedema of the ankle.")]).support is Support.SUPPORTED


def test_nothing_is_pointed_at_where_no_word_is_shared() -> None:
    assert best_extent("Colonoscopy was clean.", passage()) is None


def test_a_quotation_over_a_line_is_read_as_it_stands_there() -> None:
    rows = passage("Not to be restarted\nFurosemide 40 mg – STOPPED Replaced by bumetanide")
    quotation = "Not to be restarted Furosemide 40 mg – STOPPED Replaced by bumetanide"
    assert check(f'"{quotation}" [1]', [rows]).support is Support.QUOTED


@pytest.mark.parametrize(
    "statement",
    ['Do not restart "Furosemide 40 mg" [1]', 'Never "Furosemide 40 mg – STOPPED" [1]', 'No "bumetanide" [1]'],
)
def test_a_line_denies_nothing_of_the_line_below_it(statement: str) -> None:
    rows = passage("Not to be restarted\nFurosemide 40 mg – STOPPED Replaced by bumetanide")
    assert check(statement, [rows]).support is Support.UNSUPPORTED
