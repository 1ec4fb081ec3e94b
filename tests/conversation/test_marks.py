from __future__ import annotations

import pytest

from assistant.conversation.marks import marks, quotes, without_marks
from assistant.conversation.statements import written_statements


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a [3]", [(3,)]),
        ("a [3][4]", [(3,), (4,)]),
        ("a [3, 4; 9]", [(3, 4, 9)]),
        ("a [3-5]", [(3, 4, 5)]),
        ("a 【3】", [(3,)]),
        ("a [page 12]", [(12,)]),
        ("a [citation needed]", [()]),
        ("a []", [()]),
        ("a [see above]", []),
        ("a [1-999999]", [tuple(range(1, 22))]),
    ],
)
def test_marks_are_read_in_the_forms_that_models_write(text: str, numbers: list[tuple[int, ...]]) -> None:
    assert [mark.numbers for mark in marks(text)] == numbers


def test_cutting_marks_closes_the_gaps() -> None:
    assert without_marks("Stopped [3] on day four [4][5].") == "Stopped on day four."


def test_quotations_are_found_in_the_usual_marks() -> None:
    assert quotes('He said "no known allergies" and “none at all”, «rien de connu».') == (
        "no known allergies",
        "none at all",
        "rien de connu",
    )


def test_marks_belong_to_the_sentence_before_them() -> None:
    found = written_statements("It was stopped. [3] Potassium fell to 4.8 [4]. The end.")
    assert [(s.text, [m.numbers for m in s.marks]) for s in found] == [
        ("It was stopped.", [(3,)]),
        ("Potassium fell to 4.8.", [(4,)]),
        ("The end.", []),
    ]


def test_a_full_stop_inside_a_quotation_ends_no_statement() -> None:
    (statement,) = written_statements('The letter says "She fell. She was seen by Dr. Hill. No fracture." [2]')
    assert statement.quotes == ("She fell. She was seen by Dr. Hill. No fracture.",)


def test_headings_and_lead_ins_state_nothing() -> None:
    found = written_statements("## Course\n**Results**\nThe results were:\n- Sodium 136 [1]\n")
    assert [s.text for s in found] == ["Sodium 136"]


def test_cutting_marks_leaves_the_spaces_of_a_transcript() -> None:
    assert without_marks("no , i do n't [3] .") == "no , i do n't."


@pytest.mark.parametrize(
    "quotation", ["no , i do n't have no allergies .", "Hb 10.2* g/L ** low", "a *very* mild rash"]
)
def test_a_quotation_stays_as_it_is_written(quotation: str) -> None:
    (statement,) = written_statements(f'**He said** "{quotation}" [2]')
    assert statement.text == f'He said "{quotation}"'
