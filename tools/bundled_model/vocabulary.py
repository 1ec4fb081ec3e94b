"""What is known of the tokens before training: their parts in a conversation, what questions ask with and mean."""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.conversation.line_breaks import joined_lines
from assistant.prompts import fill, not_in_record
from model_runtime.chat import Chat
from model_runtime.config import parse_config
from tools.bundled_model.conversations import instructions
from tools.bundled_model.meanings import meanings, stem
from tools.bundled_model.page_layout import segments_of
from tools.bundled_model.plan import Plan
from tools.bundled_model.questions import Asker, Exchange, Task
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize

SMALL_RECORDS = RecordSize(pages=(1, 2), facts=(3, 9), fillers=0.0)
_COUNTED_RECORDS = 2_500
_SHORTEST_PIECE, _LONG_WORD = 3, 4  # letters of a word's piece that may mean something, of words that may tell it
# How often a word names what is asked for: where it was not seen, what that weighs in questions, the least that counts.
_NAMES_UNLESS_SEEN, _UNSEEN_COUNT, _LEAST_NAMING = 0.9, 3, 0.01
_WORD = re.compile(r"[a-z]+")
_PIECES = ("<role>", "</role>", "SYSTEM", '"', "[", " [", "Question", "ASSISTANT")
_TEMPLATE = "<|role_end|><role>HUMAN</role><role>ASSISTANT</role>Question:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What is to be known of the tokens before training.

    `pieces`: the text of each; `sink`: the token that stands for "found nowhere", once at the beginning; `template`:
    those of the chat template, that no question is about; `common`: of each token, 0 to 1, how seldom its words name
    what a question asks about; `refusal`, `quotation`: with what answers begin, and `turn`: what stands before them;
    `question`, `answer`: with what their parts of the template begin, and `instructions` those on how to answer;
    `page_opening`: what stands before a page's number in a record, and `page_citing` in an answer; `meanings`: for
    words of questions, by their first tokens, the tokens that tell in a record what they ask for.
    """

    pieces: Sequence[str]
    sink: int
    template: Sequence[int]
    common: Sequence[float]
    refusal: int
    quotation: int
    turn: int
    question: int
    answer: int
    instructions: int
    page_opening: int
    page_citing: int
    meanings: Mapping[int, Sequence[int]] = field(default_factory=dict)


def vocabulary_of(plan: Plan, generator: RecordGenerator, chat: Chat, most_records: int) -> Vocabulary:
    """The vocabulary of `chat`'s tokenizer, counted over conversations about at most so many records."""
    token = {piece: chat.encode(piece)[0] for piece in _PIECES}
    pieces = _pieces(chat, parse_config(plan.config).vocab_size)
    counts = _counted(plan, generator, min(_COUNTED_RECORDS, most_records))
    meant = _meant(counts)
    return Vocabulary(
        pieces=pieces,
        sink=token["SYSTEM"],
        template=sorted(set(chat.encode(_TEMPLATE))),
        common=_common(chat, pieces, counts, meant),
        refusal=chat.encode(not_in_record())[0],
        quotation=token['"'],
        turn=token["</role>"],
        question=token["Question"],
        answer=token["ASSISTANT"],
        instructions=chat.encode(instructions())[0],
        page_opening=token["["],
        page_citing=token[" ["],
        meanings=_by_token(chat, meant),
    )


def prompts() -> str:
    """The words around every question."""
    parts = [fill("system"), instructions(), fill("record", pages=""), fill("question", earlier="", question="")]
    return "\n".join(parts)


@dataclass(slots=True)
class _Counts:
    """Of some conversations: questions with a word; of told things the words asked and quoted; those of segments."""

    questions: Counter[str] = field(default_factory=Counter)
    told: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    segments: list[frozenset[str]] = field(default_factory=list)


