"""Find the statements in a section's entries: what each is tells its template, and where it has none its section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from xml.etree.ElementTree import Element

from assistant.coded import EntryKind
from assistant.ingestion.ccda.events import encounter, plan, procedure
from assistant.ingestion.ccda.findings import allergy, problem
from assistant.ingestion.ccda.medications import immunization, medication
from assistant.ingestion.ccda.observations import measurement
from assistant.ingestion.ccda.placeholders import without_placeholders
from assistant.ingestion.ccda.statements import Context, Statement, is_negated, is_planned, status_code, templates
from assistant.ingestion.ccda.values import interval

Reading = Callable[[Element, Context], Iterator[Statement]]

_CCDA = "2.16.840.1.113883.10.20.22.4."
_CCD = "2.16.840.1.113883.10.20.1."
_WRAPPERS = frozenset({"act", "organizer", "encounter", "observation"})


def _result(element: Element, context: Context) -> Iterator[Statement]:
    return measurement(element, EntryKind.RESULT, context)


def _vital(element: Element, context: Context) -> Iterator[Statement]:
    return measurement(element, EntryKind.VITAL, context)


# C-CDA R1.1 and R2.1, table "Template containments"; the ones after it are those of CCD 1.0, which C32 uses.
_BY_TEMPLATE: Mapping[str, Reading] = {
    f"{_CCDA}7": allergy,
    f"{_CCD}18": allergy,
    f"{_CCDA}4": problem,
    f"{_CCD}28": problem,
    f"{_CCDA}46": problem,
    f"{_CCD}22": problem,
    f"{_CCDA}52": immunization,
    f"{_CCDA}16": medication,
    f"{_CCDA}42": plan,
    f"{_CCDA}120": plan,
    f"{_CCDA}2": _result,
    f"{_CCDA}27": _vital,
    f"{_CCDA}12": procedure,
    f"{_CCDA}13": procedure,
    f"{_CCDA}14": procedure,
    f"{_CCD}29": procedure,
    "2.16.840.1.113883.10.20.6.2.5": procedure,
    f"{_CCDA}49": encounter,
    f"{_CCD}21": encounter,
    f"{_CCDA}39": plan,
    f"{_CCDA}40": plan,
    f"{_CCDA}41": plan,
    f"{_CCDA}43": plan,
    f"{_CCDA}44": plan,
    f"{_CCDA}121": plan,
    f"{_CCD}25": plan,
}
# LOINC codes of sections; what is read depends on the statement's element.
_PROBLEM_SECTIONS = "11450-4 11348-0 46241-6 11535-2 10219-4 10218-6 59769-0 59768-2 29308-4 10157-6 55109-3"
_MEDICATION_SECTIONS = "10160-0 10183-2 29549-3 42346-7 42348-3 18610-6"
_PLANNED = ("observation", "act", "encounter", "procedure", "substanceAdministration", "supply")
_PLAN_SECTIONS = "18776-5 51847-2 59772-4 61146-7"
_BY_SECTION: Mapping[str, Mapping[str, Reading]] = {
    "48765-2": {"observation": allergy},
    **{code: {"observation": problem} for code in _PROBLEM_SECTIONS.split()},
    **{code: {"substanceAdministration": medication} for code in _MEDICATION_SECTIONS.split()},
    "11369-6": {"substanceAdministration": immunization},
    "30954-2": {"observation": _result},
    "8716-3": {"observation": _vital},
    "47519-4": {"procedure": procedure, "observation": procedure, "act": procedure},
    "46240-8": {"encounter": encounter},
    **{code: dict.fromkeys(_PLANNED, plan) for code in _PLAN_SECTIONS.split()},
}
_FAMILY = frozenset({f"{_CCDA}46", f"{_CCDA}45", f"{_CCD}22", f"{_CCD}23"})
_FAMILY_SECTION = "10157-6"
# Ages, status and severity observations hang on a finding and are no findings of their own.
_CONCERNS = frozenset({f"{_CCDA}3", f"{_CCDA}30", f"{_CCD}27", f"{_CCDA}80", f"{_CCDA}33", f"{_CCDA}34"})


def statements(entry: Element, context: Context) -> Iterator[Statement]:
    """The statements of one `entry` element."""
    for child in entry:
        for found in _statements(child, context, is_top=True):
            if (kept := without_placeholders(found)) is not None:
                yield kept


def _statements(element: Element, context: Context, *, is_top: bool) -> Iterator[Statement]:
    context = _inner(element, context)
    reading = None if _is_null(element) else _reading(element, context, is_top=is_top)
    if reading is not None:
        yield from reading(element, context)
        if reading is not encounter:  # of what hangs on a statement, only an encounter's diagnoses stand for themselves
            return
    if element.tag not in _WRAPPERS:
        return
    is_wrapper_only = reading is None and element.tag != "observation"
    for name in ("entryRelationship", "component"):
        for relationship in element.findall(name):
            for child in relationship:
                yield from _statements(child, context, is_top=is_top and is_wrapper_only)


def _reading(element: Element, context: Context, *, is_top: bool) -> Reading | None:
    """How to read a statement: by its template, and where it hangs on no other statement, by its section."""
    by_section = _BY_SECTION.get(context.section, {}).get(element.tag) if is_top else None
    ids = templates(element)
    if element.tag == "substanceAdministration" and f"{_CCD}24" in ids:
        return by_section or medication
    if element.tag == "observation" and f"{_CCD}31" in ids:
        return by_section or _result
    found = next((reading for template, reading in _BY_TEMPLATE.items() if template in ids), None)
    if found is not None:
        return found
    if ids & _CONCERNS or (element.tag == "act" and _is_concern(element)):
        return None
    if by_section is plan and not is_planned(element) and element.tag != "act":
        return None
    return by_section


def _is_null(element: Element) -> bool:
    """A statement that is null says nothing, whatever codes it is made of; a denial is a statement."""
    return element.get("nullFlavor") is not None and not is_negated(element)


def _is_concern(element: Element) -> bool:
    """An act that only holds findings: it has no code of its own that says what was done."""
    code = element.find("code")
    return code is None or not code.get("code") or code.get("code") in ("CONC", "48765-2", "29308-4")


def _inner(element: Element, context: Context) -> Context:
    """The context of what hangs on this statement: the time and status of the concern or group around it."""
    is_family = context.is_family or context.section == _FAMILY_SECTION or bool(templates(element) & _FAMILY)
    if element.tag not in ("act", "organizer"):
        return replace(context, is_family=is_family)
    return replace(
        context,
        is_family=is_family,
        act_status=status_code(element),
        time=interval(element.find("effectiveTime")),
    )
