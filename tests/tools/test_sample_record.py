"""The sample record is what its questions and facts say that it is, and the script still makes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

from tools.sample_record.__main__ import manuscripts, sample_pdfs, typeset
from tools.sample_record.laboratory import TESTS, samples
from tools.sample_record.letterheads import NAME
from tools.sample_record.locate import flat, page_texts, places
from tools.sample_record.markup import Paragraph, parse
from tools.sample_record.typesetting import Run, break_lines, text_width

FOLDER = Path(__file__).parents[2] / "assets" / "sample_record"
FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.pdf"))}
TEXTS = page_texts(FILES)
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
FACTS: list[dict[str, Any]] = json.loads((FOLDER / "facts.json").read_text(encoding="utf-8"))


def test_the_record_is_long_and_varied() -> None:
    assert len(FILES) >= 14
    assert 62 <= sum(map(len, TEXTS.values())) <= 75
    assert sum(map(len, FILES.values())) < 4_000_000
    years = {int(name[:4]) for name in FILES}
    assert max(years) - min(years) >= 6


def test_the_script_makes_these_very_files() -> None:
    made, _ = sample_pdfs()
    assert made.keys() == FILES.keys()
    for name, data in made.items():
        if name not in _scans():  # a picture may differ by a bit on another machine, text may not
            assert page_texts({name: data})[name] == TEXTS[name]


def test_the_same_source_gives_the_same_bytes() -> None:
    letter = manuscripts()[1]
    assert typeset(letter) == typeset(letter)


def _scans() -> list[str]:
    return [name for name, pages in TEXTS.items() if not any(pages)]


def test_one_document_is_a_picture_without_text() -> None:
    (scan,) = _scans()
    (page,) = list(pymupdf.open("pdf", FILES[scan]))
    assert len(page.get_images()) == 1


def test_every_page_names_its_patient_and_its_number() -> None:
    for name, pages in TEXTS.items():
        for number, text in enumerate(pages, start=1):
            if name not in _scans():
                assert NAME in text
                assert f"Page {number} of {len(pages)}" in text


def test_nothing_is_printed_off_the_sheet() -> None:
    for name, data in FILES.items():
        for page in pymupdf.open("pdf", data):
            for x0, y0, x1, y1, *_ in page.get_text("words"):
                assert x0 >= 30, name
                assert x1 <= page.rect.width - 30, name
                assert y0 >= 15, name
                assert y1 <= page.rect.height - 15, name


def test_words_of_one_page_do_not_overprint() -> None:
    for name, data in FILES.items():
        for number, page in enumerate(pymupdf.open("pdf", data), start=1):
            x0, y0, x1, y1 = np.array([word[:4] for word in page.get_text("words")] or [(0, 0, 0, 0)]).T
            middle = (y0 + y1) / 2  # a word lies on another when its middle line crosses the other's box
            across = (x0[:, None] + 1 < x1) & (x0 < x1[:, None] - 1) & (y0 < middle[:, None]) & (middle[:, None] < y1)
            np.fill_diagonal(across, val=False)
            assert not across.any(), (name, number)


def test_forty_questions_of_which_eight_have_no_answer() -> None:
    assert len({question["id"] for question in QUESTIONS}) == 40
    assert len({question["question"] for question in QUESTIONS}) == 40
    assert sum(not question["answerable"] for question in QUESTIONS) == 8


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_an_answer_stands_on_its_page(question: dict[str, Any]) -> None:
    assert question["answerable"] is bool(question["answers"])
    for answer in question["answers"]:
        assert answer["words"] == flat(answer["words"])
        assert answer["words"] in TEXTS[answer["file"]][answer["page"] - 1]


def test_every_page_with_the_words_is_listed() -> None:
    for question in QUESTIONS:
        listed = {(answer["file"], answer["page"], answer["words"]) for answer in question["answers"]}
        for words in {answer["words"] for answer in question["answers"]}:
            everywhere = {(place.file, place.page, place.words) for place in places(words, TEXTS)}
            assert everywhere <= listed


def test_the_facts_stand_on_their_pages() -> None:
    for fact in FACTS:
        text = TEXTS[fact["file"]][fact["page"] - 1]
        assert (fact["words"] in text) is not fact["scanned"]
    assert any(fact["scanned"] for fact in FACTS)


def test_two_documents_contradict_each_other_about_the_allergy() -> None:
    about = {fact["what"]: fact["file"] for fact in FACTS if fact["what"].startswith("allergy")}
    assert about["allergy: contradicted, none known"] != about["allergy: amoxicillin, anaphylaxis"]


def test_words_that_stand_nowhere_are_an_error() -> None:
    with pytest.raises(LookupError, match="no page"):
        places("a sentence that nobody wrote in this record", TEXTS)


def test_flags_follow_the_reference_ranges() -> None:
    assert TESTS["k"].flag(5.3) == ""
    assert TESTS["k"].flag(5.4) == "H"
    assert TESTS["gfr"].flag(59) == "L"
    assert TESTS["alt"].flag(1) == ""


def test_the_printed_egfr_agrees_with_the_creatinine() -> None:
    """CKD-EPI 2009 for a woman above 62 µmol/L (0.7 mg/dL); rounding and the birthday may move it by two."""
    for sample in samples():
        age = sample.day.year - 1951 - ((sample.day.month, sample.day.day) < (3, 12))
        ratio = sample.values["cr"] / 88.4 / 0.7
        assert abs(144 * ratio**-1.209 * 0.993**age - sample.values["gfr"]) <= 2, sample.day


def test_a_broken_line_keeps_every_word_within_the_width() -> None:
    runs = [Run(text="one two ", code="helv"), Run(text="three,", code="hebo"), Run(text=" four five six", code="helv")]
    lines = break_lines(runs, 10, 60)
    assert (
        re.sub(r"\s+", " ", " ".join("".join(run.text for run in line) for line in lines))
        == "one two three, four five six"
    )
    assert all(sum(text_width(run.text, run.code, 10) for run in line) <= 60 for line in lines)


def test_a_letter_that_the_font_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="no glyph"):
        text_width("10⁹", "helv", 10)


def test_an_unknown_command_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown command"):
        parse("x.pdf", "house: hospital\n---\n!blink now")


def test_a_manuscript_is_read_as_blocks() -> None:
    manuscript = parse("x.pdf", "house: hospital\ntitle: A: b\n---\nOne\nparagraph.\n\n- first\n- second")
    assert manuscript.settings == {"title": "A: b"}
    assert manuscript.blocks[0] == Paragraph(text="One paragraph.")
    assert [block.kind for block in manuscript.blocks[1:] if isinstance(block, Paragraph)] == ["bullet", "bullet"]