def _counted(plan: Plan, generator: RecordGenerator, records: int) -> _Counts:
    counts = _Counts()
    for record, exchanges in _some_conversations(plan, generator, records):
        for exchange in exchanges:
            asked = _words(exchange.question)
            counts.questions.update(asked)
            if exchange.task in (Task.ONE_FACT, Task.NEGATED, Task.NATURAL):
                counts.told.append((asked, _words(exchange.answer)))
        counts.segments += [_words(part) for page in record.pages for part in segments_of(joined_lines(page.text))]
    return counts


def _common(chat: Chat, pieces: Sequence[str], counts: _Counts, meant: Mapping[str, Sequence[str]]) -> list[float]:
    """How seldom the words that each token stands in name what is asked for, 0 to 1.

    Figures and punctuation name nothing: 1. A piece of a name that is asked for once is as rare as the name, however
    many names it is a piece of.
    """
    weights: Counter[str] = Counter()
    sums: defaultdict[str, float] = defaultdict(float)
    naming = _naming(counts, meant)
    for word, count in counts.questions.items():
        idle = min(1.0, math.log(naming.get(word, _NAMES_UNLESS_SEEN)) / math.log(_LEAST_NAMING))
        for token in set(chat.encode(f" {word}")) | set(chat.encode(f" {word.capitalize()}")):
            piece = pieces[token].strip().casefold()
            weights[piece] += count
            sums[piece] += count * idle
    bare = (piece.strip().casefold() for piece in pieces)
    return [sums[piece] / max(1, weights[piece]) if piece.isalpha() else 1.0 for piece in bare]


def _naming(counts: _Counts, meant: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Of each word of questions about what is told, how much oftener than by chance its quotation holds it.

    It does so in the word's own form, another one, or what it means.
    """
    asked: Counter[str] = Counter()
    found: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for segment in counts.segments:
        anywhere.update({stem(word) for word in segment})
    for question, answer in counts.told:
        stems = {stem(word) for word in answer}
        asked.update(question)
        found.update(word for word in question if stem(word) in stems or answer.intersection(meant.get(word, ())))
    unseen = _NAMES_UNLESS_SEEN * _UNSEEN_COUNT
    by_chance = {word: count * anywhere[stem(word)] / len(counts.segments) for word, count in asked.items()}
    return {
        word: (max(0.0, found[word] - by_chance[word]) + unseen) / (count + _UNSEEN_COUNT)
        for word, count in asked.items()
    }


def _meant(counts: _Counts) -> Mapping[str, Sequence[str]]:
    """What words of questions mean in the longer words of records."""
    told = ((asked, _long_words(answer)) for asked, answer in counts.told)
    return meanings(told, map(_long_words, counts.segments))


def _by_token(chat: Chat, meant: Mapping[str, Sequence[str]]) -> dict[int, Sequence[int]]:
    """What tokens of questions mean in a record's words, by the longest tokens of these."""
    found: dict[int, Sequence[int]] = {}
    for word, others in meant.items():
        token = chat.encode(f" {word}")[0]
        told = [max(chat.encode(f" {other}"), key=lambda one: len(chat.decode([one]))) for other in others]
        told = [one for one in told if one != token]  # "sleep" is told in "sleeping", which begins alike
        if told and len(chat.decode([token]).strip()) >= min(len(word), _SHORTEST_PIECE):
            found.setdefault(token, told)
    return found


def _some_conversations(
    plan: Plan, generator: RecordGenerator, records: int
) -> Iterator[tuple[InventedRecord, list[Exchange]]]:
    for index in range(records):
        dice = random.Random(f"asked {plan.seed} {index}")
        record = generator.record(dice, SMALL_RECORDS)
        yield record, Asker(generator, dice).exchanges(record, 8)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _long_words(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if len(word) >= _LONG_WORD)


def _pieces(chat: Chat, vocabulary: int) -> list[str]:
    """The text of every token; a name for those that have none or are a part of a character."""
    texts = [chat.token_bytes(token).decode("utf-8", errors="replace") for token in range(vocabulary)]
    return [f"<{token}>" if not text or "\ufffd" in text else text for token, text in enumerate(texts)]
