"""What is known of the tokens before training: their parts in a conversation, what questions ask with and mean."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.prompts import fill, not_in_record
from model_runtime.chat import Chat
from model_runtime.config import parse_config
from tools.bundled_model.conversations import instructions
from tools.bundled_model.meanings import meanings
from tools.bundled_model.page_layout import segments_of
from tools.bundled_model.plan import Plan
from tools.bundled_model.questions import Asker, Exchange, Task
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize

SMALL_RECORDS = RecordSize(pages=(1, 2), facts=(3, 9), fillers=0.0)
_ASKED_RECORDS, _COUNTED_RECORDS = 400, 2_500
_PROMPT_WORD = 8  # a word of the prompts is as common as one in so many of the commonest
_SHORTEST_WORD = 3  # letters of what may mean something
_WORD = re.compile(r"[A-Za-z]{4,}")
_TEMPLATE = "<|role_end|><role>HUMAN</role><role>ASSISTANT</role>Question:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What is to be known of the tokens before training.

    `pieces`: the text of each; `sink`: the token that stands for "found nowhere"; `template`: those of the chat
    template, that no question is about; `asked`: how often questions hold a token, whatever they ask about;
    `refusal`, `quotation`: with what answers begin, and `turn`: what stands before them; `question`, `answer`: with
    what their parts of the template begin; `page_opening`: what stands before a page's number in a record, and
    `page_citing` in an answer; `meanings`: for words of questions, by
    their first tokens, the tokens that tell in a record what they ask for.
    """

    pieces: Sequence[str]
    sink: int
    template: Sequence[int]
    asked: Mapping[int, int]
    refusal: int
    quotation: int
    turn: int
    question: int
    answer: int
    page_opening: int
    page_citing: int
    meanings: Mapping[int, Sequence[int]] = field(default_factory=dict)


def vocabulary_of(plan: Plan, generator: RecordGenerator, chat: Chat, most_records: int) -> Vocabulary:
    """The vocabulary of `chat`'s tokenizer, counted over conversations about at most so many records."""
    token = {piece: chat.encode(piece)[0] for piece in ("<role>", "</role>", '"', "[", " [", "Question", "ASSISTANT")}
    return Vocabulary(
        pieces=_pieces(chat, parse_config(plan.config).vocab_size),
        sink=token["<role>"],
        template=sorted(set(chat.encode(_TEMPLATE))),
        asked=_asked(plan, generator, chat),
        refusal=chat.encode(not_in_record())[0],
        quotation=token['"'],
        turn=token["</role>"],
        question=token["Question"],
        answer=token["ASSISTANT"],
        page_opening=token["["],
        page_citing=token[" ["],
        meanings=_meanings(plan, generator, chat, min(_COUNTED_RECORDS, most_records)),
    )


def prompts() -> str:
    """The words around every question."""
    parts = [fill("system"), instructions(), fill("record", pages=""), fill("question", earlier="", question="")]
    return "\n".join(parts)


def _asked(plan: Plan, generator: RecordGenerator, chat: Chat) -> Counter[int]:
    """How many questions about some records hold each token; the words of the prompts, which ask nothing, count too."""
    counts: Counter[int] = Counter()
    for _, exchanges in _some_conversations(plan, generator, _ASKED_RECORDS):
        for exchange in exchanges:
            counts.update(set(chat.encode(f" {exchange.question}")))
    often = max(counts.values()) // _PROMPT_WORD
    for token in set(chat.encode(prompts())):
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
        record = generator.record(dice, SMALL_RECORDS)
        yield record, Asker(generator, dice).exchanges(record, 8)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))


def _pieces(chat: Chat, vocabulary: int) -> list[str]:
    """The text of every token; a name for those that have none or are a part of a character."""
    texts = [chat.token_bytes(token).decode("utf-8", errors="replace") for token in range(vocabulary)]
    return [f"<{token}>" if not text or "\ufffd" in text else text for token, text in enumerate(texts)]
