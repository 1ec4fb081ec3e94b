"""What was filled into a form and noted on a page is read where it stands."""

from __future__ import annotations

import pymupdf
import pytest

from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.reader import Source
from tests.ingestion.drawn_pages import read_document, read_drawn

BOX = pymupdf.Rect(200, 90, 400, 108)


def widget(kind: int, value: object, box: pymupdf.Rect = BOX, **settings: object) -> pymupdf.Widget:
    made = pymupdf.Widget()
    made.field_type, made.field_name, made.rect = kind, f"field {box.y0} {kind}", box
    for name, setting in settings.items():
        setattr(made, name, setting)
    made.field_value = value
    return made


def form(*widgets: pymupdf.Widget, label: str = "Weight") -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_text((72, 104), label)
    for added in widgets:
        page.add_widget(added)
    return document


def text_of(document: pymupdf.Document) -> str:
    return read_document(document.tobytes()).composed.text


def test_a_value_stands_behind_its_label_once() -> None:
    assert text_of(form(widget(pymupdf.PDF_WIDGET_TYPE_TEXT, "74.2 kg"))) == "Weight\t74.2 kg"


def with_empty_appearance(document: pymupdf.Document) -> pymupdf.Document:
    for annotation in document[0].annot_xrefs():
        kind, drawn = document.xref_get_key(annotation[0], "AP/N")
        assert kind == "xref"
        document.update_stream(int(drawn.split()[0]), b" ")
    return document


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_value_that_the_page_does_not_show_is_read_at_its_place(rotation: int) -> None:
    document = with_empty_appearance(form(widget(pymupdf.PDF_WIDGET_TYPE_TEXT, "74.2 kg")))
    page = document[0]
    page.set_rotation(rotation)
    x0, y0, x1, y1 = pymupdf.Rect(BOX) * page.rotation_matrix
    composed = read_document(document.tobytes()).composed
    values = [word.box for word in composed.words if composed.text[word.start : word.end] in ("74.2", "kg")]
    assert len(values) == 2
    assert all(x0 - 2 <= box.x0 < box.x1 <= x1 + 2 and y0 - 2 <= box.y0 < box.y1 <= y1 + 2 for box in values)


def test_ticks_are_told_from_open_boxes() -> None:
    document = form(
        widget(pymupdf.PDF_WIDGET_TYPE_CHECKBOX, True, pymupdf.Rect(50, 95, 62, 107)),
        widget(pymupdf.PDF_WIDGET_TYPE_CHECKBOX, False, pymupdf.Rect(50, 195, 62, 207)),
        label="Smoker",
    )
    document[0].insert_text((72, 204), "Pregnant")
    assert text_of(document).split() == "[x] Smoker [ ] Pregnant".split()


def test_of_a_list_only_the_choice_is_read() -> None:
    choices = ["never", "sometimes", "often"]
    added = widget(pymupdf.PDF_WIDGET_TYPE_LISTBOX, "often", pymupdf.Rect(200, 90, 400, 150), choice_values=choices)
    assert text_of(form(added, label="Alcohol")).split() == ["Alcohol", "often"]


def test_a_chosen_entry_is_read() -> None:
    added = widget(pymupdf.PDF_WIDGET_TYPE_COMBOBOX, "female", choice_values=["male", "female"])
    assert text_of(form(added, label="Sex")).split() == ["Sex", "female"]


def test_an_unknown_kind_of_form_is_said() -> None:
    document = form(widget(pymupdf.PDF_WIDGET_TYPE_TEXT, "74.2 kg"))
    stream = document.get_new_xref()
    document.update_object(stream, "<<>>")
    document.update_stream(stream, b"<xdp/>")
    document.xref_set_key(document.pdf_catalog(), "AcroForm/XFA", f"{stream} 0 R")
    opened = PdfFile(Source(name="form.pdf", data=document.tobytes()), Limits())
    assert "XFA" in opened.warnings[0]


def test_notes_and_comments_are_read_after_the_page() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 100), "Warfarin 5 mg daily")
        page.add_text_annot((300, 90), "Stopped on 3 May,\nsee letter")
        page.add_highlight_annot(pymupdf.Rect(72, 90, 200, 104)).set_info(content="Check the dose")

    text = read_drawn(draw).composed.text
    assert text.split("\n\n") == ["Warfarin 5 mg daily", "Note: Stopped on 3 May,\nsee letter", "Note: Check the dose"]


def test_typed_text_is_read_once_and_a_hidden_note_is_not() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.add_freetext_annot(pymupdf.Rect(72, 90, 300, 110), "Seen by Dr Moor", fontsize=11)
        page.add_text_annot((300, 90), "not shown").set_flags(pymupdf.PDF_ANNOT_IS_HIDDEN)

    assert read_drawn(draw).composed.text == "Seen by Dr Moor"


def test_attached_files_are_not_opened_and_that_is_said() -> None:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "letter")
        document.embfile_add("scan.pdf", b"%PDF-1.7 secret")
        opened = PdfFile(Source(name="letter.pdf", data=document.tobytes()), Limits())
    assert opened.warnings == ("1 attached file was not opened; save what is wanted from the PDF and add it",)
    assert "secret" not in opened.read(1).composed.text
