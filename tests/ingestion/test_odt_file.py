"""OpenDocument texts are read as LibreOffice prints them."""

from __future__ import annotations

import pytest

from assistant.domain import HidingPlace
from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.odt.file import OdtFile
from assistant.ingestion.reader import Source
from tests.ingestion.invented_office import OPEN_DOCUMENT, content_of, hidden_of, odt, packed, pages_of


def text_of(body: str, styles: str = "") -> str:
    return "\f".join(page.text for page in pages_of(OdtFile, odt(body, styles)))


def p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def cell(inside: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{inside}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def table(*rows: str) -> str:
    return f"<table:table>{''.join(rows)}</table:table>"


def text_style(name: str, properties: str) -> str:
    return f'<style:style style:name="{name}" style:family="text"><style:text-properties {properties}/></style:style>'


def test_headings_spaces_tabs_and_line_breaks() -> None:
    body = '<text:h text:outline-level="1">Letter</text:h>' + p(
        'Name:<text:tab/>Jane \n  Roe<text:line-break/>Born<text:s text:c="3"/>1950 <text:a>link</text:a>'
    )
    assert text_of(body) == "Letter\n\nName:\tJane Roe\nBorn 1950 link"


def test_lists_count_nest_and_go_on() -> None:
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
        'style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")" '
        'text:display-levels="2"/></text:list-style>'
        '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char="&#xf0b7;"/>'
        "</text:list-style>"
    )
    inner = f"<text:list><text:list-item>{p('b')}</text:list-item><text:list-item>{p('c')}</text:list-item></text:list>"

    def items(inside: str, attributes: str) -> str:
        return f"<text:list {attributes}><text:list-item>{inside}</text:list-item></text:list>"

    body = items(p("a") + inner, 'text:style-name="L"') + p("between")
    body += items(p("d") + p("more"), 'text:style-name="L" text:continue-numbering="true"')
    body += items(p("e"), 'text:style-name="B"')
    assert text_of(body, styles) == "1. a\n1.a) b\n1.b) c\n\nbetween\n\n2. d\n\nmore\n\n• e"


def test_tables_keep_their_columns_and_repeated_cells_are_bounded() -> None:
    covered = "<table:covered-table-cell/>"
    heading = row(cell(p("Test")), cell(p("Result"), 'table:number-columns-spanned="2"'), covered)
    body = table(
        f"<table:table-header-rows>{heading}</table:table-header-rows>",
        row(cell(p("Potassium")), cell(p("5.9")), cell(p("mmol/L"))),
        row(cell(""), cell(p("x"), 'table:number-columns-repeated="2"')),
        row(cell("", 'table:number-columns-repeated="16384"'), attributes='table:number-rows-repeated="1048576"'),
    )
    endless = table(row(cell(p("x"), 'table:number-columns-repeated="16384"')))
    assert text_of(endless).count("x") == 300
    assert text_of(body) == "Test\tResult\nPotassium\t5.9\tmmol/L\n\tx\tx"


def test_hidden_words_are_told_struck_and_raised_ones_are_marked() -> None:
    styles = (
        text_style("hidden", 'text:display="none"')
        + text_style("white", 'fo:color="#ffffff"')
        + text_style("tiny", 'fo:font-size="1pt"')
        + text_style("out", 'style:text-line-through-style="solid"')
        + text_style("up", 'style:text-position="super 58%"')
    )

    def span(name: str, text: str) -> str:
        return f'<text:span text:style-name="{name}">{text}</text:span>'

    body = p("10" + span("up", "9") + "/L " + span("out", "Warf") + span("out", "arin") + span("hidden", "a"))
    body += p(span("white", "b") + span("tiny", "c") + " seen")
    body += f'<text:section text:display="none">{p("d")}</text:section>'
    pages = pages_of(OdtFile, odt(body, styles))
    assert pages[0].text == "10⁹/L [struck out: Warfarin]\n\nseen"
    assert [(hidden.text, hidden.place) for hidden in hidden_of(pages)] == [
        ("a", HidingPlace.INVISIBLE),
        ("b", HidingPlace.WHITE),
        ("c", HidingPlace.TINY),
        ("d", HidingPlace.INVISIBLE),
    ]


def test_notes_comments_boxes_and_pictures() -> None:
    note = f"<text:note><text:note-body>{p('since May')}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>Dr Roe</dc:creator>{p('check')}</office:annotation>"
    box = f"<draw:frame><draw:text-box>{p('In the box')}</draw:text-box></draw:frame>"
    picture = "<draw:frame><draw:image/><svg:desc>Chest film</svg:desc></draw:frame>"
    body = p(f"Stable{note}{comment}") + p(f"Around{box}") + p(picture)
    assert text_of(body) == (
        "Stable¹\n\nAround\n\nIn the box\n\n[picture: Chest film]\n\nNotes\n\n¹ since May\n\n"
        "Comments\n\nComment (Dr Roe): check"
    )


def test_deletions_are_left_out_with_a_warning() -> None:
    deleted = f"<text:changed-region><text:deletion>{p('old dose')}</text:deletion></text:changed-region>"
    body = f"<text:tracked-changes>{deleted}</text:tracked-changes>{p('new dose')}"
    assert text_of(body) == "new dose"
    file = OdtFile(Source(name="a", data=odt(body)), Limits())
    assert file.warnings == ("the document has tracked changes; it is read as if all were accepted",)


def test_page_breaks_headers_and_page_numbers() -> None:
    styles = '<style:style style:name="P"><style:paragraph-properties fo:break-before="page"/></style:style>'
    master = (
        f"<style:master-page><style:header>{p('City Hospital')}</style:header><style:footer>"
        f"{p('Page <text:page-number>1</text:page-number>')}</style:footer></style:master-page>"
    )
    content = odt(p("one") + p("two", "P"), styles)
    assert [page.text for page in pages_of(OdtFile, content)] == ["one", "two"]
    master = f"<office:master-styles>{master}</office:master-styles>"
    styles_part = f"<office:document-styles {OPEN_DOCUMENT}>{master}</office:document-styles>"
    with_header = packed({"content.xml": content_of("text", p("one")), "styles.xml": styles_part})
    assert [page.text for page in pages_of(OdtFile, with_header)] == ["[header] City Hospital\n\none"]


def test_the_sheets_of_a_spreadsheet_have_pages_of_their_own() -> None:
    def sheet(name: str, text: str) -> str:
        return f'<table:table table:name="{name}">{row(cell(p(text)), cell(p("5.9")))}</table:table>'

    content = packed({"content.xml": content_of("spreadsheet", sheet("May", "Potassium") + sheet("June", "Sodium"))})
    assert [page.text for page in pages_of(OdtFile, content)] == ["May\n\nPotassium\t5.9", "June\n\nSodium\t5.9"]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"content.xml": "<a"}, "damaged"),
        ({"content.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}, "damaged"),
        ({"other.xml": "<a/>"}, "damaged"),
        ({"META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"}, "office_password"),
    ],
)
def test_what_cannot_be_read_is_refused(parts: dict[str, str | bytes], code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        OdtFile(Source(name="a", data=packed(parts)), Limits())
    assert refused.value.code == code
