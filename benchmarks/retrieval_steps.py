"""Measure what each step of search adds on a long record with known evidence, one step upon the other.

    EVAL_DATA=FOLDER python -m benchmarks.retrieval_steps [--out RESULTS.json]

Scores are those of benchmarks.retrieval. Everything is in memory and nearness is exact: what Chroma's approximation
costs shows in the difference of the last step to benchmarks.retrieval.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.domain import Hit, Page
from assistant.evidence.contents import Contents
from assistant.evidence.encoder import Encoder, Vectors, open_model, packaged_folder, plain_vectors
from assistant.evidence.lexical import LexicalRanking, query_terms, terms
from assistant.evidence.passage_context import NO_CONTEXT, PlacedPassage, placed_passages
from assistant.evidence.search_scope import WHOLE_RECORD
from assistant.evidence.segments import Segment
from assistant.evidence.selection import best_first, chosen
from benchmarks.machine import describe_machine
from benchmarks.retrieval import HELD, KEYS, TOP_K, Question, questions, record_pages, shares

Encode = Callable[[Sequence[str]], Vectors]
ScoresOf = Callable[[str, Contents, Vectors], NDArray[np.float64]]
_RANK_SCALE = 60
"""Of reciprocal rank fusion, as its authors set it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way to search: how passages are embedded, whether with their context, and how they are scored."""

    name: str
    encode: Encode
    with_context: bool
    scores: ScoresOf


def by_words(query: str, contents: Contents, vector: Vectors) -> NDArray[np.float64]:
    """BM25 of the passages alone."""
    del vector
    return LexicalRanking(contents.terms).scores(query_terms(query)).astype(np.float64)


def by_meaning(query: str, contents: Contents, vector: Vectors) -> NDArray[np.float64]:
    """Cosines of the passages alone."""
    del query
    return np.concatenate([segment.vectors for segment in contents.segments]).astype(np.float64) @ vector


def by_both(query: str, contents: Contents, vector: Vectors) -> NDArray[np.float64]:
    """Reciprocal rank fusion of the two."""
    rankings = (by_words(query, contents, vector), by_meaning(query, contents, vector))
    return sum((1 / (_RANK_SCALE + _places(scores)) for scores in rankings), np.zeros(len(contents.passages)))


def as_search_does(query: str, contents: Contents, vector: Vectors) -> NDArray[np.float64]:
    """With other words for what is asked, neighbours and documents."""
    numbers = contents.numbers_of(WHOLE_RECORD)
    return contents.scores(query, contents.cosines(vector, numbers), numbers)


def main() -> int:
    """Measure every step, print and keep the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the results")
    arguments = parser.parse_args()
    if "EVAL_DATA" not in os.environ:
        sys.exit("set EVAL_DATA to the folder that holds evidence_retrieval")
    folder = Path(os.environ["EVAL_DATA"]) / "evidence_retrieval"
    pages = tuple(record_pages(sorted((folder / "record").iterdir())))
    results = {"machine": describe_machine(), "steps": [measured(step, pages, folder) for step in steps()]}
    print(json.dumps(results, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def steps() -> tuple[Step, ...]:
    """From the plainest search to that of the index."""
    model = open_model(packaged_folder())
    plainly = remembered(lambda texts: plain_vectors(model, texts))
    in_bytes = remembered(Encoder().encode)
    return (
        Step(name="words (BM25)", encode=plainly, with_context=False, scores=by_words),
        Step(name="meaning (MiniLM)", encode=plainly, with_context=False, scores=by_meaning),
        Step(name="both, ranks fused", encode=plainly, with_context=False, scores=by_both),
        Step(name="+ synonyms, neighbours, documents", encode=plainly, with_context=False, scores=as_search_does),
        Step(name="+ heading, table, speaker, document", encode=plainly, with_context=True, scores=as_search_does),
        Step(name="+ products in bytes", encode=in_bytes, with_context=True, scores=as_search_does),
    )


def remembered(encode: Encode) -> Encode:
    """`encode`, each text once: most steps ask for the same vectors."""
    known: dict[str, Vectors] = {}

    def encoded(texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return encoded


def measured(step: Step, pages: Iterable[Page], folder: Path) -> dict[str, object]:
    """`found` and `held` of a step for each way of asking."""
    contents = Contents(tuple(segment(file, tuple(own), step) for file, own in groupby(pages, lambda page: page.file)))
    result: dict[str, object] = {"step": step.name}
    for key in KEYS:
        found = [shares(question, hits(step, contents, question)) for question in questions(folder, key)]
        result[key] = {
            "found": round(statistics.fmean(max(each) >= HELD for each in found), 3),
            "held": round(statistics.fmean(statistics.fmean(each) for each in found), 3),
        }
    return result


def segment(file: str, pages: Sequence[Page], step: Step) -> Segment:
    """The passages of one file as the step searches them."""
    placed: tuple[PlacedPassage, ...] = tuple(placed_passages(pages))
    texts = [one.searched_text if step.with_context else one.passage.text for one in placed]
    return Segment(
        name=file,
        file=file,
        sign="",
        passages=tuple(one.passage for one in placed),
        contexts=tuple(one.context if step.with_context else NO_CONTEXT for one in placed),
        terms=tuple(tuple(terms(one.passage.text)) for one in placed),
        vectors=step.encode(texts),
    )


def hits(step: Step, contents: Contents, question: Question) -> tuple[Hit, ...]:
    """What the step finds."""
    scores = step.scores(question.text, contents, step.encode([question.text])[0])
    ranked = best_first(np.arange(len(contents.passages), dtype=np.intp), scores)
    return chosen(contents.passages, contents.terms, ranked, TOP_K)


def _places(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.empty(len(scores))
    places[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return places


if __name__ == "__main__":
    sys.exit(main())
