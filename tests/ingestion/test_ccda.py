"""C-CDA: the head and narrative as they stand, every coded entry with its status at words that show it."""

from __future__ import annotations

import base64

import pymupdf
import pytest

from assistant.coded import ClinicalStatus, EntryKind
from assistant.domain import Origin
from assistant.ingestion.ccda.file import open_ccda
from tests.ingestion.invented_ccda import (
    LOINC,
    RXNORM,
    SNOMED,
    allergy,
    document,
    medication,
    problem,
    result,
    section,
    status,
    unstructured,
)
from tests.ingestion.structured_pages import entries_of, pages_of, text_of, warnings_of

PENICILLIN = f'<code code="7980" {RXNORM} displayName="Penicillin G"/>'
ASTHMA = f'<value xsi:type="CD" code="195967001" {SNOMED} displayName="Asthma"/>'


def test_the_head_says_whose_it_is_and_who_wrote_it() -> None:
    lines = text_of(open_ccda, document()).split("\n\n")
    assert lines == [
        "Summary of care",
        "Patient: Orla Quillfeather",
        "Date of birth: 1961-07-04",
        "Sex: Female",
        "Medical record number: 770123 (Larkhill Clinic)",
        "Document type: Summarization of Episode Note",
        "Document date: 2024-01-05",
        "Author: Dr. Ivo Marsh",
        "Custodian: Larkhill Clinic",
    ]


def test_pages_are_structured() -> None:
    assert {page.origin for page in pages_of(open_ccda, document())} == {Origin.STRUCTURED}


def test_an_entry_stands_at_the_row_it_refers_to() -> None:
    words = '<originalText><reference value="#A1"/></originalText>'
    substance = f'<code code="7980" {RXNORM} displayName="Penicillin G">{words}</code>'
    table = (
        "<table><thead><tr><th>Substance</th><th>Reaction</th></tr></thead>"
        '<tbody><tr><td><content ID="A1"/>Penicillin G</td><td>Hives</td></tr>'
        "<tr><td>Eggs</td><td>Rash</td></tr></tbody></table>"
    )
    reaction = f"""<entryRelationship typeCode="MFST"><observation><templateId root="2.16.840.1.113883.10.20.22.4.9"/>
<value xsi:type="CD" displayName="Hives"/><entryRelationship typeCode="SUBJ">
<observation><templateId root="2.16.840.1.113883.10.20.22.4.8"/>
<value xsi:type="CD" {SNOMED} displayName="severe"/></observation></entryRelationship>
</observation></entryRelationship>"""
    data = document(section("48765-2", "Allergies", table, allergy(substance, inside=reaction)))
    [(entry, words)] = entries_of(open_ccda, data)
    assert words == "Penicillin G\tHives"
    assert (entry.kind, entry.name, entry.status) == (EntryKind.ALLERGY, "Penicillin G", ClinicalStatus.ACTIVE)
    assert (entry.code_system, entry.code, entry.reaction) == ("RxNorm", "7980", "Hives (severe)")
    assert (entry.date, entry.first_date) == ("2011-02-15", "2011-02-15")


def test_an_entry_without_a_reference_stands_where_its_name_is() -> None:
    text = "<list><item>Eczema since childhood</item><item>Asthma, mild</item></list>"
    [(entry, words)] = entries_of(open_ccda, document(section("11450-4", "Problems", text, problem(ASTHMA))))
    assert words == "- Asthma, mild"
    assert (entry.date, entry.last_date) == ("2012-03", None)


def test_a_reference_to_a_row_about_something_else_is_not_believed() -> None:
    substance = (
        f'<code code="1" {RXNORM} displayName="Codeine"><originalText><reference value="#A1"/></originalText></code>'
    )
    text = '<paragraph ID="A1">Penicillin: hives</paragraph><paragraph>Codeine: nausea</paragraph>'
    [(_, words)] = entries_of(open_ccda, document(section("48765-2", "Allergies", text, allergy(substance))))
    assert words == "Codeine: nausea"


