"""Lines that only the paper broke are joined; lists, headings, tables and everything between the breaks stay."""

from __future__ import annotations

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.line_breaks import joined_lines

PROSE = (
    "Mrs Odell came with her brother and tells that the cough has kept her awake for nearly three weeks now, mostly in "
    "the early morning. She was given Augmentin by the locum on 3 May and stopped it after two days because of loose "
    "stools, which have settled since."
)


def test_a_sentence_over_several_lines_becomes_one() -> None:
    for width in (55, 70, 90):
        assert joined_lines(textwrap.fill(PROSE, width)).replace("\n", " ") == PROSE
        assert joined_lines(textwrap.fill(PROSE, width)).count("\n") <= 1  # behind a full stop at a line's end


def test_a_line_that_goes_on_in_lower_case_is_joined_on_any_page() -> None:
    page = "Plan\nRepeat the spirometry in the chest clinic and bring the\ndiary.\nDiscuss at the meeting."
    wanted = "Plan\nRepeat the spirometry in the chest clinic and bring the diary.\nDiscuss at the meeting."
    assert joined_lines(page) == wanted


def test_lists_headings_and_tables_keep_their_lines() -> None:
    for page in (
        "Aspirin 75 mg once daily\nBisoprolol 2.5 mg once daily in the morning with food\nRamipril 5 mg at night",
        "- Likes to be called by her second name, which is Rowan\n- walks with two sticks and a frame at night\n- deaf",
        "He is to be seen in the chest clinic by the registrar today\nPRESENT MEDICATION\nsalbutamol",
        "He is to be seen in the chest clinic by the registrar today\nsmokes since:\n1990",
        "Sodium\t139\tmmol/L\t133 to 146\tas it was last time, and before\nurea\t7.1\tmmol/L\t2.5 to 7.8",
        "The first paragraph of the letter, which ends without a full stop\n\nand the second",
    ):
        assert joined_lines(page) == page


@given(st.text(alphabet="ab A1\t\n.:-[]", max_size=400))
def test_nothing_but_line_breaks_changes(text: str) -> None:
    joined = joined_lines(text)
    assert len(joined) == len(text)
    assert all(before == after or (before, after) == ("\n", " ") for before, after in zip(text, joined, strict=True))
