"""What an index holds in memory, and how its passages score for a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.domain import Passage
from assistant.evidence.expansion import other_words
from assistant.evidence.lexical import LexicalRanking, terms
from assistant.evidence.ranking import Layout, Scores, combined, layout
from assistant.evidence.segments import Segment

_OTHER_WORDS_SHARE = 0.5
"""What a word that may stand for the question's own counts, beside the question's own."""


@dataclass(frozen=True)
class Contents:
    """Passages of all segments, numbered one after the other. Never changes: a search sees one state throughout."""

    segments: tuple[Segment, ...] = ()

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """The passages of all segments."""
        return tuple(passage for segment in self.segments for passage in segment.passages)

    @cached_property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The terms of each of `passages`."""
        return tuple(words for segment in self.segments for words in segment.terms)

    @cached_property
    def first(self) -> dict[str, int]:
        """Segment -> the number of its first passage."""
        firsts, count = {}, 0
        for segment in self.segments:
            firsts[segment.name] = count
            count += len(segment.passages)
        return firsts

    def numbers_of(self, files: Sequence[str] | None) -> NDArray[np.intp]:
        """The numbers of the passages of `files`, or of all."""
        runs = [
            np.arange(self.first[segment.name], self.first[segment.name] + len(segment.passages), dtype=np.intp)
            for segment in self.segments
            if files is None or segment.file in files
        ]
        return np.concatenate([np.zeros(0, dtype=np.intp), *runs])

    def scores(self, query: str, nearness: Sequence[tuple[int, float]], numbers: NDArray[np.intp]) -> Scores:
        """A score for each of the passages `numbers`; `nearness` holds (number, cosine) of those nearest in meaning."""
        meaning = np.full(len(self.passages), min((cosine for _, cosine in nearness), default=0.0))
        for number, cosine in nearness:
            meaning[number] = cosine
        words = _words_scores(self._words, query)
        return combined(
            words[numbers], meaning[numbers], _words_scores(self._words_of_documents, query), self._layout.only(numbers)
        )

    @cached_property
    def _layout(self) -> Layout:
        return layout([len(segment.passages) for segment in self.segments])

    @cached_property
    def _words(self) -> LexicalRanking:
        return LexicalRanking(self.terms)

    @cached_property
    def _words_of_documents(self) -> LexicalRanking:
        texts: list[list[str]] = [[] for _ in range(int(self._layout.document.max(initial=-1)) + 1)]
        for document, words in zip(self._layout.document, self.terms, strict=True):
            texts[document] += words
        return LexicalRanking(texts)


def _words_scores(ranking: LexicalRanking, query: str) -> Scores:
    """BM25 for the question's own words, and for the best of the words that may stand for each of its phrases."""
    scores = ranking.scores(terms(query)).astype(np.float64)
    for words in other_words(query):
        scores += _OTHER_WORDS_SHARE * np.max([ranking.scores([word]) for word in words], axis=0)
    return scores
