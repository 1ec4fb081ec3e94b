"""HL7 v2's data types in words: coded elements, names, numbers with comparators."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.ingestion.coding.clinical_times import from_hl7
from assistant.ingestion.coding.code_systems import is_known_system, system_name
from assistant.ingestion.hl7.message import Segment

_CODED = ("CE", "CWE", "CNE", "CF", "IS")
_TIMES = ("DT", "TS", "DTM")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedElement:
    """A CE or CWE: what to call it, and its code; of two codes the one whose system is known."""

    name: str | None = None
    system: str | None = None
    code: str | None = None


def coded_element(segment: Segment, number: int) -> CodedElement:
    """The first repetition of a coded field."""
    repetitions = segment.repetitions(number)
    return _coded(segment, repetitions[0]) if repetitions else CodedElement()


def coded_elements(segment: Segment, number: int) -> list[CodedElement]:
    """All repetitions of a coded field."""
    return [_coded(segment, each) for each in segment.repetitions(number)]


def _coded(segment: Segment, repetition: str) -> CodedElement:
    code, name, system, other_code, other_name, other_system = (segment.part(repetition, n) for n in range(1, 7))
    original = segment.part(repetition, 9)
    if other_code and is_known_system(other_system) and not is_known_system(system):
        code, system = other_code, other_system
    called = name or other_name or original or code
    return CodedElement(name=called or None, system=system_name(system or None) if code else None, code=code or None)


def person(segment: Segment, number: int, *, has_number: bool) -> str:
    """A name as it is spoken. XCN, of providers, begins with their number, XPN, of patients, does not."""
    repetitions = segment.repetitions(number)
    if not repetitions:
        return ""
    shift = 1 if has_number else 0
    family, given, middle, suffix, prefix = (segment.part(repetitions[0], n + shift) for n in range(1, 6))
    return " ".join(part for part in (prefix, given, middle, family, suffix) if part)


def observed(segment: Segment) -> str:
    """OBX-5 in words, by the type that OBX-2 names."""
    kind = segment.text(2).upper()
    if kind in _CODED:
        return ", ".join(name for each in coded_elements(segment, 5) if (name := each.name))
    if kind in _TIMES:
        return (from_hl7(segment.text(5)) or segment.text(5)).replace("T", " ")
    if kind == "SN":
        comparator, number, separator, second = (segment.text(5, n) for n in range(1, 5))
        return f"{'' if comparator == '=' else comparator}{number}{separator}{second}"
    if kind in ("NM", "TM"):
        return ", ".join(segment.part(each, 1) for each in segment.repetitions(5))
    return "" if segment.whole(5) == '""' else segment.whole(5)
