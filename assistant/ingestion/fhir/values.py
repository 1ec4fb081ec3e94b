"""FHIR's data types in words: concepts, quantities, periods, dosages, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.ingestion.coding.clinical_times import from_fhir
from assistant.ingestion.coding.code_systems import system_name
from assistant.ingestion.coding.entry_lines import joined_value
from assistant.ingestion.fhir.json import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A CodeableConcept: what to call it, and its first code."""

    name: str | None = None
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time, or from when to when."""

    at: str | None = None
    first: str | None = None
    last: str | None = None

    @property
    def begin(self) -> str | None:
        """When it was or began."""
        return self.first or self.at


def coded(node: Node) -> Coded:
    """A CodeableConcept, a Coding, or a plain text: the display of its code, else its words, else the bare code."""
    if node.text:
        return Coded(name=node.text)
    codings = [each for each in node["coding"] if each["code"] or each["display"]] or [node]
    chosen = next((each for each in codings if each["userSelected"].is_true), codings[0])
    code = chosen["code"].text or None
    name = (
        chosen["display"].text or node["text"].text or next((t for each in codings if (t := each["display"].text)), "")
    )
    system = system_name(chosen["system"].text or None) if code else None
    return Coded(name=name or (f"{system or 'code'} {code}" if code else None), system=system, code=code)


def code_of(node: Node) -> str:
    """The bare code of a status, which is a text in some resources and a CodeableConcept in others."""
    return (node.text or coded(node).code or coded(node).name or "").casefold()


def names(nodes: Node) -> str:
    """The names of several concepts in one line."""
    found = (coded(each).name for each in nodes)
    return ", ".join(dict.fromkeys(name for name in found if name))


def span(resource: Node, stem: str) -> Span:
    """The choice `stem`DateTime, `stem`Period, `stem`Date, ...; an age or a text is no date."""
    period = resource[f"{stem}Period"]
    at = resource.first(f"{stem}DateTime", f"{stem}Date", f"{stem}Instant", f"{stem}Time", stem)
    if not period and at["start"]:
        period = at
    return Span(at=from_fhir(at.text), first=from_fhir(period["start"].text), last=from_fhir(period["end"].text))


def quantity(node: Node) -> tuple[str | None, str | None]:
    """The value with its comparator, and the unit."""
    value = node["value"].text
    unit = node["unit"].text or node["code"].text
    return (f"{node['comparator'].text}{value}" if value else None), (unit if unit not in ("", "1") else None)


def limits(low: Node, high: Node) -> str | None:
    """A range of quantities with its unit: "3.5-5.1 mmol/L"."""
    (low_value, low_unit), (high_value, high_unit) = quantity(low), quantity(high)
    unit = high_unit or low_unit
    if low_value and high_value:
        return joined_value(f"{low_value}-{high_value}", unit)
    if low_value or high_value:
        return joined_value(f">={low_value}" if low_value else f"<={high_value}", unit)
    return None


def human_name(node: Node) -> str | None:
    """One HumanName as it is spoken."""
    parts = [each.text for key in ("prefix", "given", "family", "suffix") for each in node[key]]
    return " ".join(part for part in parts if part) or node["text"].text or None


def joined_name(parts: Iterable[str]) -> str:
    """Several words for one thing in one line, each once."""
    return "; ".join(dict.fromkeys(part for part in parts if part))
