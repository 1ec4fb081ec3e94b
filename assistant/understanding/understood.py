"""What is known of a file once its pages are understood, and whether it has to be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assistant.domain import Identity, Page, Region, SourceFile, Span
from assistant.errors import AnamnesisError
from assistant.understanding.file_understanding import understand_file
from assistant.understanding.identities import OtherPatient, other_patient_among
from assistant.understanding.patient import joined_identity

NOT_UNDERSTOOD = "its documents, headers and patient could not be told; check that it is this patient's"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodFile:
    """The file with its documents, identity and warnings, and the regions of its pages by page number."""

    file: SourceFile
    regions: Mapping[int, tuple[Region, ...]]


def understood_file(file: SourceFile, pages: Iterable[Page], record: Identity, *, asks: bool) -> UnderstoodFile:
    """Understand the pages of `file`, which joins a record of `record`.

    A file that seems to be another patient's is put on hold if `asks`, else it has a warning. While scans still wait
    to be recognized nothing is said to be missing.
    """
    try:
        return _understood(file, pages, record, asks=asks)
    except AnamnesisError:
        raise  # the disk, not the text
    except Exception:  # noqa: BLE001  whatever a page says, its file is read and the others are not lost
        return UnderstoodFile(file=replace(file, warnings=(*file.warnings, NOT_UNDERSTOOD)), regions={})


def _understood(file: SourceFile, pages: Iterable[Page], record: Identity, *, asks: bool) -> UnderstoodFile:
    found = understand_file(pages)
    known = replace(
        file,
        documents=found.documents,
        identity=joined_identity(page.identity for page in found.identities),
        warnings=file.warnings if file.waiting_pages else (*file.warnings, *found.warnings),
    )
    other = None if file.is_accepted else other_patient_among(record, found.identities)
    if other is not None:
        known = _held(known, other) if asks else _warned(known, other)
    return UnderstoodFile(file=known, regions=found.regions)


def _held(file: SourceFile, other: OtherPatient) -> SourceFile:
    return replace(file, hold=other.problem, hold_places=_places(other))


def _warned(file: SourceFile, other: OtherPatient) -> SourceFile:
    # It may have been said of the file's text already, before its scans were recognized.
    said = tuple(dict.fromkeys((*file.warnings, other.problem.message)))
    return replace(file, warnings=said, hold_places=_places(other))


def _places(other: OtherPatient) -> tuple[Span, ...]:
    first = other.differences[0]
    return first.known.span, first.other.span
