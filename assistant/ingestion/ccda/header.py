"""The head of a C-CDA as readable lines: whose it is, what it is, when it was written, by whom, and who keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.ingestion.ccda.narrative import Narrative
from assistant.ingestion.ccda.values import Interval, concept, first_child, interval, person_name
from assistant.ingestion.coding.clinical_times import day_of, from_hl7
from assistant.ingestion.flow.items import Heading, Item, Paragraph

_NO_NARRATIVE = Narrative()
_SOCIAL_SECURITY = "2.16.840.1.113883.4.1"
_SEXES = {"M": "Male", "F": "Female", "UN": "Undifferentiated"}
_UNTITLED = "Clinical document"


def header_items(document: Element) -> Iterator[Item]:
    """The title, then a line for everything the head says."""
    title = person_name(document.find("title")) or concept(document.find("code"), _NO_NARRATIVE).name
    yield Heading(text=title or _UNTITLED, level=1)
    yield from (Paragraph(text=line) for line in (*_patient(document), *_making(document)))


def document_day(document: Element) -> str | None:
    """The day that the document was made."""
    found = document.find("effectiveTime")
    return day_of(interval(found).first) if found is not None else None


def full_name(element: Element | None) -> str | None:
    """A person's name: the given names before the family name, whatever their order in the file."""
    if element is None:
        return None
    if not len(element):
        return person_name(element)
    parts = [person_name(part) for tag in ("prefix", "given", "family", "suffix") for part in element.findall(tag)]
    return " ".join(part for part in parts if part) or None


def _patient(document: Element) -> Iterator[str]:
    role = document.find("recordTarget/patientRole")
    if role is None:
        return
    names = [full_name(each) for each in role.iterfind("patient/name")]
    known = [name for name in dict.fromkeys(names) if name]
    if known:
        yield f"Patient: {known[0]}"
        yield from (f"Also known as: {name}" for name in known[1:])
    born = role.find("patient/birthTime")
    if born is not None and (date := day_of(from_hl7(born.get("value")))):
        yield f"Date of birth: {date}"
    if sex := _sex(role.find("patient/administrativeGenderCode")):
        yield f"Sex: {sex}"
    yield from _identifiers(role)


def _sex(element: Element | None) -> str | None:
    found = concept(element, _NO_NARRATIVE)
    return _SEXES.get(found.code or "") or found.name or found.code


def _identifiers(role: Element) -> Iterator[str]:
    """Record numbers with who gave them; one without a number of its own is its root."""
    for each in role.findall("id"):
        number, root = each.get("extension", "").strip(), each.get("root", "").strip()
        if each.get("nullFlavor") or not (number or root):
            continue
        if root == _SOCIAL_SECURITY:
            yield f"Social security number: {number}"
            continue
        authority = each.get("assigningAuthorityName") or (root if number else "")
        yield f"Medical record number: {number or root}" + (f" ({authority})" if authority else "")


def _making(document: Element) -> Iterator[str]:
    kind = concept(document.find("code"), _NO_NARRATIVE).name
    if kind:
        yield f"Document type: {kind}"
    when = document.find("effectiveTime")
    if when is not None and (made := interval(when).first):
        yield f"Document date: {made.replace('T', ' ')}"
    if covered := _days(interval(document.find("documentationOf/serviceEvent/effectiveTime"))):
        yield f"Care covered: {covered}"
    if visit := _days(interval(document.find("componentOf/encompassingEncounter/effectiveTime"))):
        yield f"Encounter: {visit}"
    for label, path, name in (
        ("Author", "author/assignedAuthor", "assignedPerson/name"),
        ("Custodian", "custodian/assignedCustodian", "representedCustodianOrganization/name"),
        ("Signed by", "legalAuthenticator/assignedEntity", "assignedPerson/name"),
    ):
        names = (_who(each, name) for each in document.iterfind(path))
        yield from (f"{label}: {who}" for who in dict.fromkeys(names) if who)


def _who(element: Element, path: str) -> str | None:
    """A person with their organization, or the device or organization that stands in their place."""
    person = full_name(element.find(path))
    place = person_name(element.find("representedOrganization/name"))
    device = first_child(
        element, "assignedAuthoringDevice/softwareName", "assignedAuthoringDevice/manufacturerModelName"
    )
    return ", ".join(part for part in (person or person_name(device), place) if part) or None


def _days(when: Interval) -> str | None:
    first, last = day_of(when.first), day_of(when.high)
    return f"{first} to {last}" if first and last and first != last else first or last
