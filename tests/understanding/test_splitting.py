from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.domain import Origin, Page
from assistant.understanding.file_understanding import understand_file
from benchmarks.invented_documents import invented_documents, lay_out, pages_of


def pieces(pages: list[Page]) -> list[tuple[int, int]]:
    return [(document.first_page, document.last_page) for document in understand_file(pages).documents]


def laid(*texts: str) -> list[Page]:
    return [lay_out(text, number=number) for number, text in enumerate(texts, 1)]


def numbered(*labels: str) -> list[Page]:
    return laid(*(f"The patient is well.\n<<foot>>\nPage {label}\n" for label in labels))


def test_page_numbers_that_begin_again_begin_a_document() -> None:
    assert pieces(numbered("1 of 2", "2 of 2", "1 of 1", "1 of 3", "2 of 3", "3 of 3")) == [(1, 2), (3, 3), (4, 6)]


def test_no_sign_is_no_new_document() -> None:
    assert pieces(laid(*("She slept well and went home in the morning." for _ in range(5)))) == [(1, 5)]


def test_letters_without_page_numbers_are_told_apart() -> None:
    letter = (
        "Saltmarsh Eye Hospital\nClinic: {} May 2024\nDear Dr Brook,\nHer eyes are well.\nYours sincerely,\nDr A Vale"
    )
    assert pieces(laid(letter.format(3), letter.format(17), letter.format(29))) == [(1, 1), (2, 2), (3, 3)]


def test_a_sentence_that_goes_over_the_page_holds_it_together() -> None:
    first = "Saltmarsh Eye Hospital\nDear Dr Brook,\nThe pressure in the right eye was raised and we have"
    second = "begun drops at night.\nYours sincerely,\nDr A Vale"
    assert pieces(laid(first, second)) == [(1, 2)]


def test_a_repeated_report_head_with_one_specimen_is_one_document() -> None:
    head = "Northmoor Pathology\nLaboratory report\nPatient: SMITH, Anna DOB: 12 Mar 1951\n"
    head += "Collected: 3 May 2024\nLab no: C24-0113\n"
    assert pieces(laid(head + "Sodium 140", head + "Potassium 4.4")) == [(1, 2)]
    other = head.replace("3 May", "19 May").replace("0113", "0977")
    assert pieces(laid(head + "Sodium 140", other + "Sodium 139")) == [(1, 1), (2, 2)]


def test_parts_of_an_archive_always_split_and_structured_pages_never() -> None:
    pages = laid("She is well.", "She is well.", "She is well.")
    parts = [replace(page, part=part) for page, part in zip(pages, ("a.pdf", "a.pdf", "b.pdf"), strict=True)]
    assert pieces(parts) == [(1, 2), (3, 3)]
    titled = [replace(page, origin=Origin.STRUCTURED) for page in laid("Summary", "Laboratory report\nDear Dr Brook,")]
    assert pieces(titled) == [(1, 2)]


def test_a_page_of_another_patient_begins_a_document() -> None:
    one = "Discharge summary\nPatient: SMITH, Anna DOB: 12/03/1951\nShe is well."
    other = "Discharge summary\nPatient: MILLER, Robert DOB: 04/07/1962\nHe is well."
    assert pieces(laid(one, other)) == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("labels", "warning"),
    [
        (("1 of 4", "2 of 4", "4 of 4"), "page 3 of 4 is missing from the document on pages 1 to 3 of this file"),
        (("1 of 5", "2 of 5"), "pages 3, 4, 5 of 5 are missing from the document on pages 1 to 2 of this file"),
        (
            ("2 of 3", "1 of 3", "3 of 3"),
            "the pages of the document on pages 1 to 3 of this file are out of order: they are numbered 2, 1, 3",
        ),
        (
            ("1 of 3", "3 of 3", "2 of 3"),
            "the pages of the document on pages 1 to 3 of this file are out of order: they are numbered 1, 3, 2",
        ),
    ],
)
def test_missing_and_shuffled_pages_are_said(labels: tuple[str, ...], warning: str) -> None:
    assert understand_file(numbered(*labels)).warnings == (warning,)


def test_a_count_through_a_print_of_several_documents_is_one() -> None:
    letter = (
        "Saltmarsh Eye Hospital\nClinic: {} May 2024\nDear Dr Brook,\nHer eyes are well.\nYours sincerely,\nDr A Vale"
    )
    texts = [letter.format(day) + f"\n<<foot>>\nPage {number} of 3\n" for number, day in ((1, 3), (2, 17), (3, 29))]
    assert understand_file(laid(*texts)).warnings == ()
    assert understand_file(laid(texts[0], texts[2])).warnings == (
        "page 2 of 3 is missing from the document on pages 1 to 2 of this file",
    )


def test_a_page_that_waits_for_recognition_is_not_missing() -> None:
    pages = numbered("1 of 3", "2 of 3", "3 of 3")
    assert understand_file([pages[0], lay_out("", number=2), pages[2]]).warnings == ()


def test_a_bundle_of_invented_documents_falls_into_them() -> None:
    documents = invented_documents("development")
    expected, first = [], 1
    for document in documents:
        expected.append(first)
        first += len(document.texts)
    found = {document.first_page for document in understand_file(pages_of(documents)).documents}
    assert len(found & set(expected)) >= 0.9 * len(expected)
    assert len(found - set(expected)) <= 1
