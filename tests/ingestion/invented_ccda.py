"""C-CDA documents of an invented patient: a section's narrative and entries are what a test is about."""

from __future__ import annotations

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="Summarization of Episode Note"/>
<title>Summary of care</title><effectiveTime value="20240105"/>
<recordTarget><patientRole><id root="1.2.3" extension="770123" assigningAuthorityName="Larkhill Clinic"/>
<patient><name><family>Quillfeather</family><given>Orla</given></name>
<administrativeGenderCode code="F"/><birthTime value="19610704"/></patient></patientRole></recordTarget>
<author><assignedAuthor><assignedPerson><name>Dr. Ivo Marsh</name></assignedPerson></assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><name>Larkhill Clinic</name>
</representedCustodianOrganization></assignedCustodian></custodian>
"""
SNOMED = 'codeSystem="2.16.840.1.113883.6.96"'
RXNORM = 'codeSystem="2.16.840.1.113883.6.88"'
LOINC = 'codeSystem="2.16.840.1.113883.6.1"'


def document(*sections: str) -> bytes:
    """A document with a structured body."""
    body = "".join(f"<component>{section}</component>" for section in sections)
    return f"{_HEAD}<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>".encode()


def unstructured(text: str) -> bytes:
    """A document whose body is the `text` element given."""
    return f"{_HEAD}<component><nonXMLBody>{text}</nonXMLBody></component></ClinicalDocument>".encode()


def section(code: str, title: str, text: str, *entries: str) -> str:
    """A section with a narrative and entries."""
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<section><code code="{code}" {LOINC}/><title>{title}</title><text>{text}</text>{inside}</section>'


def allergy(
    substance: str, *, negation: str = "", value: str = "", act: str = "active", inside: str = "", times: str = ""
) -> str:
    """An allergy concern with its observation; `substance` is the playing entity's code element."""
    value = value or f'<value xsi:type="CD" code="416098002" {SNOMED} displayName="Drug allergy"/>'
    return f"""<act classCode="ACT" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.30"/>
<code code="CONC"/><statusCode code="{act}"/>{times}<entryRelationship typeCode="SUBJ">
<observation classCode="OBS" moodCode="EVN" {negation}><templateId root="2.16.840.1.113883.10.20.22.4.7"/>
<code code="ASSERTION"/><statusCode code="completed"/><effectiveTime><low value="20110215"/></effectiveTime>{value}
<participant typeCode="CSM"><participantRole><playingEntity>{substance}</playingEntity></participantRole></participant>
{inside}</observation></entryRelationship></act>"""


def problem(value: str, *, negation: str = "", inside: str = "", act: str = "active", high: str = "") -> str:
    """A problem concern with its observation."""
    return f"""<act classCode="ACT" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.3"/>
<code code="CONC"/><statusCode code="{act}"/><entryRelationship typeCode="SUBJ">
<observation classCode="OBS" moodCode="EVN" {negation}><templateId root="2.16.840.1.113883.10.20.22.4.4"/>
<code code="282291009" {SNOMED}/><statusCode code="completed"/>
<effectiveTime><low value="201203"/>{high}</effectiveTime>{value}{inside}</observation></entryRelationship></act>"""


def status(word: str) -> str:
    """A status observation."""
    return f"""<entryRelationship typeCode="REFR"><observation classCode="OBS" moodCode="EVN">
<code code="33999-4" {LOINC}/><value xsi:type="CD" displayName="{word}"/></observation></entryRelationship>"""


def medication(code: str, *, inside: str = "", act: str = "active", low: str = "20231101", high: str = "") -> str:
    """A medication activity."""
    return f"""<substanceAdministration classCode="SBADM" moodCode="EVN">
<templateId root="2.16.840.1.113883.10.20.22.4.16"/><statusCode code="{act}"/>
<effectiveTime xsi:type="IVL_TS"><low value="{low}"/>{high}</effectiveTime>{inside}
<consumable><manufacturedProduct><manufacturedMaterial>{code}</manufacturedMaterial></manufacturedProduct></consumable>
</substanceAdministration>"""


def result(code: str, value: str, *, inside: str = "", act: str = "completed") -> str:
    """A result in its organizer."""
    return f"""<organizer classCode="BATTERY" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.1"/>
<statusCode code="completed"/><effectiveTime value="20240103"/><component>
<observation classCode="OBS" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.2"/>{code}
<statusCode code="{act}"/>{value}{inside}</observation></component></organizer>"""
