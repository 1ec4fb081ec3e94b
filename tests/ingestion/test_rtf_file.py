"""RTF documents are read as Word shows them, in whatever code page and with whatever is put into them."""

from __future__ import annotations

import pytest

from assistant.domain import HidingPlace
from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.rtf.file import RtfFile
from tests.ingestion.invented_office import hidden_of, pages_of

HEAD = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}"
    rb"{\f2\fcharset2 Wingdings;}{\f3\fcharset134 SimSun;}{\f4\fcharset238{\*\fname Arial;}Arial CE;}}"
    rb"{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}{\stylesheet{\s0 Normal;}{\s1 heading 1;}}"
    rb"{\info{\title Secret}{\author Roe}}"
)


def rtf(body: bytes) -> bytes:
    return HEAD + body + b"}"


def text_of(body: bytes) -> str:
    return "\f".join(page.text for page in pages_of(RtfFile, rtf(body)))


def warnings_of(data: bytes) -> tuple[str, ...]:
    return RtfFile(Source(name="a", data=data), Limits()).warnings


def test_paragraphs_headings_breaks_and_pages() -> None:
    body = rb"\pard\s1 Discharge summary\par\pard\s0 Dear Dr\~Roe,\line thank you.\par\par Yours\page Over leaf\par"
    assert text_of(body) == "Discharge summary\n\nDear Dr Roe,\nthank you.\n\nYours\fOver leaf"
    heading, _, word = pages_of(RtfFile, rtf(body))[0].words[:3]
    assert heading.box.y1 - heading.box.y0 > word.box.y1 - word.box.y0


def test_every_code_page_is_decoded() -> None:
    body = rb"Gr\'f6\'dfe \f1 \'cf\'f0\'e8 \f2 \'fe\f3 \'d1\'aa\'d1\'b9\f4  \'b9 \f0 "
    body += rb"\u8805? 5 \u-10179?\u-8704? {\uc2\u945 ab}c"
    assert text_of(body) == "Größe При ☒血压 ą ≥ 5 😀 αc"


def test_a_chinese_letter_may_have_a_plain_second_byte() -> None:
    assert text_of(rb"\f3 \'81C") == b"\x81C".decode("gb18030")


def test_tables_keep_rows_and_columns() -> None:
    row = rb"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl "
    body = (
        rb"\trowd\trhdr\cellx1000\cellx3000\pard\intbl Test\cell Result\cell\row"
        + row + rb"Potassium\cell 5.9\par high\cell mmol/L\cell\row" + row + rb"Sodium\cell\cell mmol/L\cell\row"
        + rb"\pard After\par"
    )  # fmt: skip
    assert text_of(body) == "Test\tResult\nPotassium\t5.9 high\tmmol/L\nSodium\t\tmmol/L\n\nAfter"


def test_a_table_in_a_table_stands_between_its_rows() -> None:
    body = (
        rb"\trowd\cellx4000\pard\intbl before\par\pard\intbl\itap2 a\nestcell b\nestcell"
        rb"{\*\nesttableprops\trowd\cellx1\cellx2\nestrow}{\nonesttables\par}"
        rb"\pard\intbl\itap1 after\cell\row\pard x\par"
    )
    assert text_of(body) == "before\n\na\tb\n\nafter\n\nx"


def test_the_tables_of_textedit_and_of_writers_that_say_little_are_read_too() -> None:
    body = b"\\pard Before:\\\n\\itap1\\trowd\\taflags1\\clshdrawnil\\cellx9\\cellx99\n\\pard\\intbl\\itap1 A\\cell\n"
    body += b"\\pard\\intbl\\itap1 B\\cell\\lastrow\\row\n\\pard After\\\n"
    assert text_of(body) == "Before:\n\nA\tB\n\nAfter"
    assert text_of(rb"\trowd\cellx1000\cellx2000 one\intbl\cell two\intbl\cell\row") == "one\ttwo"


def test_cells_that_cover_several_columns_keep_the_columns_of_the_others() -> None:
    body = rb"\trowd\cellx1000\cellx3000\intbl Day\cell Dose\cell\row"
    body += rb"\trowd\cellx1010\cellx2000\cellx3000\intbl 1\cell 5\cell 6\cell\row"
    body += rb"\trowd\cellx2000\cellx3000\intbl both\cell 7\cell\row"
    assert text_of(body) == "Day\tDose\n1\t5\t6\nboth\t\t7"


