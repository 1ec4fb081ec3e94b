"""Questions about an invented record with the answers that the assistant's prompts ask for."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from assistant.prompts import not_in_record
from tools.bundled_model.fact_kinds import FactKind, fill_slots, word_fact
from tools.bundled_model.question_frames import QuestionFrames
from tools.bundled_model.records import Fact, InventedRecord, RecordGenerator
from tools.bundled_model.word_pools import Words, allowed

_FRAMED_SHARE = 0.3  # of the questions about one fact ask for it by its name alone
_ABSENT_WORD_SHARE = 0.35  # of the questions about what is absent name a word of any kind
_LISTED = 6  # a list names no more than so many facts


class Task(StrEnum):
    """What a question asks of the reader."""

    ONE_FACT = "one fact"
    NEGATED = "negated"
    FOLLOW_UP = "follow-up"
    SEVERAL = "several facts"
    CHANGE = "change"
    LIST = "list"
    NATURAL = "natural sentence"
    ABSENT = "absent"


# Of a hundred questions; a task that a record has no facts for gives its turn to one fact.
TASK_SHARES = {
    Task.ONE_FACT: 40,
    Task.ABSENT: 38,
    Task.LIST: 6,
    Task.CHANGE: 3,
    Task.SEVERAL: 5,
    Task.NEGATED: 3,
    Task.FOLLOW_UP: 3,
    Task.NATURAL: 13,
}
PLAIN_TASKS = (Task.ONE_FACT, Task.NATURAL, Task.ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and its answer, to learn or only to show. A right one holds all of `wanted` and cites `pages`."""

    task: Task
    question: str
    answer: str
    wanted: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    is_learned: bool = True


