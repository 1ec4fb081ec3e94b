"""C-CDA's data types in words: codes, quantities, ranges, times, names. What is null stays None."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from assistant.ingestion.ccda.narrative import Narrative, inline_text
from assistant.ingestion.coding.clinical_times import from_hl7
from assistant.ingestion.coding.code_systems import system_name
from assistant.ingestion.safe_xml import type_of

_CODED_TYPES = ("CD", "CE", "CV", "CS", "CO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A coded word: what to call it, its code, what else the file calls it, and the narrative IDs it refers to."""

    name: str | None = None
    system: str | None = None
    code: str | None = None
    names: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A time, or from when to when."""

    at: str | None = None
    low: str | None = None
    high: str | None = None

    @property
    def first(self) -> str | None:
        """When it was or began."""
        return self.low or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A measured or stated value as the file has it."""

    text: str | None = None
    unit: str | None = None


def concept(element: Element | None, narrative: Narrative) -> Concept:
    """A code: its display name, else the words it was coded from, else a translation's. OTH takes a translation."""
    if element is None:
        return Concept()
    translations = element.findall("translation")
    coded = next((each for each in (element, *translations) if each.get("code")), None)
    references = tuple(
        each.get("value", "") for each in element.iterfind("originalText/reference") if each.get("value")
    )
    names = tuple(dict.fromkeys(_names(element, translations)))
    referred = (" ".join(narrative.words(reference).split()) for reference in references)
    name = " ".join(element.get("displayName", "").split()) or _original(element) or next(filter(None, referred), "")
    return Concept(
        name=name or (names[0] if names else None),
        system=_system(coded) if coded is not None else None,
        code=coded.get("code", "").strip() or None if coded is not None else None,
        names=names,
        references=references,
    )


def _names(element: Element, translations: list[Element]) -> Iterator[str]:
    """What the file itself calls it, apart from the narrative."""
    for name in (element.get("displayName"), _original(element), *(each.get("displayName") for each in translations)):
        if tidy := " ".join((name or "").split()):
            yield tidy


def _original(element: Element) -> str:
    original = element.find("originalText")
    return " ".join(inline_text(original).split()) if original is not None else ""


def _system(element: Element) -> str | None:
    return system_name(element.get("codeSystem"), element.get("codeSystemName"))


def interval(element: Element | None) -> Interval:
    """A time: a point (`value`, `center`), or low and high."""
    if element is None:
        return Interval()
    at = from_hl7(element.get("value")) or _time(element, "center")
    return Interval(at=at, low=_time(element, "low"), high=_time(element, "high"))


def _time(element: Element, name: str) -> str | None:
    found = element.find(name)
    return from_hl7(found.get("value")) if found is not None else None


def value(element: Element, narrative: Narrative) -> Value:
    """A `value` element of any type in words."""
    kind = type_of(element)
    if kind in _CODED_TYPES or (not kind and element.get("code")):
        return Value(text=concept(element, narrative).name or element.get("code"))
    if kind == "TS":
        return Value(text=from_hl7(element.get("value")))
    if kind.startswith("RTO"):
        return _ratio(element)
    if kind.startswith("IVL"):
        return bounds(element)
    if element.get("value") is not None:
        return Value(text=element.get("value", "").strip() or None, unit=_unit(element))
    return Value(text=_text(element, narrative))


def bounds(element: Element) -> Value:
    """An interval of quantities: "4.3-10.8", ">=40", "<5"."""
    low, high = element.find("low"), element.find("high")
    low_text, high_text = _bound(low), _bound(high)
    unit = next((_unit(end) for end in (low, high, element) if end is not None and _unit(end)), None)
    if low_text and high_text:
        return Value(text=f"{low_text}-{high_text}", unit=unit)
    if low_text:
        return Value(text=f"{'>' if _is_open(low) else '>='}{low_text}", unit=unit)
    if high_text:
        return Value(text=f"{'<' if _is_open(high) else '<='}{high_text}", unit=unit)
    center = _bound(element.find("center")) or element.get("value")
    return Value(text=center, unit=unit)


def dose(element: Element | None) -> str | None:
    """A dose: "2 mg", "1-2 {tablet}"."""
    if element is None:
        return None
    stated = element.get("value")
    found = Value(text=stated, unit=_unit(element)) if stated else bounds(element)
    return " ".join(part for part in (found.text, found.unit) if part) or None


def person_name(element: Element | None) -> str | None:
    """A person's or organization's name in one line."""
    if element is None:
        return None
    return " ".join(" ".join(element.itertext()).split()) or None


def first_child(element: Element, *paths: str) -> Element | None:
    """The first of several paths that leads somewhere."""
    return next((found for path in paths if (found := element.find(path)) is not None), None)


def _text(element: Element, narrative: Narrative) -> str | None:
    own = " ".join(inline_text(element).split())
    references = (each.get("value", "") for each in element.iter("reference"))
    return own or next((words for each in references if (words := narrative.words(each))), None)


def _ratio(element: Element) -> Value:
    above, below = element.find("numerator"), element.find("denominator")
    if above is None or below is None or not above.get("value") or not below.get("value"):
        return Value()
    over = "".join(part for part in (below.get("value"), _unit(below)) if part)
    return Value(text=f"{above.get('value')}/{over}", unit=_unit(above))


def _unit(element: Element) -> str | None:
    unit = element.get("unit", "").strip()
    return unit if unit not in ("", "1") else None


def _bound(element: Element | None) -> str | None:
    return (element.get("value") or "").strip() or None if element is not None else None


def _is_open(element: Element | None) -> bool:
    return element is not None and element.get("inclusive") == "false"
