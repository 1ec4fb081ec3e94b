"""The model that is shipped, asked as the page asks it: it quotes, cites the page, refuses, and reads a record once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain import Answer, ReadingMode, Support
from assistant.evidence.encoder import Encoder
from assistant.ingestion.reading import Upload
from assistant.language_models import opening
from assistant.language_models.bundled_runtime import BundledRuntime
from assistant.parts import open_service
from assistant.service import Service
from assistant.settings import Settings
from model_runtime.chat import Message, Role
from model_runtime.events import Finished, Request
from model_runtime.sampling import SamplingSettings

PAGES = {
    "2024-03-02_cardiology_letter.txt": (
        "Cardiology clinic\nEchocardiogram showed mild mitral regurgitation.\n"
        "Bisoprolol 2.5 mg once daily was started.\nHer sister has asthma.\nReview in six months."
    ),
    "2024-05-11_orthopaedic_note.txt": (
        "Orthopaedic note\nShe fell on the stairs and broke the left wrist.\nPlaster cast applied.\n"
        "Occupation: piano tuner.\nAllergies: penicillin causes a rash."
    ),
}
TOLD = {
    "Which dose of bisoprolol was started?": ("Bisoprolol 2.5 mg", "2024-03-02_cardiology_letter.txt"),
    "What did the echocardiogram show?": ("mild mitral regurgitation", "2024-03-02_cardiology_letter.txt"),
    "What is her occupation?": ("piano tuner", "2024-05-11_orthopaedic_note.txt"),
    "Was a plaster cast applied?": ("Plaster cast applied", "2024-05-11_orthopaedic_note.txt"),
}
ABSENT = ("What was the ferritin?", "Which vaccine did she receive?", "Is there anything about glaucoma?")


pytestmark = pytest.mark.skipif(not opening.BUNDLED_MODEL.is_dir(), reason="no model is shipped")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = open_service(Settings(data_dir=tmp_path_factory.mktemp("data"), model="bundled"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def record_id(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("files")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    record = service.create_record()
    for _ in service.add_files(record.id, tuple(Upload(name=name, path=folder / name) for name in PAGES)):
        pass
    return record.id


def asked(service: Service, record_id: str, question: str) -> Answer:
    return service.answer(record_id, None, question).conversation.turns[-1]


@pytest.mark.parametrize("question", TOLD)
def test_it_quotes_what_is_told_and_cites_the_page(service: Service, record_id: str, question: str) -> None:
    words, file = TOLD[question]
    answer = asked(service, record_id, question)
    assert answer.mode is ReadingMode.FULL_CONTEXT
    assert [(citation.span.file, words in citation.quote) for citation in answer.citations] == [(file, True)]
    assert {statement.support for statement in answer.statements} == {Support.QUOTED}


@pytest.mark.parametrize("question", ABSENT)
def test_it_refuses_what_is_not_told(service: Service, record_id: str, question: str) -> None:
    answer = asked(service, record_id, question)
    assert {statement.support for statement in answer.statements} == {Support.NOT_IN_RECORD}
    assert not answer.citations


def test_a_conversation_goes_on_over_the_same_record(service: Service, record_id: str) -> None:
    conversation = service.answer(record_id, None, next(iter(TOLD))).conversation
    for question in (*list(TOLD)[1:], ABSENT[0]):
        conversation = service.answer(record_id, conversation.id, question).conversation
    assert len(conversation.turns) == len(TOLD) + 1
    right = [
        any(words in citation.quote and citation.span.file == file for citation in turn.citations)
        for turn, (words, file) in zip(conversation.turns, TOLD.values(), strict=False)
    ]
    assert sum(right) >= len(TOLD) - 1
    assert conversation.turns[-1].statements[0].support is Support.NOT_IN_RECORD


def test_a_follow_up_reads_only_the_question(tmp_path: Path) -> None:
    chat = opening.open_model(Settings(data_dir=tmp_path, model="bundled"), Encoder()).chat
    assert isinstance(chat, BundledRuntime)
    record = Message(role=Role.USER, content="\n".join(PAGES.values()) + "\nQuestion: What is her occupation?")
    answer = Message(role=Role.ASSISTANT, content='"Occupation: piano tuner." [1]')
    first = read(chat, [record])
    following = read(chat, [record, answer, Message(role=Role.USER, content="Question: Was a cast applied?")])
    assert first.reused_tokens == 0
    assert following.reused_tokens >= first.prompt_tokens - 1
    assert following.prompt_tokens - following.reused_tokens < 60


def read(chat: BundledRuntime, messages: list[Message]) -> Finished:
    prompt = chat.engine.chat.prompt(messages)
    request = Request(prompt_tokens=prompt.tokens, max_tokens=4, sampling=SamplingSettings(temperature=0))
    (finished,) = [event for event in chat.engine.generate(request) if isinstance(event, Finished)]
    return finished
