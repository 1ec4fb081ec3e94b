"""Flow items become pages: text with tabs between cells, words in boxes, entries that point at their row."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.domain import HiddenText, HidingPlace, Origin, Page
from assistant.errors import FileRefusedError
from assistant.ingestion.flow.items import Heading, HiddenWords, Items, PageBreak, Paragraph, Row, Table
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from tests.ingestion.invented_office import pages_in

A4 = (595.0, 842.0)
REMARK = "The patient was seen on the ward and felt much better than the day before."


def pages_of(items: Items, limits: Limits | None = None) -> list[Page]:
    return pages_in(FlowFile(items, limits or Limits()))


def entry(name: str) -> CodedEntry:
    return CodedEntry(kind=EntryKind.RESULT, name=name, status=ClinicalStatus.FINAL, start=0, end=0)


def rows(count: int) -> tuple[Row, ...]:
    return tuple(Row(cells=(f"Test {n}", f"{n}.5", "mmol/L"), entries=(entry(f"Test {n}"),)) for n in range(count))


def test_blocks_are_parted_by_blank_lines_and_list_items_by_line_ends() -> None:
    items: Items = [
        Heading(text="Letter", level=1),
        Paragraph(text="Dear colleague,\nthank you."),
        Paragraph(text="Aspirin", marker="1."),
        Paragraph(text="75 mg", marker="-", indent=1),
        Paragraph(text="Yours"),
    ]
    (page,) = pages_of(items)
    assert page.text == "Letter\n\nDear colleague,\nthank you.\n\n1. Aspirin\n- 75 mg\n\nYours"
    assert (page.width, page.height) == A4


def test_a_row_is_one_line_with_tabs_even_where_its_cells_are_wrapped() -> None:
    table = Table(
        caption="Laboratory",
        rows=(
            Row(cells=("Test", "Remark", "Unit"), is_heading=True),
            Row(cells=("Potassium", REMARK * 3, "mmol/L")),
            Row(cells=("Sodium", "", "mmol/L")),
            Row(cells=("Chloride",)),
        ),
    )
    (page,) = pages_of([table])
    potassium = "Potassium\t" + (REMARK * 3) + "\tmmol/L"
    assert page.text == f"Laboratory\nTest\tRemark\tUnit\n{potassium}\nSodium\t\tmmol/L\nChloride"
    units = [word.box.x0 for word in page.words if page.text[word.start : word.end] in ("Unit", "mmol/L")]
    assert len(units) == 3
    assert len(set(units)) == 1


def test_a_wrapped_cell_stays_inside_its_column() -> None:
    (page,) = pages_of([Table(rows=(Row(cells=(REMARK * 4, "x" * 200, REMARK * 4)),))])
    cells = page.text.split("\t")
    middle_from, middle_to = len(cells[0]), len(cells[0]) + 1 + len(cells[1])
    left = max(word.box.x1 for word in page.words if word.end <= middle_from)
    middle = [word.box for word in page.words if middle_from < word.start and word.end <= middle_to]
    right = min(word.box.x0 for word in page.words if word.start > middle_to)
    assert left < min(box.x0 for box in middle)
    assert max(box.x1 for box in middle) < right
    assert cells[1] == "x" * 200


def test_entries_point_at_their_row_and_paragraph_on_the_page_where_it_stands() -> None:
    pages = pages_of([Paragraph(text="One\ntwo", entries=(entry("both"),)), Table(rows=rows(120))])
    assert len(pages) > 2
    pointed = [(found.name, page.text[found.start : found.end]) for page in pages for found in page.entries]
    assert pointed == [("both", "One\ntwo"), *((f"Test {n}", f"Test {n}\t{n}.5\tmmol/L") for n in range(120))]


def test_a_row_is_never_broken_over_pages_unless_it_is_taller_than_one() -> None:
    filler = [Paragraph(text="line")] * 38
    short = Row(cells=("left", "word " * 90))
    pages = pages_of([*filler, Table(rows=(short,))])
    assert "left" in pages[1].text
    assert pages[1].text.count("word") == 90
    tall = Row(cells=("left", "\n".join(f"line-{n}" for n in range(150))), entries=(entry("tall"),))
    pages = pages_of([*filler[:5], Table(rows=(tall,))])
    assert [word for page in pages for word in page.text.split() if word.startswith("line-")] == [
        f"line-{n}" for n in range(150)
    ]
    assert [len(page.entries) for page in pages] == [1, 0, 0]


def test_a_paragraph_longer_than_many_pages_loses_nothing() -> None:
    words = [f"w{n}" for n in range(9_000)]
    pages = pages_of([Paragraph(text=" ".join(words), marker="1.")])
    assert len(pages) > 5
    assert [word for page in pages for word in page.text.split()] == ["1.", *words]


def test_a_heading_is_not_left_alone_at_the_foot_of_a_page() -> None:
    for count in range(30, 45):
        pages = pages_of([*[Paragraph(text="line")] * count, Heading(text="Plan"), Paragraph(text="Rest")])
        assert pages[-1].text.endswith("Plan\n\nRest")


def test_a_page_break_begins_a_page_and_never_an_empty_one() -> None:
    pages = pages_of([PageBreak(), Paragraph(text="a"), PageBreak(), PageBreak(), Paragraph(text="b"), PageBreak()])
    assert [page.text for page in pages] == ["a", "b"]
    assert [page.text for page in pages_of([])] == [""]


def test_hidden_words_are_told_and_not_read() -> None:
    (page,) = pages_of([Paragraph(text="seen"), HiddenWords(text="not seen", place=HidingPlace.WHITE)])
    assert page.text == "seen"
    assert page.hidden == (HiddenText(text="not seen", place=HidingPlace.WHITE, box=None),)


def test_tabs_of_a_paragraph_part_its_columns_and_soft_hyphens_vanish() -> None:
    (page,) = pages_of([Paragraph(text="Name:\t\tDoe\nBorn:\t1950, hyper\u00adtension")])
    assert page.text == "Name:\tDoe\nBorn:\t1950, hypertension"


def test_chinese_is_wrapped_without_spaces_and_boxed_letter_by_letter() -> None:
    sentence = "患者男性，65岁，因胸痛入院。"
    (page,) = pages_of([Paragraph(text=sentence * 8)])
    assert page.text == sentence * 8
    assert page.text[page.words[2].start : page.words[2].end] == "男"
    assert len({word.box.y0 for word in page.words}) > 2
    firsts = {line.start for line in page.words if line.box.x0 == page.words[0].box.x0}
    assert not any(page.text[start] in "，。" for start in firsts)


def test_a_text_from_right_to_left_is_set_so_and_said_in_its_own_order() -> None:
    (page,) = pages_of([Paragraph(text="שלום עולם 5.9"), Table(rows=(Row(cells=("שלום עולם", "a b")),))])
    assert page.text == "שלום עולם 5.9\n\nשלום עולם\ta b"
    lefts = [word.box.x0 for word in page.words]
    assert lefts[0] > lefts[1] > lefts[2]
    assert lefts[3] > lefts[4]
    assert lefts[5] < lefts[6]


def test_a_wide_table_widens_its_page_and_a_table_without_end_becomes_lines() -> None:
    pages = pages_of([Table(rows=(Row(cells=tuple(f"column-{n}" for n in range(40))),))])
    assert pages[0].width > A4[0]
    assert pages[0].text.count("\t") == 39
    pages = pages_of([Table(rows=(Row(cells=tuple(str(n) for n in range(2_000)), entries=(entry("wide"),)),))])
    assert pages[0].width == A4[0]
    assert "\t".join(page.text for page in pages) == "\t".join(map(str, range(2_000)))


def test_the_picture_has_ink_where_the_boxes_are() -> None:
    file = FlowFile([Heading(text="Report"), Table(rows=rows(3)), Paragraph(text="你好 ☒ Ødem")], Limits())
    page = file.read(1)
    picture = Image.open(io.BytesIO(file.draw(1, 1_190))).convert("L")
    assert picture.size == (1_190, 1_684)
    for word in page.composed.words:
        box = word.box
        part = picture.crop((int(2 * box.x0), int(2 * box.y0), int(2 * box.x1) + 1, int(2 * box.y1)))
        assert min(part.tobytes()) < 120, page.composed.text[word.start : word.end]


def test_origin_part_and_warnings_are_handed_on() -> None:
    file = FlowFile([Paragraph(text="a")], Limits(), origin=Origin.STRUCTURED, part="b.xml", warnings=("c",))
    page = file.read(1)
    assert (page.origin, page.part, file.warnings) == (Origin.STRUCTURED, "b.xml", ("c",))


def test_more_text_or_pages_than_allowed_are_not_laid_out() -> None:
    with pytest.raises(FileRefusedError, match="1,000 characters"):
        FlowFile([Paragraph(text="x" * 1_001)], Limits(file_characters=1_000))
    endless = (item for _ in iter(int, 1) for item in (Paragraph(text="a"), PageBreak()))
    assert FlowFile(endless, Limits(pages=3)).page_count == 4


texts = st.text(max_size=60)
any_item = st.one_of(
    st.builds(Heading, text=texts, level=st.integers(-1, 9)),
    st.builds(Paragraph, text=texts, marker=texts, indent=st.integers(0, 20)),
    st.builds(
        Table,
        caption=texts,
        rows=st.lists(
            st.builds(Row, cells=st.lists(texts, max_size=5).map(tuple), is_heading=st.booleans()), max_size=4
        ).map(tuple),
    ),
    st.just(PageBreak()),
)


@given(st.lists(any_item, max_size=8))
def test_any_items_get_pages_whose_offsets_and_boxes_hold(items: Items) -> None:
    assert pages_of(items)
