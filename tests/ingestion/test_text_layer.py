"""Whether the words that a file gives for a page are the words that the page shows."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest

from assistant.ingestion.layout.page_text import PlacedWord
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.text_layer import TextLayer, is_sensible, judge_text_layer, text_layer_is_bad
from tests.ingestion.scanned_pages import HEIGHT, LINES, WIDTH, scan, typed

ENGLISH = " ".join(LINES)
WHOLE_PAGE = (0.0, 0.0, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        ENGLISH.upper(),
        "Le patient est venu pour une douleur thoracique depuis trois jours, sans fièvre ni toux",
        "Der Patient wurde wegen starker Schmerzen aufgenommen; Schwellung der Beine, täglich Furosemid",
        "Pacjent przyjęty z powodu bólu w klatce piersiowej, leczenie szpitalne trwało trzy dni",
        "患者因 胸痛三天入院 血压 120/80 mmHg 诊断为 急性冠状动脉综合征 给予阿司匹林治疗",
        "患者は三日前から 胸の痛みを訴えて 入院した。血圧は正常で 薬を処方した",
        "Пациент поступил с жалобами на боль в груди и одышку",
        "Potassium 5.9 mmol/L 3.5-5.1 H Sodium 137 mmol/L 135-145 N eGFR 58 HbA1c 48 mmol/mol",
        "WBC 6.0 x10^9/L RBC 4.1 HCT 0.41 MCV 88.2 PLT 158 INR 1.1 APTT 31 CRP <5 BNP 210 TSH 2.1",
        "............ ______________ 12/03/2024 14:30 (1) [ ] --- ***",
    ],
)
def test_languages_numbers_and_abbreviations_pass(text: str) -> None:
    assert is_sensible(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(ord(letter) - 29) if letter != " " else " " for letter in ENGLISH),
        "".join(chr((ord(letter) - 94) % 26 + 97) if letter.islower() else letter for letter in ENGLISH),
        "".join("\ufffd" if letter != " " else " " for letter in ENGLISH),
        "".join(chr(0xF000 + ord(letter)) if letter != " " else " " for letter in ENGLISH),
        "".join(chr(ord(letter) << 8) if letter != " " else " " for letter in ENGLISH),
        " ".join("(cid:72)(cid:87)(cid:3)(cid:68)(cid:86)" for _ in range(9)),
        "患者因胸痛三天入院诊断为急性冠状动脉综合征给予阿司匹林治疗".encode().decode("latin-1"),
    ],
    ids=["glyph numbers", "shifted letters", "unknown", "private use", "swapped bytes", "cid", "mojibake"],
)
def test_what_a_broken_font_or_encoding_leaves_fails(text: str) -> None:
    assert not is_sensible(text.split(" "))


def words_of(document: pymupdf.Document) -> list[PlacedWord]:
    return [PlacedWord._make(word[:5]) for word in document[0].get_text("words")]


def never_drawn() -> GrayPicture:
    raise AssertionError("no picture is needed")


def judged(words: list[PlacedWord], picture: GrayPicture) -> TextLayer:
    """What is found for a page that is one picture."""
    return judge_text_layer(
        words, pictures=[WHOLE_PAGE], is_drawn_on=True, width=WIDTH, height=HEIGHT, draw=lambda: picture
    )


def test_a_digital_page_is_good_without_a_look_at_it() -> None:
    layer = judge_text_layer(
        words_of(typed()),
        pictures=[(10.0, 10.0, 60.0, 40.0)],
        is_drawn_on=True,
        width=WIDTH,
        height=HEIGHT,
        draw=never_drawn,
    )
    assert layer is TextLayer.GOOD


def test_a_page_without_words_is_to_be_recognized_unless_it_is_blank() -> None:
    for is_drawn_on in (True, False):
        is_bad = text_layer_is_bad(
            [], pictures=[], is_drawn_on=is_drawn_on, width=WIDTH, height=HEIGHT, draw=never_drawn
        )
        assert is_bad is is_drawn_on


def test_glyph_numbers_are_bad_without_a_look() -> None:
    broken = [word._replace(text="".join(chr(ord(c) - 29) for c in word.text)) for word in words_of(typed())]
    layer = judge_text_layer(broken, pictures=[], is_drawn_on=True, width=WIDTH, height=HEIGHT, draw=never_drawn)
    assert layer is TextLayer.BAD


def test_a_scanner_s_own_words_over_their_ink_are_good() -> None:
    document = typed()
    assert judged(words_of(document), scan(document, dpi=72)) is TextLayer.GOOD


def test_a_line_of_words_over_a_scan_is_only_a_part_of_it() -> None:
    document = typed()
    header = [word for word in words_of(document) if word.y0 < 50]
    assert judged(header, scan(document, dpi=72)) is TextLayer.PARTIAL


def test_words_where_the_picture_has_no_ink_are_bad() -> None:
    document = typed()
    moved = [word._replace(y0=word.y0 / 9 + 235, y1=word.y1 / 9 + 240) for word in words_of(document)]
    assert judged(moved, scan(document, dpi=72)) is TextLayer.BAD


def test_a_caption_over_a_photograph_is_all_there_is_to_read() -> None:
    document = typed()
    caption = [word for word in words_of(document) if word.y0 < 50]
    photograph = scan(document, dpi=72)
    dark = np.minimum(photograph.pixels, 90) + np.random.default_rng(1).integers(0, 20, photograph.pixels.shape)
    picture = GrayPicture(pixels=dark.astype(np.uint8), width=WIDTH, height=HEIGHT)
    assert judged(caption, picture) is TextLayer.GOOD
