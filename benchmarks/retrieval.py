"""Measure search on a long record with known evidence: how often the first thousand words found hold it, and how fast.

    EVAL_DATA=FOLDER python -m benchmarks.retrieval [--key question] [--results FILE.jsonl] [--out SUMMARY.json]

The two ways to embed a passage (the plain network, and products in bytes) are timed by turns in one process.

`found` is the share of questions for which the first 1,000 words of the results, in rank order, hold 60 % or more of
the five-word runs of an evidence sentence; `held` is the mean share of the evidence held.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from assistant.domain import Hit, Page
from assistant.evidence.byte_bert import ByteBert, is_fit
from assistant.evidence.encoder import Encoder, byte_vectors, open_model, packaged_folder, plain_vectors
from assistant.evidence.index import EvidenceIndex
from assistant.evidence.passages import passages
from assistant.ingestion.reading import PageRead, Upload, read_files
from benchmarks.machine import describe_machine

_BUDGET_WORDS = 1000
_RUN_WORDS = 5
HELD = 0.6
TOP_K = 40
_TIMED_PAGES, _TIMED_PASSAGES, _TURNS = 40, 128, 9
KEYS = ("question", "reason", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question with the file and the sentences that hold its answer."""

    text: str
    file: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What search reached with one way of asking."""

    asked_by: str
    questions: int
    found: float
    held: float
    search_seconds_median: float


def main() -> int:
    """Index the record, ask every question, print and keep the scores."""
    arguments = _arguments()
    folder = Path(os.environ["EVAL_DATA"]) / "evidence_retrieval"
    pages = tuple(record_pages(sorted((folder / "record").iterdir())))
    with tempfile.TemporaryDirectory() as scratch, EvidenceIndex(Path(scratch), Encoder()) as index:
        started = time.perf_counter()
        for _ in index.add(pages):
            pass
        indexing_seconds = time.perf_counter() - started
        index.search("warm up", 1)
        scores = [_measure(index, folder, key, arguments.results) for key in arguments.key or KEYS]
        summary = {
            "pages": len(pages),
            "passages": index.passage_count,
            "passages_per_second": round(index.passage_count / indexing_seconds, 1),
            "embedded_per_second": _embedding_speeds(pages),
            "machine": describe_machine(),
            "scores": [asdict(score) for score in scores],
        }
    print(json.dumps(summary, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return 0


def _embedding_speeds(pages: Iterable[Page]) -> dict[str, float]:
    """Passages a second with either kind of products: the median of turns, and the best, when least disturbed."""
    model = open_model(packaged_folder())
    texts = [passage.text for page in islice(pages, _TIMED_PAGES) for passage in passages(page)][:_TIMED_PASSAGES]
    ways: dict[str, Callable[[], object]] = {"plain": lambda: plain_vectors(model, texts)}
    if is_fit(model):
        bert = ByteBert(model)
        ways["bytes"] = lambda: byte_vectors(bert, model, texts)
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_TURNS):
        for name, embed in ways.items():
            started = time.perf_counter()
            embed()
            speeds[name].append(len(texts) / (time.perf_counter() - started))
    medians = {name: round(statistics.median(found), 1) for name, found in speeds.items()}
    return medians | {f"{name}_best": round(max(found), 1) for name, found in speeds.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", action="append", choices=KEYS, help="how to ask; every way if not given")
    parser.add_argument("--results", type=Path, help="write every result, a line a question")
    parser.add_argument("--out", type=Path, help="write the summary")
    arguments = parser.parse_args()
    if "EVAL_DATA" not in os.environ:
        sys.exit("set EVAL_DATA to the folder that holds evidence_retrieval")
    return arguments


def record_pages(paths: Sequence[Path]) -> Iterator[Page]:
    """The pages of the record's files."""
    for event in read_files([Upload(name=path.name, path=path) for path in paths]):
        if isinstance(event, PageRead):
            yield event.page


def questions(folder: Path, key: str) -> tuple[Question, ...]:
    """The questions of the folder, asked in the way `key`."""
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(Question(text=row[key], file=row["file"], evidence=tuple(row["evidence"])) for row in rows)


def _measure(index: EvidenceIndex, folder: Path, key: str, results: Path | None) -> Score:
    asked = questions(folder, key)
    seconds, held = [], []
    for question in asked:
        started = time.perf_counter()
        hits = index.search(question.text, TOP_K)
        seconds.append(time.perf_counter() - started)
        held.append(shares(question, hits))
        if results:
            _append(results, question.text, hits)
    return Score(
        asked_by=key,
        questions=len(asked),
        found=round(statistics.fmean(max(each) >= HELD for each in held), 3),
        held=round(statistics.fmean(statistics.fmean(each) for each in held), 3),
        search_seconds_median=round(statistics.median(seconds), 4),
    )


def shares(question: Question, hits: Iterable[Hit]) -> list[float]:
    """For each evidence sentence, the share of its runs that the budget of words holds."""
    left, held = _BUDGET_WORDS, set()
    for hit in hits:
        words = _words(hit.passage.text)[:left]
        left -= len(words)
        if hit.passage.span.file == question.file:
            held |= _runs(words)
        if left <= 0:
            break
    runs = [_runs(_words(sentence)) for sentence in question.evidence]
    return [len(run & held) / len(run) for run in runs]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN_WORDS]) for at in range(max(1, len(words) - _RUN_WORDS + 1))}


def _append(results: Path, query: str, hits: Sequence[Hit]) -> None:
    rows = [{"file": hit.passage.span.file, "text": hit.passage.text} for hit in hits]
    with results.open("a", encoding="utf-8") as target:
        target.write(json.dumps({"query": query, "results": rows}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
