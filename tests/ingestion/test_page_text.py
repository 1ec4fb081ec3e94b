"""A page's text is made of its words, and offsets lead back to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import Origin, Page
from assistant.ingestion.layout.page_text import CELL_END, JOINED, Block, PlacedWord, compose
from tests.ingestion.page_checks import check_page

numbers = st.floats(min_value=-50, max_value=700, allow_nan=False)
words = st.builds(PlacedWord, numbers, numbers, numbers, numbers, st.text(max_size=8))
blocks = st.lists(st.lists(st.lists(words, max_size=4), max_size=3), max_size=3)


def page_of(given_blocks: list[Block], characters: int = 10_000) -> Page:
    composed = compose(given_blocks, width=595, height=842, characters=characters)
    return Page(
        file="a.pdf",
        number=1,
        text=composed.text,
        width=595,
        height=842,
        origin=Origin.TEXT,
        words=composed.words,
    )


def word(text: str, x0: float = 10, x1: float = 60) -> PlacedWord:
    return PlacedWord(x0, 10, x1, 20, text)


@given(blocks)
def test_whatever_the_words_are_offsets_and_boxes_hold(given_blocks: list[Block]) -> None:
    check_page(page_of(given_blocks))


def test_words_lines_and_blocks_are_kept_apart() -> None:
    page = page_of([[[word("one"), word("two")], [word("three")]], [[word("four")]]])
    assert page.text == "one two\nthree\n\nfour"


def test_a_line_without_anything_visible_leaves_no_trace() -> None:
    page = page_of(
        [[[word("one")], [word("\x84"), word("\u200b")], [word("two")]], [[word("\x00")]], [[word("three")]]]
    )
    assert page.text == "one\ntwo\n\nthree"


def test_control_characters_surrogates_and_overrides_are_taken_out() -> None:
    page = page_of([[[word("a\x00b"), word("x\ud800y"), word("l\u202er"), word("co\u00adop")]]])
    assert page.text == "ab x\ufffdy lr co-op"


def test_a_space_inside_a_word_makes_two_with_their_share_of_the_box() -> None:
    page = page_of([[[word("5\u00a0mg", x0=100, x1=140)]]])
    assert page.text == "5 mg"
    assert [(w.box.x0, w.box.x1) for w in page.words] == [(100, 110), (120, 140)]


def test_a_box_without_extent_can_still_be_pointed_at() -> None:
    box = page_of([[[PlacedWord(595, 842, 595, 842, "edge")]]]).words[0].box
    assert (box.x1, box.y1) == (595, 842)
    assert box.x0 < box.x1


def test_text_beyond_the_limit_is_left_out_word_by_word() -> None:
    assert page_of([[[word("one"), word("two"), word("three")]]], characters=8).text == "one two"


def test_a_tab_stands_between_the_cells_of_a_row_and_one_more_for_each_empty_cell() -> None:
    row = [word("Potassium"), CELL_END, word("5.9"), word("H"), CELL_END, CELL_END, word("mmol/L"), CELL_END]
    page = page_of([[[CELL_END, word("first")], row, [CELL_END, word("second")]], [[CELL_END]], [[word("after")]]])
    assert page.text == "\tfirst\nPotassium\t5.9 H\t\tmmol/L\n\tsecond\n\nafter"


def test_the_pieces_of_a_cut_word_are_joined_again() -> None:
    page = page_of([[[word("血"), JOINED, word("压"), word("120/80")]]])
    assert page.text == "血压 120/80"
    assert [(w.start, w.end) for w in page.words] == [(0, 1), (1, 2), (3, 9)]


def test_every_line_knows_from_where_to_where_it_goes() -> None:
    composed = compose(
        [[[word("one"), word("two")], [word("\x84")]], [[word("three")]]], width=595, height=842, characters=100
    )
    assert [composed.text[start:end] for start, end in composed.lines] == ["one two", "", "three"]
