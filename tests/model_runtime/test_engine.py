"""Answers are the same however they come about; they stop when told; one failure does not end the engine."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.chat import TextPiece
from model_runtime.engine import Engine
from model_runtime.errors import ContextTooLongError, NumericalError, OutOfMemoryError, RequestError
from model_runtime.events import Event, FinishReason, Progress, Request
from model_runtime.model import LoadedModel
from model_runtime.sampling import SamplingSettings
from tests.model_runtime.tiny_engine import finished, progress, text_of, tiny_engine, tiny_model

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
PROMPT = tuple(torch.randint(7, 600, (100,), generator=torch.Generator().manual_seed(5)).tolist())


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return tiny_model()


def greedy(prompt: tuple[int, ...] = PROMPT, max_tokens: int = 12) -> Request:
    return Request(prompt_tokens=prompt, max_tokens=max_tokens, sampling=GREEDY)


def test_any_chunk_size_and_any_history_give_the_same_answer(model: LoadedModel) -> None:
    expected = text_of(tiny_engine(model, chunk_tokens=1000).generate(greedy()))
    assert len(expected) > 5
    for chunk_tokens in (1, 7, 32, 100):
        engine = tiny_engine(model, chunk_tokens=chunk_tokens)
        assert text_of(engine.generate(greedy())) == expected
        other = (*PROMPT[:60], *reversed(PROMPT[:40]))
        list(engine.generate(greedy(other)))
        assert text_of(engine.generate(greedy())) == expected


def test_the_shared_prefix_is_reused_token_by_token(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    assert finished(engine.generate(greedy())).reused_tokens == 0
    assert finished(engine.generate(greedy())).reused_tokens == 99  # one token must be read for its logits
    edited = (*PROMPT[:41], 3, *PROMPT[42:])
    events = list(engine.generate(greedy(edited)))
    assert finished(events).reused_tokens == 41
    steps = progress(events)
    assert [(step.tokens_done, step.tokens_total) for step in steps] == [(41, 100), (73, 100), (100, 100)]
    assert steps[0].seconds_left is None
    assert steps[1].seconds_left is not None
    assert steps[1].seconds_left > 0
    assert steps[2].seconds_left == 0


def test_a_seed_decides_the_text(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    texts = []
    for seed in (3, 3, 4):
        sampling = SamplingSettings(temperature=1.5, top_k=0, top_p=1, seed=seed)
        texts.append(text_of(engine.generate(Request(prompt_tokens=PROMPT, max_tokens=15, sampling=sampling))))
    assert texts[0] == texts[1] != texts[2]


def test_closing_stops_within_a_chunk_and_the_next_request_is_unharmed(model: LoadedModel) -> None:
    expected = text_of(tiny_engine(model).generate(greedy()))
    engine = tiny_engine(model, chunk_tokens=10)
    events = engine.generate(greedy())
    for event in events:
        if isinstance(event, Progress) and event.tokens_done >= 30:
            break
    events.close()  # type: ignore[attr-defined]
    assert engine.cached_tokens == 30
    after = list(engine.generate(greedy()))
    assert finished(after).reused_tokens == 30
    assert text_of(after) == expected


def test_a_stop_signal_ends_an_answer_within_one_token(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    signal = threading.Event()
    seen: list[Event] = []
    for event in engine.generate(Request(prompt_tokens=PROMPT, max_tokens=500, sampling=GREEDY, stop_signal=signal)):
        seen.append(event)
        if isinstance(event, TextPiece):
            signal.set()
    assert finished(seen).reason is FinishReason.CANCELLED
    assert finished(seen).tokens <= 6  # some tokens are parts of a character


def test_a_stop_signal_reaches_into_a_chunk(model: LoadedModel) -> None:
    engine = tiny_engine(model, chunk_tokens=4000)
    signal = threading.Event()
    events = engine.generate(Request(prompt_tokens=PROMPT * 30, stop_signal=signal))
    next(events)
    signal.set()
    started = time.perf_counter()
    assert finished(events).reason is FinishReason.CANCELLED
    assert engine.cached_tokens == 0
    assert engine.cache_bytes == 0
    assert time.perf_counter() - started < 1


def test_stop_tokens_and_lengths_end_an_answer(model: LoadedModel) -> None:
    end = finished(tiny_engine(model).generate(greedy()))
    assert (end.reason, end.tokens, end.prompt_tokens) == (FinishReason.LENGTH, 12, 100)
    engine = tiny_engine(model)
    sampler_choice = [event for event in engine.generate(greedy(max_tokens=3)) if isinstance(event, TextPiece)]
    assert sampler_choice
    stopping = tiny_engine(model, stop_tokens=range(640))
    end = finished(stopping.generate(greedy()))
    assert (end.reason, end.tokens) == (FinishReason.STOP, 1)


def test_the_context_bounds_prompt_and_answer() -> None:
    small = tiny_model(max_position_embeddings=104)
    engine = tiny_engine(small)
    end = finished(engine.generate(greedy(max_tokens=50)))
    assert (end.reason, end.tokens) == (FinishReason.LENGTH, 4)
    with pytest.raises(ContextTooLongError, match="200 of 104"):
        engine.generate(greedy(PROMPT * 2))


@pytest.mark.parametrize("wrong", [(), (5, 640), (-1,)])
def test_prompts_that_cannot_be_read_are_refused_at_once(model: LoadedModel, wrong: tuple[int, ...]) -> None:
    with pytest.raises(RequestError):
        tiny_engine(model).generate(Request(prompt_tokens=wrong))


def test_requests_are_served_in_turn_and_know_their_place(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    first = engine.generate(greedy(max_tokens=40))
    next(first)
    expected = text_of(tiny_engine(model).generate(greedy()))
    places: dict[int, list[int]] = {1: [], 2: []}
    texts: dict[int, str] = {}

    def ask(name: int) -> None:
        events = []
        for event in engine.generate(greedy()):
            events.append(event)
            if isinstance(event, Progress) and event.queue_place:
                places[name].append(event.queue_place)
        texts[name] = text_of(events)

    threads = [threading.Thread(target=ask, args=(name,)) for name in places]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    list(first)
    for thread in threads:
        thread.join(20)
    assert places == {1: [1], 2: [2, 1]}
    assert texts == {1: expected, 2: expected}


def test_a_waiting_request_can_be_stopped(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    first = engine.generate(greedy())
    next(first)
    signal = threading.Event()
    second = engine.generate(Request(prompt_tokens=PROMPT, stop_signal=signal))
    assert next(second) == Progress(tokens_done=0, tokens_total=100, queue_place=1)
    signal.set()
    assert finished(second).reason is FinishReason.CANCELLED
    assert finished(first).reason is FinishReason.LENGTH


def test_running_out_of_memory_becomes_a_sentence_and_the_engine_lives_on(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = text_of(tiny_engine(model).generate(greedy()))
    engine = tiny_engine(model)
    monkeypatch.setattr(KeyValueCache, "write", _out_of_memory)
    with pytest.raises(OutOfMemoryError, match="kv-cache int8"):
        list(engine.generate(greedy()))
    assert engine.cache_bytes == 0
    monkeypatch.undo()
    assert text_of(engine.generate(greedy())) == expected


def _out_of_memory(*arguments: object) -> None:
    torch.empty(2**62, dtype=torch.uint8)  # what PyTorch itself raises on a CPU


def test_logits_that_are_no_numbers_end_the_request_and_leave_nothing_behind(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = text_of(tiny_engine(model).generate(greedy()))
    engine = tiny_engine(model)
    plain = model.network.logits

    def poisoned(hidden: Tensor) -> Tensor:
        return plain(hidden) * float("nan")

    monkeypatch.setattr(model.network, "logits", poisoned)
    with pytest.raises(NumericalError):
        list(engine.generate(greedy()))
    assert engine.cached_tokens == 0
    monkeypatch.undo()
    assert text_of(engine.generate(greedy())) == expected


def test_the_summary_tells_times_and_memory(model: LoadedModel) -> None:
    started = time.perf_counter()
    end = finished(tiny_engine(model).generate(greedy()))
    took = time.perf_counter() - started
    assert 0 < end.prefill_seconds < took
    assert 0 < end.decode_seconds < took
    assert end.peak_memory_bytes > 50 * 2**20


def test_forgetting_gives_the_memory_back(model: LoadedModel) -> None:
    engine = tiny_engine(model)
    list(engine.generate(greedy()))
    assert engine.cache_bytes > 0
    engine.forget()
    assert engine.cache_bytes == 0
    assert finished(engine.generate(greedy())).reused_tokens == 0


@pytest.mark.parametrize("kind", [CacheKind.BF16, CacheKind.INT8])
def test_narrow_caches_and_bfloat16_answer(kind: CacheKind) -> None:
    engine = tiny_engine(tiny_model(dtype=torch.bfloat16), kv_cache=kind)
    assert isinstance(engine, Engine)
    first = text_of(engine.generate(greedy()))
    assert first
    assert text_of(engine.generate(greedy())) != ""
