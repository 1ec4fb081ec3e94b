"""A statement of a C-CDA's entries as it is found: the coded entry, and how the narrative may show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.ccda.narrative import Narrative
from assistant.ingestion.ccda.values import Concept, Interval, concept

# The status observation of problems, allergies and medicines (LOINC "Status").
_STATUS = "33999-4"
_LONGEST_NAME = 200
_PLANNED_MOODS = frozenset({"INT", "RQO", "PRMS", "PRP", "APT", "ARQ", "GOL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the words around a statement say: its section's narrative and code, the document's day, the concern."""

    narrative: Narrative
    section: str = ""
    document_day: str | None = None
    act_status: str = ""
    time: Interval = field(default_factory=Interval)
    is_family: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A coded entry without its place, the IDs it refers to, best first, and all names the narrative may use."""

    entry: CodedEntry
    references: tuple[str, ...]
    names: tuple[str, ...]


def templates(element: Element) -> frozenset[str]:
    """The template ids of a statement, without their versions."""
    return frozenset(each.get("root", "") for each in element.findall("templateId"))


def is_negated(element: Element) -> bool:
    """Whether the statement is that it was not so."""
    return element.get("negationInd") == "true"


def is_planned(element: Element) -> bool:
    """Whether the statement is about what shall be done."""
    return element.get("moodCode") in _PLANNED_MOODS


def status_code(element: Element) -> str:
    """The act status: active, completed, aborted, ... or ""."""
    found = element.find("statusCode")
    return found.get("code", "").strip().casefold() if found is not None else ""


def related(element: Element) -> Iterator[Element]:
    """The statements that hang on this one."""
    for name in ("entryRelationship", "component"):
        for relationship in element.findall(name):
            yield from relationship


def stated_status(element: Element, narrative: Narrative) -> str:
    """What a status observation of the statement says, in lower case: "active", "no longer active", ""."""
    for each in related(element):
        code = each.find("code")
        if code is not None and code.get("code") == _STATUS and (found := each.find("value")) is not None:
            return (concept(found, narrative).name or "").casefold()
    return ""


def statement(entry: CodedEntry, element: Element, *concepts: Concept, names: tuple[str, ...] = ()) -> Statement:
    """The entry with the references and names of its concepts, then the element's own, then those below it."""
    references = [reference for each in concepts for reference in each.references]
    references += [each.get("value", "") for each in element.iterfind("text/reference")]
    references += [each.get("value", "") for each in element.iter("reference")]
    all_names = (entry.name, *names, *(name for each in concepts for name in each.names))
    return Statement(
        entry=entry,
        references=tuple(dict.fromkeys(reference for reference in references if reference)),
        names=tuple(dict.fromkeys(name for name in all_names if name)),
    )


def own_name(element: Element, coded: Concept, narrative: Narrative) -> str | None:
    """What to call a statement: its code's name, else the words that it refers to, else the bare code."""
    if coded.name:
        return coded.name
    words = own_words(element, narrative)
    if words:
        return words
    return f"{coded.system or 'code'} {coded.code}" if coded.code else None


def own_words(element: Element, narrative: Narrative) -> str:
    """The first line of what the statement's text says or refers to, cut where it is no name any more."""
    text = element.find("text")
    if text is None:
        return ""
    own = " ".join(" ".join(text.itertext()).split())
    referred = (narrative.words(each.get("value", "")) for each in text.iter("reference"))
    words = own or next((found for found in referred if found), "")
    line = words.partition("\n")[0]
    return line if len(line) <= _LONGEST_NAME else line[:_LONGEST_NAME].rsplit(" ", 1)[0] + " …"


def event_entry(kind: EntryKind, name: str, status: ClinicalStatus, coded: Concept, when: Interval) -> CodedEntry:
    """An entry of something that happened or shall happen, still without a place."""
    return CodedEntry(
        kind=kind,
        name=name,
        status=status,
        start=0,
        end=0,
        date=when.first,
        first_date=when.low,
        last_date=when.high,
        code_system=coded.system if coded.code else None,
        code=coded.code,
    )