def test_what_the_narrative_does_not_show_is_written_out() -> None:
    code = f'<code code="718-7" {LOINC} displayName="Hemoglobin"/>'
    value = '<value xsi:type="PQ" value="10.2" unit="g/dL"/>'
    inside = """<interpretationCode code="L"/>
<referenceRange><observationRange><text>12-16</text></observationRange></referenceRange>"""
    table = "<table><tbody><tr><td>Hemoglobin</td><td>13.2</td></tr></tbody></table>"
    data = document(section("30954-2", "Results", table, result(code, value, inside=inside)))
    [(entry, words)] = entries_of(open_ccda, data)
    assert words == "- Hemoglobin: 10.2 g/dL; flag L; reference 12-16; final; 2024-01-03; LOINC 718-7"
    assert "Coded entries" in text_of(open_ccda, data)
    assert (entry.value, entry.unit, entry.flag, entry.reference_range) == ("10.2", "g/dL", "L", "12-16")
    assert (entry.status, entry.date) == (ClinicalStatus.FINAL, "2024-01-03")


@pytest.mark.parametrize(
    ("substance", "value", "name"),
    [
        ('<code nullFlavor="NA"/>', "", "No known drug allergies"),
        ('<code nullFlavor="NA"/>', f'<value xsi:type="CD" code="419199007" {SNOMED}/>', "No known allergies"),
        (f'<code code="105590001" {SNOMED} displayName="Substance"/>', "", "No known drug allergies"),
    ],
)
def test_a_denied_allergy_to_anything_is_none_known(substance: str, value: str, name: str) -> None:
    entry = allergy(substance, negation='negationInd="true"', value=value)
    [(found, words)] = entries_of(open_ccda, document(section("48765-2", "Allergies", "None of any kind.", entry)))
    assert (found.status, found.name) == (ClinicalStatus.NONE_KNOWN, name)
    assert found.name in words


def test_the_code_of_no_known_allergy_says_the_same_without_a_negation() -> None:
    value = f'<value xsi:type="CD" code="716186003" {SNOMED} displayName="No known allergy"/>'
    data = document(section("48765-2", "Allergies", "No known allergy", allergy("", value=value)))
    assert [entry.status for entry, _ in entries_of(open_ccda, data)] == [ClinicalStatus.NONE_KNOWN]


def test_denied_problems_and_medicines_of_any_kind_are_none_known() -> None:
    denied = 'negationInd="true"'
    value = f'<value xsi:type="CD" code="55607006" {SNOMED} displayName="Problem"/>'
    drug = medication(f'<code code="410942007" {SNOMED} displayName="drug or medication"/>')
    data = document(
        section("11450-4", "Problems", "No known problems", problem(value, negation=denied)),
        section("10160-0", "Medications", "None", drug.replace('moodCode="EVN"', f'moodCode="EVN" {denied}', 1)),
    )
    assert [(entry.name, entry.status, words) for entry, words in entries_of(open_ccda, data)] == [
        ("No known problems", ClinicalStatus.NONE_KNOWN, "No known problems"),
        (
            "No known medications",
            ClinicalStatus.NONE_KNOWN,
            "- No known medications: none known; 2023-11-01; SNOMED CT 410942007",
        ),
    ]


def test_a_denied_allergy_to_one_drug_is_ruled_out_and_never_points_at_an_affirmation() -> None:
    entry = allergy(PENICILLIN, negation='negationInd="true"')
    data = document(section("48765-2", "Allergies", "Penicillin G: hives", entry))
    [(found, words)] = entries_of(open_ccda, data)
    assert found.status is ClinicalStatus.RULED_OUT
    assert words.startswith("- Penicillin G: ruled out")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (problem(ASTHMA), ClinicalStatus.ACTIVE),
        (problem(ASTHMA, act="completed"), ClinicalStatus.ACTIVE),
        (problem(ASTHMA, high='<high value="2015"/>'), ClinicalStatus.RESOLVED),
        (problem(ASTHMA, high='<high nullFlavor="UNK"/>'), ClinicalStatus.ACTIVE),
        (problem(ASTHMA, inside=status("Resolved")), ClinicalStatus.RESOLVED),
        (problem(ASTHMA, inside=status("Inactive")), ClinicalStatus.HISTORICAL),
        (problem(ASTHMA, inside=status("Active"), high='<high value="2015"/>'), ClinicalStatus.ACTIVE),
        (problem(ASTHMA, negation='negationInd="true"'), ClinicalStatus.RULED_OUT),
    ],
)
def test_a_problem_has_the_status_that_the_file_gives_it(entry: str, expected: ClinicalStatus) -> None:
    data = document(section("11450-4", "Problems", "No or some asthma", entry))
    assert [found.status for found, _ in entries_of(open_ccda, data)] == [expected]


