"""The audit log says who did what to which record, and holds no word of a patient."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assistant.library.audit import AuditLog, Verb

RECORD = "0" * 32


def test_lines_are_added_and_read_back_in_order(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "data")
    log.note(Verb.CREATE, RECORD)
    log.note(Verb.ASK, RECORD, who="visitor-7")
    entries = list(AuditLog(tmp_path / "data").entries())
    assert [(entry.verb, entry.record_id) for entry in entries] == [(Verb.CREATE, RECORD), (Verb.ASK, RECORD)]
    assert entries[0].who
    assert entries[1].who == "visitor-7"
    assert entries[0].time <= entries[1].time


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(AuditLog(tmp_path).entries()) == []


def test_a_broken_line_hides_no_other(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.note(Verb.ASK, RECORD)
    with (tmp_path / "audit.jsonl").open("a") as file:
        file.write('{"time": "2026\n')
    log.note(Verb.DELETE, RECORD)
    assert [entry.verb for entry in log.entries()] == [Verb.ASK, Verb.DELETE]


@pytest.mark.parametrize("text", ["Jane Quillfeather", "a\nb", "x" * 65])
def test_free_text_cannot_be_noted(tmp_path: Path, text: str) -> None:
    log = AuditLog(tmp_path)
    with pytest.raises(ValueError, match="ids only") as raised:
        log.note(Verb.ASK, text)
    with pytest.raises(ValueError, match="ids only"):
        log.note(Verb.ASK, RECORD, who=text)
    assert text not in str(raised.value)
    assert list(log.entries()) == []


def test_threads_do_not_write_into_each_others_lines(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)

    def note_often() -> None:
        for _ in range(20):
            log.note(Verb.ASK, RECORD)

    threads = [threading.Thread(target=note_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(log.entries())) == 80
