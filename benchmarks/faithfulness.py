"""Does the checker's support score follow what people say of the faithfulness of machine summaries?

Run as `EVAL_DATA=FOLDER python -m benchmarks.faithfulness`: it reads faithfulness/ there, 400 summaries of dialogues
with human scores. A summary's statements are checked against its dialogue. Three scores are correlated with the human
factual precision and with the hallucination rate: the share of statements that are proven, the share of their words,
numbers and dates that no rule speaks against, and, for comparison, the plain share of words that the dialogue has.
Reported as it is; nothing is fitted. Results are kept in benchmarks/results/faithfulness.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import correlation, mean

from assistant.domain import Origin, Page, Support, Words
from assistant.evidence.agreement import read
from assistant.evidence.sentences import sentences
from assistant.evidence.verification import Verifier
from benchmarks.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "faithfulness.json"
PROVEN = (Support.QUOTED, Support.SUPPORTED)
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One summary: what people gave it, and what was measured here."""

    precision: float
    hallucination: float
    statements_proven: float
    terms_proven: float
    words_shared: float


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def measured(summary: dict[str, str], human: dict[str, str]) -> Scores:
    """Check one summary against its dialogue."""
    dialogue, text = summary["Dialogue"], summary["Automatic Summary"]
    page = Page(file="dialogue", number=1, text=dialogue, width=1.0, height=1.0, origin=Origin.TEXT, words=Words())
    verifier = Verifier([page])
    said = [text[extent.start : extent.end] for extent in sentences(text)]
    found = [verifier.verify(statement, file="dialogue") for statement in said]
    known = set(_WORD.findall(dialogue.lower()))
    words = _WORD.findall(text.lower())
    return Scores(
        precision=float(human["FactualPrecision"]),
        hallucination=float(human["HallucinationRate"]),
        statements_proven=_share(sum(verdict.support in PROVEN for verdict in found), len(found)),
        terms_proven=mean(
            _share(len(read(statement).content) - len(verdict.reasons), len(read(statement).content))
            for statement, verdict in zip(said, found, strict=True)
        )
        if said
        else 0.0,
        words_shared=_share(sum(word in known for word in words), len(words)),
    )


def _share(part: float, whole: float) -> float:
    return max(0.0, part / whole) if whole else 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks with ties shared, for Spearman's correlation."""
    order = sorted(range(len(values)), key=lambda at: values[at])
    ranked = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last < len(order) and values[order[last]] == values[order[first]]:
            last += 1
        for at in order[first:last]:
            ranked[at] = (first + last - 1) / 2
        first = last
    return ranked


def followed(scores: Sequence[float], human: Sequence[float]) -> dict[str, float]:
    """Pearson's and Spearman's correlation."""
    return {
        "pearson": round(correlation(scores, human), 3),
        "spearman": round(correlation(ranks(scores), ranks(human)), 3),
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if "EVAL_DATA" not in os.environ:
        sys.exit("set EVAL_DATA to the folder that holds faithfulness/")
    folder = Path(os.environ["EVAL_DATA"]) / "faithfulness"
    summaries = table(folder / "MTS-Dialog-Automatic-Summaries-ValidationSet.csv")
    humans = table(folder / "MTS-Dialog-Manual-Scores4CorrelationStudy.csv")
    found = [measured(summary, human) for summary, human in zip(summaries, humans, strict=True)]
    names = ("statements_proven", "terms_proven", "words_shared")
    result = {
        "machine": describe_machine(),
        "summaries": len(found),
        "mean": {name: round(mean(getattr(score, name) for score in found), 3) for name in names},
        "with_factual_precision": {
            name: followed([getattr(score, name) for score in found], [score.precision for score in found])
            for name in names
        },
        "with_hallucination_rate": {
            name: followed([getattr(score, name) for score in found], [score.hallucination for score in found])
            for name in names
        },
    }
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
