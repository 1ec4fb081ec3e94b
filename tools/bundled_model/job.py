"""One training in one folder: tokenizer and network, made at the start and taken up again later."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from assistant.prompts import fill, not_in_record
from model_runtime.chat import Chat
from model_runtime.config import parse_config
from tools.bundled_model import language_texts
from tools.bundled_model.batches import BatchMaker
from tools.bundled_model.conversations import instructions
from tools.bundled_model.initialisation import initialise
from tools.bundled_model.meanings import meanings
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.page_layout import segments_of
from tools.bundled_model.plan import Plan
from tools.bundled_model.questions import Asker, Exchange, Task
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize
from tools.bundled_model.token_codes import Vocabulary
from tools.bundled_model.tokenizer import END_TOKEN, PAD_TOKEN, train_tokenizer
from tools.bundled_model.training import Trainer, UnusableTrainingError

_TOKENIZER_SIZE = RecordSize(pages=(1, 2), facts=(3, 9), fillers=0.0)
_ASKED_RECORDS, _COUNTED_RECORDS = 400, 2_500
_PROMPT_WORD = 8  # a word of the prompts is as common as one in so many of the commonest
_SHORTEST_WORD = 3  # letters of what may mean something
_WORD = re.compile(r"[A-Za-z]{4,}")
_PROMPT_REPEATS = 300  # every question is asked with the prompts, so their words are to be whole tokens
_TEMPLATE = "<|role_end|><role>HUMAN</role><role>ASSISTANT</role>Question:"


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
    vocabulary = Vocabulary(
        pieces=_pieces(chat, config.vocab_size),
        sink=ids["<role>"],
        template=sorted(set(chat.encode(_TEMPLATE))),
        asked=_asked(plan, generator, chat),
        refusal=chat.encode(not_in_record())[0],
        quotation=ids['"'],
        turn=ids["</role>"],
        question=chat.encode("Question")[0],
        answer=chat.encode("ASSISTANT")[0],
        page_opening=ids["["],
        page_citing=chat.encode(" [")[0],
        meanings=_meanings(plan, generator, chat, min(_COUNTED_RECORDS, tokenizer_records)),
    )
    initialise(network, vocabulary, seed=plan.seed)
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
        record = generator.record(dice, _TOKENIZER_SIZE)
        yield from (f"{page.file}\n{page.text}" for page in record.pages)
        yield from (exchange.question for exchange in Asker(generator, dice).exchanges(record, 8))
    yield from [_prompts(), "SYSTEM HUMAN ASSISTANT detailed thinking off\n" * 10] * _PROMPT_REPEATS
    if data := os.environ.get("EVAL_DATA"):
        yield from language_texts.texts(Path(data))


def _prompts() -> str:
    parts = [fill("system"), instructions(), fill("record", pages=""), fill("question", earlier="", question="")]
    return "\n".join(parts)


def _asked(plan: Plan, generator: RecordGenerator, chat: Chat) -> Counter[int]:
    """How many questions about some records hold each token; the words of the prompts, which ask nothing, count too."""
    counts: Counter[int] = Counter()
    for _, exchanges in _some_conversations(plan, generator, _ASKED_RECORDS):
        for exchange in exchanges:
            counts.update(set(chat.encode(f" {exchange.question}")))
    often = max(counts.values()) // _PROMPT_WORD
    for token in set(chat.encode(_prompts())):
        counts[token] += often
    return counts


def _meanings(plan: Plan, generator: RecordGenerator, chat: Chat, records: int) -> dict[int, Sequence[int]]:
    """What tokens of questions mean in a record's words, by the longest tokens of these."""
    asked: list[tuple[frozenset[str], frozenset[str]]] = []
    segments: list[frozenset[str]] = []
    for record, exchanges in _some_conversations(plan, generator, records):
        asked += [
            (_words(exchange.question), _words(exchange.answer))
            for exchange in exchanges
            if exchange.task in (Task.ONE_FACT, Task.NEGATED)
        ]
        segments += [_words(part) for page in record.pages for part in segments_of(page.text)]
    found: dict[int, Sequence[int]] = {}
    for word, others in meanings(asked, segments).items():
        token = chat.encode(f" {word}")[0]
        if len(chat.decode([token]).strip()) >= _SHORTEST_WORD:
            found.setdefault(
                token, [max(chat.encode(f" {other}"), key=lambda one: len(chat.decode([one]))) for other in others]
            )
    return found


def _some_conversations(
    plan: Plan, generator: RecordGenerator, records: int
) -> Iterator[tuple[InventedRecord, list[Exchange]]]:
    for index in range(records):
        dice = random.Random(f"asked {plan.seed} {index}")
        record = generator.record(dice, _TOKENIZER_SIZE)
        yield record, Asker(generator, dice).exchanges(record, 8)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))


def _pieces(chat: Chat, vocabulary: int) -> list[str]:
    """The text of every token; a name for those that have none or are a part of a character."""
    texts = [chat.token_bytes(token).decode("utf-8", errors="replace") for token in range(vocabulary)]
    return [f"<{token}>" if not text or "\ufffd" in text else text for token, text in enumerate(texts)]
