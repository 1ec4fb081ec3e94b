"""A web page is read as a browser shows it, without running or fetching anything."""

from __future__ import annotations

import pytest

from assistant.domain import HidingPlace
from assistant.errors import FileRefusedError
from assistant.ingestion.html.file import HtmlFile, html_items
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from tests.ingestion.invented_office import hidden_of, pages_of


def text_of(page: str) -> str:
    return "\f".join(page.text for page in pages_of(HtmlFile, page.encode()))


def hidden_in(page: str) -> list[tuple[str, HidingPlace]]:
    return [(hidden.text, hidden.place) for hidden in hidden_of(pages_of(HtmlFile, page.encode()))]


def test_blocks_are_parted_and_inline_text_is_not() -> None:
    page = "<h1>Visit</h1><p>Seen <b>to</b>day\n and <i>well</i>.<br>Home.</p><div>One<div>Two</div>Three</div>"
    assert text_of(page) == "Visit\n\nSeen today and well.\nHome.\n\nOne\n\nTwo\n\nThree"


def test_a_title_stands_first_where_there_is_no_other() -> None:
    assert text_of("<title>Lab report</title><p>a") == "Lab report\n\na"
    assert text_of("<title>Lab report</title><h1>Results</h1>") == "Results"


def test_lists_are_nested_and_numbered_as_shown() -> None:
    page = (
        "<ol start=3><li>a<ul><li>b</ul><li value=9>c<li><p>d</p><p>e</p></ol><ol type=A><li>f</ol><dl><dt>g<dd>h</dl>"
    )
    assert text_of(page) == "3. a\n• b\n9. c\n10. d\n\ne\n\nA. f\n\ng\n\nh"
    assert text_of("<ol reversed><li>x<li>y</ol>") == "2. x\n1. y"


def test_a_table_keeps_rows_columns_spans_and_caption() -> None:
    page = (
        "<table><caption>Bloods</caption><thead><tr><th>Test<th colspan=2>Result</thead>"
        "<tr><td rowspan=2>Potassium<td>5.9<td>mmol/L<tr><td>5.1<td>mmol/L<tr><td>Sodium<td><td>mmol/L</table>"
    )
    assert text_of(page) == "Bloods\nTest\tResult\nPotassium\t5.9\tmmol/L\n\t5.1\tmmol/L\nSodium\t\tmmol/L"


def test_a_table_that_only_arranges_the_page_becomes_its_blocks() -> None:
    inner = "<table><tr><td>Na<td>139</table>"
    page = f"<table><tr><td><h2>Left</h2><p>a</p>{inner}<td>right</table>"
    assert text_of(page) == "Left\n\na\n\nNa\t139\n\nright"
    assert text_of('<table role="presentation"><tr><td>a<td>b</table>') == "a\n\nb"


def test_monospaced_columns_become_tabs() -> None:
    assert text_of("<pre>Sodium     139  mmol/L\nPotassium  5.9  mmol/L</pre>") == (
        "Sodium\t139\tmmol/L\nPotassium\t5.9\tmmol/L"
    )


def test_forms_show_their_values() -> None:
    page = (
        "<p>Name <input value='Jane Roe'> Smoker <input type=checkbox checked> Drinks <input type=radio>"
        "<input type=hidden value=secret> Site <select><option>left<option selected>right</select>"
        " Note <textarea>none\n</textarea></p>"
    )
    assert text_of(page) == "Name Jane Roe Smoker ☒ Drinks ☐ Site right Note none"


def test_entities_raised_digits_struck_words_and_pictures() -> None:
    page = "<p>10<sup>9</sup>/L &le; 5&nbsp;mg &amp; <del>old</del> <img alt='ECG'><img><img alt=''></p>"
    assert text_of(page) == "10⁹/L ≤ 5 mg & [struck out: old] [picture: ECG][picture]"


