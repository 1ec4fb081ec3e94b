"""Only what agrees to the letter, statement by statement and at length, counts as copied."""

from __future__ import annotations

import pytest

from assistant.conversation.copied_text import SHORTEST_COPY_WORDS, ShownText

HISTORY = (
    "Past medical history: hypertension since 2009, atrial fibrillation since 2019. She takes apixaban 5 mg twice "
    "daily and bisoprolol 2.5 mg each morning. There is no history of stroke or bleeding. The left hip was replaced in "
    "2015 by Dr. Vance. She has never smoked and drinks a glass of wine on Sundays."
)
NEWS = "Today she reports swelling of both ankles, worse in the evening, without chest pain."


def copied(*texts: str) -> list[list[tuple[str, int]]]:
    """For each text, what of it is copied and from which text."""
    shown = ShownText()
    return [
        [(text[copy.start : copy.end], copy.earlier) for copy in shown.copies(number, text)]
        for number, text in enumerate(texts)
    ]


def test_text_that_is_copied_forward_is_found_with_the_text_it_stands_in() -> None:
    assert copied(NEWS, HISTORY, f"{NEWS}\n\n{HISTORY}\n\nPlan: see her in June.")[2] == [(HISTORY, 1)]


def test_white_space_and_line_breaks_make_no_difference() -> None:
    wrapped = HISTORY.replace(" She", "\nShe").replace("no history", "no\nhistory")
    assert copied(HISTORY, wrapped)[1] == [(wrapped, 0)]


@pytest.mark.parametrize(
    ("words", "others"),
    [("apixaban 5", "apixaban 2.5"), ("no history", "a history"), ("left hip", "right hip"), ("2015", "2016")],
)
def test_what_differs_is_never_left_out(words: str, others: str) -> None:
    (found,) = copied(f"{HISTORY} {HISTORY}", HISTORY.replace(words, others) + " " + HISTORY)[1]
    assert others not in found[0]


def test_only_whole_statements_are_left_out() -> None:
    cut = HISTORY[: HISTORY.index("wine")] + "beer."
    ((text, _),) = copied(HISTORY, cut)[1]
    assert text.endswith("by Dr. Vance.")


def test_short_repetitions_stay() -> None:
    assert len(NEWS.split()) < SHORTEST_COPY_WORDS
    assert copied(NEWS, NEWS)[1] == []


def test_a_copy_of_a_copy_is_a_copy_of_the_first() -> None:
    assert copied(HISTORY, HISTORY, HISTORY)[2] == [(HISTORY, 0)]
