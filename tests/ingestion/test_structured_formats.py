"""C-CDA, FHIR and HL7 v2 files are known by their first bytes, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from assistant.ingestion.coding.structured_formats import looks_like_ccda, looks_like_fhir, looks_like_hl7

_CCDA = '<?xml version="1.0"?>\n<?xml-stylesheet href="x"?><!-- a > b -->\n<ClinicalDocument xmlns="urn:hl7-org:v3">'


@pytest.mark.parametrize(
    "head",
    [
        _CCDA.encode(),
        b"\xef\xbb\xbf" + _CCDA.encode(),
        b"\xff\xfe" + _CCDA.encode("utf-16-le"),
        b'<n1:ClinicalDocument xmlns:n1="urn:hl7-org:v3">',
        b"<!DOCTYPE ClinicalDocument [<!ENTITY a 'b'>]><ClinicalDocument>",
    ],
)
def test_a_clinical_document_is_known_by_its_root(head: bytes) -> None:
    assert looks_like_ccda(head)


def test_another_xml_that_mentions_a_clinical_document_is_none() -> None:
    assert not looks_like_ccda(b"<html><body>&lt;ClinicalDocument&gt; <!-- <ClinicalDocument > --></body></html>")


@pytest.mark.parametrize(
    "head",
    [
        b'{"resourceType": "Bundle", "type": "collection"',
        b'  {\n "id": "1",\n "resourceType" : "Patient"}',
        b'{"resourceType":"Patient"}\n{"resourceType":"Condition"}\n',
        b'[{"resourceType": "Observation"}]',
    ],
)
def test_fhir_is_known_by_its_resource_types(head: bytes) -> None:
    assert looks_like_fhir(head)


@pytest.mark.parametrize("head", [b'{"name": "resourceType"}', b'see "resourceType": "Patient"', b"", b"[1, 2]"])
def test_other_json_and_text_is_no_fhir(head: bytes) -> None:
    assert not looks_like_fhir(head)


@pytest.mark.parametrize(
    "head", [b"MSH|^~\\&|LAB|", b"\x0bMSH|^~\\&|LAB", b"FHS|^~\\&|X", b"\r\nBHS|^~\\&|", b"MSH$%~\\&$"]
)
def test_hl7_messages_are_known_by_their_header(head: bytes) -> None:
    assert looks_like_hl7(head)


@pytest.mark.parametrize("head", [b"MSH was started", b"MSHA|^~\\&", b"PID|1|", b"The MSH|^~\\& segment"])
def test_prose_is_no_hl7(head: bytes) -> None:
    assert not looks_like_hl7(head)