def test_a_problem_of_the_family_is_the_familys() -> None:
    observation = f"""<organizer><templateId root="2.16.840.1.113883.10.20.22.4.45"/><component><observation>
<templateId root="2.16.840.1.113883.10.20.22.4.46"/>{ASTHMA}</observation></component></organizer>"""
    data = document(section("10157-6", "Family history", "Mother: asthma", observation))
    assert [entry.status for entry, _ in entries_of(open_ccda, data)] == [ClinicalStatus.FAMILY]


def test_a_null_code_takes_its_translation_and_a_null_statement_says_nothing() -> None:
    value = f'<value xsi:type="CD" nullFlavor="OTH"><translation code="717.2" codeSystem="2.16.840.1.113883.6.103" displayName="Meniscus derangement"/></value>'  # noqa: E501, F541
    null = problem('<value xsi:type="CD" nullFlavor="NI"/>')
    data = document(section("11450-4", "Problems", "Meniscus derangement", problem(value), null))
    [(entry, _)] = entries_of(open_ccda, data)
    assert (entry.name, entry.code_system, entry.code) == ("Meniscus derangement", "ICD-9-CM", "717.2")


def test_a_null_statement_is_none_whatever_codes_it_is_made_of() -> None:
    entry = allergy(PENICILLIN, negation='nullFlavor="NI"')
    assert entries_of(open_ccda, document(section("48765-2", "Allergies", "Penicillin G", entry))) == []


def test_directions_in_free_text_are_the_frequency() -> None:
    directions = """<entryRelationship><substanceAdministration><templateId root="2.16.840.1.113883.10.20.22.4.147"/>
<text><reference value="#sig"/></text></substanceAdministration></entryRelationship>"""
    entry = medication(f'<code code="1" {RXNORM} displayName="Amlodipine"/>', inside=directions)
    text = '<paragraph>Amlodipine <content ID="sig">one in the morning</content></paragraph>'
    [(found, _)] = entries_of(open_ccda, document(section("10160-0", "Medications", text, entry)))
    assert found.frequency == "one in the morning"


def test_no_information_is_no_entry() -> None:
    act = """<act classCode="ACT" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.12"/>
<code nullFlavor="NI"><originalText><reference value="#p"/></originalText></code><statusCode code="completed"/></act>"""
    text = '<content ID="p">No Information About Procedures</content>'
    assert entries_of(open_ccda, document(section("47519-4", "Procedures", text, act))) == []


def test_a_medicine_has_dose_route_frequency_and_course() -> None:
    code = f'<code code="197361" {RXNORM} displayName="Amlodipine 5 MG Oral Tablet"/>'
    inside = """<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="12" unit="h"/></effectiveTime>
<routeCode displayName="ORAL"/><doseQuantity value="1" unit="{tablet}"/>"""
    data = document(
        section("10160-0", "Medications", "Amlodipine 5 MG Oral Tablet, 1 tablet", medication(code, inside=inside))
    )
    [(entry, _)] = entries_of(open_ccda, data)
    assert (entry.dose, entry.route, entry.frequency) == ("1 {tablet}", "ORAL", "every 12 hours")
    assert (entry.status, entry.first_date, entry.code) == (ClinicalStatus.CURRENT, "2023-11-01", "197361")


