"""A file of a record changes in place: pages, name, what is known of it; a kill leaves the old or the new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.domain import (
    DocumentKind,
    FileProblem,
    HiddenText,
    HidingPlace,
    Region,
    Role,
    SourceDocument,
    Span,
)
from assistant.errors import RecordNotFoundError
from assistant.library.record_store import StoredRecord
from assistant.library.store import Library
from tests.library.records import conversation, page, pages, source_file, upload


@pytest.fixture
def stored(tmp_path: Path) -> StoredRecord:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 3), pages(3))
    return stored


def rewrite(stored: StoredRecord, text: str) -> None:
    file = replace(stored.record().files[0], waiting_pages=())
    with stored.redraft("letter.pdf") as draft:
        for old in stored.pages([file.name]):
            draft.add(page(old.number, text))
        draft.commit(file, {2: (Region(start=0, end=4, role=Role.HEADER),)})


def test_pages_are_written_anew_and_the_original_stays(stored: StoredRecord) -> None:
    rewrite(stored, "Sodium recognized 139")
    assert [read.text for read in stored.pages()] == ["Sodium recognized 139"] * 3
    assert stored.page("letter.pdf", 2).regions == (Region(start=0, end=4, role=Role.HEADER),)
    assert stored.page("letter.pdf", 1).regions == ()
    assert stored.original("letter.pdf").read_bytes() == b"the original"
    rewrite(stored, "Once more 139")
    assert stored.page("letter.pdf", 3).text == "Once more 139"


def test_only_the_current_pages_lie_on_the_disk(stored: StoredRecord) -> None:
    rewrite(stored, "Sodium recognized 139")
    folder = stored.original("letter.pdf").parent
    assert len(list(folder.glob("*.bin"))) == 1
    (folder / "pages-deadbeef.bin").write_bytes(b"left by a kill")
    stored.sweep()
    assert not (folder / "pages-deadbeef.bin").exists()
    assert stored.page("letter.pdf", 1).text == "Sodium recognized 139"


def test_a_rewriting_that_is_given_up_leaves_the_old_pages(stored: StoredRecord) -> None:
    with stored.redraft("letter.pdf") as draft:
        draft.add(page(1, "half done"))
    assert stored.page("letter.pdf", 1).text == "Potassium 5.9"
    assert not list((stored.folder / "drafts").iterdir())


def test_a_file_removed_meanwhile_does_not_come_back(stored: StoredRecord) -> None:
    file = stored.record().files[0]
    with stored.redraft("letter.pdf") as draft:
        for old in pages(3):
            draft.add(old)
        stored.remove_file("letter.pdf")
        with pytest.raises(RecordNotFoundError):
            draft.commit(file)
    assert stored.record().files == ()


def test_a_renamed_file_is_cited_by_its_new_name(stored: StoredRecord) -> None:
    place = Span(file="letter.pdf", page=1, start=0, end=4)
    document = SourceDocument(kind=DocumentKind.LABORATORY, first_page=1, last_page=3, date_span=place)
    stored.change_file("letter.pdf", lambda known: replace(known, documents=(document,)))
    stored.save_conversation(conversation())
    renamed = stored.rename_file("letter.pdf", "../June/blood tests.pdf")
    assert renamed.name == "blood tests.pdf"
    assert [read.file for read in stored.pages()] == ["blood tests.pdf"] * 3
    [turn] = stored.conversation("c1").turns
    assert turn.citations[0].span.file == "blood tests.pdf"
    assert turn.coverage.not_read[0].file == "blood tests.pdf"
    assert stored.record().files[0].documents[0].date_span == replace(place, file="blood tests.pdf")


def test_a_file_on_hold_is_not_among_the_pages_unless_named(stored: StoredRecord) -> None:
    hold = FileProblem(code="other_patient", message="Another name.")
    stored.change_file("letter.pdf", lambda known: replace(known, hold=hold))
    assert list(stored.pages()) == []
    assert len(list(stored.pages(["letter.pdf"]))) == 3


def test_entries_and_hidden_words_are_kept_with_their_page(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    entry = CodedEntry(
        kind=EntryKind.ALLERGY, name="Latex", status=ClinicalStatus.ACTIVE, start=0, end=9, date="2024-05"
    )
    hidden = HiddenText(text="unseen", place=HidingPlace.WHITE, box=None)
    given = upload(tmp_path)
    rich = replace(page(1), entries=(entry,), hidden=(hidden,))
    stored.add_file(given, source_file(given, 1), [rich])
    assert stored.page("letter.pdf", 1) == rich


def test_an_unlocked_file_takes_the_place_and_name_of_the_locked_one(stored: StoredRecord, tmp_path: Path) -> None:
    other = upload(tmp_path, "later.pdf")
    stored.add_file(other, source_file(other, 1), pages(1))
    with stored.draft_instead_of("letter.pdf") as draft:
        assert draft.write_original(b"opened").read_bytes() == b"opened"
        draft.add(page(1, "opened"))
        draft.commit(replace(stored.record().files[0], page_count=1))
    assert [file.name for file in stored.record().files] == ["letter.pdf", "later.pdf"]
    assert stored.original("letter.pdf").read_bytes() == b"opened"
    assert stored.page("letter.pdf", 1).text == "opened"


def test_a_rename_and_an_acceptance_while_pages_are_written_anew_stay(stored: StoredRecord) -> None:
    file = replace(stored.record().files[0], hold=FileProblem(code="other_patient", message="Whose is it?"))
    with stored.redraft("letter.pdf") as draft:
        for old in pages(3):
            draft.add(old)
        stored.rename_file("letter.pdf", "bloods.pdf")
        stored.change_file("bloods.pdf", lambda known: replace(known, is_accepted=True))
        assert draft.commit(file).name == "bloods.pdf"
    [known] = stored.record().files
    assert (known.name, known.hold, known.is_accepted) == ("bloods.pdf", None, True)


def test_pages_written_anew_while_others_are_read_are_still_found(stored: StoredRecord, tmp_path: Path) -> None:
    second = upload(tmp_path)
    stored.add_file(second, replace(source_file(second, 1), name="second.pdf"), [page(1, "Second", file="second.pdf")])
    reading = stored.pages(["second.pdf", "letter.pdf"])
    assert next(reading).file == "letter.pdf"
    rewritten = replace(stored.record().files[1], waiting_pages=())
    with stored.redraft("second.pdf") as draft:
        draft.add(page(1, "Recognized", file="second.pdf"))
        draft.commit(rewritten)
    assert [read.text for read in reading][-1] == "Recognized"


def test_the_places_that_other_files_name_follow_a_rename(stored: StoredRecord, tmp_path: Path) -> None:
    second = upload(tmp_path)
    place = Span(file="letter.pdf", page=1, start=0, end=4)
    held = replace(source_file(second, 1), name="second.pdf", hold_places=(place,))
    stored.add_file(second, held, [page(1, "Second", file="second.pdf")])
    stored.rename_file("letter.pdf", "bloods.pdf")
    other = stored.record().files[1]
    assert (other.name, other.hold_places[0].file) == ("second.pdf", "bloods.pdf")
