from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.domain import Identity, Origin, Page
from assistant.understanding.identities import IdentityField, OtherPatient, other_patient
from assistant.understanding.patient import joined_identity, page_identity
from tests.pages import page

ANNA = "Patient: SMITH, Anna  DOB: 12/03/1951  MRN: 4471902\nClinic letter"


def asked(record: str, *texts: str, origin: Origin = Origin.TEXT) -> OtherPatient | None:
    pages = [page(text, number=number) for number, text in enumerate(texts, 1)]
    return other_patient(page_identity(page(record)), [with_origin(one, origin) for one in pages])


def with_origin(one: Page, origin: Origin) -> Page:
    return Page(
        file=one.file,
        number=one.number,
        text=one.text,
        width=one.width,
        height=one.height,
        origin=origin,
        words=one.words,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Patient name: Anna M Smith  Date of birth: 12 Mar 1951",
        "Re: Mrs Anna SMITH, born 12.03.51",
        "Patient: A. Smith  DOB: 03/12/1951",  # day and month the other way round
        "Patient: JONES, Anna  DOB: 12/03/1951  MRN: 4471902",  # married
        "Patient: JONES, Anna  DOB: 12/03/1951",
        "Patient: Smyth, Anna  DOB: 12/03/1951",
        "Patient: Bob Miller  MRN: 4471902",  # a staff name or a slip: the number is hers
        "Next of kin: Robert Smith  DOB: 01/01/1949",
        "Husband's name: Robert Miller, date of birth 01/01/1949",
        "Consultant: Dr Robert Miller\nNurse: Joan Brown",
        "Son born 01/01/1980. Dr Miller's patient reports no pain.",
        "No name on this page at all",
        "Patient: denies fever and reports a cough",
    ],
)
def test_no_question_about_the_same_patient(text: str) -> None:
    assert asked(ANNA, text) is None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Patient: SMITH, Anna  DOB: 04/07/1962", {IdentityField.BIRTH_DATE}),
        ("Patient: MILLER, Robert  DOB: 04/07/1962", {IdentityField.NAME, IdentityField.BIRTH_DATE}),
        ("Patient name: Robert Miller", {IdentityField.NAME}),
        ("Patient: SMITH, Robert  DOB: 12/03/1951", {IdentityField.NAME}),  # a twin
        (
            "Patient: MILLER, Robert  DOB: 04/07/1962  MRN: 9913377",
            {IdentityField.NAME, IdentityField.BIRTH_DATE, IdentityField.NUMBER},
        ),
        ("Robert Miller is a 62-year-old man with gout.", {IdentityField.NAME}),
        ("姓名：王小明 性别：男 出生日期：1980-05-01", {IdentityField.NAME, IdentityField.BIRTH_DATE}),
    ],
)
def test_another_patient_is_asked_about(text: str, fields: set[IdentityField]) -> None:
    question = asked(ANNA, text)
    assert question is not None
    assert set(question.differs) == fields
    assert question.problem.code == "other_patient"


def test_a_misread_digit_of_a_scan_is_no_other_patient() -> None:
    assert asked(ANNA, "Patient: SMITH, Anna  DOB: 12/03/1957", origin=Origin.OCR) is None
    assert asked(ANNA, "Patient: SMITH, Anna  DOB: 12/08/1951") is None  # 3 and 8
    assert asked(ANNA, "Patient: SMITH, Anna  DOB: 12/03/1991") is not None  # 5 and 9: a grandchild of the same name


def test_a_stray_page_is_named_with_both_places() -> None:
    stray = "Patient: MILLER, Robert  DOB: 04/07/1962"
    question = asked("no name", ANNA, ANNA, stray, ANNA)
    assert question is not None
    assert question.pages == (3,)
    birth = next(one for one in question.differences if one.field is IdentityField.BIRTH_DATE)
    assert (birth.known.span.page, birth.other.span.page) == (1, 3)
    assert stray[birth.other.span.start : birth.other.span.end] == "04/07/1962"
    assert "page 3 of this file seems" in question.problem.message


def test_the_question_holds_no_patient_text() -> None:
    question = asked(ANNA, "Patient: MILLER, Robert  DOB: 04/07/1962  MRN: 9913377")
    assert question is not None
    for secret in ("miller", "robert", "smith", "anna", "1962", "1951", "9913377", "4471902"):
        assert secret not in question.problem.message.lower()


def test_a_record_without_identity_takes_any_one_patient() -> None:
    assert other_patient(Identity(), [page(ANNA), page(ANNA, number=2)]) is None


def test_files_of_one_record_add_up() -> None:
    first = page_identity(page("Patient: SMITH, Anna  MRN: 4471902"))
    second = page_identity(page("Patient: SMITH, Anna  DOB: 12/03/1951"))
    record = joined_identity([first, second])
    assert [one.value for one in record.numbers] == ["4471902"]
    assert other_patient(record, [page("DOB: 04/07/1962")]) is not None


@pytest.mark.skipif("EVAL_DATA" not in os.environ, reason="EVAL_DATA names no folder")
def test_a_planted_patient_in_real_notes_is_found_and_the_own_one_is_not() -> None:
    own = "Patient: TARROWBY, Winifred Anne  Date of birth: 12 Mar 1951\n"
    other = "Patient: ZZYZX, Quentin  Date of birth: 4 Jul 1962\n"
    record = page_identity(page(own))
    for path in sorted((Path(os.environ["EVAL_DATA"]) / "visit_notes").glob("*.txt"))[:40]:
        text = path.read_text(encoding="utf-8")
        assert other_patient(record, [page(other + text)]) is not None, path.name
        assert other_patient(record, [page(own + text)]) is None, path.name
