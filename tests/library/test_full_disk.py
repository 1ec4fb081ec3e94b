"""A disk that refuses costs the work at hand and nothing else, and is said in a sentence."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.errors import StorageError
from assistant.library import disk
from assistant.library.locks import locked
from assistant.library.store import Library
from tests.library.records import conversation, page, pages, source_file, upload


@contextmanager
def files_of_at_most(count: int) -> Iterator[None]:
    """The kernel takes no byte beyond `count` in any file, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 50, 200, 1_000])
def test_a_file_for_which_there_is_no_room_leaves_the_record_as_it_was(tmp_path: Path, room: int) -> None:
    stored = Library(tmp_path / "data").create("kept")
    given = upload(tmp_path, content=b"x" * 5_000)
    stored.add_file(given, source_file(given, 2), pages(2))
    with files_of_at_most(room), pytest.raises(StorageError, match="disk is full"):
        stored.add_file(given, source_file(given, 40), pages(40))
    assert [file.page_count for file in stored.record().files] == [2]
    assert len(list(stored.pages())) == 2
    assert list((stored.folder / "drafts").iterdir()) == []
    stored.add_file(given, source_file(given, 2), pages(2))


def test_a_conversation_for_which_there_is_no_room_stays_as_it_was(tmp_path: Path) -> None:
    stored = Library(tmp_path).create()
    stored.save_conversation(conversation())
    with files_of_at_most(20), pytest.raises(StorageError, match="disk is full"):
        stored.save_conversation(conversation(created="2027"))
    assert stored.conversation("c1") == conversation()
    assert [path.name for path in (stored.folder / "conversations").iterdir()] == ["c1.json"]


def test_a_title_for_which_there_is_no_room_stays_as_it_was(tmp_path: Path) -> None:
    library = Library(tmp_path)
    stored = library.create("old")
    with files_of_at_most(5), pytest.raises(StorageError):
        stored.rename("new")
    with files_of_at_most(5), pytest.raises(StorageError):
        library.create("another")
    assert [record.title for record in Library(tmp_path).records()] == ["old"]


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "permissions"), (errno.EIO, "disk refused")]
)
def test_each_refusal_has_its_sentence_without_a_path(number: int, sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence) as raised, disk.storage_errors():
        raise OSError(number, os.strerror(number), "/records/Quillfeather.pdf")
    assert "Quillfeather" not in str(raised.value)


def test_a_full_disk_while_a_draft_is_written_discards_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = Library(tmp_path / "data").create()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with stored.draft(upload(tmp_path)) as draft:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StorageError):
            draft.add(page(1))
    monkeypatch.undo()
    assert list((stored.folder / "drafts").iterdir()) == []


def test_a_record_that_another_process_is_changing_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from assistant.library.locks import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(30)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(StorageError, match="Another program"), locked(lock, wait_seconds=0.2):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    with locked(lock, wait_seconds=0.2):
        pass
