"""Invented records: pages of documents of many kinds and styles, and the facts that stand in them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.conversation.line_breaks import joined_lines
from tools.bundled_model.fact_kinds import CLOSING, OPENING, FactKind, StatedFact, fill_slots, read_kinds, word_fact
from tools.bundled_model.page_layout import blocks_of, misread, segment, wrapped
from tools.bundled_model.question_frames import read_frames
from tools.bundled_model.word_pools import (
    DateStyle,
    Words,
    allowed,
    is_held_out,
    read_pools,
    read_sections,
    without_star,
)

_NOISY_SHARE, _REPEATED_SHARE, _NATURAL_SHARE, _NEW_KIND_SHARE = 0.15, 0.5, 0.6, 0.3
_LONG_WORD = re.compile(r"[A-Za-z]{7,}")
_ANY_WORD = re.compile(r"\b[A-Za-z]{4,12}\b")
_SLOT = re.compile(r"\{(\w+)\}")
_MARKED = re.compile(f"{OPENING}([^{CLOSING}]*){CLOSING}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact of a record: on the page numbered `n`, in the segment `quote`, which may state others too."""

    n: int
    quote: str
    stated: StatedFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Natural:
    """The segment `quote` of a natural sentence on page `n`, with a `word` that stands in the record once."""

    n: int
    word: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPage:
    """One page: the file it belongs to and its text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedRecord:
    """Pages and the facts on them, page by page. Two facts of one kind and key are one thing at two times."""

    pages: tuple[InventedPage, ...]
    facts: tuple[Fact, ...]
    naturals: tuple[Natural, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSize:
    """Pages of a record and facts of a page, least and most; `fillers` is the chance of an idle line after a fact."""

    pages: tuple[int, int]
    facts: tuple[int, int]
    fillers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Documents:
    """documents.txt: kinds of documents with titles and kinds of facts; openings, endings and fillers."""

    kinds: dict[str, tuple[list[str], list[str]]]
    lines: dict[str, list[str]]


@dataclass(slots=True, kw_only=True)
class _Draft:
    title: str
    dates: DateStyle
    facts: list[StatedFact] = field(default_factory=list)


class RecordGenerator:
    """Makes records, the same for the same dice. `sentences` are natural ones, to stand between the facts."""

    def __init__(self, sentences: Sequence[str] = ()) -> None:
        self.kinds = read_kinds()
        self.pools = read_pools()
        self.frames = read_frames()
        self._documents = _read_documents()
        self._sentences = sentences
        self.any_words = sorted({word.lower() for sentence in sentences for word in _ANY_WORD.findall(sentence)})

    def record(self, dice: random.Random, size: RecordSize, *, held_out: bool = False) -> InventedRecord:
        """A record; a held-out one is made of words, wordings and kinds that no training record has."""
        making = _Making(self, dice, size, held_out=held_out)
        return making.record(self._documents, self._sentences)


class _Making:
    """One record in the making."""

    def __init__(self, generator: RecordGenerator, dice: random.Random, size: RecordSize, *, held_out: bool) -> None:
        self._kinds = generator.kinds
        self._words = Words(generator.pools, dice, any_words=generator.any_words, held_out=held_out)
        self._dice = dice
        self._size = size
        self._held_out = held_out
        self._stated_once: set[str] = set()
        self._told: list[str] = []  # natural sentences that stand in the record

    def record(self, documents: _Documents, sentences: Sequence[str]) -> InventedRecord:
        drafts = [self._draft(documents) for _ in range(self._dice.randint(*self._size.pages))]
        self._repeat_one(drafts)
        pages: list[InventedPage] = []
        facts: list[Fact] = []
        for n, draft in enumerate(drafts, start=1):
            marked = self._page(draft, documents, sentences)
            text = _MARKED.sub(r"\1", marked)
            read = joined_lines(text)
            by_text = {_plain(fact.marked): fact for fact in draft.facts}
            for before, found in enumerate(_MARKED.finditer(marked)):
                start = found.start() - 2 * before  # the text has lost the two marks of each fact before
                quote = segment(read, start, start + len(found[1]))
                facts.append(Fact(n=n, quote=quote, stated=by_text[_plain(found[1])]))
            pages.append(InventedPage(file=self._file_name(draft), text=text))
        return InventedRecord(pages=tuple(pages), facts=tuple(facts), naturals=tuple(self._naturals(pages)))

    def _naturals(self, pages: Sequence[InventedPage]) -> Iterator[Natural]:
        """For every natural sentence that stands as it is, its first rare word."""
        text = " ".join(_plain(page.text) for page in pages).casefold()
        for sentence in dict.fromkeys(self._told):
            words = [word for word in _LONG_WORD.findall(sentence) if text.count(word.casefold()) == 1]
            for n, page in enumerate(pages, start=1):
                found = re.search(r"\s+".join(map(re.escape, sentence.split())), page.text)
                if found and words:
                    start = page.text.index(words[0], found.start())
                    yield Natural(
                        n=n, word=words[0], quote=segment(joined_lines(page.text), start, start + len(words[0]))
                    )

    def _draft(self, documents: _Documents) -> _Draft:
        names = list(documents.kinds)
        new = [name for name in names if is_held_out(name)]
        known = [name for name in names if not is_held_out(name)]
        is_new = self._held_out and self._dice.random() < _NEW_KIND_SHARE
        titles, kinds = documents.kinds[self._dice.choice(new if is_new else known)]
        self._words.begin_document()
        draft = _Draft(title=self._dice.choice(titles), dates=self._words.dates)
        usable = [self._kinds[kind] for kind in kinds if self._held_out or not self._kinds[kind].is_held_out]
        for _ in range(self._dice.randint(*self._size.facts)):
            draft.facts += self._new_fact(self._dice.choice(usable))
        return draft

    def _new_fact(self, kind: FactKind) -> Iterator[StatedFact]:
        if kind.key in self._stated_once:
            return
        fact = word_fact(kind, {}, self._words, self._dice, held_out=self._held_out)
        if kind.key not in fact.slots:  # a patient has one occupation
            self._stated_once.add(kind.key)
        yield fact

    def _repeat_one(self, drafts: Sequence[_Draft]) -> None:
        """State one result or measurement on a second page, with another value."""
        if len(drafts) < 2 or self._dice.random() > _REPEATED_SHARE:
            return
        first, second = self._dice.sample(drafts, 2)
        again = [fact for fact in first.facts if fact.kind.changes]
        if again:
            fact = self._dice.choice(again)
            known = {slot: fact.slots[slot] for slot in (fact.kind.key, "spread")}
            second.facts.append(word_fact(fact.kind, known, self._words, self._dice, held_out=self._held_out))

    def _page(self, draft: _Draft, documents: _Documents, sentences: Sequence[str]) -> str:
        self._words.dates = draft.dates
        title = draft.title.upper() if self._dice.random() < 0.3 else draft.title
        openings = [self._line(documents.lines["opening"]) for _ in range(self._dice.randint(0, 2))]
        body = blocks_of(
            draft.facts, self._dice, fillers=self._size.fillers, filler=lambda: self._filler(documents, sentences)
        )
        endings = [self._line(documents.lines["ending"])] if self._dice.random() < 0.5 else []
        return wrapped("\n".join([title, *openings, *body, *endings]), self._dice)

    def _line(self, texts: Sequence[str]) -> str:
        text = self._dice.choice(allowed(texts, held_out=self._held_out))
        return fill_slots(text, {slot: self._words.draw(slot, once=False) for slot in _SLOT.findall(text)})

    def _filler(self, documents: _Documents, sentences: Sequence[str]) -> str:
        if sentences and self._dice.random() < _NATURAL_SHARE:
            text = self._dice.choice(sentences)
            self._told.append(text)
        else:
            text = self._line(documents.lines["filler"])
        return misread(text, self._dice) if self._dice.random() < _NOISY_SHARE else text

    def _file_name(self, draft: _Draft) -> str:
        dice = self._dice
        day = f"{dice.randint(2015, 2026)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        return f"{day}_{draft.title.lower().replace(' ', '_')}.{dice.choice(('pdf', 'pdf', 'txt', 'docx'))}"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _read_documents() -> _Documents:
    documents = _Documents(kinds={}, lines={})
    for line in read_sections("documents.txt"):
        if line.startswith("= "):
            name, titles, facts = (part.strip() for part in line[2:].split("|"))
            documents.kinds[name] = (titles.split("; "), facts.split())
        else:
            label, text = line.split(": ", 1)
            star = "*" if is_held_out(label) else ""
            documents.lines.setdefault(without_star(label), []).append(star + text)
    return documents
