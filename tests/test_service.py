"""The verbs, on real files in a real data directory; only the model is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pymupdf
import pytest

from assistant.conversation.turns import AnswerText
from assistant.domain import Conversation, ReadingMode, Summary, Support
from assistant.errors import ModelAnswerError, QuestionError, RecordNotFoundError, SettingsError
from assistant.evidence.encoder import Encoder
from assistant.indexes import Indexes
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress
from assistant.language_models.answering import AnsweringModel
from assistant.library.audit import AuditLog
from assistant.library.store import Library
from assistant.service import AnswerDone, AnswerEvent, Service
from tests.conversation.scripted_model import pieces_given, scripted, sent

Open = Callable[[AnsweringModel], Service]
LETTER = (
    "Patient: Marsh, Eleanor\nDOB: 14 Mar 1951\n\nPotassium was 4.8 mmol/L on 3 May 2026.\nFurosemide was stopped.\n"
)
POTASSIUM = "Potassium was 4.8 mmol/L on 3 May 2026 [1]."


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def open_service(tmp_path: Path, encoder: Encoder) -> Iterator[Open]:
    """Open the service on one data directory; a second opening is what a restart finds."""
    opened: list[Service] = []

    def open_again(model: AnsweringModel) -> Service:
        for service in opened:
            service.close()
        data = tmp_path / "data"
        service = Service(Library(data), Indexes(encoder), model, Limits(), AuditLog(data))
        opened.append(service)
        return service

    yield open_again
    for service in opened:
        service.close()


def upload(folder: Path, name: str, text: str = LETTER) -> Upload:
    path = folder / f"upload-{len(list(folder.iterdir()))}"
    path.write_text(text, encoding="utf-8")
    return Upload(name=name, path=path)


def filled(service: Service, tmp_path: Path) -> str:
    """A record with one letter."""
    record = service.create_record()
    added(service, record.id, upload(tmp_path, "letter.txt"))
    return record.id


def added(service: Service, record_id: str, *uploads: Upload) -> dict[str, FileProgress]:
    """The last word on each file."""
    return {progress.file: progress for progress in service.add_files(record_id, uploads)}


def asked(
    service: Service,
    record_id: str,
    question: str,
    conversation: Conversation | None = None,
    replace_from_turn: int | None = None,
) -> Conversation:
    conversation_id = conversation.id if conversation else None
    *_, done = service.ask(record_id, conversation_id, question, replace_from_turn=replace_from_turn)
    assert isinstance(done, AnswerDone)
    return done.conversation


def test_records_files_and_conversations_are_there_again_after_a_restart(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    conversation = asked(service, record_id, "How is the potassium?")
    again = open_service(scripted(POTASSIUM))
    assert [record.id for record in again.records()] == [record_id]
    assert again.conversations(record_id) == (conversation,)
    assert again.conversation(record_id, conversation.id).turns[0].statements[0].support is Support.SUPPORTED
    assert again.page(record_id, "letter.txt", 1).text.startswith("Patient: Marsh")


def test_a_record_is_called_after_the_patient_unless_it_has_a_name(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    assert service.record(record_id).title == "Marsh, Eleanor · 14 Mar 1951"
    service.rename_record(record_id, "Trial 7")
    added(service, record_id, upload(tmp_path, "second.txt", LETTER + "More.\n"))
    assert service.record(record_id).title == "Trial 7"


def test_deleting_a_record_leaves_none_of_its_words_in_the_data_directory(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    asked(service, record_id, "How is Eleanor's potassium?")
    service.delete_record(record_id)
    with pytest.raises(RecordNotFoundError):
        service.record(record_id)
    for path in (tmp_path / "data").rglob("*"):
        assert path.is_dir() or b"Eleanor" not in path.read_bytes(), path


def test_a_deleted_record_is_forgotten_by_the_model_too(open_service: Open, tmp_path: Path) -> None:
    forgotten: list[str] = []
    service = open_service(replace(scripted(POTASSIUM), forget=lambda: forgotten.append("all")))
    record_id = filled(service, tmp_path)
    added(service, record_id, upload(tmp_path, "other.txt", "Another letter."))
    service.remove_file(record_id, "other.txt")
    assert forgotten == ["all"]
    service.delete_record(record_id)
    assert forgotten == ["all", "all"]


def test_one_bad_file_among_good_ones_costs_itself_alone(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record = service.create_record()
    locked = tmp_path / "locked.pdf"
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "secret")
    document.save(locked, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    last = added(
        service,
        record.id,
        upload(tmp_path, "a.txt"),
        upload(tmp_path, "empty.txt", ""),
        Upload(name="locked.pdf", path=locked),
        upload(tmp_path, "damaged.pdf", "%PDF-1.7\nnothing that follows is a PDF\x00\x01"),
        Upload(name="gone.pdf", path=tmp_path / "gone.pdf"),
        upload(tmp_path, "../../b.txt", LETTER + "B"),
    )
    assert {name: progress.stage for name, progress in last.items()} == {
        "a.txt": "done",
        "empty.txt": "failed",
        "locked.pdf": "failed",
        "damaged.pdf": "failed",
        "gone.pdf": "failed",
        "b.txt": "done",
    }
    assert all(
        progress.problem and progress.problem.message for progress in last.values() if progress.stage == "failed"
    )
    # The locked file waits for its password.
    assert [file.name for file in service.record(record.id).files] == ["a.txt", "locked.pdf", "b.txt"]


def test_the_same_file_again_is_not_added_and_another_of_its_name_gets_a_number(
    open_service: Open, tmp_path: Path
) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    again = added(service, record_id, upload(tmp_path, "copy.txt"))
    other = added(service, record_id, upload(tmp_path, "letter.txt", "Another letter.\n"))
    assert again["letter.txt"].warnings
    assert list(other) == ["letter (2).txt"]
    assert len(service.record(record_id).files) == 2


def test_a_removed_file_is_found_no_more(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    added(service, record_id, upload(tmp_path, "other.txt", "Spironolactone was started.\n"))
    assert service.search(record_id, "spironolactone", 3)[0].passage.span.file == "other.txt"
    service.remove_file(record_id, "other.txt")
    assert {hit.passage.span.file for hit in service.search(record_id, "spironolactone", 3)} == {"letter.txt"}


def test_cancelling_keeps_the_files_that_were_finished(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record = service.create_record()
    uploads = [upload(tmp_path, f"{n}.txt", LETTER + str(n)) for n in range(3)]
    progress = service.add_files(record.id, uploads)
    for step in progress:
        if step.stage == "done":
            break
    progress.close()  # type: ignore[attr-defined]
    assert [file.name for file in service.record(record.id).files] == ["0.txt"]
    assert service.search(record.id, "potassium", 3)


def test_an_answer_given_before_the_record_was_whole_says_so(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    reading = service.add_files(record_id, [upload(tmp_path, f"{n}.txt", f"Letter {n}") for n in range(3)])
    next(iter(reading))
    early = asked(service, record_id, "How is the potassium?")
    assert early.turns[0].files_waiting == 3
    list(reading)
    assert asked(service, record_id, "How is the potassium?").turns[0].files_waiting == 0


def test_a_question_can_be_asked_again_or_in_other_words(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted("Furosemide was stopped [1].", POTASSIUM, "Furosemide was stopped [1]."))
    record_id = filled(service, tmp_path)
    first = asked(service, record_id, "Diuretics?")
    second = asked(service, record_id, "How is the potassium?", first)
    edited = asked(service, record_id, "Which diuretic was stopped?", second, replace_from_turn=1)
    assert [turn.question for turn in edited.turns] == ["Diuretics?", "Which diuretic was stopped?"]
    assert service.conversation(record_id, edited.id) == edited


def test_stopping_stops_the_model_and_keeps_what_was_said(open_service: Open, tmp_path: Path) -> None:
    model = scripted(POTASSIUM + " " + "Then much more was said about it. " * 100)
    service = open_service(model)
    record_id = filled(service, tmp_path)
    events = service.ask(record_id, None, "How is the potassium?")
    for event in events:
        if isinstance(event, AnswerText) and len(event.text) > len(POTASSIUM):
            break
    events.close()  # type: ignore[attr-defined]
    (conversation,) = service.conversations(record_id)
    assert conversation.turns[0].stopped
    assert conversation.turns[0].citations
    assert pieces_given(model) < 20


def test_a_stop_before_the_first_word_loses_no_earlier_answer(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    conversation = asked(service, record_id, "How is the potassium?")
    events = service.ask(record_id, conversation.id, "Again?", replace_from_turn=0)
    next(iter(events))
    events.close()  # type: ignore[attr-defined]
    assert service.conversation(record_id, conversation.id) == conversation


def test_questions_that_cannot_be_asked_are_refused_in_a_sentence(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    for record, question, says in (
        (record_id, "  ", "empty"),
        (record_id, "x" * 30_000, "30,000 characters"),
        (service.create_record().id, "Potassium?", "no pages yet"),
    ):
        with pytest.raises(QuestionError, match=says):
            list(service.ask(record, None, question))


def test_ids_from_outside_open_nothing_but_records(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    for bad in ("../records", "", ".", "x" * 40, f"{record_id}/.."):
        with pytest.raises(RecordNotFoundError):
            service.record(bad)
    with pytest.raises(RecordNotFoundError):
        service.conversation(record_id, "../../record")


def test_coverage_says_before_any_question_how_the_record_would_be_read(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    mode, coverage = service.coverage(record_id)
    assert mode is ReadingMode.FULL_CONTEXT
    assert coverage.pages_read == coverage.pages_total == 1
    small = open_service(scripted(POTASSIUM, context_tokens=100))
    assert small.coverage(record_id)[0] is ReadingMode.RETRIEVAL


def test_a_summary_numbers_its_sources_once_and_says_what_is_missing(open_service: Open, tmp_path: Path) -> None:
    model = scripted(POTASSIUM, POTASSIUM, "The record does not say.")
    service = open_service(model)
    record_id = filled(service, tmp_path)
    *_, summary = service.summarize(record_id, "brief")
    assert isinstance(summary, Summary)
    assert [section.heading for section in summary.sections] == ["Allergies", "Problems"]
    assert [citation.n for citation in summary.citations] == [1]
    assert "Medication" in summary.missing
    with pytest.raises(SettingsError, match="no such kind"):
        list(service.summarize(record_id, "sonnet"))


def test_the_audit_log_names_verbs_and_ids_and_no_patient(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    asked(service, record_id, "How is Eleanor's potassium?")
    entries = list(AuditLog(tmp_path / "data").entries())
    assert [entry.verb.value for entry in entries] == ["create", "add_file", "ask"]
    assert {entry.record_id for entry in entries} == {record_id}


def test_a_model_that_fails_loses_nothing(open_service: Open, tmp_path: Path) -> None:
    model = scripted(POTASSIUM)
    service = open_service(model)
    record_id = filled(service, tmp_path)
    conversation = asked(service, record_id, "How is the potassium?")
    broken = open_service(scripted(" "))
    with pytest.raises(ModelAnswerError, match="answered with nothing"):
        list(broken.ask(record_id, conversation.id, "And now?"))
    assert broken.conversation(record_id, conversation.id) == conversation
    assert len(sent(model)) == 1


def until_it_speaks(
    service: Service, record_id: str, conversation_id: str | None, question: str
) -> Iterator[AnswerEvent]:
    """A question whose answer has begun; the rest of the answer's events."""
    events = service.ask(record_id, conversation_id, question)
    for event in events:
        if isinstance(event, AnswerText):
            break
    return events


