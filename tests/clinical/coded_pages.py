"""Pages that carry coded entries, a line of text for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.domain import Origin, Page, Words


def entry(kind: EntryKind, name: str, status: ClinicalStatus, **details: Any) -> CodedEntry:
    """A coded entry; where it stands is set by `coded_page`."""
    return CodedEntry(kind=kind, name=name, status=status, start=0, end=0, **details)


def coded_page(file: str, *entries: CodedEntry, head: str = "") -> Page:
    """A page of `head`, then a line for every entry, at which it stands."""
    text = f"{head}\n" if head else ""
    placed = []
    for one in entries:
        placed.append(replace(one, start=len(text), end=len(text) + len(one.name)))
        text += f"{one.name}\n"
    return Page(
        file=file,
        number=1,
        text=text,
        width=595.0,
        height=842.0,
        origin=Origin.STRUCTURED,
        words=Words(),
        entries=tuple(placed),
    )
