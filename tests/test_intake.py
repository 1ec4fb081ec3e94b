"""Files join a record in two rounds; a stranger's waits for an answer, a locked one for its password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from assistant.domain import Origin
from assistant.errors import FileRefusedError
from assistant.evidence.encoder import Encoder
from assistant.indexes import Indexes
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress
from assistant.library.audit import AuditLog
from assistant.library.store import Library
from assistant.service import Service
from tests.conversation.scripted_model import scripted

MARSH = "Patient: Marsh, Eleanor\nDate of birth: 14 Mar 1951\nMRN 4471203\n\nPotassium was 4.8 mmol/L.\n"
OTHER = "Patient: Brandt, Oskar\nDate of birth: 2 Nov 1978\nMRN 9013377\n\nSodium was 139 mmol/L.\n"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def service(tmp_path: Path, encoder: Encoder) -> Iterator[Service]:
    data = tmp_path / "data"
    opened = Service(Library(data), Indexes(encoder), scripted("Sodium was 139 mmol/L [1]."), Limits(), AuditLog(data))
    yield opened
    opened.close()


def letter(folder: Path, name: str, text: str) -> Upload:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Upload(name=name, path=path)


def scan(folder: Path, name: str, *pages: str) -> Upload:
    """A PDF of pictures of pages."""
    pictures = []
    for text in pages:
        with pymupdf.open() as document:
            page = document.new_page(width=400, height=200)
            for at, line in enumerate(text.splitlines()):
                page.insert_text((40, 50 + 24 * at), line, fontsize=14)
            drawn = page.get_pixmap(dpi=200)
        pictures.append(Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples))
    pictures[0].save(folder / name, save_all=True, append_images=pictures[1:], resolution=200)
    return Upload(name=name, path=folder / name)


def added(service: Service, record_id: str, *uploads: Upload, asks: bool = True) -> list[FileProgress]:
    return list(service.add_files(record_id, uploads, asks=asks))


def texts(service: Service, record_id: str, query: str) -> str:
    return "\n".join(hit.passage.text for hit in service.search(record_id, query, 5))


def test_another_patients_file_is_on_hold_until_somebody_says_whose_it_is(service: Service, tmp_path: Path) -> None:
    record_id = service.create_record().id
    added(service, record_id, letter(tmp_path, "first.txt", MARSH), letter(tmp_path, "second.txt", OTHER))
    first, second = service.record(record_id).files
    assert first.hold is None
    assert second.hold is not None
    assert "Brandt" not in second.hold.message
    assert [place.file for place in second.hold_places] == ["first.txt", "second.txt"]
    assert "139" not in texts(service, record_id, "sodium")
    assert service.coverage(record_id)[1].pages_total == 1

    service.accept_file(record_id, "second.txt")
    assert service.record(record_id).files[1].hold is None
    assert "139" in texts(service, record_id, "sodium")


def test_without_somebody_to_ask_a_strangers_file_is_read_with_a_warning(service: Service, tmp_path: Path) -> None:
    record_id = service.create_record().id
    added(service, record_id, letter(tmp_path, "a.txt", MARSH), letter(tmp_path, "b.txt", OTHER), asks=False)
    assert service.record(record_id).files[1].hold is None
    assert "another patient" in service.record(record_id).files[1].warnings[-1]
    assert "139" in texts(service, record_id, "sodium")


def test_text_does_not_wait_for_scans_and_scans_become_text(service: Service, tmp_path: Path) -> None:
    record_id = service.create_record().id
    faxed = scan(tmp_path, "fax.pdf", "Sodium was 139 mmol/L.", "Seen in clinic in May.")
    ended = [
        (progress.file, progress.upload)
        for progress in added(service, record_id, faxed, letter(tmp_path, "typed.txt", MARSH))
        if progress.stage == "done"
    ]
    assert ended == [("typed.txt", 1), ("fax.pdf", 0)]
    fax = service.record(record_id).files[0]
    assert fax.waiting_pages == fax.unread_pages == ()
    assert fax.origins == (Origin.OCR,)
    assert service.page(record_id, "fax.pdf", 1).origin is Origin.OCR
    assert all(word.confidence is not None for word in service.page(record_id, "fax.pdf", 1).words)
    assert "139 mmol/L" in texts(service, record_id, "sodium")


def test_a_cancelled_scan_keeps_what_was_recognized_and_can_go_on(service: Service, tmp_path: Path) -> None:
    record_id = service.create_record().id
    pages = [f"Page {number} of the notes." for number in range(1, 5)]
    with closing(service.add_files(record_id, [scan(tmp_path, "fax.pdf", *pages)])) as events:  # type: ignore[type-var]
        next(event for event in events if event.stage == "recognizing" and event.done)
    waiting = service.record(record_id).files[0].waiting_pages
    assert 0 < len(waiting) < 4
    assert "notes" in service.page(record_id, "fax.pdf", 1).text

    assert [event.stage for event in service.recognize_file(record_id, "fax.pdf")][-1] == "done"
    assert service.record(record_id).files[0].waiting_pages == ()
    assert "Page 4" in service.page(record_id, "fax.pdf", 4).text


def test_a_locked_file_is_read_once_its_password_is_there(service: Service, tmp_path: Path) -> None:
    record_id = service.create_record().id
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "Sodium was 139 mmol/L.")
        document.save(tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open", owner_pw="owner")
    added(service, record_id, Upload(name="locked.pdf", path=tmp_path / "locked.pdf"))
    problem = service.record(record_id).files[0].problem
    assert problem is not None
    assert problem.code == "password_protected"
    with pytest.raises(FileRefusedError, match="password does not open"):
        list(service.unlock_file(record_id, "locked.pdf", "wrong"))
    list(service.unlock_file(record_id, "locked.pdf", "open"))
    assert service.record(record_id).files[0].problem is None
    assert "139" in texts(service, record_id, "sodium")
    assert service.page_picture(record_id, "locked.pdf", 1, 200).startswith(b"\x89PNG")


def begun(service: Service, folder: Path) -> tuple[str, Iterator[FileProgress]]:
    """A record whose scan is being recognized: one page is done."""
    record_id = service.create_record().id
    pages = [f"Page {number} of the notes." for number in range(1, 7)]
    events = service.add_files(record_id, [scan(folder, "fax.pdf", *pages)])
    next(event for event in events if event.stage == "recognizing" and event.done)
    return record_id, events


def test_a_scan_removed_while_it_is_recognized_ends_with_a_sentence(service: Service, tmp_path: Path) -> None:
    record_id, events = begun(service, tmp_path)
    service.remove_file(record_id, "fax.pdf")
    last = list(events)[-1]
    assert last.problem is not None
    assert "removed" in last.problem.message
    assert service.record(record_id).files == ()


def test_a_record_deleted_while_its_scan_is_recognized_ends_it_quietly(service: Service, tmp_path: Path) -> None:
    record_id, events = begun(service, tmp_path)
    service.delete_record(record_id)
    with closing(events):  # type: ignore[type-var]
        pass
    assert service.records() == ()


def test_a_scan_renamed_while_it_is_recognized_keeps_its_name_and_its_words(service: Service, tmp_path: Path) -> None:
    record_id, events = begun(service, tmp_path)
    service.rename_file(record_id, "fax.pdf", "bloods.pdf")
    assert [event.file for event in events][-1] == "bloods.pdf"
    [file] = service.record(record_id).files
    assert (file.name, file.waiting_pages) == ("bloods.pdf", ())
    assert "Page 6" in service.page(record_id, "bloods.pdf", 6).text


def test_the_size_of_a_record_follows_what_is_recognized_and_accepted(service: Service, tmp_path: Path) -> None:
    record_id, events = begun(service, tmp_path)
    before = service.coverage(record_id)[1].record_tokens
    list(events)
    recognized = service.coverage(record_id)[1].record_tokens
    assert recognized > before
    added(service, record_id, letter(tmp_path, "first.txt", MARSH), letter(tmp_path, "second.txt", OTHER))
    held = service.coverage(record_id)[1].record_tokens
    service.accept_file(record_id, "second.txt")
    assert service.coverage(record_id)[1].record_tokens > held > recognized


def test_a_stranger_among_text_and_scans_is_said_once(service: Service, tmp_path: Path) -> None:
    with pymupdf.open() as document:
        document.new_page(width=600, height=800).insert_textbox((40, 40, 560, 400), OTHER)
        with pymupdf.open(scan(tmp_path, "scan.pdf", "Seen in clinic.").path) as scanned:
            document.insert_pdf(scanned)
        document.save(tmp_path / "mixed.pdf")
    record_id = service.create_record().id
    mixed = Upload(name="mixed.pdf", path=tmp_path / "mixed.pdf")
    added(service, record_id, letter(tmp_path, "first.txt", MARSH), mixed, asks=False)
    warnings = service.record(record_id).files[1].warnings
    assert sum("another patient" in warning for warning in warnings) == 1
