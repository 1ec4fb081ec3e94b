"""Word documents are read as Word prints them, and nothing that they hold can hurt."""

from __future__ import annotations

import io

import docx as python_docx
import pytest
from docx.enum.text import WD_BREAK
from docx.shared import RGBColor

from assistant.domain import HidingPlace
from assistant.errors import FileRefusedError
from assistant.ingestion.docx.file import DocxFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from tests.ingestion.invented_office import WORD, docx, hidden_of, packed, pages_of


def text_of(body: str, **parts: str) -> str:
    return "\f".join(page.text for page in pages_of(DocxFile, docx(body, **parts)))


def warnings_of(body: str) -> tuple[str, ...]:
    return DocxFile(Source(name="a", data=docx(body)), Limits()).warnings


def p(inside: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inside}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def tc(inside: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def tr(*cells: str) -> str:
    return f"<w:tr>{''.join(cells)}</w:tr>"


def tbl(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def test_a_document_of_python_docx_keeps_headings_tables_and_page_breaks() -> None:
    document = python_docx.Document()
    document.add_heading("Discharge summary", 0)
    document.add_heading("Results", 1)
    table = document.add_table(rows=1, cols=5)
    for cell, text in zip(table.rows[0].cells, ("Potassium", "5.9", "mmol/L", "3.5-5.1", "H"), strict=True):
        cell.text = text
    document.add_paragraph("Aspirin 75 mg", style="List Number")
    document.add_paragraph("Stop", style="List Bullet")
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("Over leaf")
    document.add_paragraph().add_run("not seen").font.color.rgb = RGBColor(255, 255, 255)
    stream = io.BytesIO()
    document.save(stream)
    pages = pages_of(DocxFile, stream.getvalue())
    assert [page.text for page in pages] == [
        "Discharge summary\n\nResults\n\nPotassium\t5.9\tmmol/L\t3.5-5.1\tH\n\n1. Aspirin 75 mg\n• Stop",
        "Over leaf",
    ]
    assert [(hidden.text, hidden.place) for hidden in pages[1].hidden] == [("not seen", HidingPlace.WHITE)]


def test_insertions_are_read_deletions_are_not_and_a_warning_says_so() -> None:
    body = p(r("Dose ") + f"<w:del><w:r><w:delText>5</w:delText></w:r></w:del><w:ins>{r('10')}</w:ins>" + r(" mg"))
    assert text_of(body) == "Dose 10 mg"
    assert text_of(p(r("a") + f"<w:moveFrom>{r('moved')}</w:moveFrom><w:del>{r('gone')}</w:del>")) == "a"
    assert warnings_of(body) == ("the document has tracked changes; it is read as if all were accepted",)
    assert warnings_of(p(r("Dose"))) == ()


def test_hidden_tiny_and_white_words_are_told_but_white_on_a_dark_ground_is_read() -> None:
    body = (
        p(r("seen ") + r("vanished", "<w:vanish/>") + r("tiny", '<w:sz w:val="2"/>'))
        + p(r("shown", '<w:vanish w:val="0"/>') + r("white", '<w:color w:val="FFFFFF"/>'))
        + tbl(tr(tc(p(r("Header", '<w:color w:val="FFFFFF"/>')), '<w:shd w:fill="000080"/>'), tc(p(r("b")))))
    )
    pages = pages_of(DocxFile, docx(body))
    assert pages[0].text == "seen\n\nshown\n\nHeader\tb"
    assert [(hidden.text, hidden.place) for hidden in hidden_of(pages)] == [
        ("vanished", HidingPlace.INVISIBLE),
        ("tiny", HidingPlace.TINY),
        ("white", HidingPlace.WHITE),
    ]


def test_words_hidden_by_a_style_are_told_and_white_shading_hides_no_white_words() -> None:
    styles = (
        '<w:style w:styleId="W"><w:rPr><w:color w:val="ffffff"/></w:rPr></w:style>'
        '<w:style w:styleId="V"><w:basedOn w:val="W"/><w:rPr><w:vanish/></w:rPr></w:style>'
    )
    body = p(r("white"), '<w:pStyle w:val="W"/>') + p(r("a ") + r("gone", '<w:rStyle w:val="V"/>'))
    body += p(r("black", '<w:color w:val="auto"/>'), '<w:pStyle w:val="W"/>')
    body += p(r("white too", '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="FFFFFF"/>'))
    pages = pages_of(DocxFile, docx(body, styles=styles))
    assert pages[0].text == "a\n\nblack"
    assert [(hidden.text, hidden.place) for hidden in hidden_of(pages)] == [
        ("white", HidingPlace.WHITE),
        ("gone", HidingPlace.INVISIBLE),
        ("white too", HidingPlace.WHITE),
    ]


def test_merged_cells_are_said_once_and_keep_their_columns() -> None:
    body = tbl(
        tr(tc(p(r("Drug")), '<w:vMerge w:val="restart"/>'), tc(p(r("Dose")), '<w:gridSpan w:val="2"/>')),
        tr(tc(p(""), "<w:vMerge/>"), tc(p(r("morning"))), tc(p(r("evening")))),
        tr(tc(p(r("Aspirin")) + p(r("Cardio"))), tc(p(r("75"))), tc(p(""))),
    )
    assert text_of(body) == "Drug\tDose\n\tmorning\tevening\nAspirin Cardio\t75"


def test_a_table_in_a_table_stands_between_the_rows_around_it() -> None:
    inner = tbl(tr(tc(p(r("a"))), tc(p(r("b")))))
    body = tbl(tr(tc(p(r("1"))), tc(p(r("2")))), tr(tc(p(r("before")) + inner)), tr(tc(p(r("3"))), tc(p(r("4")))))
    assert text_of(body) == "1\t2\n\nbefore\n\na\tb\n\n3\t4"


def test_lists_show_their_markers_and_go_on_counting() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/>'
        '<w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>'
        "</w:lvlOverride></w:num>"
    )

    def item(text: str, level: int, list_id: int = 1) -> str:
        return p(r(text), f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>')

    body = item("a", 0) + item("b", 1) + item("c", 1) + p(r("between")) + item("d", 0) + item("e", 1) + item("f", 0, 2)
    assert text_of(body, numbering=numbering) == ("1. a\n1.i) b\n1.ii) c\n\nbetween\n\n2. d\n2.i) e\n5. f")


def test_fields_show_their_results_and_check_boxes_their_state() -> None:
    def mark(kind: str, inside: str = "") -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}">{inside}</w:fldChar></w:r>'

    box = "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>"
    body = p(
        mark("begin") + "<w:r><w:instrText>DATE</w:instrText></w:r>" + mark("separate") + r("3 May 2024") + mark("end")
    )
    body += p(mark("begin", box) + mark("end") + r(" Smoker"))
    body += p('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>' + r(" Drinks"))
    assert text_of(body) == "3 May 2024\n\n☒ Smoker\n\n☐ Drinks"


def test_notes_comments_headers_and_footers_are_said_once_and_apart() -> None:
    page_field = '<w:fldSimple w:instr=" PAGE ">' + r("1") + "</w:fldSimple>"
    body = p(r("Stable") + '<w:r><w:footnoteReference w:id="4"/></w:r>')
    body += '<w:sectPr><w:headerReference r:id="header1"/><w:footerReference r:id="footer1"/></w:sectPr>'
    text = text_of(
        body,
        footnotes=f'<w:footnote w:id="4">{p(r("since May"))}</w:footnote>',
        comments=f'<w:comment w:id="0" w:author="Dr Roe">{p(r("check again"))}</w:comment>',
        header1=p(r("City Hospital")) + p(r("City Hospital")),
        footer1=p(r("Page ") + page_field) + p(r("Confidential")),
    )
    assert text == (
        "[header] City Hospital\n\nStable¹\n\nNotes\n\n¹ since May\n\nComments\n\nComment (Dr Roe): check again\n\n"
        "[footer] Confidential"
    )


def test_text_boxes_are_read_once_and_pictures_are_named() -> None:
    box = f"<w:txbxContent>{p(r('In the box'))}</w:txbxContent>"
    body = p(
        r("Around") + "<w:r><mc:AlternateContent>"
        f"<mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    body += p('<w:r><w:drawing><wp:inline><wp:docPr descr="Chest film"/><a:blip/></wp:inline></w:drawing></w:r>')
    assert text_of(body) == "Around\n\nIn the box\n\n[picture: Chest film]"
    assert warnings_of(body) == ("1 picture in the document: not read, only shown as [picture]",)


def test_raised_digits_do_not_change_a_number() -> None:
    raised = '<w:vertAlign w:val="superscript"/>'
    assert text_of(p(r("WBC 4.5 x 10") + r("9", raised) + r("/L, 1") + r("st", raised) + r(" May"))) == (
        "WBC 4.5 x 10⁹/L, 1st May"
    )


def test_struck_out_words_are_marked_so_that_nobody_takes_them_for_valid() -> None:
    body = p(r("War", "<w:strike/>") + r("farin", "<w:strike/>") + r(" aspirin", '<w:strike w:val="0"/>'))
    assert text_of(body) == "[struck out: Warfarin] aspirin"


def test_equations_stand_as_plain_text() -> None:
    def m(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{m('140-age')}</m:num><m:den>{m('72')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{m('x')}</m:e><m:sup>{m('2')}</m:sup></m:sSup>"
    assert text_of(p(r("CrCl = ") + f"<m:oMath>{fraction}{power}</m:oMath>")) == "CrCl = (140-age)/72x^2"


def test_styles_give_headings_and_may_go_round_in_circles() -> None:
    styles = (
        '<w:style w:styleId="A"><w:name w:val="Mine"/><w:basedOn w:val="B"/></w:style>'
        '<w:style w:styleId="B"><w:name w:val="heading 1"/><w:basedOn w:val="A"/></w:style>'
    )
    pages = pages_of(DocxFile, docx(p(r("Plan"), '<w:pStyle w:val="A"/>') + p(r("Rest")), styles=styles))
    plan, rest = pages[0].words
    assert plan.box.y1 - plan.box.y0 > rest.box.y1 - rest.box.y0


def test_entities_are_refused_and_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    document = f"{bomb}<w:document {WORD}><w:body>{p(r('&b;'))}</w:body></w:document>"
    with pytest.raises(FileRefusedError) as refused:
        DocxFile(Source(name="a", data=packed({"word/document.xml": document})), Limits())
    assert refused.value.code == "damaged"


def test_a_document_that_would_unpack_to_too_much_is_refused_before_it_is_unpacked() -> None:
    data = docx(p(r("a" * 4_000_000)))
    with pytest.raises(FileRefusedError) as refused:
        DocxFile(Source(name="a", data=data), Limits(unpacked_bytes=1 << 20))
    assert refused.value.code == "unpacks_too_large"


def test_tables_nested_without_end_are_refused_or_read_but_never_crash() -> None:
    nested = p(r("core"))
    for _ in range(3_000):
        nested = tbl(tr(tc(nested)))
    with pytest.raises(FileRefusedError) as refused:
        DocxFile(Source(name="a", data=docx(nested)), Limits())
    assert refused.value.code == "damaged"
