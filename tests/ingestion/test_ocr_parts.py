"""The parts of recognition: skew, points in the ink, junk, misreadings, the pixels of a fax."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from assistant.ingestion.ocr.cleaning import cleaned
from assistant.ingestion.ocr.engine import FoundWord
from assistant.ingestion.ocr.language_data import find_language_data
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.points import with_points
from assistant.ingestion.ocr.scan_picture import scan_picture
from assistant.ingestion.ocr.skew import find_skew
from assistant.ingestion.ocr.words import words_of_page
from tests.ingestion.scanned_pages import HEIGHT, WIDTH, fax, scan, typed


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.5, 2.0, 5.0])
def test_skew_is_found_to_a_tenth_of_a_degree(turn: float) -> None:
    picture = scan(typed(), turn=turn)
    assert abs(find_skew(picture.pixels).degrees + turn) <= 0.15
    sideways = find_skew(np.rot90(picture.pixels))
    assert sideways.is_sideways
    assert abs(sideways.degrees + turn) <= 0.15


def test_a_blank_page_has_no_skew() -> None:
    assert find_skew(np.full((800, 600), 250, np.uint8)).degrees == 0.0


def drawn(text: str) -> np.ndarray:
    """The text in black on white, 30 pixels high."""
    font = ImageFont.truetype(io.BytesIO(pymupdf.Font("helv").buffer), 40)
    picture = Image.new("L", (30 + int(font.getlength(text)), 60), 255)
    ImageDraw.Draw(picture).text((12, 8), text, font=font, fill=0)
    return np.asarray(picture)


@pytest.mark.parametrize(
    ("said", "shown", "right"),
    [
        ("47", "4.7", "4.7"),
        ("28", "2.8", "2.8"),
        ("429", "4-29", "4-29"),
        ("35-5.1", "3.5-5.1", "3.5-5.1"),
        ("47", "47", "47"),
        ("4.7", "4.7", "4.7"),
        ("4,7", "4.7", "4,7"),
        ("471", "4.7", "471"),
        ("sees", "4.7", "sees"),
    ],
)
def test_points_that_stand_in_the_ink_are_put_back(said: str, shown: str, right: str) -> None:
    assert with_points(said, drawn(shown)) == right


def found(*texts: str, confidence: float = 0.9, line: int = 1, gap: float = 12.0) -> list[FoundWord]:
    """Words of one line, 20 pixels high."""
    words, x = [], 0.0
    for text in texts:
        right = x + 10.0 * len(text)
        words.append(FoundWord(text=text, x0=x, y0=0, x1=right, y1=20, line=line, confidence=confidence))
        x = right + gap
    return words


def texts(words: list[FoundWord]) -> list[str]:
    return [word.text for word in words_of_page(words)]


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (("HbAtc", "48"), ["HbA1c", "48"]),
        (("haemoglobin", "Alc", "was"), ["haemoglobin", "A1c", "was"]),
        (("Alc", "of", "the"), ["Alc", "of", "the"]),
        (("6.0", "10°9/L"), ["6.0", "10^9/L"]),
        (("6.0", "1049/L", "N"), ["6.0", "10^9/L", "N"]),
        (("about", "1049/L"), ["about", "1049/L"]),
        (("56", "mUmin/1.73m2"), ["56", "mL/min/1.73m2"]),
        (("59", "umovL"), ["59", "umol/L"]),
        (("59", "mmol"), ["59", "mmol"]),
        (("that", "|", "saw"), ["that", "I", "saw"]),
        (("Sodium", "|", "137"), ["Sodium", "137"]),
    ],
)
def test_what_nothing_but_a_misreading_explains_is_righted(read: tuple[str, ...], right: list[str]) -> None:
    assert texts(found(*read)) == right


def test_a_word_that_a_gap_has_cut_and_chinese_signs_are_joined() -> None:
    assert texts(found("HbA", "1c", gap=3.0)) == ["HbA1c"]
    assert texts(found("患", "者", "胸", "痛", gap=2.0)) == ["患者胸痛"]
    assert texts(found("13", "7", gap=3.0)) == ["137"]
    assert texts(found("13", "7", gap=9.0)) == ["13", "7"]
    assert texts(found("no", "pain", gap=5.0)) == ["no", "pain"]


def test_signs_that_are_no_text_are_dropped_and_bullets_and_flags_kept() -> None:
    assert texts([*found("Sodium", "137"), *found("H", confidence=0.2, line=2)]) == ["Sodium", "137", "H"]
    assert texts([*found("Sodium"), *found("—_", confidence=0.2, line=2)]) == ["Sodium"]
    assert texts(found("- Denies", "pain"))[0] == "- Denies"
    bullet = FoundWord(text="~", x0=0, y0=8, x1=8, y1=12, line=1, confidence=0.2)
    assert texts([bullet, *found("Denies", "pain")]) == ["-", "Denies", "pain"]
    tall = FoundWord(text="I", x0=0, y0=0, x1=4, y1=400, line=3, confidence=0.2)
    assert texts([*found("Sodium", "137"), tall]) == ["Sodium", "137"]


def test_specks_are_taken_off_a_fax_and_letters_stay() -> None:
    noisy = fax(typed())
    clean = cleaned(noisy).pixels
    margin = (slice(0, 80), slice(None))
    assert (noisy.pixels[margin] < 128).mean() > 0.004
    # A lone black pixel would still be a gray spot of some 20 pixels.
    assert (clean[margin] < 245).mean() < 0.002
    assert (clean < 128).mean() > 0.01


def test_the_shadow_of_a_lid_is_taken_off() -> None:
    bright = scan(typed())
    shadow = np.linspace(1.0, 0.45, bright.pixels.shape[1])
    shaded = GrayPicture(pixels=(bright.pixels * shadow).astype(np.uint8), width=bright.width, height=bright.height)
    paper = np.median(cleaned(shaded).pixels, axis=0)
    assert paper.min() > 0.85 * paper.max()


def fax_page(turn: int, *, cover: bool = False) -> tuple[pymupdf.Page, GrayPicture]:
    """A fax as the whole of a page that is turned for display."""
    picture = fax(typed())
    packed = io.BytesIO()
    Image.fromarray(picture.pixels).convert("1").save(packed, "PNG")
    document = pymupdf.open()
    page = document.new_page(width=WIDTH, height=HEIGHT)
    page.insert_image(page.rect, stream=packed.getvalue(), keep_proportion=False)
    if cover:
        page.draw_rect((0, 0, WIDTH, HEIGHT / 2), fill=(1, 1, 1), color=(1, 1, 1))
    page.set_rotation(turn)
    return pymupdf.open("pdf", document.tobytes())[0], picture


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_fax_in_a_pdf_gives_its_own_pixels_as_displayed(turn: int) -> None:
    page, picture = fax_page(turn)
    given = scan_picture(page, width=page.rect.width, height=page.rect.height, pixels=9_000_000)
    assert np.array_equal(given.pixels, np.rot90(picture.pixels, -turn // 90))


def test_a_fax_with_something_over_it_is_drawn() -> None:
    page, _ = fax_page(0, cover=True)
    given = scan_picture(page, width=page.rect.width, height=page.rect.height, pixels=9_000_000)
    assert given.pixels[: given.pixels.shape[0] // 3].min() > 200


def test_a_page_without_a_scan_is_drawn_at_300_dots_per_inch() -> None:
    given = scan_picture(typed()[0], width=WIDTH, height=HEIGHT, pixels=9_000_000)
    assert abs(given.dots_per_inch - 300) < 1


def test_language_data_are_found_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("a/eng", "b/eng", "b/osd"):
        (tmp_path / f"{name}.traineddata").write_bytes(b"x")
    data = find_language_data([tmp_path / "a", tmp_path / "b", tmp_path / "missing"])
    assert data.folder("eng") == f"{tmp_path / 'a'}/"
    assert data.folder("osd") == f"{tmp_path / 'b'}/"
    assert not data.has("chi_sim")
