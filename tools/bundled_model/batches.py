"""Batches of conversations for a stage of the curriculum, the same for the same seed and place."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from assistant.prompts import not_in_record
from model_runtime.chat import Chat
from tools.bundled_model.conversations import Example, Frame, example
from tools.bundled_model.judging import is_right
from tools.bundled_model.plan import Plan, Stage
from tools.bundled_model.questions import Asker, Exchange
from tools.bundled_model.records import RecordGenerator

# Some passages come after so many questions, answered from passages that are no longer there.
_HISTORY_SHARE, _MOST_HISTORY = 0.5, 5
# So many answers before the last are shown wrong: in use the network sees its own, which are not always right.
MISTAKEN_SHARE = 0.12
_SORTED_BATCHES = 6  # so many batches are made at once, of conversations of like length: less padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Conversations side by side: tokens int64 [B, T], padded at the end; is_answer bool [B, T] marks what to write."""

    tokens: Tensor
    is_answer: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on `device`."""
        return Batch(tokens=self.tokens.to(device), is_answer=self.is_answer.to(device))


class BatchMaker:
    """Makes the batches of a plan."""

    def __init__(self, plan: Plan, generator: RecordGenerator, chat: Chat, *, pad: int) -> None:
        self._plan = plan
        self._generator = generator
        self._chat = chat
        self._pad = pad

    def batches(self, stage: Stage, first: str) -> Iterator[Batch]:
        """Batches without end; another `first` gives others."""
        dice = random.Random(f"{self._plan.seed} {first}")
        while True:
            examples = [self._example(dice, stage) for _ in range(self._examples_at_once(dice, stage))]
            made = _like_lengths(examples, stage.batch_tokens)
            dice.shuffle(made)
            yield from (collate(batch, pad=self._pad) for batch in made)

    def _examples_at_once(self, dice: random.Random, stage: Stage) -> int:
        sample = [len(self._example(dice, stage).tokens) for _ in range(8)]
        return max(1, round(_SORTED_BATCHES * stage.batch_tokens * len(sample) / sum(sample)))

    def _example(self, dice: random.Random, stage: Stage) -> Example:
        while True:
            record = self._generator.record(dice, stage.size)
            exchanges = Asker(self._generator, dice, plain_words=stage.plain_words).exchanges(record, stage.questions)
            if exchanges:
                frame = dice.choice(list(stage.frames))
                has_history = frame is Frame.PASSAGES and dice.random() < _HISTORY_SHARE
                earlier = dice.randrange(min(_MOST_HISTORY, len(exchanges))) if has_history else 0
                shown = with_mistakes(exchanges, dice)
                return example(self._chat, record, shown, frame, earlier=earlier)


def with_mistakes(exchanges: Sequence[Exchange], dice: random.Random) -> list[Exchange]:
    """The exchanges, a share of those before the last with a wrong answer, not to be learned."""
    *before, last = exchanges
    shown = [
        _mistaken(exchange, exchanges, dice) if dice.random() < MISTAKEN_SHARE else exchange for exchange in before
    ]
    return [*shown, last]


def _mistaken(exchange: Exchange, exchanges: Sequence[Exchange], dice: random.Random) -> Exchange:
    """The exchange with the answer to another question or with a refusal, unless none of them is wrong."""
    answers = [[other.answer for other in exchanges], [not_in_record()]]
    wrong = [[one for one in some if not is_right(one, exchange)] for some in answers]
    kinds = [some for some in wrong if some]
    return replace(exchange, answer=dice.choice(dice.choice(kinds)), is_learned=False) if kinds else exchange


def stream(maker: BatchMaker, stage: Stage, step: int, *, workers: int) -> Iterator[Batch]:
    """Batches from `step` on, made in this process or in so many others."""
    return iter(DataLoader(_Batches(maker, stage, step), batch_size=None, num_workers=workers))


class _Batches(IterableDataset[Batch]):
    def __init__(self, maker: BatchMaker, stage: Stage, step: int) -> None:
        self._maker, self._stage, self._step = maker, stage, step

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        return self._maker.batches(self._stage, f"{self._step} {worker.id if worker else 0}")


def _like_lengths(examples: list[Example], batch_tokens: int) -> list[list[Example]]:
    """Batches of at most so many tokens, padding counted."""
    batches: list[list[Example]] = [[]]
    for one in sorted(examples, key=lambda one: len(one.tokens)):
        if batches[-1] and (len(batches[-1]) + 1) * len(one.tokens) > batch_tokens:
            batches.append([])
        batches[-1].append(one)
    return batches


def collate(examples: list[Example], *, pad: int) -> Batch:
    """Examples as one batch."""
    longest = max(len(one.tokens) for one in examples)
    tokens = torch.full((len(examples), longest), pad)
    is_answer = torch.zeros(len(examples), longest, dtype=torch.bool)
    for row, one in enumerate(examples):
        tokens[row, : len(one.tokens)] = torch.tensor(one.tokens)
        for start, end in one.answers:
            is_answer[row, start:end] = True
    return Batch(tokens=tokens, is_answer=is_answer)
