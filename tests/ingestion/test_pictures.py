"""The picture of a page shows each word inside its box."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pymupdf
import pytest

from assistant.domain import Box, Page
from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.pictures import page_picture
from tests.ingestion.hostile_pdfs import pdf_with_huge_picture, pdf_with_laughing_page
from tests.ingestion.invented_pdfs import pdf_with_text
from tests.ingestion.page_checks import read_one


def dark_pixels(png: bytes) -> npt.NDArray[np.bool_]:
    """Where the picture is dark, [rows, columns]."""
    grey = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.Pixmap(png))
    pixels = np.frombuffer(grey.samples, dtype=np.uint8).reshape(grey.height, grey.stride)[:, : grey.width]
    return pixels < 140


def part(dark: npt.NDArray[np.bool_], box: Box, scale: float) -> npt.NDArray[np.bool_]:
    """A view of the box's pixels."""
    return dark[int(box.y0 * scale) : int(box.y1 * scale) + 1, int(box.x0 * scale) : int(box.x1 * scale) + 1]


def check_picture(path: Path, kind: str, page: Page) -> None:
    """Every word has ink in its box, and outside of all boxes there is hardly any."""
    dark = dark_pixels(page_picture(path, kind, page.number, width_pixels=800))
    scale = 800 / page.width
    assert dark.shape[1] == 800
    assert abs(dark.shape[0] - page.height * scale) <= 2
    all_ink = int(dark.sum())
    for word in page.words:
        assert part(dark, word.box, scale).sum() > 3
    for word in page.words:
        part(dark, word.box, scale)[:] = False
    assert dark.sum() <= 0.03 * all_ink


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("is_cropped", [False, True])
def test_boxes_lie_on_the_words_however_the_page_is_turned_and_cut(
    tmp_path: Path, rotation: int, is_cropped: bool
) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=400)
        page.insert_text((60, 100), "Potassium 5.9 mmol/L")
        page.insert_text((250, 300), "turned words", rotate=90)
        if is_cropped:
            page.set_cropbox(pymupdf.Rect(40, 50, 290, 380))
        page.set_rotation(rotation)
        document.save(tmp_path / "page.pdf")
    pages, _ = read_one(tmp_path / "page.pdf")
    assert sorted(pages[0].text.split()) == sorted(["Potassium", "5.9", "mmol/L", "turned", "words"])
    check_picture(tmp_path / "page.pdf", "pdf", pages[0])


def test_words_outside_the_crop_are_not_read_and_that_is_said(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=400)
        page.insert_text((60, 100), "seen")
        page.insert_text((60, 390), "unseen")
        page.set_cropbox(pymupdf.Rect(0, 0, 300, 200))
        document.save(tmp_path / "page.pdf")
    pages, file = read_one(tmp_path / "page.pdf")
    assert pages[0].text == "seen"
    assert file.warnings == ("page 1: words that the page does not show were left out: 1 outside the visible page",)


@pytest.mark.parametrize(("name", "kind"), [("note.txt", "text"), ("note.md", "markdown")])
def test_text_is_drawn_where_its_words_are(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    path.write_text("# Größe\n\nKalium 5,9 mmol/l   血压 120/80\n" + "a long line that wraps " * 9)
    pages, file = read_one(path)
    assert file.kind == kind
    check_picture(path, kind, pages[0])


def test_an_immense_page_gives_a_picture_of_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("\n".join(["word " * 250] * 12))
    picture = pymupdf.Pixmap(page_picture(path, "text", 1, width_pixels=8000))
    assert picture.width * picture.height < 25_100_000


def test_a_page_that_is_not_there_is_refused_and_the_next_is_drawn(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", "hello")
    for number in (0, 2, 99):
        with pytest.raises(FileRefusedError, match="no such page"):
            page_picture(path, "pdf", number, width_pixels=200)
    assert page_picture(path, "pdf", 1, width_pixels=200).startswith(b"\x89PNG")


def test_a_page_that_cannot_be_drawn_is_refused_and_the_next_is_drawn(tmp_path: Path) -> None:
    limits = Limits(file_seconds=1)
    with pytest.raises(FileRefusedError, match="longer than allowed"):
        page_picture(pdf_with_laughing_page(tmp_path / "a.pdf", laughing=1), "pdf", 1, width_pixels=200, limits=limits)
    path = pdf_with_text(tmp_path / "letter.pdf", "hello")
    assert page_picture(path, "pdf", 1, width_pixels=200).startswith(b"\x89PNG")


def test_a_picture_that_unpacks_to_gigabytes_is_refused_or_drawn_in_bounds(tmp_path: Path) -> None:
    path = pdf_with_huge_picture(tmp_path / "bomb.pdf")
    began = time.monotonic()
    with suppress(FileRefusedError):
        assert page_picture(path, "pdf", 1, width_pixels=200).startswith(b"\x89PNG")
    assert time.monotonic() - began < 25


def test_a_file_that_changed_is_drawn_anew(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", "hello")
    first = page_picture(path, "pdf", 1, width_pixels=200)
    pdf_with_text(path, "something else entirely, and longer")
    assert page_picture(path, "pdf", 1, width_pixels=200) != first
