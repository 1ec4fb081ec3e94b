"""The coded entries of C-CDA and FHIR files, taken from them by plain XPath and JSON, apart from the readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

_V3 = {"v": "urn:hl7-org:v3"}
_NONE_CODES = {"716186003", "160244002", "409137002", "428607008", "429625007"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldEntry:
    """An entry of a file: None where the file does not say, or where what it says is left open.

    `is_wanted`: it stands in the section of its kind and has to be found; others only tell that an item is right.
    """

    kind: str
    name: str | None
    code: str | None
    day: str | None = None
    value: str | None = None
    unit: str | None = None
    status: str | None = None
    is_wanted: bool = True


def gold_of(path: Path) -> list[GoldEntry]:
    """All entries of one file."""
    return list(_ccda(path) if path.suffix == ".xml" else _fhir(path))


# --- C-CDA ---


def _ccda(path: Path) -> Iterator[GoldEntry]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.parse(str(path), parser).getroot()
    section = "//v:section[v:code/@code='{}']"
    for kind, code, below in (
        ("allergies", "48765-2", "//v:observation[v:participant[@typeCode='CSM']]"),
        ("problems", "11450-4", "/v:entry/v:act/v:entryRelationship/v:observation"),
        ("medications", "10160-0", "/v:entry/v:substanceAdministration"),
        ("results", "30954-2", "//v:organizer/v:component/v:observation"),
        ("vitals", "8716-3", "//v:organizer/v:component/v:observation"),
        ("procedures", "47519-4", "/v:entry/*"),
        ("encounters", "46240-8", "/v:entry/v:encounter"),
        ("open_actions", "18776-5", "/v:entry/*"),
    ):
        for element in _all(root, section.format(code) + below):
            if element.get("nullFlavor") is None:
                yield from _ccda_entry(kind, element, is_wanted=True)
    for kind, tag in (
        ("problems", "observation"),
        ("medications", "substanceAdministration"),
        ("procedures", "substanceAdministration"),
        ("procedures", "act"),
        ("procedures", "procedure"),
        ("procedures", "observation"),
        ("open_actions", "*"),
    ):
        for element in _all(root, f"//v:entry//v:{tag}" if tag != "*" else "//v:entry/*"):
            yield from _ccda_entry(kind, element, is_wanted=False)


def _ccda_entry(kind: str, element: Any, *, is_wanted: bool) -> Iterator[GoldEntry]:
    concept = {
        "allergies": "v:participant/v:participantRole/v:playingEntity/v:code",
        "problems": "v:value",
        "medications": "v:consumable/v:manufacturedProduct/v:manufacturedMaterial/v:code",
    }.get(kind, "v:code")
    if element.tag.endswith("substanceAdministration"):
        concept = "v:consumable/v:manufacturedProduct/v:manufacturedMaterial/v:code"
    found = _all(element, concept)
    code = next((each.get("code") for each in found if each.get("code")), None)
    translated = _all(element, f"{concept}/v:translation/@code")
    code = code or (translated[0] if translated else None)
    name = next((each.get("displayName") for each in found if each.get("displayName")), None)
    if not (code or name):
        return
    value = _all(element, "v:value[@value]") if kind in ("results", "vitals") else []
    yield GoldEntry(
        kind=kind,
        name=name,
        code=code,
        day=_ccda_day(element),
        value=value[0].get("value") if value else None,
        unit=value[0].get("unit") if value and value[0].get("unit") != "1" else None,
        status=_ccda_status(kind, element) if is_wanted else None,
        is_wanted=is_wanted,
    )


def _ccda_day(element: Any) -> str | None:
    """The statement's own time; the concern's or organizer's may stand in for one that it lacks, so that is open."""
    times = _all(element, "v:effectiveTime[not(contains(@xsi:type, 'PIVL')) and not(contains(@xsi:type, 'EIVL'))]")
    for path in ("v:low/@value", "@value", "v:center/@value"):
        for time in times:
            if found := _all(time, path):
                digits = str(found[0])[:8]
                return "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)
    return None


def _ccda_status(kind: str, element: Any) -> str | None:
    """Active or current where the file says so in a status of its own, ruled out where it denies."""
    if element.get("negationInd") == "true":
        return None if kind == "allergies" else "ruled_out"
    stated = _all(element, "v:entryRelationship/v:observation[v:code/@code='33999-4']/v:value/@displayName")
    word = str(stated[0]).casefold() if stated else None
    if kind in ("allergies", "problems"):
        return {"active": "active", "resolved": "resolved"}.get(word or "")
    return None


