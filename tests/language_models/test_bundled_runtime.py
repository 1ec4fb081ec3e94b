"""The runtime behind LangChain's seam: its standard tests, streaming, stopping, usage, reasoning apart."""

from __future__ import annotations

import inspect
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from assistant.errors import ContextExceededError, ModelUnavailableError
from assistant.language_models.answering import AnsweringModel, ReadingProgress
from assistant.language_models.bundled_runtime import BundledRuntime, explain, open_checkpoint
from assistant.settings import Settings
from model_runtime.chat import Chat
from model_runtime.engine import Engine
from model_runtime.errors import ModelRuntimeError
from tests.model_runtime.tiny_checkpoint import tiny_tokenizer, write_tiny_checkpoint
from tests.model_runtime.tiny_engine import tiny_engine, tiny_model

MODEL = tiny_model()
ENGINE = tiny_engine(MODEL)

for standard_test in vars(ChatModelIntegrationTests).values():
    if inspect.iscoroutinefunction(standard_test):
        pytest.mark.asyncio(standard_test)


def runtime(**choices: Any) -> BundledRuntime:
    fields: dict[str, Any] = {"engine": tiny_engine(MODEL), "temperature": 0, "max_tokens": 12}
    return BundledRuntime(**fields | choices)


class _Standard:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return BundledRuntime

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"engine": ENGINE, "model": "tiny"}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"temperature": 0, "timeout": 60, "stop": [], "max_retries": 2}


class TestStandardUnit(_Standard, ChatModelUnitTests):
    """LangChain's unit tests."""


class TestStandardCalls(_Standard, ChatModelIntegrationTests):
    """LangChain's tests of calls; tools, images and structured output are not this model's."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "max_tokens": 20}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


def test_a_stream_reports_progress_then_text_then_usage() -> None:
    chunks = list(runtime().stream([SystemMessage("Be brief."), HumanMessage("What is it?")]))
    reports = [chunk.response_metadata["progress"] for chunk in chunks if "progress" in chunk.response_metadata]
    assert reports[0]["done_tokens"] == 0
    assert reports[-1]["done_tokens"] == reports[-1]["total_tokens"] > 30
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.content
    assert whole.response_metadata["progress"] == reports[-1]
    assert whole.response_metadata["finish_reason"] == "length"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 12
    assert whole.usage_metadata["input_tokens"] == reports[-1]["total_tokens"]


def test_a_second_turn_reuses_the_first() -> None:
    model = runtime()
    first = model.invoke([HumanMessage("A long enough question to be shared by both turns")])
    again = model.invoke([HumanMessage("A long enough question to be shared by both of them")])
    for message, least, most in ((first, 0, 0), (again, 30, 100)):
        assert message.usage_metadata is not None
        assert least <= message.usage_metadata["input_token_details"]["cache_read"] <= most


def test_reasoning_stays_out_of_the_content() -> None:
    template = "{{ messages[0].content }}<think>"
    model = runtime(engine=Engine(MODEL, Chat(tiny_tokenizer(chat_template=template), frozenset())))
    message = model.invoke("x")
    assert message.content == ""
    assert message.additional_kwargs["reasoning_content"]


def test_closing_a_stream_frees_the_model() -> None:
    model = runtime(max_tokens=500)
    stream = model.stream("What is it?")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert runtime_is_free(model)


def runtime_is_free(model: BundledRuntime) -> bool:
    done = threading.Event()

    def ask() -> None:
        model.invoke("And now?", max_tokens=2)
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    return done.wait(10)


def test_one_call_can_be_stopped_and_kept_on_disk(tmp_path: Path) -> None:
    signal = threading.Event()
    signal.set()
    stopped = runtime().invoke("What is it?", stop_signal=signal)
    assert stopped.response_metadata["finish_reason"] == "cancelled"
    long_text = "A record that is read once only. " * 60
    for expected in (0, 256):
        message = runtime().invoke(long_text, prefix_folder=tmp_path)
        assert message.usage_metadata is not None
        assert message.usage_metadata["input_token_details"]["cache_read"] >= expected


def test_a_deleted_record_can_be_forgotten() -> None:
    model = runtime()
    model.invoke("What is it?")
    model.forget()
    assert model.engine.cache_bytes == 0


def test_messages_of_other_kinds_are_refused() -> None:
    with pytest.raises(ModelRuntimeError, match="tool"):
        runtime().invoke([HumanMessage("x"), AIMessage("y"), ToolMessage("z", tool_call_id="1")])


def test_tokens_are_counted_with_the_model_s_own_tokenizer() -> None:
    model = runtime()
    assert model.count_tokens("患者") == model.get_num_tokens("患者") == len(model.engine.chat.encode("患者"))
    assert model.context_tokens == 4096


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> AnsweringModel:
    folder = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny-model")
    return open_checkpoint(str(folder), Settings(data_dir=folder))


def test_a_checkpoint_opens_as_the_conversation_uses_it(opened: AnsweringModel) -> None:
    assert opened.description.name == "tiny-model"
    assert opened.description.context_tokens == 4096
    assert opened.count_tokens("two words") > 1
    pieces = list(opened.stream([HumanMessage("What is it?")]))
    assert isinstance(pieces[0].progress, ReadingProgress)
    assert any(piece.text for piece in pieces)


def test_a_checkpoint_is_sampled_as_it_says(tmp_path: Path) -> None:
    folder = write_tiny_checkpoint(tmp_path / "tiny-model")
    (folder / "generation_config.json").write_text('{"eos_token_id": [1, 6], "do_sample": false}')
    chat = open_checkpoint(str(folder), Settings(data_dir=folder)).chat
    assert isinstance(chat, BundledRuntime)
    assert (chat.temperature, chat.repetition_penalty) == (0, 1.05)


def test_too_long_a_question_is_explained(opened: AnsweringModel) -> None:
    with pytest.raises(ContextExceededError, match="of 4,096 tokens"):
        list(opened.stream([HumanMessage("word " * 5000)]))
    assert explain(ValueError("ours")) is None


def test_a_folder_that_is_no_checkpoint_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"config\.json"):
        open_checkpoint(str(tmp_path), Settings(data_dir=tmp_path))
