"""Documents changed at random, byte by byte and element by element: pages or a refusal, never anything else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
from lxml import etree

from assistant.errors import FileRefusedError
from assistant.ingestion.docx.file import DocxFile
from assistant.ingestion.html.file import HtmlFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.odt.file import OdtFile
from assistant.ingestion.reader import OpenFile, Source
from assistant.ingestion.rtf.file import RtfFile
from tests.ingestion.invented_office import OPEN_DOCUMENT, WORD, packed, pages_of
from tests.ingestion.opened_files import mutations

Reader = Callable[[Source, Limits], OpenFile]
SECONDS = 2.0
VALUES = ("", "0", "-1", "99999999999", "1e9", "none", "page", "\u202e", "a" * 500, "{}", "%1%2%9", "superscript", "1")

DOCX = f"""<w:document {WORD}><w:body>
<w:p><w:pPr><w:pStyle w:val="H"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr>
<w:r><w:rPr><w:vertAlign w:val="superscript"/><w:sz w:val="20"/></w:rPr><w:t>9</w:t><w:tab/><w:br w:type="page"/></w:r>
<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>
<w:tbl><w:tblPr/><w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>
<w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge/></w:tcPr>
<w:p><w:r><w:t>cell</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc>
</w:tr></w:tbl><w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="1"/></w:checkBox>
</w:ffData></w:fldChar></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>
<w:r><w:t>7</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/><w:sym w:char="F0A8"/><w:footnoteReference w:id="2"/></w:r>
<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>
<w:r><w:drawing><wp:docPr descr="film"/><a:blip/><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent>
</w:drawing></w:r></w:p></w:body></w:document>"""
STYLES = f"""<w:styles {WORD}><w:style w:styleId="H"><w:name w:val="heading 1"/>
<w:basedOn w:val="H"/><w:rPr><w:vanish/></w:rPr><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style></w:styles>"""
NUMBERING = f"""<w:numbering {WORD}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="1"><w:start w:val="3"/>
<w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum><w:num w:numId="1">
<w:abstractNumId w:val="0"/>
<w:lvlOverride w:ilvl="1"><w:startOverride w:val="4"/></w:lvlOverride></w:num></w:numbering>"""
ODT = f"""<office:document-content {OPEN_DOCUMENT}><office:automatic-styles><style:style style:name="P"
style:parent-style-name="P" style:master-page-name="S"><style:text-properties fo:color="#ffffff" fo:font-size="1pt"
style:text-position="super 58%"/></style:style><text:list-style style:name="L"><text:list-level-style-number
text:level="1" style:num-format="i" text:start-value="2" text:display-levels="3"/></text:list-style>
</office:automatic-styles><office:body><office:text><text:h text:outline-level="1">Title</text:h>
<text:p text:style-name="P">white<text:s text:c="3"/><text:span text:style-name="P">9</text:span>
<text:note><text:note-body><text:p>note</text:p></text:note-body></text:note><draw:frame><draw:text-box><text:p>box</text:p>
</draw:text-box></draw:frame></text:p><text:list text:style-name="L" text:continue-numbering="true"><text:list-item
text:start-value="4"><text:p>item</text:p><text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list>
</text:list-item></text:list><table:table><table:table-row table:number-rows-repeated="3"><table:table-cell
table:number-columns-repeated="4" table:number-columns-spanned="2"><text:p>cell</text:p></table:table-cell>
<table:covered-table-cell/></table:table-row></table:table></office:text></office:body></office:document-content>"""
HTML = """<html><head><title>t</title><style>.a, p#b { display:none } @media print { p { color:#fff } }</style></head>
<body bgcolor="#eee"><h1>Visit</h1><p class="a">gone</p><ol start="3" type="i">
<li value="7">a<ul><li>b</li></ul></li></ol>
<table><caption>c</caption><thead><tr><th colspan="2" rowspan="3">x</th></tr></thead><tr><td>1<table><tr><td>2</td></tr>
</table></td><td style="color:white;font-size:1px;left:-999px">3</td></tr></table><pre>a    b</pre>
<sup>9</sup><del>d</del>
<input type="checkbox" checked="x"/><select><option selected="s">o</option></select><img alt="film"/></body></html>"""
RTF = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset134 B;}}"
    rb"{\colortbl;\red255\green255\blue255;}"
    rb"{\stylesheet{\s1 heading 1;}}{\header\pard Head\par}\pard\s1 T\'f6 \u8805? {\v hidden}{\cf1 white}\par"
    rb"\trowd\trhdr\cellx100\cellx200\pard\intbl a\cell b\par c\cell\row\pard\intbl\itap2 n\nestcell{\*\nesttableprops"
    rb"\trowd\cellx9\nestrow}\pard\intbl x\cell\row\pard{\listtext 1.\tab}\ilvl1 item{\super\chftn}{\footnote note\par}"
    rb"{\field{\*\fldinst PAGE}{\fldrslt 7}}{\pict\bin4 abcd}{\f1 \'d1\'aa}{\shp{\*\shpinst{\shptxt box\par}}}"
    rb"\page end\par}"
)


def docx_of(
    document: bytes = DOCX.encode(), styles: bytes = STYLES.encode(), numbering: bytes = NUMBERING.encode()
) -> bytes:
    return packed({"word/document.xml": document, "word/styles.xml": styles, "word/numbering.xml": numbering})


def odt_of(content: bytes) -> bytes:
    return packed({"content.xml": content})


def tree_mutations(seed: str, count: int) -> Iterator[bytes]:
    """The seed with elements removed, doubled, nested and renamed, and attributes with other values."""
    source = random.Random(seed)
    for _ in range(count):
        root = etree.fromstring(seed.encode())
        for _ in range(source.randint(1, 6)):
            elements = list(root.iter())
            one, other = source.choice(elements), source.choice(elements)
            parent = one.getparent()
            match source.randrange(5):
                case 0 if parent is not None:
                    parent.remove(one)
                case 1:
                    other.append(deepcopy(one))
                case 2 if one.attrib:
                    one.set(source.choice(list(one.attrib)), source.choice(VALUES))
                case 3:
                    one.text = source.choice(VALUES)
                case _:
                    one.tag = other.tag
        yield etree.tostring(root)


def was_read(reader: Reader, data: bytes) -> bool:
    began = time.process_time()
    try:
        pages_of(reader, data)
    except FileRefusedError:
        return False
    finally:
        assert time.process_time() - began < SECONDS
    return True


def test_the_seeds_themselves_say_what_they_should() -> None:
    assert "inner" in pages_of(DocxFile, docx_of())[-1].text
    assert "deep" in pages_of(OdtFile, odt_of(ODT.encode()))[-1].text
    assert "film" in pages_of(HtmlFile, HTML.encode())[0].text
    assert "item" in pages_of(RtfFile, RTF)[0].text


@pytest.mark.parametrize(
    ("reader", "pack", "seed"),
    [
        (DocxFile, docx_of, DOCX),
        (DocxFile, lambda styles: docx_of(styles=styles), STYLES),
        (DocxFile, lambda numbering: docx_of(numbering=numbering), NUMBERING),
        (OdtFile, odt_of, ODT),
        (HtmlFile, bytes, HTML),
    ],
)
def test_changed_elements_give_pages(reader: Reader, pack: Callable[[bytes], bytes], seed: str) -> None:
    read = [was_read(reader, pack(data)) for data in tree_mutations(seed, 120)]
    assert sum(read) > 0.9 * len(read)


@pytest.mark.parametrize(
    ("reader", "pack", "seed"),
    [
        (DocxFile, docx_of, DOCX.encode()),
        (OdtFile, odt_of, ODT.encode()),
        (HtmlFile, bytes, HTML.encode()),
        (RtfFile, bytes, RTF),
        (DocxFile, bytes, docx_of()),
        (OdtFile, bytes, odt_of(ODT.encode())),
    ],
)
def test_changed_bytes_give_pages_or_a_refusal(reader: Reader, pack: Callable[[bytes], bytes], seed: bytes) -> None:
    for data in mutations(seed, 150):
        was_read(reader, pack(data))
