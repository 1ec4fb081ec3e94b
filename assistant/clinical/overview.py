"""What a record says about its patient at a glance: items with the places that state them, and what does not agree."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.coded import CodedEntry
from assistant.domain import Span
from assistant.understanding.patient import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewItem:
    """One fact, and every place that states it, in the order of the record. The fact's own offsets mean nothing."""

    fact: CodedEntry
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Statements of a record that cannot both be true, in one sentence, and where they stand."""

    about: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A patient at a glance. Events and values stand newest first, everything else as the record has it."""

    patient: Patient
    allergies: tuple[OverviewItem, ...] = ()
    problems: tuple[OverviewItem, ...] = ()
    medications: tuple[OverviewItem, ...] = ()
    results: tuple[OverviewItem, ...] = ()
    vitals: tuple[OverviewItem, ...] = ()
    procedures: tuple[OverviewItem, ...] = ()
    encounters: tuple[OverviewItem, ...] = ()
    open_actions: tuple[OverviewItem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def has_items(self) -> bool:
        """Whether anything but the patient is known."""
        kinds = (self.allergies, self.problems, self.medications, self.results, self.vitals, self.procedures)
        return any(kinds) or bool(self.encounters or self.open_actions)
