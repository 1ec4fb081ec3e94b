"""Cut clinical text into terms that can be compared: words by stem and synonym, numbers with their units, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from assistant.evidence.dates import DateMention, dates
from assistant.evidence.rewordings import longest_proof_phrase_words, proof_phrases, word_names
from assistant.evidence.synonyms import expansion, is_divisible, stem
from assistant.evidence.units import joined_number, number_of, unit_of


class TermKind(StrEnum):
    """What a term is; only words can be function words."""

    WORD = "word"
    FUNCTION = "function"
    NUMBER = "number"
    DATE = "date"
    BREAK = "break"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term at `text[start:end]`.

    `word` is the text in lower case, abbreviated denials in full. `key` is what two terms share when they say the same:
    a stem, a synonym's name, a number, a date. `unit` is a number's unit, if it has one. `parts` are the keys of the
    single words of a synonym of several words.
    """

    start: int
    end: int
    kind: TermKind
    word: str
    key: str
    unit: str | None = None
    parts: tuple[str, ...] = ()
    date: DateMention | None = None

    @property
    def is_content(self) -> bool:
        """Whether the term carries meaning that must be proven."""
        return self.kind in (TermKind.WORD, TermKind.NUMBER, TermKind.DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    start: int
    end: int
    word: str


# Words that only hold a sentence together. Words of time, degree, direction and possibility are not among them.
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "it",
        "its",
        "itself",
        "he",
        "him",
        "his",
        "himself",
        "she",
        "her",
        "hers",
        "herself",
        "they",
        "them",
        "their",
        "theirs",
        "we",
        "us",
        "our",
        "ours",
        "i",
        "me",
        "my",
        "mine",
        "you",
        "your",
        "yours",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "one's",
        "am",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "having",
        "do",
        "does",
        "did",
        "doing",
        "done",
        "will",
        "would",
        "shall",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "from",
        "by",
        "with",
        "as",
        "and",
        "or",
        "so",
        "than",
        "then",
        "also",
        "too",
        "very",
        "into",
        "onto",
        "about",
        "per",
        "via",
        "patient",
        "patients",
        "pt",
        "mr",
        "mrs",
        "ms",
        "miss",
        "'s",
        "’s",
        "s",
        "d",
        "ll",
        "ve",
        "re",
        "m",
        "when",
        "while",
        "where",
        "because",
        "since",
        "how",
        "any",
        "but",
        "however",
        "although",
        "though",
        "yet",
    ]
)
# Verbs and nouns by which a note introduces what somebody said; which of them stands there changes nothing.
_REPORTING_WORDS = frozenset(
    [
        "report",
        "reports",
        "reported",
        "reporting",
        "state",
        "states",
        "stated",
        "stating",
        "note",
        "notes",
        "noted",
        "noting",
        "say",
        "says",
        "said",
        "saying",
        "describe",
        "describes",
        "described",
        "mention",
        "mentions",
        "mentioned",
        "endorse",
        "endorses",
        "endorsed",
        "admit",
        "admits",
        "admitted",
        "complain",
        "complains",
        "complained",
        "according",
        "evidence",
        "sign",
        "signs",
        "record",
        "records",
        "recorded",
        "document",
        "documents",
        "documented",
        "chart",
        "charted",
        "currently",
        "today",
        "presents",
        "present",
        "presented",
    ]
)

_NUMBER = r"(?:(?<![\w.)])-)?\d+(?:[.,:]\d+)*(?:/\d+(?:[.,]\d+)*)*"
_TOKEN = re.compile(
    r"(?P<dotted>(?<![\w.])(?:[a-z]\.){2,}(?:[a-z]\b)?)"  # b.i.d., p.o
    rf"|(?P<number>{_NUMBER})(?P<suffix>\+|[a-z]+(?:/[a-z\d]+)*\b)?"
    r"|(?P<compound>[^\W\d_]+(?:/[^\W\d_]+)+\b)"
    r"|(?P<word>[^\W\d_]+\d[^\W_]*|[^\W\d_]+)(?:['’](?P<tail>[a-z]{1,2})\b)?"
    r"|(?P<sign>[%°<>≤≥]=?|\+)"
    r"|(?P<break>[.;:!?]|,|\n|[()\[\]|•])",
    re.IGNORECASE,
)
_CITATION_MARK = re.compile(r"\[\d+(?:\s*[,;–-]\s*\d+)*\]")


@lru_cache(maxsize=4_096)
def terms(text: str) -> tuple[Term, ...]:
    """The terms of `text` in order, breaks of clauses among them; marks such as [2] are skipped."""
    text = _CITATION_MARK.sub(lambda mark: " " * len(mark.group()), text)
    found: list[Term] = []
    at = 0
    for mention in dates(text):
        found += _worded(_tokens(text, at, mention.start))
        found.append(_date_term(mention))
        at = mention.end
    return tuple(found + list(_worded(_tokens(text, at, len(text)))))


def content_terms(text: str) -> tuple[Term, ...]:
    """The terms that carry meaning."""
    return tuple(term for term in terms(text) if term.is_content)


def _date_term(mention: DateMention) -> Term:
    key = "|".join(sorted(mention.readings))
    return Term(start=mention.start, end=mention.end, kind=TermKind.DATE, word=key, key=key, date=mention)


