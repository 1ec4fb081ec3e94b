from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import RecordNotFoundError
from assistant.evidence.encoder import Encoder
from assistant.ingestion.reading import Upload
from assistant.parts import Parts
from assistant.settings import Settings
from tests.conversation.scripted_model import scripted


@pytest.fixture
def opened() -> Iterator[list[Parts]]:
    parts: list[Parts] = []
    yield parts
    for one in parts:
        one.close()


def parts_for(opened: list[Parts], tmp_path: Path, **choices: object) -> Parts:
    settings = replace(Settings(data_dir=tmp_path / "data"), **choices)  # type: ignore[arg-type]
    parts = Parts(settings=settings, encoder=Encoder(), model=scripted("No."))
    opened.append(parts)
    return parts


def with_letter(parts: Parts, visitor: str, tmp_path: Path) -> str:
    path = tmp_path / "letter.txt"
    path.write_text("Eleanor has no known allergies.", encoding="utf-8")
    service = parts.service_for(visitor)
    record = service.create_record("Eleanor")
    list(service.add_files(record.id, [Upload(name="letter.txt", path=path)]))
    return record.id


def test_on_this_machine_every_tab_sees_the_same_kept_records(opened: list[Parts], tmp_path: Path) -> None:
    parts = parts_for(opened, tmp_path)
    record_id = with_letter(parts, "one", tmp_path)
    assert [record.id for record in parts.service_for("other").records()] == [record_id]
    assert (tmp_path / "data" / "records" / record_id).is_dir()


@pytest.mark.parametrize("choices", [{"on_space": True}, {"host": "0.0.0.0"}, {"host": "192.168.1.5"}])
def test_on_a_shared_page_a_record_belongs_to_one_visitor(
    opened: list[Parts], tmp_path: Path, choices: dict[str, object]
) -> None:
    parts = parts_for(opened, tmp_path, **choices)
    record_id = with_letter(parts, "one", tmp_path)
    stranger = parts.service_for("other")
    assert stranger.records() == ()
    for reach in (
        lambda: stranger.record(record_id),
        lambda: stranger.page(record_id, "letter.txt", 1),
        lambda: stranger.page_picture(record_id, "letter.txt", 1, 300),
        lambda: stranger.conversations(record_id),
        lambda: stranger.delete_record(record_id),
    ):
        with pytest.raises(RecordNotFoundError):
            reach()
    assert parts.service_for("one").record(record_id).title == "Eleanor"
    assert not (tmp_path / "data" / "records").exists()


def test_a_visitor_who_is_gone_takes_the_record_along(opened: list[Parts], tmp_path: Path) -> None:
    parts = parts_for(opened, tmp_path, on_space=True)
    with_letter(parts, "one", tmp_path)
    (tmp_path / "letter.txt").unlink()
    parts.end_idle(idle_seconds=3600)
    assert parts.service_for("one").records()
    parts.end_idle(idle_seconds=0)
    assert parts.service_for("one").records() == ()
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"Eleanor" in p.read_bytes()]
    parts.close()
    assert [p.name for p in (tmp_path / "data" / "temporary").iterdir()] == ["lock"]