def _all(element: Any, path: str) -> list[Any]:
    return list(element.xpath(path, namespaces={**_V3, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}))


# --- FHIR ---


def _fhir(path: Path) -> Iterator[GoldEntry]:
    # Numbers as they are written: 7.0 is not 7.
    bundle = json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        yield from _FHIR.get(resource["resourceType"], _nothing)(resource)


def _nothing(_: Any) -> Iterator[GoldEntry]:
    return iter(())


def _gold(
    kind: str,
    concept: Any,
    *,
    day: str | None = None,
    value: str | None = None,
    unit: str | None = None,
    status: str | None = None,
    is_wanted: bool = True,
) -> GoldEntry:
    """An entry by its first coding; times are cut to their day."""
    first = (concept.get("coding") or [{}])[0]
    return GoldEntry(
        kind=kind,
        name=_name(concept),
        code=first.get("code"),
        day=day[:10] if day else None,
        value=value,
        unit=unit,
        status=status,
        is_wanted=is_wanted,
    )


def _name(concept: Any) -> str | None:
    name = (concept.get("coding") or [{}])[0].get("display") or concept.get("text")
    return str(name) if name else None


def _status_code(concept: Any) -> str:
    return str(concept["coding"][0]["code"]) if concept else ""


def _allergy(resource: Any) -> Iterator[GoldEntry]:
    is_none = resource["code"]["coding"][0]["code"] in _NONE_CODES
    status = "none_known" if is_none else _status_code(resource.get("clinicalStatus"))
    yield _gold("allergies", resource["code"], day=resource.get("recordedDate"), status=status)


def _condition(resource: Any) -> Iterator[GoldEntry]:
    status = _status_code(resource.get("clinicalStatus"))
    yield _gold("problems", resource["code"], day=resource.get("onsetDateTime"), status=status)


def _medication(resource: Any) -> Iterator[GoldEntry]:
    status = {"active": "current", "stopped": "stopped", "completed": "stopped"}.get(resource["status"])
    concept = resource["medicationCodeableConcept"]
    yield _gold("medications", concept, day=resource.get("authoredOn"), status=status)


def _observation(resource: Any) -> Iterator[GoldEntry]:
    categories = [coding["code"] for category in resource.get("category", []) for coding in category["coding"]]
    for part in (resource, *resource.get("component", [])):
        quantity, concept = part.get("valueQuantity"), part.get("valueCodeableConcept")
        is_panel = part is resource and bool(resource.get("component"))
        yield _gold(
            "vitals" if "vital-signs" in categories else "results",
            part["code"],
            day=resource.get("effectiveDateTime"),
            value=quantity["value"] if quantity else _name(concept) if concept else None,
            unit=quantity.get("unit") if quantity else None,
            status=resource["status"],
            is_wanted=not is_panel or bool(quantity or concept),
        )


def _procedure(resource: Any) -> Iterator[GoldEntry]:
    day = resource.get("performedDateTime") or resource.get("performedPeriod", {}).get("start")
    yield _gold("procedures", resource["code"], day=day)


def _immunization(resource: Any) -> Iterator[GoldEntry]:
    yield _gold("procedures", resource["vaccineCode"], day=resource.get("occurrenceDateTime"))


def _encounter(resource: Any) -> Iterator[GoldEntry]:
    yield _gold("encounters", resource["type"][0], day=resource["period"]["start"])


def _care_plan(resource: Any) -> Iterator[GoldEntry]:
    if resource["status"] == "active":
        concepts = [*resource["category"], *(each["detail"]["code"] for each in resource.get("activity", []))]
        yield from (_gold("open_actions", each, day=resource.get("period", {}).get("start")) for each in concepts)


def _goal(resource: Any) -> Iterator[GoldEntry]:
    yield _gold("open_actions", resource["description"])


_FHIR = {
    "AllergyIntolerance": _allergy,
    "Condition": _condition,
    "MedicationRequest": _medication,
    "Observation": _observation,
    "Procedure": _procedure,
    "Immunization": _immunization,
    "Encounter": _encounter,
    "CarePlan": _care_plan,
    "Goal": _goal,
}
