"""Plain text gets pages of our own with words at their places."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import Origin, Page
from assistant.ingestion.layout.page_text import compose
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.text_file import TextFile
from assistant.ingestion.typesetting import PAGE_HEIGHT, PAGE_WIDTH, page_height, page_sources, typeset
from tests.ingestion.page_checks import check_page


def pages_of(text: str) -> list[Page]:
    pages = []
    for number, lines in enumerate(page_sources(text), start=1):
        blocks = typeset(lines)
        height = page_height(blocks)
        composed = compose(blocks, width=PAGE_WIDTH, height=height, characters=200_000)
        page = Page(
            file="a.txt",
            number=number,
            text=composed.text,
            width=PAGE_WIDTH,
            height=height,
            origin=Origin.TEXT,
            words=composed.words,
        )
        check_page(page)
        pages.append(page)
    return pages


def test_a_page_ends_after_sixty_lines_and_at_a_form_feed() -> None:
    text = "\n".join(f"line {n}" for n in range(1, 131)) + "\fafter the feed\n"
    pages = pages_of(text)
    assert [page.text.split("\n")[0] for page in pages] == ["line 1", "line 61", "line 121", "after the feed"]
    assert {page.height for page in pages} == {PAGE_HEIGHT}


def test_a_trailing_line_end_or_form_feed_makes_no_empty_page() -> None:
    assert len(pages_of("one\n")) == 1
    assert len(pages_of("one\n\f")) == 1
    assert len(pages_of("\n".join(["x"] * 60) + "\n")) == 1


def test_a_long_line_is_wrapped_on_the_page_and_stays_one_line_of_the_text() -> None:
    (page,) = pages_of("word " * 100 + "\nnext")
    assert page.text == " ".join(["word"] * 100) + "\nnext"
    assert len({word.box.y0 for word in page.words}) == 7
    assert all(word.box.x1 <= PAGE_WIDTH - 36 for word in page.words)


def test_sixty_wrapped_lines_make_a_taller_page_not_more_pages() -> None:
    (page,) = pages_of("\n".join(["word " * 100] * 60))
    assert page.height > 4 * PAGE_HEIGHT


def test_columns_of_plain_text_keep_their_places() -> None:
    (page,) = pages_of("Sodium     139\nPotassium  5.9")
    assert page.text == "Sodium 139\nPotassium 5.9"
    assert page.words[1].box.x0 == page.words[3].box.x0


def test_a_blank_line_ends_a_block_and_line_ends_of_all_systems_count() -> None:
    assert pages_of("a\r\n\r\nb\rc")[0].text == "a\n\nb\nc"


def test_a_word_longer_than_a_line_is_cut() -> None:
    (page,) = pages_of("x" * 300)
    assert page.text.replace(" ", "") == "x" * 300
    assert len(page.words) == 4


@given(st.text(max_size=400))
def test_any_text_gets_pages_whose_offsets_and_boxes_hold(text: str) -> None:
    assert pages_of(text)


def test_markdown_keeps_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("# Assessment\n\n- **Asthma**, stable\n")
    assert (
        TextFile(Source(name=path.name, path=path), Limits()).read(1).composed.text
        == "# Assessment\n\n- **Asthma**, stable"
    )
