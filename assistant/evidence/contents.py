"""What an index holds in memory, and how its passages score for a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from assistant.domain import Passage
from assistant.evidence.coverage import Candidate, Topic
from assistant.evidence.encoder import Vectors
from assistant.evidence.expansion import other_words
from assistant.evidence.lexical import LexicalRanking, query_terms, terms
from assistant.evidence.passage_context import PassageContext
from assistant.evidence.ranking import POOL_PASSAGES, Layout, Scores, combined, layout
from assistant.evidence.search_scope import SearchScope
from assistant.evidence.segments import Segment

_POOL_OTHERS = 1000
"""A broad question is filled up from so many of the passages that are not of its topic."""
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
    def contexts(self) -> tuple[PassageContext, ...]:
        """Where each of `passages` stands."""
        return tuple(context for segment in self.segments for context in segment.contexts)

    @cached_property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The terms of each of `passages`."""
        return tuple(words for segment in self.segments for words in segment.terms)

    @cached_property
    def _searched_terms(self) -> tuple[tuple[str, ...], ...]:
        """The terms of each of `passages` after those of its context."""
        around = {words: tuple(terms(words)) for words in {context.words for context in self.contexts}}
        return tuple(around[context.words] + words for context, words in zip(self.contexts, self.terms, strict=True))

    @cached_property
    def first(self) -> dict[str, int]:
        """Segment -> the number of its first passage."""
        firsts, count = {}, 0
        for segment in self.segments:
            firsts[segment.name] = count
            count += len(segment.passages)
        return firsts

    def numbers_of(self, scope: SearchScope) -> NDArray[np.intp]:
        """The numbers of the passages in `scope`."""
        runs = [self._numbers_of_segment(segment, scope) for segment in self.segments if scope.holds_file(segment.file)]
        return np.concatenate([np.zeros(0, dtype=np.intp), *runs])

    def _numbers_of_segment(self, segment: Segment, scope: SearchScope) -> NDArray[np.intp]:
        numbers = np.arange(self.first[segment.name], self.first[segment.name] + len(segment.passages), dtype=np.intp)
        if scope.is_of_files:
            return numbers
        is_held = [
            scope.holds_place(passage.span.page_ref) and scope.holds_document(context.kind, context.date)
            for passage, context in zip(segment.passages, segment.contexts, strict=True)
        ]
        return numbers[is_held]

    def cosines(self, vector: Vectors, numbers: NDArray[np.intp]) -> list[tuple[int, float]]:
        """(number, cosine) of the passages `numbers`, nearest first: the slow way, for a scope that Chroma ignores."""
        found = self._vectors[numbers] @ vector
        best = np.argsort(-found, kind="stable")[:POOL_PASSAGES]
        return [(int(numbers[place]), float(found[place])) for place in best]

    @cached_property
    def _vectors(self) -> Vectors:
        return np.concatenate([segment.vectors for segment in self.segments if len(segment.vectors)])

    def candidates(self, topic: Topic, numbers: NDArray[np.intp], scores: Scores) -> list[Candidate]:
        """Of the passages `numbers` with their `scores`, those of the topic and the best of the others."""
        documents = self._layout.document
        pooled = np.zeros(len(numbers), dtype=np.bool_)
        pooled[np.argsort(-scores, kind="stable")[:_POOL_OTHERS]] = True
        return [
            Candidate(
                number=int(number),
                score=float(scores[place]),
                document=int(documents[number]),
                context=self.contexts[number],
            )
            for place, number in enumerate(numbers)
            if pooled[place] or topic.has(self.contexts[number])
        ]

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
        """Runs of passages of one document."""
        places = ((segment.name, context.document) for segment in self.segments for context in segment.contexts)
        return layout([sum(1 for _ in run) for _, run in groupby(places)])

    @cached_property
    def _words(self) -> LexicalRanking:
        return LexicalRanking(self._searched_terms)

    @cached_property
    def _words_of_documents(self) -> LexicalRanking:
        texts: list[list[str]] = [[] for _ in range(int(self._layout.document.max(initial=-1)) + 1)]
        for document, words in zip(self._layout.document, self._searched_terms, strict=True):
            texts[document] += words
        return LexicalRanking(texts)


def _words_scores(ranking: LexicalRanking, query: str) -> Scores:
    """BM25 for the question's own words, and for the best of the words that may stand for each of its phrases."""
    scores = ranking.scores(query_terms(query)).astype(np.float64)
    for words in other_words(query):
        scores += _OTHER_WORDS_SHARE * np.max([ranking.scores([word]) for word in words], axis=0)
    return scores