@pytest.mark.parametrize(
    ("act", "high", "inside", "expected"),
    [
        ("completed", "", "", ClinicalStatus.CURRENT),
        ("completed", '<high nullFlavor="UNK"/>', "", ClinicalStatus.CURRENT),
        ("completed", '<high value="20231201"/>', "", ClinicalStatus.STOPPED),
        ("active", '<high value="20240301"/>', "", ClinicalStatus.CURRENT),
        ("aborted", "", "", ClinicalStatus.STOPPED),
        ("active", "", status("No Longer Active"), ClinicalStatus.STOPPED),
        ("completed", '<high value="20231201"/>', status("Active"), ClinicalStatus.CURRENT),
    ],
)
def test_a_medicine_is_current_unless_the_file_says_that_it_is_over(
    act: str, high: str, inside: str, expected: ClinicalStatus
) -> None:
    entry = medication(f'<code code="1" {RXNORM} displayName="Amlodipine"/>', act=act, high=high, inside=inside)
    data = document(section("10160-0", "Medications", "Amlodipine", entry))
    assert [found.status for found, _ in entries_of(open_ccda, data)] == [expected]


@pytest.mark.parametrize(
    ("value", "text", "unit"),
    [
        ('<value xsi:type="CD" displayName="Positive"/>', "Positive", None),
        ('<value xsi:type="ST">trace</value>', "trace", None),
        ('<value xsi:type="IVL_PQ"><low value="5" unit="mg/L" inclusive="false"/></value>', ">5", "mg/L"),
        ('<value xsi:type="PQ" nullFlavor="UNK"/>', None, None),
        ('<value xsi:type="INT" value="3"/>', "3", None),
    ],
)
def test_values_of_any_type_are_as_in_the_file(value: str, text: str | None, unit: str | None) -> None:
    code = f'<code code="1" {LOINC} displayName="CRP"/>'
    data = document(section("30954-2", "Results", "", result(code, value)))
    [(entry, _)] = entries_of(open_ccda, data)
    assert (entry.value, entry.unit) == (text, unit)


def test_narratives_keep_lists_breaks_footnotes_and_spanning_cells() -> None:
    text = """Loose <content styleCode="Bold">words</content><br/>second line
<list listType="ordered"><item>one</item><item>two</item></list>
<table><caption>Lab</caption><thead><tr><th rowspan="2">Name</th><th colspan="2">Value</th></tr>
<tr><th>then</th><th>now</th></tr></thead><tbody><tr><td>K<footnote>haemolysed</footnote></td><td>4.1</td><td>5<br/>6</td></tr>
</tbody></table><paragraph>Struck <content revised="delete">not this</content></paragraph>"""
    lines = text_of(open_ccda, document(section("1", "Notes", text))).split("\n")
    for line in (
        "Loose words",
        "second line",
        "1. one",
        "2. two",
        "Name\tValue",
        "\tthen\tnow",
        "K [haemolysed]\t4.1\t5; 6",
        "Struck [deleted: not this]",
    ):
        assert line.strip("\t") in [each.strip("\t") for each in lines]


def test_a_document_inside_is_read_as_what_it_is() -> None:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), "Operation note of the hernia repair")
        encoded = base64.b64encode(pdf.tobytes()).decode()
    data = unstructured(f'<text mediaType="application/pdf" representation="B64">{encoded}</text>')
    head, inside = pages_of(open_ccda, data)
    assert "Patient: Orla Quillfeather" in head.text
    assert inside.text == "Operation note of the hernia repair"
    assert (head.part, inside.part) == (None, "document.pdf")


def test_a_document_that_is_elsewhere_is_said_to_be_missing() -> None:
    data = unstructured('<text><reference value="scan.pdf"/></text>')
    assert "The document stands in another file: scan.pdf" in text_of(open_ccda, data)
    assert warnings_of(open_ccda, data) == ("the document itself is not in this file",)


def test_a_file_that_breaks_off_gives_what_stands_before_and_says_so() -> None:
    data = document(section("11450-4", "Problems", "<paragraph>Asthma</paragraph>", problem(ASTHMA)))
    cut = data[: data.index(b"<entry>") + 7]
    assert "Asthma" in text_of(open_ccda, cut)
    assert warnings_of(open_ccda, cut) == ("the file is damaged; what comes after the damage is missing",)
