"""Find passages by their words: clinical tokens ranked by BM25.

A clinical token keeps what a general one loses: `HbA1c`, `5 mg` (also `5mg`), `120/80`, `co-trimoxazole`, `b.i.d.`.
Words are stemmed. Chinese, which puts no spaces between words, is cut into overlapping pairs of characters. The
packaged encoder is English and knows hardly a Chinese character, so Chinese is found by these pairs alone: the question
must share words with the passage. A multilingual encoder (`--encoder FOLDER`) adds other words for the same thing, and
questions in another language than the record's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

import bm25s
import numpy as np
from numpy.typing import NDArray

from assistant.evidence.synonyms import stem

# Words that every passage has. Negations are kept: "no chest pain" asks for other passages than "chest pain".
_STOP_WORDS = frozenset(
    """
    a an and are as at be been being but by did do does for from had has have he her hers him his how i if in into
    is it its me my of on or our she so than that the their them then there these they this those to us was we were
    what when where which who whom why will with would you your yours
    """.split()
)

_UNITS = (
    r"mg/dl|mg/kg|mg/ml|mg/l|mg/day|mcg/min|mmol/l|umol/l|nmol/l|pmol/l|meq/l|g/dl|g/l|ng/ml|ng/l|pg/ml|ug/l|iu/l|miu/l|u/l|ml/min|mm/hr|"
    r"mmhg|mcg|mg|ug|kg|g|ml|dl|l|units?|iu|bpm|cm|mm|mmol|meq|hrs?|%"
)
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
# No character of Chinese: a full-width comma between two clauses is a plain one once it is normalized.
_LETTER = rf"[^\W_{_HAN}]"
_TOKEN = re.compile(
    rf"(?P<cjk>[{_HAN}]+)"
    rf"|(?P<quantity>\d+(?:[.,]\d+)*)\s?(?P<unit>(?:{_UNITS})(?![a-z0-9]))"
    r"|(?P<dotted>(?:[a-z]\.){2,})"
    rf"|(?P<word>{_LETTER}+(?:[.,/'’-]{_LETTER}+)*)"
)
_CJK = re.compile(rf"[{_HAN}]")
# What a question in Chinese asks with, and what says nothing of its subject; pairs of characters do not run over it.
_CHINESE_ASKING = re.compile(
    "请问|什么时候|什么|哪一?[些种个次天年]|哪里|为什么|为何|怎么样?|如何|多少|几[次个年天]|多久|有没有|是不是|是否|有无|患者|病人"
    "|[的了吗呢吧么他她它其]"
)
_PARTS = re.compile(r"[^\W_]+")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)+")
_SHORTEST_STEMMED = 4
_PAIR = 2

_K1, _B = 1.5, 0.75


def terms(text: str) -> list[str]:
    """The tokens of `text` that BM25 counts, in order, compound words also in their parts."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("μ", "u").replace("’", "'")
    return [term for match in _TOKEN.finditer(plain) for term in _terms_of(match)]


def query_terms(text: str) -> list[str]:
    """The tokens of a question: of Chinese what it asks about, single characters only where they stand alone."""
    asked = _CHINESE_ASKING.sub(" ", text) if _CJK.search(text) else text
    found = terms(asked)
    paired = {character for term in found if len(term) == _PAIR and _CJK.match(term) for character in term}
    return [term for term in found if term not in paired]


def is_chinese(text: str) -> bool:
    """Whether most letters of `text` are Chinese characters."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(1 for letter in letters if _CJK.match(letter)) > len(letters)


def _terms_of(match: re.Match[str]) -> Iterator[str]:
    if match["cjk"]:
        yield from _characters(match["cjk"])
    elif match["quantity"]:
        number, unit = match["quantity"].replace(",", ""), match["unit"]
        yield from (number, unit, number + unit)
    elif match["dotted"]:
        yield match["dotted"].replace(".", "")
    else:
        yield from _word_terms(match["word"])


def _characters(run: str) -> Iterator[str]:
    """Each pair of neighbours, and each character for a question of one: 痛, 糖."""
    yield from run
    yield from (first + second for first, second in pairwise(run))


def _word_terms(word: str) -> Iterator[str]:
    if word.endswith("'s"):
        word = word[:-2]
    if word in _STOP_WORDS:
        return
    parts = _PARTS.findall(word)
    if len(parts) == 1 or _DECIMAL.fullmatch(word):
        yield _stem(word)
        return
    yield word
    yield from (_stem(part) for part in parts if part not in _STOP_WORDS)


def _stem(word: str) -> str:
    return stem(word) if len(word) >= _SHORTEST_STEMMED and word.isalpha() and word.isascii() else word


class LexicalRanking:
    """BM25 over texts that are given once, each as its terms; numbered from 0 in the order given."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._size = len(texts)
        self._bm25: bm25s.BM25 | None = None
        if any(texts):
            self._bm25 = bm25s.BM25(k1=_K1, b=_B)
            self._bm25.index([list(text) for text in texts], show_progress=False)

    def scores(self, query_terms: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every text for the query: float32 [texts], 0 where no term stands."""
        known = [] if self._bm25 is None else [term for term in query_terms if term in self._bm25.vocab_dict]
        if self._bm25 is None or not known:
            return np.zeros(self._size, dtype=np.float32)
        found: NDArray[np.float32] = self._bm25.get_scores(known)
        return found