class Asker:
    """Asks about records of one generator; in plain words only of what a record holds or does not hold by its name."""

    def __init__(
        self, generator: RecordGenerator, dice: random.Random, *, held_out: bool = False, plain_words: bool = False
    ) -> None:
        self._generator = generator
        self._dice = dice
        self._held_out = held_out
        self._plain_words = plain_words
        self._frames = QuestionFrames(generator.frames, dice, held_out=held_out, plain_words=plain_words)

    def exchanges(self, record: InventedRecord, count: int, *, tasks: Sequence[Task] = tuple(Task)) -> list[Exchange]:
        """`count` questions about the record, or fewer where it says little; none is asked twice."""
        tasks = [task for task in tasks if not self._plain_words or task in PLAIN_TASKS]
        asked: dict[str, Exchange] = {}
        shares = [TASK_SHARES[task] for task in tasks]
        for task in self._dice.choices(tasks, shares, k=count * 2):
            if len(asked) >= count:
                break
            for exchange in self._one(task, record):
                asked.setdefault(exchange.question, exchange)
        return [self._in_more_words(exchange) for exchange in asked.values()]

    def _in_more_words(self, exchange: Exchange) -> Exchange:
        """Some questions come with words that ask for nothing."""
        if self._plain_words:
            return exchange
        return replace(exchange, question=self._frames.dressed(exchange.question))

    def _one(self, task: Task, record: InventedRecord) -> Iterator[Exchange]:
        makers = {
            Task.ABSENT: self._absent,
            Task.LIST: self._list,
            Task.CHANGE: self._change,
            Task.SEVERAL: self._several,
            Task.FOLLOW_UP: self._follow_up,
            Task.NEGATED: self._negated,
            Task.NATURAL: self._natural,
            Task.ONE_FACT: self._one_fact,
        }
        found = list(makers[task](record))
        if not found and task is not Task.ONE_FACT and self._dice.random() < 0.5:
            found = list(self._one_fact(record))
        yield from found

    def _one_fact(self, record: InventedRecord) -> Iterator[Exchange]:
        facts = [fact for fact in _unrepeated(record) if fact.stated.kind.name != "negative"]
        if facts:
            yield from self._about(self._dice.choice(facts), Task.ONE_FACT)

    def _negated(self, record: InventedRecord) -> Iterator[Exchange]:
        facts = [fact for fact in record.facts if fact.stated.kind.name == "negative"]
        if facts:
            yield from self._about(self._dice.choice(facts), Task.NEGATED)

    def _natural(self, record: InventedRecord) -> Iterator[Exchange]:
        """Where a word stands that the record has once: in a sentence of a text that nobody invented for this."""
        if record.naturals:
            natural = self._dice.choice(record.naturals)
            told = natural.quote[natural.quote.index(natural.word) :]
            named = [word.strip(string.punctuation) for word in told.split()[: self._dice.choice((1, 1, 1, 2, 3))]]
            yield Exchange(
                task=Task.NATURAL,
                question=self._frames.about(" ".join(filter(None, named))),
                answer=f'"{natural.quote}" [{natural.n}]',
                wanted=(told,),
                pages=(natural.n,),
            )

    def _about(self, fact: Fact, task: Task) -> Iterator[Exchange]:
        """A question that the fact's segment answers."""
        if fact.stated.kind.key in fact.stated.slots and self._is_framed():
            question, wanted = self._frames.about(_spoken_key(fact)), _value(fact)
            if plain(wanted) in plain(fact.quote):
                yield Exchange(task=task, question=question, answer=quoted([fact]), wanted=(wanted,), pages=(fact.n,))
                return
        asks = self._answered_by(fact, fact.stated.kind.asks)
        if asks:
            question, wanted = self._dice.choice(asks)
            yield Exchange(task=task, question=question, answer=quoted([fact]), wanted=(wanted,), pages=(fact.n,))

    def _is_framed(self) -> bool:
        return self._plain_words or self._dice.random() < _FRAMED_SHARE

    def _answered_by(self, fact: Fact, texts: Sequence[str]) -> list[tuple[str, str]]:
        """Questions of `texts` with the words of the fact that answer them."""
        pairs = (text.split(" -> ") for text in self._allowed(fact.stated.kind, texts))
        slots = fact.stated.slots
        filled = [
            (fill_slots(question, slots), fill_slots(answer, slots))
            for question, answer in pairs
            if set(_slots(question + answer)) <= _either(slots)
        ]
        quote = plain(fact.quote)
        return [(question, answer) for question, answer in filled if plain(answer) in quote]

    def _allowed(self, kind: FactKind, texts: Sequence[str]) -> list[str]:
        return allowed(texts, held_out=self._held_out and not kind.is_held_out) if texts else []

    def _follow_up(self, record: InventedRecord) -> Iterator[Exchange]:
        """A question, and at once another that only it makes clear."""
        facts = [fact for fact in _unrepeated(record) if fact.stated.kind.follow_ups]
        self._dice.shuffle(facts)
        for fact in facts:
            leaning = self._answered_by(fact, fact.stated.kind.follow_ups)
            first = list(self._about(fact, Task.ONE_FACT))
            if leaning and first:
                question, wanted = self._dice.choice(leaning)
                yield from first
                yield Exchange(
                    task=Task.FOLLOW_UP, question=question, answer=quoted([fact]), wanted=(wanted,), pages=(fact.n,)
                )
                return

    def _several(self, record: InventedRecord) -> Iterator[Exchange]:
        facts = [fact for fact in _unrepeated(record) if fact.stated.kind.name in ("medication", "result", "measure")]
        if len(facts) < 2:
            return
        first, second = self._dice.sample(facts, 2)
        ask = self._dice.choice(("What are {} and {}?", "What is recorded about {} and {}?", "{} and {}?"))
        names = [_spoken_key(fact) for fact in (first, second)]
        wanted = tuple(_value(fact) for fact in (first, second))
        yield Exchange(
            task=Task.SEVERAL,
            question=ask.format(*names),
            answer=quoted([first, second]),
            wanted=wanted,
            pages=(first.n, second.n),
        )

    def _change(self, record: InventedRecord) -> Iterator[Exchange]:
        for facts in (facts for facts in _repeated(record) if facts[0].stated.kind.changes):
            kind = facts[0].stated.kind
            ask = self._dice.choice(self._allowed(kind, kind.changes))
            yield Exchange(
                task=Task.CHANGE,
                question=fill_slots(ask, facts[0].stated.slots),
                answer=quoted(facts),
                wanted=tuple(_value(fact) for fact in facts),
                pages=tuple(fact.n for fact in facts),
            )

    def _list(self, record: InventedRecord) -> Iterator[Exchange]:
        kinds = [kind for kind in self._generator.kinds.values() if kind.lists]
        kind = self._dice.choice(kinds)
        question = self._dice.choice(self._allowed(kind, kind.lists))
        facts = [fact for fact in record.facts if fact.stated.kind is kind][:_LISTED]
        if facts:
            yield Exchange(
                task=Task.LIST,
                question=question,
                answer=quoted(facts),
                wanted=tuple(_value(fact) for fact in facts),
                pages=tuple(fact.n for fact in facts),
            )
        else:
            yield Exchange(task=Task.ABSENT, question=question, answer=not_in_record())

    def _absent(self, record: InventedRecord) -> Iterator[Exchange]:
        """A question about something of which the record holds nothing."""
        any_words = self._generator.any_words
        text = plain("\n".join(page.text for page in record.pages))
        if any_words and self._dice.random() < _ABSENT_WORD_SHARE:
            named = " ".join(self._dice.choice(any_words) for _ in range(self._dice.choice((1, 1, 2))))
            if not _mentions(text, named):
                yield Exchange(task=Task.ABSENT, question=self._frames.about(named), answer=not_in_record())
                return
        words = Words(self._generator.pools, self._dice, any_words=any_words, held_out=self._held_out)
        kinds = [kind for kind in self._generator.kinds.values() if self._held_out or not kind.is_held_out]
        for _ in range(8):
            fact = word_fact(self._dice.choice(kinds), {}, words, self._dice, held_out=self._held_out)
            texts = [ask for ask in self._allowed(fact.kind, fact.kind.asks) if set(_slots(ask)) <= _either(fact.slots)]
            if texts and not _mentions(text, fact.key):
                question = fill_slots(self._dice.choice(texts).split(" -> ")[0], fact.slots)
                if fact.kind.key in fact.slots and self._is_framed():
                    question = self._frames.about(fill_slots("{" + fact.kind.key + "}", fact.slots))
                yield Exchange(task=Task.ABSENT, question=question, answer=not_in_record())
                return


