"""Structured files that mean harm, and thousands of damaged ones: pages or a refusal, soon, and never anything else."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace

import pytest

from assistant.errors import FileRefusedError
from assistant.ingestion.ccda.file import open_ccda
from assistant.ingestion.fhir.file import open_fhir
from assistant.ingestion.hl7.file import open_hl7
from assistant.ingestion.limits import Limits
from tests.ingestion.invented_ccda import LOINC, allergy, document, medication, problem, result, section
from tests.ingestion.page_checks import check_page
from tests.ingestion.structured_pages import Opening, pages_of

_SECONDS = 5.0
_MUTATIONS = 150
_CCDA = document(
    section(
        "48765-2",
        "Allergies",
        '<table><tbody><tr><td rowspan="2">Penicillin</td><td ID="r">Hives</td></tr></tbody></table>',
        allergy(
            '<code code="7980" displayName="Penicillin"><originalText><reference value="#r"/></originalText></code>'
        ),
    ),
    section("11450-4", "Problems", "<list><item>Asthma</item></list>", problem('<value displayName="Asthma"/>')),
    section("10160-0", "Medications", "Amlodipine", medication('<code code="1" displayName="Amlodipine"/>')),
    section(
        "30954-2",
        "Results",
        "K 5.9",
        result(f'<code code="1" {LOINC} displayName="K"/>', '<value xsi:type="PQ" value="5.9"/>'),
    ),
)
_FHIR = json.dumps(
    {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "name": [{"family": "Quillfeather"}]}},
            {"resource": {"resourceType": "Condition", "code": {"coding": [{"code": "1", "display": "Asthma"}]}}},
            {
                "resource": {
                    "resourceType": "Observation",
                    "code": {"text": "K"},
                    "valueQuantity": {"value": 5.9, "unit": "mmol/L"},
                    "component": [{"code": {"text": "part"}, "valueString": "x"}],
                    "contained": [{"id": "a", "resourceType": "Medication"}],
                }
            },
            {
                "resource": {
                    "resourceType": "MedicationRequest",
                    "status": "active",
                    "medicationReference": {"reference": "#a"},
                    "dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}],
                }
            },
        ],
    }
).encode()
_HL7 = (
    rb"MSH|^~\&|LAB|X|||20240105||ORU^R01|1|P|2.5"
    + b"\r"
    + rb"PID|1||7701^^^X^MR||Quillfeather^Orla||19610704|F"
    + b"\r"
    rb"AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives" + b"\r" + rb"OBR|1|||1^K|||20240105" + b"\r"
    rb"OBX|1|NM|1^K^LN||5.9|mmol/L|3-5|H|||F" + b"\r" + rb"OBX|2|FT|2^R||a\.br\b \X41\ \S\ ||||||F" + b"\r"
    rb"OBX|3|ED|1^R||L^T^plain^Base64^QUJD||||||F" + b"\r"
)
SEEDS: tuple[tuple[Opening, bytes], ...] = ((open_ccda, _CCDA), (open_fhir, _FHIR), (open_hl7, _HL7))


def pages_or_refusal(opening: Opening, data: bytes, limits: Limits | None = None) -> str | None:
    """The code of the refusal, None where there are pages; their offsets and boxes are checked."""
    began = time.perf_counter()
    try:
        pages = pages_of(opening, data, limits)
    except FileRefusedError as error:
        return error.code
    finally:
        assert time.perf_counter() - began < _SECONDS
    for page in pages:
        check_page(page)
        for entry in page.entries:
            assert 0 <= entry.start < entry.end <= len(page.text)
            assert entry.name
    return None


@pytest.mark.parametrize(("opening", "seed"), SEEDS, ids=["ccda", "fhir", "hl7"])
def test_damaged_files_give_pages_or_a_refusal(opening: Opening, seed: bytes) -> None:
    assert pages_or_refusal(opening, seed) is None
    chance = random.Random(2024)
    for _ in range(_MUTATIONS):
        pages_or_refusal(opening, mutated(seed, chance))


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """The seed with a few bytes changed, cut out, doubled or put elsewhere."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(data)), chance.randint(1, 40)
        piece = data[at : at + length]
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = piece
            case 3:
                there = chance.randrange(len(data))
                data[there:there] = piece
            case _:
                data[at : at + 1] = chance.choice((b"\x00", b"<", b'"', b"|", b"\\", b"}", b"\xff", b"9" * 30))
        if not data:
            break
    return bytes(data)


BOMBS = {
    "entities": b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ClinicalDocument>&b;</ClinicalDocument>',
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><ClinicalDocument>&x;</ClinicalDocument>',
    "external type": b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><ClinicalDocument/>',
    "depth": b"<ClinicalDocument>" + b"<component>" * 20_000,
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_xml_bombs_are_refused(data: bytes) -> None:
    assert pages_or_refusal(open_ccda, data) == "damaged"


@pytest.mark.parametrize(
    ("opening", "data"),
    [
        (open_fhir, b'{"resourceType":"Patient","name":' * 50_000),
        (open_fhir, b'{"resourceType":"Patient","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        (open_hl7, b"MSH|^~\\&|" + b"\\" * 50_000),
        (open_hl7, b"MSH" + b"|" * 100_000),
        (open_hl7, b"\n" * 65_000 + b"MSH|^~\\&|"),
        (open_hl7, b"MSH|^~\\&|\rPID|" + b"^&~" * 30_000),
    ],
)
def test_deep_and_repeated_input_costs_little(opening: Opening, data: bytes) -> None:
    pages_or_refusal(opening, data)


def test_a_table_of_immense_spans_stays_small() -> None:
    rows = '<tr><td colspan="999999999" rowspan="999999999">x</td><td>y</td></tr>' * 200
    text = f"<table><tbody>{rows}</tbody></table>"
    assert pages_or_refusal(open_ccda, document(section("1", "Notes", text))) is None


def test_a_thousand_entries_in_a_thousand_rows_are_placed_at_once() -> None:
    rows = "".join(f"<tr><td>Glucose</td><td>{number}.5</td></tr>" for number in range(1_000))
    code = f'<code code="2339-0" {LOINC} displayName="Glucose"/>'
    entries = (result(code, f'<value xsi:type="PQ" value="{number}.5"/>') for number in range(1_000))
    data = document(section("30954-2", "Results", f"<table><tbody>{rows}</tbody></table>", *entries))
    assert pages_or_refusal(open_ccda, data) is None


@pytest.mark.parametrize(("opening", "seed"), SEEDS, ids=["ccda", "fhir", "hl7"])
def test_what_is_larger_than_the_limit_is_refused(opening: Opening, seed: bytes) -> None:
    assert pages_or_refusal(opening, seed, replace(Limits(), unpacked_bytes=100)) == "unpacks_too_large"