def test_list_markers_are_those_that_the_file_shows() -> None:
    body = rb"{\listtext\tab 1.\tab}\ilvl0 Aspirin\par{\listtext\f2\'b7\tab}\ilvl1 daily\par"
    body += rb"{\pntext 2.\tab}\ilvl0 Stop\par"
    assert text_of(body) == "1. Aspirin\n• daily\n2. Stop"


def test_headers_footers_notes_and_comments_are_apart() -> None:
    body = (
        rb"{\header City Hospital\par}{\footer Page \chpgn\par}{\footerf Confidential\par}"
        rb"Stable{\super\chftn}{\footnote\pard\plain{\super\chftn} since May\par}"
        rb"{\*\atnid DR}{\*\atnauthor Dr Roe}\chatn{\*\annotation\pard check again\par} now.\par"
    )
    assert text_of(body) == (
        "[header] City Hospital\n\nStable¹ now.\n\nNotes\n\n¹ since May\n\nComments\n\n"
        "Comment (Dr Roe): check again\n\n[footer] Confidential"
    )


def test_hidden_white_tiny_and_deleted_words_are_not_read() -> None:
    body = (
        rb"seen {\v van\'69shed}{\cf2 white}{\fs2 tiny}{\deleted old}{\revised new} \strike{ W}arf\strike0  end\par"
        rb"\trowd\clcbpat1\cellx9\pard\intbl{\cf2 on black}{\cf2\chcbpat1  shaded}\cell x\cell\row"
    )
    pages = pages_of(RtfFile, rtf(body))
    assert pages[0].text == "seen new [struck out: Warf] end\n\non black shaded\tx"
    assert [(hidden.text, hidden.place) for hidden in hidden_of(pages)] == [
        ("vanished", HidingPlace.INVISIBLE),
        ("white", HidingPlace.WHITE),
        ("tiny", HidingPlace.TINY),
    ]
    assert warnings_of(rtf(body)) == ("the document has tracked changes; it is read as if all were accepted",)


def test_white_words_on_a_white_ground_are_hidden() -> None:
    assert hidden_of(pages_of(RtfFile, rtf(rb"seen {\cf2\highlight2 not seen}\par")))[0].text == "not seen"


def test_fields_boxes_pictures_and_raised_digits() -> None:
    body = (
        rb'{\field{\*\fldinst HYPERLINK "http://a.example"}{\fldrslt link}} '
        rb"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres25\ffdefres1}}}{\fldrslt}} Smoker "
        rb"{\pict\pngblip 89504e47{\*\blipuid ff}} 10{\super 9}/L\par"
        rb"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In the box\par}}{\shprslt again}}After\par"
    )
    assert text_of(body) == "link ☒ Smoker [picture] 10⁹/L\n\nIn the box\n\nAfter"
    assert warnings_of(rtf(body)) == ("1 picture in the document: not read, only shown as [picture]",)


def test_what_is_for_programs_is_left_out() -> None:
    body = rb"{\*\generator X;}{\*\unknown{\deeper y}}{\upr{\ansi z}{\*\ud{\u956?g}}} a"
    body += rb"{\object{\*\objdata 0102}{\result shown}}\par"
    assert text_of(body) == "μg ashown"


def test_binary_data_is_passed_over_and_cannot_pass_the_end() -> None:
    assert text_of(rb"a{\pict\bin5 {{{}\}b\par") == "a[picture]b"
    assert text_of(rb"a\bin999999999 b") == "a"
    assert text_of(rb"a\bin-5 b") == "ab"


def test_a_file_that_breaks_off_says_so() -> None:
    assert warnings_of(HEAD + rb"cut off{\b here") == ("the file ends in the middle; what comes after is missing",)


@pytest.mark.parametrize("data", [b"", b"plain", b"{\\rtf1" + b"{" * 2_000])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefusedError) as refused:
        RtfFile(Source(name="a", data=data), Limits())
    assert refused.value.code == "damaged"
