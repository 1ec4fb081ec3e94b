"""A record is a folder: what goes in comes out again, and what is deleted is gone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from assistant.domain import Page
from assistant.errors import RecordDamagedError, RecordNotFoundError, StorageError
from assistant.library.store import Library
from tests.library.records import conversation, page, pages, source_file, upload

MARKER = "Quillfeather"


def test_a_record_is_there_again_after_a_restart(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create("Invented patient")
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 3), pages(3))
    again = Library(tmp_path / "data").open(stored.id)
    record = again.record()
    assert record.title == "Invented patient"
    assert record.files == (source_file(given, 3),)
    assert record.pages_total == 3
    assert list(again.pages()) == list(pages(3))
    assert again.page("letter.pdf", 2) == page(2)
    assert again.original("letter.pdf").read_bytes() == b"the original"


def test_records_are_listed_newest_first(tmp_path: Path) -> None:
    library = Library(tmp_path)
    titles = ["first", "second", "third"]
    for title in titles:
        library.create(title)
    assert [record.title for record in library.records()] == titles[::-1]


def test_a_record_can_be_renamed(tmp_path: Path) -> None:
    stored = Library(tmp_path).create("old")
    created = stored.record().created
    assert stored.rename(" new\u202e\n title ").title == "new title"
    assert Library(tmp_path).records()[0].created == created


def test_files_of_one_name_are_numbered_and_keep_their_order(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    for _ in range(3):
        given = upload(tmp_path)
        stored.add_file(given, source_file(given, 1), pages(1))
    stored.remove_file("letter (2).pdf")
    assert [file.name for file in stored.record().files] == ["letter.pdf", "letter (3).pdf"]
    assert [p.file for p in stored.pages()] == ["letter.pdf", "letter (3).pdf"]
    assert [p.file for p in stored.pages(["letter (3).pdf"])] == ["letter (3).pdf"]


def test_a_draft_that_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    with stored.draft(upload(tmp_path)) as draft:
        draft.add(page(1))
    assert stored.record().files == ()
    assert list((stored.folder / "drafts").iterdir()) == []


def test_a_file_that_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)

    def breaking() -> Page:
        raise RuntimeError("the reader broke")

    with pytest.raises(RuntimeError):
        stored.add_file(given, source_file(given, 2), (page(1) if number == 1 else breaking() for number in (1, 2)))
    assert stored.record().files == ()


def test_an_original_that_changed_meanwhile_is_not_taken(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    file = source_file(given, 1)
    given.path.write_bytes(b"another")
    with pytest.raises(StorageError, match="changed"):
        stored.add_file(given, file, pages(1))
    assert stored.record().files == ()


def test_a_record_of_5000_pages_streams(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 5000), pages(5000))
    stream = stored.pages()
    assert next(stream).number == 1
    assert stored.page("letter.pdf", 5000).number == 5000
    assert sum(1 for _ in stream) == 4999


@pytest.mark.parametrize("number", [-1, 0, 4, 10**6])
def test_a_page_that_is_not_there_is_said_to_be_missing(tmp_path: Path, number: int) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 3), pages(3))
    with pytest.raises(RecordNotFoundError):
        stored.page("letter.pdf", number)
    with pytest.raises(RecordNotFoundError):
        stored.page("other.pdf", 1)


def test_only_this_user_may_look(tmp_path: Path) -> None:
    os.umask(0o022)
    stored = Library(tmp_path / "data").create(MARKER)
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 1), pages(1))
    stored.save_conversation(conversation())
    assert stored.index_folder.is_dir()
    for path in (tmp_path / "data", *(tmp_path / "data").rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_no_name_or_title_is_in_a_path(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create(MARKER)
    given = upload(tmp_path, name=f"{MARKER}.pdf")
    stored.add_file(given, source_file(given, 1), pages(1))
    assert not [path for path in (tmp_path / "data").rglob("*") if MARKER in path.name]


def test_a_deleted_record_leaves_not_a_byte(tmp_path: Path) -> None:
    library = Library(tmp_path / "data")
    stored = library.create(MARKER)
    given = upload(tmp_path, content=MARKER.encode())
    stored.add_file(given, source_file(given, 1), [page(1, text=f"{MARKER}  5.9")])
    (stored.index_folder / "vectors").write_text(MARKER)
    stored.save_conversation(conversation())
    library.delete(stored.id)
    left = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.stat().st_size]
    assert left == []
    for use in (stored.record, stored.sweep, lambda: library.open(stored.id), lambda: library.delete(stored.id)):
        with pytest.raises(RecordNotFoundError):
            use()


def test_nothing_makes_the_folder_of_a_deleted_record_again(tmp_path: Path) -> None:
    library = Library(tmp_path / "data")
    stored = library.create(MARKER)
    library.delete(stored.id)
    for use in (
        lambda: stored.index_folder,
        lambda: stored.model_state_folder,
        lambda: stored.save_conversation(conversation()),
        lambda: stored.rename("again"),
    ):
        with pytest.raises(RecordNotFoundError):
            use()
    assert not stored.folder.exists()


def test_purge_deletes_every_record(tmp_path: Path) -> None:
    library = Library(tmp_path)
    for _ in range(3):
        library.create()
    assert library.purge() == 3
    assert library.records() == ()


@pytest.mark.parametrize("record_id", ["", "..", "../..", "a" * 31, "A" * 32, "0" * 32, "x/../y"])
def test_an_id_cannot_lead_out_of_the_library(tmp_path: Path, record_id: str) -> None:
    library = Library(tmp_path / "data")
    with pytest.raises(RecordNotFoundError):
        library.delete(record_id)
    assert (tmp_path / "data").is_dir()


def test_a_record_deleted_while_a_file_is_read_refuses_the_file(tmp_path: Path) -> None:
    library = Library(tmp_path / "data")
    stored = library.create()
    given = upload(tmp_path)
    with stored.draft(given) as draft:
        draft.add(page(1))
        library.delete(stored.id)
        with pytest.raises((RecordNotFoundError, StorageError)):
            draft.commit(source_file(given, 1))
    assert library.records() == ()


def test_a_damaged_page_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 3), pages(3))
    (blocks,) = stored.folder.glob("files/*/pages.bin")
    data = bytearray(blocks.read_bytes())
    data[len(data) // 2] ^= 255
    blocks.write_bytes(data)
    with pytest.raises(RecordDamagedError, match="add it again"):
        stored.page("letter.pdf", 2)
    assert stored.page("letter.pdf", 3) == page(3)


def test_a_damaged_description_neither_hides_the_file_nor_closes_the_record(tmp_path: Path) -> None:
    library = Library(tmp_path / "data")
    stored = library.create("title")
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 1), pages(1))
    stored.add_file(given, source_file(given, 1), pages(1))
    first = next(stored.folder.glob("files/*/file.json"))
    first.write_text("{")
    (stored.folder / "record.json").write_text("")
    files = library.open(stored.id).record().files
    assert sorted(file.problem.code if file.problem else "ok" for file in files) == ["damaged_on_disk", "ok"]
    stored.remove_file(next(file.name for file in files if file.problem))
    assert len(library.records()[0].files) == 1
