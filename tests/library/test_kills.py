"""Killed at any moment, a record opens again, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from assistant.library.store import Library
from tests.library.records import page, pages, source_file, upload

WRITER = """
import sys
from pathlib import Path
from assistant.library.store import Library
from tests.library.records import conversation, pages, source_file, upload
folder = Path(sys.argv[1])
library = Library(folder / "data")
(record,) = library.records()
stored = library.open(record.id)
given = upload(folder, content=b"x" * 300_000)
while True:
    print("round", flush=True)
    stored.add_file(given, source_file(given, 20), pages(20))
    stored.save_conversation(conversation())
    stored.rename("written")
    files = stored.record().files
    if len(files) > 3:
        stored.remove_file(files[0].name)
    library.delete(library.create("short lived").id)
"""


def test_killed_at_random_moments_a_record_opens_whole(tmp_path: Path) -> None:
    first = Library(tmp_path / "data").create("written")
    moments = random.Random(7)
    for rounds in (2, *[1] * 11):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(rounds):
            assert process.stdout.readline() == b"round\n"
        time.sleep(moments.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        check_whole(tmp_path / "data", first.id)
    assert Library(tmp_path / "data").open(first.id).conversations()


def check_whole(data_dir: Path, record_id: str) -> None:
    library = Library(data_dir)
    for record in library.records():
        library.open(record.id)
        if record.id != record_id:
            library.delete(record.id)  # killed between its creation and its deletion
    stored = library.open(record_id)
    record = stored.record()
    assert record.title == "written"
    for file in record.files:
        assert file.problem is None
        assert stored.original(file.name).stat().st_size == 300_000
        assert [p.number for p in stored.pages([file.name])] == list(range(1, 21))
    for found in stored.conversations():
        assert found.turns
    names = {path.name for path in stored.folder.iterdir()}
    assert names <= {"record.json", "files", "conversations", "drafts", "trash", "lock"}
    assert not list((stored.folder / "drafts").glob("*"))
    assert not (stored.folder / "trash").exists()


def test_what_a_kill_left_half_done_is_swept_when_the_record_is_opened(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 1), pages(1))
    for left in (".partial-1", "conversations/.partial-2", "drafts/1/pages.bin", "trash/1/original"):
        (stored.folder / left).parent.mkdir(parents=True, exist_ok=True)
        (stored.folder / left).write_text("half")
    for left in (".new-1", ".trash-1"):
        (stored.folder.parent / left).mkdir()
    Library(tmp_path / "data").open(stored.id)
    files = {path.name for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert files == {".lock", "lock", "record.json", "original", "pages.bin", "pages.index", "file.json"}
    assert [path.name for path in stored.folder.parent.iterdir() if path.is_dir()] == [stored.id]
    (folder,) = (stored.folder / "files").iterdir()
    assert {path.name for path in folder.iterdir()} == {"original", "pages.bin", "pages.index", "file.json"}


def test_opening_a_record_does_not_sweep_a_living_draft(tmp_path: Path) -> None:
    library = Library(tmp_path / "data")
    stored = library.create()
    given = upload(tmp_path)
    with stored.draft(given) as draft:
        draft.add(page(1))
        Library(tmp_path / "data").open(stored.id)
        draft.add(page(2))
        draft.commit(source_file(given, 2))
    assert len(list(stored.pages())) == 2


def test_two_processes_add_files_to_one_record_without_losing_any(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    code = (
        "import sys; from pathlib import Path; from assistant.library.store import Library;"
        "from tests.library.records import pages, source_file, upload\n"
        "folder = Path(sys.argv[1]); given = upload(Path(sys.argv[2]))\n"
        "stored = Library(folder).open(sys.argv[3])\n"
        "for _ in range(10): stored.add_file(given, source_file(given, 2), pages(2))"
    )
    processes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        arguments = [str(tmp_path / "data"), str(tmp_path / name), stored.id]
        processes.append(subprocess.Popen([sys.executable, "-c", code, *arguments], env={**os.environ}))
    assert [process.wait() for process in processes] == [0, 0]
    names = [file.name for file in stored.record().files]
    assert len(set(names)) == 20
    assert len(list(stored.pages())) == 40


def test_what_is_in_the_record_is_not_touched_by_a_new_file(tmp_path: Path) -> None:
    stored = Library(tmp_path / "data").create()
    given = upload(tmp_path)
    stored.add_file(given, source_file(given, 2), pages(2))
    before = {path: path.stat().st_mtime_ns for path in stored.folder.glob("files/*/*")}
    stored.add_file(given, source_file(given, 2), pages(2))
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in before.items())
