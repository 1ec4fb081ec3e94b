"""The boxes of a stretch of text lie on its words: one a line, none over a column's gap."""

from __future__ import annotations

import pytest

from assistant.domain import Box, Origin, Page, Word, Words
from assistant.evidence.boxes import boxes
from tests.evidence.writing import LETTER_POINTS, LINE_POINTS, MARGIN_POINTS, page


def test_words_of_one_line_share_a_box() -> None:
    text = "no chest pain today"
    (box,) = boxes(page(text), 3, 13)
    assert (box.x0, box.x1) == (MARGIN_POINTS + 3 * LETTER_POINTS, MARGIN_POINTS + 13 * LETTER_POINTS)


def test_each_line_has_its_own_box() -> None:
    text = "was started on\nmetoprolol succinate\ndaily with food"
    first, second, third = boxes(page(text), text.index("on"), text.index("with"))
    assert (first.x0, second.x0, third.x0) == (MARGIN_POINTS + 12 * LETTER_POINTS, MARGIN_POINTS, MARGIN_POINTS)
    assert (second.y0 - first.y0, third.y0 - second.y0) == (LINE_POINTS, LINE_POINTS)
    assert third.x1 == MARGIN_POINTS + 5 * LETTER_POINTS


def test_a_part_of_a_word_boxes_the_word() -> None:
    (box,) = boxes(page("hypertension today"), 2, 4)
    assert (box.x0, box.x1) == (MARGIN_POINTS, MARGIN_POINTS + 12 * LETTER_POINTS)


def test_a_row_of_a_table_is_one_box_over_its_wide_gaps() -> None:
    row = _page(
        "Potassium 5.9 H",
        [Box(x0=50, y0=50, x1=100, y1=60), Box(x0=300, y0=50, x1=320, y1=60), Box(x0=500, y0=50, x1=506, y1=60)],
    )
    (box,) = boxes(row, 0, 15)
    assert (box.x0, box.x1) == (50, 506)


def test_a_quote_that_goes_on_in_the_next_column_has_a_box_in_each() -> None:
    columns = _page(
        "foot of left\ntop of right",
        [
            Box(x0=50, y0=700, x1=80, y1=710),
            Box(x0=85, y0=700, x1=95, y1=710),
            Box(x0=99, y0=700, x1=120, y1=710),
            Box(x0=320, y0=700, x1=340, y1=710),
            Box(x0=345, y0=700, x1=355, y1=710),
            Box(x0=360, y0=700, x1=390, y1=710),
        ],
    )
    left, right = boxes(columns, 0, 25)
    assert left.x1 == 120
    assert right.x0 == 320


def test_a_line_wrapped_on_the_page_but_not_in_the_text_has_two_boxes() -> None:
    wrapped = _page("daily with", [Box(x0=400, y0=50, x1=440, y1=60), Box(x0=50, y0=64, x1=80, y1=74)])
    assert [box.x0 for box in boxes(wrapped, 0, 10)] == [400, 50]


def test_words_that_jump_back_to_the_left_at_one_height_are_two_lines() -> None:
    jumping = _page("last first", [Box(x0=400, y0=50, x1=440, y1=60), Box(x0=50, y0=50, x1=80, y1=60)])
    assert [box.x0 for box in boxes(jumping, 0, 10)] == [400, 50]


@pytest.mark.parametrize("downwards", [True, False])
def test_text_turned_by_a_quarter_keeps_its_line_together(downwards: bool) -> None:
    tops = [100.0, 160.0, 220.0] if downwards else [220.0, 160.0, 100.0]
    turned = _page("left knee pain", [Box(x0=300, y0=top, x1=310, y1=top + 50) for top in tops])
    (box,) = boxes(turned, 0, 14)
    assert box.as_list() == [300, 100, 310, 270]


def test_raised_digits_stay_in_their_line() -> None:
    raised = _page(
        "10 9 /L", [Box(x0=50, y0=50, x1=62, y1=60), Box(x0=63, y0=48, x1=67, y1=54), Box(x0=70, y0=50, x1=82, y1=60)]
    )
    assert len(boxes(raised, 0, 7)) == 1


def test_an_extent_without_words_has_no_box() -> None:
    text = "one two"
    assert boxes(page(text), 3, 4) == boxes(page(text), 5, 5) == boxes(page(""), 0, 10) == ()


def _page(text: str, places: list[Box]) -> Page:
    words, at = [], 0
    for piece, box in zip(text.split(), places, strict=True):
        at = text.index(piece, at)
        words.append(Word(start=at, end=at + len(piece), box=box))
        at += len(piece)
    return Page(file="a.pdf", number=1, text=text, width=612, height=792, origin=Origin.TEXT, words=Words(words))
