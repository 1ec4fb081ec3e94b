"""One training in one folder: tokenizer and network, made at the start and taken up again later."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from model_runtime.chat import Chat
from model_runtime.config import parse_config
from tools.bundled_model import language_texts
from tools.bundled_model.batches import BatchMaker
from tools.bundled_model.initialisation import initialise
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import Plan
from tools.bundled_model.questions import Asker
from tools.bundled_model.records import RecordGenerator
from tools.bundled_model.tokenizer import END_TOKEN, PAD_TOKEN, train_tokenizer
from tools.bundled_model.training import CHECKPOINT, Trainer, UnusableTrainingError
from tools.bundled_model.vocabulary import SMALL_RECORDS, prompts, vocabulary_of

# Every question is asked with the prompts, so their words are to be whole tokens; so are those that questions ask with.
_PROMPT_REPEATS, _QUESTION_REPEATS = 300, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a training in progress is made of."""

    tokenizer: PreTrainedTokenizerFast
    chat: Chat
    generator: RecordGenerator
    network: TrainingNetwork
    trainer: Trainer


def open_job(plan: Plan, folder: Path, *, tokenizer_records: int = 4_000, device: str = "cpu") -> Job:
    """The training of `plan` in `folder`. With EVAL_DATA set, its medical language is read and told of too."""
    folder.mkdir(parents=True, exist_ok=True)
    config = parse_config(plan.config)
    generator = RecordGenerator(natural_sentences(held_out=False))
    tokenizer = _tokenizer(plan, folder, config.vocab_size, tokenizer_records)
    ids = tokenizer.get_vocab()
    if len(ids) > config.vocab_size:
        raise UnusableTrainingError(
            f"{folder} has a tokenizer of {len(ids):,} tokens and the plan {plan.name} allows {config.vocab_size:,}: "
            "begin in another folder"
        )
    pad, end = ids[PAD_TOKEN], ids[END_TOKEN]
    chat = Chat(tokenizer, frozenset((pad, end)))
    network = TrainingNetwork(config)
    if not (folder / CHECKPOINT).exists():
        initialise(network, vocabulary_of(plan, generator, chat, tokenizer_records), seed=plan.seed)
    trainer = Trainer(plan, network, BatchMaker(plan, generator, chat, pad=pad), folder, device=device)
    return Job(tokenizer=tokenizer, chat=chat, generator=generator, network=network, trainer=trainer)


def natural_sentences(*, held_out: bool) -> list[str]:
    """Sentences of EVAL_DATA's medical language; none without it."""
    data = os.environ.get("EVAL_DATA")
    return language_texts.sentences(Path(data), held_out=held_out) if data else []


def _tokenizer(plan: Plan, folder: Path, vocabulary: int, records: int) -> PreTrainedTokenizerFast:
    kept = folder / "tokenizer"
    if not kept.exists():
        train_tokenizer(_tokenizer_texts(plan, records), vocabulary=vocabulary).save_pretrained(kept)
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(kept)
    return tokenizer


def _tokenizer_texts(plan: Plan, records: int) -> Iterator[str]:
    """Our own writing, the prompts, and what EVAL_DATA holds."""
    generator = RecordGenerator()
    for index in range(records):
        dice = random.Random(f"tokenizer {plan.seed} {index}")
        record = generator.record(dice, SMALL_RECORDS)
        yield from (f"{page.file}\n{page.text}" for page in record.pages)
        questions = [f" {exchange.question}" for exchange in Asker(generator, dice).exchanges(record, 8)]
        yield from questions * _QUESTION_REPEATS
    yield from [prompts(), "SYSTEM HUMAN ASSISTANT detailed thinking off\n" * 10] * _PROMPT_REPEATS
    if data := os.environ.get("EVAL_DATA"):
        yield from language_texts.texts(Path(data))
