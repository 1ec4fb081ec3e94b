"""HL7 v2: messages apart, tables with an entry a row, escapes and character sets, files inside."""

from __future__ import annotations

import base64

import pytest

from assistant.coded import ClinicalStatus, EntryKind
from assistant.errors import FileRefusedError
from assistant.ingestion.hl7.file import open_hl7
from tests.ingestion.structured_pages import entries_of, pages_of, text_of, warnings_of

PATIENT = r"PID|1||770123^^^LARKHILL^MR||Quillfeather^Orla^^^Mrs.||19610704|F"


def message(*segments: str, kind: str = "ORU^R01", charset: str = "") -> bytes:
    head = rf"MSH|^~\&|LAB|LARKHILL|||202401051030||{kind}|1|P|2.5||||||{charset}"
    return "\r".join((head, PATIENT, *segments)).encode("utf-8")


def test_the_patient_and_the_sender_come_first() -> None:
    assert text_of(open_hl7, message()).split("\n\n") == [
        "Observation report",
        "Patient: Mrs. Orla Quillfeather",
        "Date of birth: 1961-07-04",
        "Sex: Female",
        "Medical record number: 770123 (LARKHILL)",
        "Message date: 2024-01-05 10:30",
        "Sent by: LAB, LARKHILL",
    ]


def test_an_observation_is_a_row_with_its_note() -> None:
    data = message(
        "OBR|1|||24323-8^Metabolic panel^LN|||202401050800",
        "OBX|1|NM|2823-3^Potassium^LN||5.9|mmol/L|3.5-5.1|H|||F",
        "NTE|1||Slight haemolysis",
        "OBX|2|SN|1988-5^CRP^LN||<^5|mg/L|||||P",
    )
    (potassium, words), (crp, _) = entries_of(open_hl7, data)
    assert words == "Potassium\t5.9\tmmol/L\t3.5-5.1\tH\t2024-01-05 08:00\tfinal\tSlight haemolysis"
    assert (potassium.value, potassium.unit, potassium.flag) == ("5.9", "mmol/L", "H")
    assert (potassium.code_system, potassium.code, potassium.date) == ("LOINC", "2823-3", "2024-01-05T08:00")
    assert (crp.value, crp.status) == ("<5", ClinicalStatus.PENDING)


def test_a_withdrawn_result_is_shown_and_no_fact() -> None:
    data = message("OBR|1|||1^K", "OBX|1|NM|2823-3^Potassium^LN||9.9|mmol/L|||||W")
    assert entries_of(open_hl7, data) == []
    assert "wrong, withdrawn" in text_of(open_hl7, data)
    assert warnings_of(open_hl7, data) == ("1 results are withdrawn; they are shown, not used as facts",)


def test_texts_are_paragraphs_with_their_escapes_resolved() -> None:
    data = message("OBR|1|||1^CT", r"OBX|1|FT|2^Report^L||5\S\3 \T\ more\.br\next \X41\ 100\E\x||||||F")
    assert "Report\n\n5^3 & more\nnext A 100\\x" in text_of(open_hl7, data)


def test_a_line_break_that_nobody_escaped_belongs_to_the_text() -> None:
    data = message("OBR|1|||1^CT", "OBX|1|TX|2^Report^L||first\nsecond line||||||F")
    assert "first\nsecond line" in text_of(open_hl7, data)


def test_admissions_have_allergies_diagnoses_procedures_and_the_visit() -> None:
    data = message(
        "PV1|1|I|W1" + "|" * 41 + "20240101|20240107",
        "AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives~Rash|20010101",
        "AL1|2|DA|^No known food allergies",
        "DG1|1||I10^Essential hypertension^I10C||20230101|F",
        "DG1|2||^Sarcoidosis||20230101|W",
        "PR1|1||33535^CABG^CPT||20240102",
        kind="ADT^A03",
    )
    found = {entry.name: entry for entry, _ in entries_of(open_hl7, data)}
    assert text_of(open_hl7, data).startswith("Discharge")
    assert (found["Penicillin"].reaction, found["Penicillin"].date) == ("Hives; Rash (severe)", "2001-01-01")
    assert found["No known food allergies"].status is ClinicalStatus.NONE_KNOWN
    assert (found["Essential hypertension"].code_system, found["Essential hypertension"].code) == ("ICD-10-CM", "I10")
    assert found["Sarcoidosis"].status is ClinicalStatus.SUSPECTED
    assert found["CABG"].kind is EntryKind.PROCEDURE
    assert (found["Inpatient"].status, found["Inpatient"].last_date) == (ClinicalStatus.FINAL, "2024-01-07")


def test_every_message_of_a_framed_batch_begins_a_page() -> None:
    batch = (
        b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + message() + b"\r" + b"\x0b" + message(kind="ADT^A01") + b"\x1c\rBTS|2\rFTS|1\r"
    )
    assert [page.text.split("\n")[0] for page in pages_of(open_hl7, batch)] == ["Observation report", "Admission"]


def test_a_message_may_have_separators_of_its_own() -> None:
    data = (
        message("OBR|1|||1^K", "OBX|1|NM|2823-3^Potassium^LN||5.9|mmol/L|||||F").replace(b"|", b"#").replace(b"^", b"$")
    )
    data = data.replace(b"$~\\&", b"$~\\&", 1)
    assert [entry.value for entry, _ in entries_of(open_hl7, data)] == ["5.9"]


def test_the_character_set_of_the_message_is_used() -> None:
    text = message("OBR|1|||1^K", "NTE|1||Größe", charset="8859/1").decode().encode("latin-1")
    assert "Größe" in text_of(open_hl7, text)


def test_a_file_inside_a_message_follows() -> None:
    encoded = base64.b64encode(b"Pathology report. Margins clear.").decode()
    data = message(
        "TXA|1|PN^Pathology note", f"OBX|1|ED|1^Report||LAB^TEXT^plain^Base64^{encoded}||||||F", kind="MDM^T02"
    )
    _, inside = pages_of(open_hl7, data)
    assert (inside.part, inside.text) == ("document 1.txt", "Pathology report. Margins clear.")


@pytest.mark.parametrize("data", [b"MSH|", b"no message", b"", b"BHS|^~\\&|X"])
def test_what_holds_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefusedError):
        pages_of(open_hl7, data)