@pytest.mark.parametrize(
    ("element", "place"),
    [
        ("<p hidden>x</p>", HidingPlace.INVISIBLE),
        ("<span style='DISPLAY : none'>x</span>", HidingPlace.INVISIBLE),
        ("<div style='visibility:hidden'><p>x</p></div>", HidingPlace.INVISIBLE),
        ("<p style='opacity: 0'>x</p>", HidingPlace.INVISIBLE),
        ("<p style='font-size:0'>x</p>", HidingPlace.TINY),
        ("<p style='font-size:1px'>x</p>", HidingPlace.TINY),
        ("<p style='color:#FFF'>x</p>", HidingPlace.WHITE),
        ("<body bgcolor='#f5f5f5'><p style='color: rgb(250, 250, 250)'>x</p>", HidingPlace.WHITE),
        ("<font color=white>x</font>", HidingPlace.WHITE),
        ("<p style='position:absolute; left:-9999px'>x</p>", HidingPlace.OFF_PAGE),
        ("<style>/* a */ .gone, p.b { display:none }</style><p class='a gone'>x</p>", HidingPlace.INVISIBLE),
        ("<table><tr style='display:none'><td>x</table>", HidingPlace.INVISIBLE),
        ("<table><tr><td hidden>x<td>seen too</table>", HidingPlace.INVISIBLE),
    ],
)
def test_what_is_not_shown_is_told_and_not_read(element: str, place: HidingPlace) -> None:
    page = f"<p>seen</p>{element}"
    assert hidden_in(page) == [("x", place)]
    assert "x" not in text_of(page)


def test_what_is_shown_is_not_taken_for_hidden() -> None:
    page = (
        "<style>@media print { .menu { display:none } } @font-face { font-family:x } .head { background:#036 }</style>"
        "<p class=menu>a</p><div class=head><p style='color:white'>b</p></div><table bgcolor=navy><tr>"
        "<td style='color:#fff'>c</table><p style='font-size:90%;left:10px;opacity:.8;color:#333'>d</p>"
    )
    assert hidden_in(page) == []
    assert text_of(page) == "a\n\nb\n\nc\n\nd"


def test_scripts_and_what_is_elsewhere_leave_no_trace() -> None:
    page = "<script>alert(1)</script><iframe src='http://a.example'></iframe><p>a</p><object>b</object><!-- c -->"
    assert text_of(page) == "a"


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=iso-8859-1><p>Größe".encode("cp1252"),
        "<meta http-equiv=Content-Type content='text/html; charset=gb2312'><p>Größe".replace("ö", "o").encode(
            "gbk", "ignore"
        ),
        "\ufeff<p>Größe".encode("utf-16-le"),
        "<p>Größe".encode(),
        "<?xml version='1.0' encoding='iso-8859-1'?><html><p>Größe".encode("latin-1"),
    ],
)
def test_the_encoding_is_found(data: bytes) -> None:
    assert pages_of(HtmlFile, data)[0].text in ("Größe", "Groe")


def test_an_encoding_that_is_declared_is_not_guessed() -> None:
    data = "<meta charset=iso-8859-2><p>Łódź".encode("iso-8859-2")
    file = HtmlFile(Source(name="a", data=data), Limits())
    assert (file.read(1).composed.text, file.warnings) == ("Łódź", ())


def test_an_encoding_that_nobody_says_is_guessed_with_a_warning() -> None:
    data = "<p>患者男性，因胸痛入院。既往高血压病史十年，规律服药，血压控制可。否认药物过敏史。</p>".encode("gb18030")
    file = HtmlFile(Source(name="a", data=data), Limits())
    assert "高血压" in file.read(1).composed.text
    assert "a guess from its bytes" in file.warnings[0]


def test_items_for_other_readers_take_the_charset_that_came_along() -> None:
    (paragraph,) = html_items("<p>Ärztin".encode("cp1252"), "windows-1252")
    assert getattr(paragraph, "text", "") == "Ärztin"


def test_spans_and_nesting_without_end_are_bounded() -> None:
    row = "<tr>" + "<td colspan=1000000 rowspan=1000000>x" * 50
    assert "x" in text_of(f"<table>{row * 50}</table>")
    deep = "<table><tr><td>" * 2_000 + "core"
    file = HtmlFile(Source(name="a", data=("<p>top</p>" + deep).encode()), Limits())
    assert file.read(1).composed.text.startswith("top")
    assert file.warnings == ("the page is nested too deeply; what comes after is missing",)
    assert "top" in text_of("<p>top</p>" + "<ul><li>" * 2_000)
    assert "top" in text_of("<p>top</p>" + "<b><i>" * 5_000)


def test_a_page_that_is_too_large_is_refused() -> None:
    with pytest.raises(FileRefusedError) as refused:
        HtmlFile(Source(name="a", data=b"<p>" + b"x" * (64 << 20)), Limits())
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("data", [b"", b" ", b"<", b"<>", b"\0\0\0", b"plain", b"<!DOCTYPE html>", b"<frameset>"])
def test_nothing_at_all_is_an_empty_page(data: bytes) -> None:
    assert len(pages_of(HtmlFile, data)) == 1
