"""Ask a checkpoint, through the runtime that ships it, about held-out invented records; nothing constrains it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model_runtime.cache import CacheKind
from model_runtime.chat import Chat, Message, TextPiece
from model_runtime.engine import Engine
from model_runtime.events import Finished, Request
from model_runtime.loader import Precision, load_model
from model_runtime.sampling import SamplingSettings
from tools.bundled_model.conversations import Frame, prompt_messages
from tools.bundled_model.judging import Judgement, judge, scores
from tools.bundled_model.questions import Asker, Exchange
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize

HELD_OUT_SIZE = RecordSize(pages=(1, 4), facts=(3, 8), fillers=0.3)
_GREEDY = SamplingSettings(temperature=0, top_p=1, top_k=0, repetition_penalty=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A record and the questions that are asked about it, in one conversation."""

    record: InventedRecord
    exchanges: tuple[Exchange, ...]


def trials(generator: RecordGenerator, count: int, *, seed: int, held_out: bool = True) -> list[Trial]:
    """`count` trials, the same for the same seed; with words, wordings and kinds that no training record has."""
    made = []
    for index in range(count):
        dice = random.Random(f"evaluation {seed} {index} {held_out}")
        record = generator.record(dice, HELD_OUT_SIZE, held_out=held_out)
        exchanges = Asker(generator, dice, held_out=held_out).exchanges(record, 10)
        if exchanges:
            made.append(Trial(record=record, exchanges=tuple(exchanges)))
    return made


def judgements(engine: Engine, asked: Sequence[Trial], frame: Frame, *, answer_tokens: int) -> Iterator[Judgement]:
    """Every question of every trial, in a conversation in which the model sees its own earlier answers.

    Over passages every question is asked by itself: the assistant repeats no passages of earlier questions.
    """
    for trial in asked:
        answered: list[Exchange] = []
        for exchange in trial.exchanges:
            messages = prompt_messages(trial.record, [*answered, exchange], frame)[:-1]
            written = answer(engine, messages, answer_tokens=answer_tokens)
            yield judge(written, exchange, trial.record)
            if frame is not Frame.PASSAGES:
                answered.append(replace(exchange, answer=written))


def answer(engine: Engine, messages: Sequence[Message], *, answer_tokens: int) -> str:
    """What the model writes, word by likeliest word."""
    prompt = engine.chat.prompt(messages)
    request = Request(prompt_tokens=prompt.tokens, max_tokens=answer_tokens, sampling=_GREEDY)
    return "".join(event.text for event in engine.generate(request) if isinstance(event, TextPiece))


def open_engine(folder: Path, precision: Precision) -> Engine:
    """The checkpoint of `folder` behind the runtime."""
    model = load_model(folder, precision=precision)
    kind = CacheKind.FLOAT32 if precision is Precision.FLOAT32 else CacheKind.BF16
    return Engine(model, Chat.from_folder(folder), kv_cache=kind)


def held_out_scores(engine: Engine, asked: Sequence[Trial], frame: Frame, *, answer_tokens: int) -> dict[str, float]:
    """The scores of judging.py over the trials."""
    return scores(list(judgements(engine, asked, frame, answer_tokens=answer_tokens)))


def speed(engine: Engine, trial: Trial, *, answer_tokens: int) -> dict[str, float]:
    """Tokens a second and seconds to the first token of a first question and of a follow-up."""
    messages = prompt_messages(trial.record, trial.exchanges, Frame.WHOLE_RECORD)
    first, following = messages[:2], messages[:4]
    engine.forget()
    _timed(engine, first, answer_tokens)  # warms up
    engine.forget()
    first_token, _ = _timed(engine, first, answer_tokens)
    follow_up, rate = _timed(engine, following, answer_tokens)
    return {
        "first_answer_seconds": round(first_token, 3),
        "follow_up_first_token_seconds": round(follow_up, 3),
        "decode_tokens_per_second": round(rate, 1),
    }


def _timed(engine: Engine, messages: Sequence[Message], answer_tokens: int) -> tuple[float, float]:
    """Seconds to the first token, tokens a second after it."""
    prompt = engine.chat.prompt(messages)
    request = Request(prompt_tokens=prompt.tokens, max_tokens=answer_tokens, sampling=_GREEDY)
    began, first_at = time.perf_counter(), 0.0
    for event in engine.generate(request):
        if isinstance(event, TextPiece) and not first_at:
            first_at = time.perf_counter() - began
        if isinstance(event, Finished):
            return first_at, event.tokens / max(event.decode_seconds, 1e-9)
    raise AssertionError("an answer ends with Finished")
