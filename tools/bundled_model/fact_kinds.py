"""Kinds of facts: how documents word them and what is asked about them, read from texts/facts.txt."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.bundled_model.word_pools import Words, allowed, is_held_out, read_sections, without_star

OPENING, CLOSING = "\ue000", "\ue001"  # around the words that state a fact while a page is put together
_SLOT = re.compile(r"\{(\w+)\}")
_NUMBERED = ("analyte", "measure")  # their pools hold a spread of values behind the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question with slots, and the words that a right answer holds."""

    question: str
    answer: str


@dataclass(slots=True, kw_only=True)
class FactKind:
    """A kind of fact. Every text still has its star."""

    name: str
    headings: tuple[str, ...]
    key: str
    lines: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    follow_ups: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    @property
    def is_held_out(self) -> bool:
        """Whether no training record holds such a fact."""
        return is_held_out(self.name)

    def pick(self, texts: Sequence[str], dice: random.Random, *, held_out: bool) -> str:
        """One of `texts` that may be used."""
        return dice.choice(allowed(texts, held_out=held_out and not self.is_held_out))


def read_kinds() -> dict[str, FactKind]:
    """The kinds of facts.txt by their names without stars."""
    kinds: dict[str, FactKind] = {}
    for line in read_sections("facts.txt"):
        if line.startswith("= "):
            name, *parts = (part.strip() for part in line[2:].split("|"))
            labels = dict(part.split(": ", 1) for part in parts)
            kind = FactKind(name=name, headings=tuple(labels["heading"].split("; ")), key=labels["key"])
            kinds[without_star(name)] = kind
            continue
        label, text = line.split(": ", 1)
        star = "*" if is_held_out(label) else ""
        places = {
            "line": kind.lines,
            "ask": kind.asks,
            "then": kind.follow_ups,
            "list": kind.lists,
            "change": kind.changes,
        }
        places[without_star(label)].append(star + text)
    return kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFact:
    """A fact as one document words it: `line` with the words that state it marked, and the words in its slots."""

    kind: FactKind
    line: str
    slots: Mapping[str, str]

    @property
    def marked(self) -> str:
        """The words that state it; an answer quotes the segment that they stand in."""
        return self.line[self.line.index(OPENING) + 1 : self.line.index(CLOSING)]

    @property
    def key(self) -> str:
        """What a question names it by."""
        return self.slots.get(self.kind.key, self.kind.key)


def word_fact(
    kind: FactKind, known: Mapping[str, str], words: Words, dice: random.Random, *, held_out: bool
) -> StatedFact:
    """A fact of `kind` in the words of one of its lines. `known` slots are kept, but a value is measured again."""
    line = kind.pick(kind.lines, dice, held_out=held_out)
    slots = dict(known)
    for slot in _SLOT.findall(line):
        name = slot[0].lower() + slot[1:]
        if name in slots:
            continue
        if name in _NUMBERED:
            slots[name], spread = _name_and_spread(words.draw(name))
            slots["value" if name == "analyte" else "amount"] = words.figure(spread)
            slots["spread"] = spread
        elif name not in ("value", "amount"):
            slots[name] = words.draw(name)
    if "spread" in known:
        slots["value" if "analyte" in known else "amount"] = words.figure(known["spread"])
    text = fill_slots(line, slots).replace("[[", OPENING).replace("]]", CLOSING)
    return StatedFact(kind=kind, line=" ".join(text.split()), slots=slots)


def _name_and_spread(entry: str) -> tuple[str, str]:
    """A name and the values it takes: "Vitamin D" and "12-130 nmol/L" of "Vitamin D 12-130 nmol/L"."""
    name, spread = re.split(r" (?=[\d.]+-[\d.]+)", entry, maxsplit=1)
    return name, spread


def fill_slots(text: str, slots: Mapping[str, str]) -> str:
    """`text` with its slots filled: {Drug} begins with a capital, {drug} does not unless the word is an acronym."""

    def word(slot: re.Match[str]) -> str:
        name = slot.group(1)
        value = slots[name[0].lower() + name[1:]]
        if name[0].isupper():
            return value[:1].upper() + value[1:]
        return _uncapitalized(value) if name in _NUMBERED else value

    return _SLOT.sub(word, text)


def _uncapitalized(value: str) -> str:
    first = value.split()[0]
    return value if any(letter.isupper() for letter in first[1:]) else value[:1].lower() + value[1:]
