"""Leave out entries that only fill a place: "No information about procedures" is no procedure."""

from __future__ import annotations

from dataclasses import replace

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.ccda.statements import Statement
from assistant.ingestion.coding.none_known import says_none, says_nothing

_KINDS_WITH_NONE = (EntryKind.ALLERGY, EntryKind.PROBLEM, EntryKind.MEDICATION)


def without_placeholders(found: Statement) -> Statement | None:
    """The statement; one without a code whose name says that there is none says just that, or is no statement."""
    entry = found.entry
    if entry.code is not None or entry.status is ClinicalStatus.NONE_KNOWN:
        return found
    if says_nothing(entry.name):
        return None
    if not says_none(None, entry.name):
        return found
    if entry.kind not in _KINDS_WITH_NONE:
        return None
    return replace(found, entry=replace(entry, status=ClinicalStatus.NONE_KNOWN))