def quoted(facts: Sequence[Fact]) -> str:
    """The segments that state the facts, each once, with the numbers of their pages."""
    return "\n".join(dict.fromkeys(f'"{fact.quote}" [{fact.n}]' for fact in facts))


def plain(text: str) -> str:
    """Without what two readings may differ in: case and white space."""
    return " ".join(text.casefold().split())


def _mentions(text: str, key: str) -> bool:
    """Whether the text speaks of the key: of any longer word of it, so that no question is absent by half."""
    words = [word for word in plain(key).replace("-", " ").split() if len(word) > 3] or [plain(key)]
    return any(word[:6] in text for word in words)


def _spoken_key(fact: Fact) -> str:
    key = fact.stated.key
    return fill_slots("{" + fact.stated.kind.key + "}", fact.stated.slots) if fact.stated.slots else key


def _value(fact: Fact) -> str:
    """What a list must hold of a fact: its value, or the name it goes by."""
    slots = fact.stated.slots
    for slot in ("value", "amount", "dose"):
        if slot in slots and plain(slots[slot]) in plain(fact.quote):
            return slots[slot]
    return fact.stated.key


def _unrepeated(record: InventedRecord) -> list[Fact]:
    repeated = {id(fact) for facts in _repeated(record) for fact in facts}
    return [fact for fact in record.facts if id(fact) not in repeated]


def _repeated(record: InventedRecord) -> list[list[Fact]]:
    """Facts that are stated more than once."""
    facts = sorted(record.facts, key=lambda fact: (fact.stated.kind.name, fact.stated.key))
    groups = (list(group) for _, group in groupby(facts, key=lambda fact: (fact.stated.kind.name, fact.stated.key)))
    return [sorted(group, key=lambda fact: fact.n) for group in groups if len(group) > 1]


def _slots(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def _either(slots: Iterable[str]) -> set[str]:
    """Names of slots as texts may write them: {drug} or {Drug}."""
    names = set(slots)
    return names | {name[0].upper() + name[1:] for name in names}
