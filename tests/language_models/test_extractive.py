"""The extractive reader quotes what answers, says when nothing does, and behaves as a LangChain chat model."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_tests.unit_tests import ChatModelUnitTests
from numpy.typing import NDArray

from assistant.evidence.encoder import Encoder
from assistant.language_models.extractive import ExtractiveReader, open_extractive_reader
from assistant.prompts import not_in_record

LETTER = """Cardiology clinic
Date: 14 March 2023

Dear Dr. Lind,

Thank you for referring Mrs. Aava Rohtla, a retired teacher. She has had palpitations since January 2023.
No known drug allergies. Her mother had a stroke. She has never smoked.
Bisoprolol 2.5 mg once daily was started. Her echocardiogram showed an ejection fraction of 58 %.

Yours sincerely,
Dr. Maarja Kask"""
LABORATORY = """LABORATORY RESULTS 2 May 2023

Test Result Unit Reference
Potassium 5.9 mmol/L 3.5-5.1 H
Creatinine 88 umol/L 45-90
TSH 2.1 mIU/L 0.4-4.0"""
ORTHOPAEDICS = """Right hip replacement on 3 June 2019 by Dr. Oras, no complications.
Paracetamol 1 g as needed for pain.
She says "it clicks" when she walks upstairs, which does not bother her."""


class WordEncoder:
    """Vectors by shared letter triples: near enough to meaning for these tests, with nothing to load."""

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        vectors = np.full((len(texts), 64), 0.3, dtype=np.float32)
        for row, text in enumerate(texts):
            for at in range(len(text) - 2):
                vectors[row, sum(map(ord, text[at : at + 3].lower())) % 64] += 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def reader(encoder: WordEncoder) -> ExtractiveReader:
    return ExtractiveReader(encoder=encoder)


PASSAGES = (LETTER, LABORATORY, ORTHOPAEDICS)


DATED = ("2021-04-21_letter.pdf", "2026-01-14_letter.pdf")


def asking(
    question: str,
    history: Sequence[str] = (),
    passages: Sequence[str] = PASSAGES,
    files: Sequence[str] = ("a.pdf", "b.pdf", "c.pdf"),
) -> list[HumanMessage]:
    numbered = [
        {"n": n, "file": file, "text": text}
        for n, (file, text) in enumerate(zip(files, passages, strict=False), start=1)
    ]
    extra = {"question": question, "passages": numbered, "history": list(history)}
    return [HumanMessage("the whole prompt", additional_kwargs=extra)]


def first_line(reader: ExtractiveReader, question: str, history: Sequence[str] = ()) -> str:
    return str(reader.invoke(asking(question, history)).text).splitlines()[0]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("What was the potassium?", '"Potassium 5.9 mmol/L 3.5-5.1 H" [2]'),
        ("Any allergies?", '"No known drug allergies." [1]'),
        ("What dose of bisoprolol does she take?", '"Bisoprolol 2.5 mg once daily was started." [1]'),
        ("When was the hip operation?", '"Right hip replacement on 3 June 2019 by Dr. Oras, no complications." [3]'),
        ("Who replaced her hip?", '"Right hip replacement on 3 June 2019 by Dr. Oras, no complications." [3]'),
        ("Does she smoke?", '"She has never smoked." [1]'),
        ("What was the EF on echo?", '"Her echocardiogram showed an ejection fraction of 58 %." [1]'),
        ("What was the thyroid stimulating hormone?", '"TSH 2.1 mIU/L 0.4-4.0" [2]'),
        ("What is her job?", '"Thank you for referring Mrs. Aava Rohtla, a retired teacher." [1]'),
    ],
)
def test_the_sentence_or_row_that_answers_is_quoted(reader: ExtractiveReader, question: str, line: str) -> None:
    assert first_line(reader, question) == line


@pytest.mark.parametrize(
    "question",
    [
        "What was the sodium?",
        "When was the knee operation?",
        "What dose of warfarin does she take?",
        "How many cigarettes a day does her brother smoke?",
        "Who removed her gallbladder?",
        "What did the colonoscopy show?",
    ],
)
def test_what_the_passages_do_not_speak_of_is_not_answered(reader: ExtractiveReader, question: str) -> None:
    assert reader.invoke(asking(question)).text == not_in_record()


def test_a_follow_up_is_understood_with_the_question_before_it(reader: ExtractiveReader) -> None:
    history = ["Was bisoprolol started?", "and when?"]
    assert first_line(reader, "and the dose?", history) == '"Bisoprolol 2.5 mg once daily was started." [1]'
    assert reader.invoke(asking("and the dose?", ["What was the potassium?"])).text == not_in_record()


def test_every_quote_stands_in_the_passage_it_names(reader: ExtractiveReader) -> None:
    for question in ("What happened to her hip?", "Was bisoprolol started?", "What about potassium?"):
        lines = str(reader.invoke(asking(question)).text).splitlines()
        assert 1 <= len(lines) <= 3
        for line in lines:
            match = re.fullmatch(r'"([^"]+)" \[(\d)\]', line)
            assert match
            assert match[1] in " ".join(PASSAGES[int(match[2]) - 1].split())


def test_the_quotation_marks_of_a_sentence_become_single_ones_in_its_quote(reader: ExtractiveReader) -> None:
    answer = str(reader.invoke(asking("Does it bother her when she walks upstairs?")).text)
    assert answer == "\"She says 'it clicks' when she walks upstairs, which does not bother her.\" [3]"


def test_a_footer_is_never_quoted_and_a_bullet_not_with_its_line(reader: ExtractiveReader) -> None:
    passages = ("Hospital no. N447 Page 2 of 5 University Hospital", "• Admitted to hospital with fluid overload.")
    answer = str(reader.invoke(asking("Why was she admitted to hospital?", passages=passages)).text)
    assert answer == '"Admitted to hospital with fluid overload." [2]'


def test_a_plan_to_look_is_no_answer_to_what_was_found(reader: ExtractiveReader) -> None:
    plan = ("I have asked for a colonoscopy, to be done in May.",)
    assert reader.invoke(asking("What did the colonoscopy show?", passages=plan)).text == not_in_record()


def test_the_newest_document_answers_what_is_true_now(reader: ExtractiveReader) -> None:
    passages = ("Bisoprolol 5 mg once daily.", "Bisoprolol 7.5 mg once daily.")
    question = asking("What dose of bisoprolol is she on now?", passages=passages, files=DATED)[0]
    assert str(reader.invoke([question]).text).startswith('"Bisoprolol 7.5 mg once daily." [2]')


def test_the_name_of_a_file_says_when_and_where_it_was(reader: ExtractiveReader) -> None:
    passages = ("Creatinine 88 umol/L", "Creatinine 141 umol/L")
    question = asking("What was the creatinine in January 2026?", passages=passages, files=DATED)[0]
    assert str(reader.invoke([question]).text).startswith('"Creatinine 141 umol/L" [2]')


def test_a_year_that_stands_nowhere_is_not_answered(reader: ExtractiveReader) -> None:
    assert reader.invoke(asking("What was the potassium in 2011?")).text == not_in_record()


def test_without_passages_the_record_does_not_say(reader: ExtractiveReader) -> None:
    assert reader.invoke(asking("Any allergies?", passages=())).text == not_in_record()
    assert reader.invoke([SystemMessage("be brief"), HumanMessage("Any allergies?")]).text == not_in_record()


def test_it_streams_quote_by_quote_and_counts_what_it_used(reader: ExtractiveReader) -> None:
    question = asking("When and why was bisoprolol started, and for which palpitations?")
    chunks = list(reader.stream(question))
    assert "".join(chunk.text for chunk in chunks) == reader.invoke(question).text
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.usage_metadata
    assert whole.usage_metadata["output_tokens"] > 0
    assert whole.response_metadata["model_name"] == "extractive-reader"


def test_a_stop_sequence_ends_the_answer(reader: ExtractiveReader) -> None:
    question = asking("What was the potassium?")
    assert reader.invoke(question, stop=[" mmol"]).text == '"Potassium 5.9'
    assert "".join(chunk.text for chunk in reader.stream(question, stop=[" mmol"])) == '"Potassium 5.9'


def test_a_sentence_is_encoded_once(reader: ExtractiveReader, encoder: WordEncoder) -> None:
    reader.invoke(asking("What was the potassium?"))
    before = encoder.texts
    reader.invoke(asking("What was the potassium?"))
    assert encoder.texts == before


def test_it_opens_as_an_answering_model_that_names_itself() -> None:
    model = open_extractive_reader(Encoder())
    assert not model.reads_prompts
    assert model.description.name == "Extractive reader"
    assert model.count_tokens("5.9 mmol/L, high") == 8


class TestAsAChatModel(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ExtractiveReader

    @property
    def chat_model_params(self) -> dict[str, object]:
        return {"encoder": WordEncoder()}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False
