"""Recognition of scans: the words, their boxes, their order, and what is said where it is unsure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.domain import Box
from assistant.ingestion.layout.page_text import PlacedWord
from assistant.ingestion.ocr.language_data import SIMPLIFIED_CHINESE, find_language_data
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.picture_reading import (
    LOW_CONFIDENCE,
    NO_CHINESE,
    NO_LANGUAGE_DATA,
    RecognizedText,
    Recognizer,
)
from tests.ingestion.scanned_pages import CHINESE, HEIGHT, LINES, WIDTH, fax, scan, typed

TABLE = ["Potassium\t5.9\tmmol/L\t3.5-5.1\tH", "Sodium\t137\tmmol/L\t135-145\tN"]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


def words(found: RecognizedText) -> list[str]:
    return [found.composed.text[word.start : word.end] for word in found.composed.words]


def box_of(found: RecognizedText, text: str) -> Box:
    return found.composed.words[words(found).index(text)].box


def test_clean_print_is_recognized_with_its_spaces_and_table_rows(recognizer: Recognizer) -> None:
    found = recognizer.recognize(scan(typed()))
    assert [line for line in found.composed.text.split("\n") if line] == [*LINES, *TABLE]
    assert found.confidence > 0.9
    assert found.warnings == ()
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in found.composed.words)


@pytest.mark.parametrize("turn", [180.0, 90.0, 270.0, 2.0, -4.0, 183.0])
def test_a_turned_page_is_set_upright_and_its_boxes_are_where_it_is_displayed(
    recognizer: Recognizer, turn: float
) -> None:
    picture = scan(typed(), turn=turn)
    found = recognizer.recognize(picture)
    assert [line for line in found.composed.text.split("\n") if line] == [*LINES, *TABLE]
    assert abs((found.turn_degrees + turn + 180) % 360 - 180) < 0.15
    # "Follow" begins the fifth line, at (40, 130): the same place, turned about the middle of the page.
    straight = np.array([40 + 13 - WIDTH / 2, 127 - HEIGHT / 2])
    angle = np.deg2rad(turn)
    x, y = straight @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    box = box_of(found, "Follow")
    assert abs((box.x0 + box.x1) / 2 - picture.width / 2 - x) < 5
    assert abs((box.y0 + box.y1) / 2 - picture.height / 2 - y) < 5
    assert all(0 <= w.box.x0 < w.box.x1 <= picture.width for w in found.composed.words)
    assert all(0 <= w.box.y0 < w.box.y1 <= picture.height for w in found.composed.words)


def test_a_noisy_fax_keeps_its_numbers(recognizer: Recognizer) -> None:
    found = words(recognizer.recognize(fax(typed())))
    for number in ("142/88", "37.2", "2.5", "5.9", "3.5-5.1", "137", "135-145"):
        assert number in found


def test_a_page_of_low_confidence_says_so_and_its_words_too(recognizer: Recognizer) -> None:
    picture = fax(typed())
    specks = np.random.default_rng(3).random(picture.pixels.shape)
    worn = np.where(specks < 0.07, 0, np.where(specks > 0.9, 255, picture.pixels)).astype(np.uint8)
    found = recognizer.recognize(GrayPicture(pixels=worn, width=picture.width, height=picture.height))
    assert LOW_CONFIDENCE in found.warnings
    assert found.confidence < 0.9
    assert min(word.confidence or 0.0 for word in found.composed.words) < 0.5


def test_a_page_without_words_gives_none(recognizer: Recognizer) -> None:
    blank = np.full((1200, 900), 240, np.uint8)
    shade = np.hypot(*np.mgrid[-400:400, -300:300]) / 2
    photograph = np.clip(40 + shade + np.random.default_rng(4).normal(0, 6, shade.shape), 0, 255).astype(np.uint8)
    for pixels in (blank, photograph):
        found = recognizer.recognize(GrayPicture(pixels=pixels, width=300, height=400))
        assert len(found.composed.words) <= 1


def test_printed_words_stay_and_are_not_read_twice(recognizer: Recognizer) -> None:
    document = typed()
    printed = [PlacedWord._make(word[:5]) for word in document[0].get_text("words") if word[1] < 50]
    assert len(printed) == len(LINES[0].split())
    found = recognizer.recognize(scan(document), printed=printed)
    assert words(found)[: len(printed)] == LINES[0].split()
    assert words(found).count("clinic") == 1
    assert [word.confidence for word in found.composed.words][: len(printed)] == [None] * len(printed)
    assert found.composed.words[len(printed)].confidence is not None


def test_no_more_characters_than_allowed_are_kept(recognizer: Recognizer) -> None:
    found = recognizer.recognize(scan(typed()), characters=30)
    assert 0 < len(found.composed.text) <= 30
    assert all(word.confidence is not None for word in found.composed.words)


def test_without_language_data_the_page_says_what_to_install(tmp_path: Path) -> None:
    found = Recognizer(find_language_data([tmp_path])).recognize(scan(typed()))
    assert found.composed.text == ""
    assert found.warnings == (NO_LANGUAGE_DATA,)


def test_the_packages_language_data_are_enough_without_an_installed_tesseract() -> None:
    packaged = find_language_data([Path(sys.prefix) / "share" / "tessdata"])
    found = Recognizer(packaged).recognize(scan(typed(), turn=180.0))
    assert LINES[0] in found.composed.text


def test_a_chinese_page_is_read_in_chinese_or_says_what_to_install() -> None:
    picture = scan(typed(font="china-s", lines=CHINESE, size=14))
    packaged = find_language_data([Path(sys.prefix) / "share" / "tessdata"])
    assert Recognizer(packaged).recognize(picture).warnings == (NO_CHINESE,)
    if not find_language_data().has(SIMPLIFIED_CHINESE):
        pytest.skip("chi_sim is not installed")
    text = Recognizer().recognize(picture).composed.text.replace(" ", "")
    assert sum(line in text for line in CHINESE) >= 3


CONFINED = """
from assistant.ingestion import confinement
from assistant.ingestion.limits import Limits
confinement.confine(Limits())
confinement.forbid_network_and_programs()
from assistant.ingestion.ocr.picture_reading import Recognizer
from tests.ingestion.scanned_pages import scan, typed
print(Recognizer().recognize(scan(typed())).composed.text, flush=True)
"""


def test_it_works_without_network_programs_and_files_in_a_reader_s_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED], capture_output=True, text=True, check=False, env={"OPENBLAS_NUM_THREADS": "1"}
    )
    assert LINES[0] in done.stdout, done.stderr
