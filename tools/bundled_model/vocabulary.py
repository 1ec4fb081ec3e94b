"""What is known of the tokens before training: their parts in a conversation, what questions ask with and mean."""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.conversation.line_breaks import joined_lines
from assistant.language_models.asked import word_weights
from assistant.prompts import fill, not_in_record
from model_runtime.chat import Chat
from model_runtime.config import parse_config
from tools.bundled_model.conversations import instructions
from tools.bundled_model.meanings import listed_meanings, meanings, stem
from tools.bundled_model.page_layout import segments_of
from tools.bundled_model.plan import Plan
from tools.bundled_model.questions import Asker, Exchange, Task
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize

SMALL_RECORDS = RecordSize(pages=(1, 2), facts=(3, 9), fillers=0.0)
_COUNTED_RECORDS = 2_500
_LONG_WORD = 4  # letters of words that may tell what others mean, where that is counted
# How many listed words one may mean; in what share of segments a listed word is so common that it tells nothing.
_MOST_LISTED, _COMMON_SHARE = 4, 0.01
_LEAST_PIECE = 0.5  # of the letters of a word that its first piece must have to stand for it
# How often a word that no list holds names what is asked for, what that weighs in questions, the least that counts.
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
    for word, share in _naming(counts, meant).items():
        count = counts.questions[word] + 1
        idle = min(1.0, math.log(share) / math.log(_LEAST_NAMING))
        for token in set(chat.encode(f" {word}")) | set(chat.encode(f" {word.capitalize()}")):
            piece = pieces[token].strip().casefold()
            weights[piece] += count
            sums[piece] += count * idle
    bare = (piece.strip().casefold() for piece in pieces)
    return [sums[piece] / max(1, weights[piece]) if piece.isalpha() else 1.0 for piece in bare]


def _naming(counts: _Counts, meant: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Of each word of questions how often it names what is asked for.

    That is, about what is told, how much oftener than by chance the quotation holds it, in its own form, another one,
    or what it means; and where few questions held it, what the assistant's own lists say.
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
    listed = word_weights()

    def share(word: str) -> float:
        by_chance = asked[word] * anywhere[stem(word)] / len(counts.segments)
        expected = _UNSEEN_COUNT * listed.get(word, _NAMES_UNLESS_SEEN)
        return (max(0.0, found[word] - by_chance) + expected) / (asked[word] + _UNSEEN_COUNT)

    return {word: share(word) for word in sorted({*counts.questions, *listed})}


def _meant(counts: _Counts) -> Mapping[str, Sequence[str]]:
    """What words of questions mean in the longer words of records, as counted, or else as listed."""
    told = ((asked, _long_words(answer)) for asked, answer in counts.told)
    found = dict(meanings(told, map(_long_words, counts.segments)))
    anywhere = Counter(word for words in counts.segments for word in words)
    for word, others in listed_meanings().items():
        telling = [other for other in others if anywhere[other] <= _COMMON_SHARE * len(counts.segments)]
        found.setdefault(word, sorted(telling, key=lambda other: -anywhere[other])[:_MOST_LISTED])
    return found


def _by_token(chat: Chat, meant: Mapping[str, Sequence[str]]) -> dict[int, Sequence[int]]:
    """What tokens of questions mean in a record's words, by the first tokens of these.

    Only a word that is one token means anything, and little is told by a small piece: it may be one of other words.
    """
    found: dict[int, Sequence[int]] = {}
    for word, others in meant.items():
        token, share = _first_token(chat, word)
        pieces = [_first_token(chat, other) for other in others]
        told = dict.fromkeys(one for one, held in pieces if one != token and held >= _LEAST_PIECE)
        if told and share == 1:
            found.setdefault(token, list(told))
    return found


def _first_token(chat: Chat, word: str) -> tuple[int, float]:
    """What the word begins with, small or in capitals, whichever is longest; its share of the letters."""
    tokens = [chat.encode(f" {form}")[0] for form in (word, word.capitalize(), word.upper())]
    lengths = {token: len(chat.decode([token]).strip()) for token in tokens}
    longest = max(tokens, key=lengths.__getitem__)
    return longest, lengths[longest] / len(word)


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
