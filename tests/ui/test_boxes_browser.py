"""The boxes lie on the ink of the cited words: on a digital page, on a scan, on a page laid out from a Word file."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import numpy as np
import pymupdf
import pytest
from PIL import Image

from assistant.ingestion.reading import Upload
from assistant.parts import open_service
from assistant.service import Service
from assistant.settings import Settings
from tests.ui.browser import Visitor, new_visitor, opened_browser, served
from tests.ui.test_page_browser import BOXES

pytestmark = pytest.mark.browser

LINES = ("Quillfeather, Ada seen in clinic.", "Serum potassium was 5.9 mmol/L.", "She will be seen again in May.")
QUESTION = "What was the potassium?"
# A box goes from the ascenders to the descenders of its font, and a point beyond; the ink seldom does.
WIDER, TALLER = 0.02, 0.015


def digital(folder: Path) -> Path:
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        for at, line in enumerate(LINES):
            page.insert_text((72 + 40 * at, 120 + 150 * at), line, fontsize=14)
        document.save(folder / "digital.pdf")
    return folder / "digital.pdf"


def scan(folder: Path) -> Path:
    with pymupdf.open(digital(folder)) as document:
        picture = document[0].get_pixmap(dpi=200, colorspace="gray")
    Image.frombytes("L", (picture.width, picture.height), picture.samples).save(folder / "scan.png", dpi=(200, 200))
    return folder / "scan.png"


def word_file(folder: Path) -> Path:
    document = docx.Document()
    for line in LINES:
        document.add_paragraph(line)
        document.add_paragraph()
    document.save(str(folder / "letter.docx"))
    return folder / "letter.docx"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = open_service(Settings(data_dir=tmp_path_factory.mktemp("data")))
    try:
        yield opened
    finally:
        opened.close()


def ink_of_line(visitor: Visitor, number: int) -> list[float]:
    """Left, top, right and bottom of a line's ink, in shares of the picture that the page shows."""
    source = visitor.page.get_attribute(".sheet img", "src") or ""
    picture = np.asarray(Image.open(BytesIO(b64decode(source.split(",", 1)[1]))).convert("L"))
    rows = np.flatnonzero((picture < 128).any(axis=1))
    # Lines lie far apart: a gap of more than a hundredth of the page ends one.
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > picture.shape[0] / 100) + 1)
    assert len(lines) == len(LINES)
    top, bottom = int(lines[number][0]), int(lines[number][-1]) + 1
    columns = np.flatnonzero((picture[top:bottom] < 128).any(axis=0))
    height, width = picture.shape
    return [columns[0] / width, top / height, (columns[-1] + 1) / width, bottom / height]


@pytest.mark.parametrize("make", [digital, scan, word_file])
def test_the_box_of_a_quote_lies_on_its_ink(service: Service, tmp_path: Path, make: object) -> None:
    assert callable(make)
    path = make(tmp_path)
    record = service.create_record("Invented")
    for _ in service.add_files(record.id, [Upload(name=path.name, path=path)]):
        pass
    done = service.answer(record.id, None, QUESTION)
    citation = done.conversation.turns[0].citations[0]
    assert "5.9" in citation.quote
    with opened_browser() as browser, served(lambda _: service, tmp_path / "uploads") as address:
        visitor = new_visitor(browser, f"{address}/?record={record.id}")
        visitor.wait_for_answers(1)
        visitor.page.click(f'#turns .chip[data-n="{citation.n}"] >> nth=0')
        visitor.page.wait_for_selector(".sheet .evidence", timeout=30_000)
        [box] = visitor.page.evaluate(BOXES)
        ink = ink_of_line(visitor, 1)
    left, top, right, bottom = ink
    assert box[0] - 0.001 <= left <= box[0] + WIDER
    assert box[2] - WIDER <= right <= box[2] + 0.001
    assert box[1] - 0.001 <= top <= box[1] + TALLER
    assert box[3] - TALLER <= bottom <= box[3] + 0.001