def test_files_are_read_whichever_thread_asks_for_the_next_step(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record = service.create_record()
    steps = iter(service.add_files(record.id, [upload(tmp_path, "letter.txt")]))
    stages = []
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        for worker in cycle((one, other)):
            if (step := worker.submit(next, steps, None).result()) is None:
                break
            stages.append(step.stage)
    assert stages[-2:] == ["indexing", "done"]
    service.delete_record(record.id)


def test_an_index_in_use_is_not_closed_for_another_record(
    open_service: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.indexes.MOST_OPEN", 1)
    service = open_service(scripted(POTASSIUM))
    other_id, record = filled(service, tmp_path), service.create_record()
    steps = service.add_files(record.id, [upload(tmp_path, "letter.txt")])
    assert "indexing" in (step.stage for step in steps)
    assert service.search(other_id, "potassium", 1)
    assert [step.stage for step in steps] == ["done"]


def test_a_record_deleted_while_a_question_runs_stays_deleted(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM, context_tokens=100))
    record_id = filled(service, tmp_path)
    searching = service.ask(record_id, None, "How is the potassium?")
    next(searching)
    service.delete_record(record_id)
    with pytest.raises(RecordNotFoundError):
        list(searching)
    assert not (tmp_path / "data" / "records" / record_id).exists()


def test_a_conversation_deleted_while_it_is_answered_stays_deleted(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    first = asked(service, record_id, "How is the potassium?")
    finished = until_it_speaks(service, record_id, first.id, "And now?")
    stopped = until_it_speaks(service, record_id, first.id, "And then?")
    service.delete_conversation(record_id, first.id)
    stopped.close()  # type: ignore[attr-defined]
    with pytest.raises(RecordNotFoundError):
        list(finished)
    assert service.conversations(record_id) == ()


def test_two_tabs_that_ask_in_one_conversation_lose_no_turn(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    first = asked(service, record_id, "First?")
    one = service.ask(record_id, first.id, "First, in other words?", replace_from_turn=0)
    other = service.ask(record_id, first.id, "Second?")
    next(one), next(other)
    list(other)
    *_, done = one
    kept = service.conversation(record_id, first.id)
    assert [turn.question for turn in kept.turns] == ["Second?", "First, in other words?"]
    assert done == AnswerDone(conversation=kept, turn=1)


@pytest.mark.parametrize("turn", [-1, 2])
def test_an_answer_that_is_not_there_cannot_be_replaced(open_service: Open, tmp_path: Path, turn: int) -> None:
    service = open_service(scripted(POTASSIUM))
    record_id = filled(service, tmp_path)
    conversation = asked(service, record_id, "How is the potassium?")
    with pytest.raises(QuestionError, match="not in this conversation"):
        list(service.ask(record_id, conversation.id, "Again?", replace_from_turn=turn))
    assert service.conversation(record_id, conversation.id) == conversation


def test_what_is_done_to_no_record_is_not_in_the_audit_log(open_service: Open, tmp_path: Path) -> None:
    service = open_service(scripted(POTASSIUM))
    with pytest.raises(RecordNotFoundError):
        service.rename_record("0" * 32, "Trial 7")
    with pytest.raises(RecordNotFoundError):
        service.delete_conversation("0" * 32, "c1")
    assert list(AuditLog(tmp_path / "data").entries()) == []