def _tokens(text: str, start: int, end: int) -> list[_Token]:
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text, start, end):
        tokens += _split(match)
    return tokens


def _split(match: re.Match[str]) -> Iterator[_Token]:
    """A match's tokens: "20mg" and "isn't" are two, "2nd" and "1+" are one."""
    whole = match.group().lower()
    if match["dotted"]:
        yield _Token(start=match.start(), end=match.end(), word=whole.replace(".", ""))
    elif match["number"]:
        suffix = (match["suffix"] or "").lower()
        if suffix and unit_of(suffix):
            yield _Token(start=match.start(), end=match.end("number"), word=match["number"])
            yield _Token(start=match.start("suffix"), end=match.end(), word=suffix)
        else:
            yield _Token(start=match.start(), end=match.end(), word=whole)
    elif match["compound"]:
        yield from _split_compound(match)
    elif match["word"] and match["tail"] == "t" and whole.startswith(("can", "won")):
        yield _Token(start=match.start(), end=match.end(), word="not")
    elif match["word"] and (match["tail"] or "").lower() == "t":
        yield _Token(start=match.start(), end=match.end() - 3, word=match["word"].lower()[:-1])
        yield _Token(start=match.end() - 3, end=match.end(), word="not")
    elif match["word"]:
        for word in expansion(match["word"].lower()):
            yield _Token(start=match.start(), end=match.end(), word=word)
    else:
        yield _Token(start=match.start(), end=match.end(), word=whole)


def _split_compound(match: re.Match[str]) -> Iterator[_Token]:
    """ "mmol/L" is one token, "mg/day" two, "and/or" two."""
    whole = match.group().lower()
    head, _, tail = whole.rpartition("/")
    if unit_of(whole) and tail not in ("day", "d"):
        yield _Token(start=match.start(), end=match.end(), word=whole)
        return
    at = match.start()
    for part in whole.split("/"):
        per_day = part in ("day", "d") and unit_of(head)
        yield _Token(start=at, end=at + len(part), word="daily" if per_day else part)
        at += len(part) + 1


def _worded(tokens: Sequence[_Token]) -> list[Term]:
    found: list[Term] = []
    at = 0
    while at < len(tokens):
        length = _phrase_length(tokens, at)
        if length > 1 or (length and tokens[at].word not in _FUNCTION_WORDS):
            found.append(_phrase(tokens[at : at + length]))
            at += length
            continue
        term, used = _single(tokens, at)
        found.append(term)
        at += used
    return found


def _phrase_length(tokens: Sequence[_Token], at: int) -> int:
    """How many tokens from `at` make the longest phrase of the synonym lists; 0 for none."""
    for length in range(min(longest_proof_phrase_words(), len(tokens) - at), 0, -1):
        if _meaning(tokens[at : at + length]) is not None:
            return length
    return 0


def _meaning(tokens: Sequence[_Token]) -> str | None:
    """The phrase that names what the words mean; "six" is looked up as "6" too. None for words of no list."""
    table = proof_phrases()
    known = table.get(tuple(stem(token.word) for token in tokens))
    if known is not None or len(tokens) == 1:
        return known
    return table.get(tuple(number_of(token.word) or stem(token.word) for token in tokens))


def _phrase(tokens: Sequence[_Token]) -> Term:
    name = _meaning(tokens)
    assert name is not None
    is_divisible_phrase = len(tokens) > 1 and is_divisible(name)
    parts = tuple(_part_key(token) for token in tokens if is_divisible_phrase and token.word not in _FUNCTION_WORDS)
    word = " ".join(token.word for token in tokens)
    key = name.replace(" ", "_")
    return Term(start=tokens[0].start, end=tokens[-1].end, kind=TermKind.WORD, word=word, key=key, parts=parts)


def _part_key(token: _Token) -> str:
    """The key that the word has where it stands alone: "renal" of "end stage renal disease" says kidney."""
    alone = stem(token.word)
    return word_names().get(alone, alone).replace(" ", "_")


def _single(tokens: Sequence[_Token], at: int) -> tuple[Term, int]:
    """The term at `at` and how many tokens it takes: a number takes its unit with it."""
    token = tokens[at]
    number = number_of(token.word)
    if number is not None:
        joined = joined_number(token.word, tokens[at + 1].word) if at + 1 < len(tokens) else None
        used = 2 if joined else 1
        unit = unit_of(tokens[at + used].word) if at + used < len(tokens) else None
        used += bool(unit)
        end = tokens[at + used - 1].end
        key = joined or number
        return Term(start=token.start, end=end, kind=TermKind.NUMBER, word=token.word, key=key, unit=unit), used
    kind = _kind(token.word)
    key = token.word if kind is not TermKind.WORD else stem(token.word)
    return Term(start=token.start, end=token.end, kind=kind, word=token.word, key=key), 1


def _kind(word: str) -> TermKind:
    if word in _FUNCTION_WORDS or word in _REPORTING_WORDS:
        return TermKind.FUNCTION
    if not any(map(str.isalnum, word)) and word not in "%°<>≤≥+":
        return TermKind.BREAK
    return TermKind.WORD
