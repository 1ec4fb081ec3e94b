"""Whether the coded entries of C-CDA and FHIR files are found: the overview against the files' own codes, by kind.

Run as `EVAL_DATA=FOLDER python -m benchmarks.coded_entries`: ccda/ and fhir/ there are read. The files' codes are taken
from them a second time in `benchmarks.coded_gold`, by plain XPath and JSON that share nothing with the readers.
An entry is found if an item of its kind has its code, or its name where it has none, and its day and value; of those
found, status and unit must agree too. An item is right if the file has an entry of that code or name, day and value.
Results are kept in benchmarks/results/coded_entries.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from assistant.clinical.coded_overview import coded_overview
from assistant.clinical.overview import Overview, OverviewItem
from assistant.domain import Page
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import Upload
from assistant.unkept import read_unkept
from benchmarks.coded_gold import GoldEntry, gold_of
from benchmarks.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "coded_entries.json"
LEAST_RECALL = {"allergies": 1.0}
LEAST_RECALL_OF_OTHERS = 0.98
LEAST_PRECISION = 0.98
FAMILIES = {"ccda": "*.xml", "fhir": "*.json"}


@dataclass(slots=True, kw_only=True)
class Score:
    """How many of a kind there are, and how many of them were found and agree."""

    entries: int = 0
    found: int = 0
    same_status: int = 0
    same_unit: int = 0
    items: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Counts and shares."""
        return {
            "entries": self.entries,
            "recall": _share(self.found, self.entries),
            "status": _share(self.same_status, self.found),
            "unit": _share(self.same_unit, self.found),
            "items": self.items,
            "precision": _share(self.right, self.items),
            "files_with_misses": sorted(set(self.missed)),
        }


def lists(overview: Overview) -> dict[str, tuple[OverviewItem, ...]]:
    """The lists that are compared."""
    return {
        "allergies": overview.allergies,
        "problems": overview.problems,
        "medications": overview.medications,
        "results": overview.results,
        "vitals": overview.vitals,
        "procedures": overview.procedures,
        "encounters": overview.encounters,
        "open_actions": overview.open_actions,
    }


def compare(name: str, gold: Sequence[GoldEntry], overview: Overview, scores: dict[str, Score]) -> None:
    """Add one file to the scores."""
    for kind, items in lists(overview).items():
        score = scores[kind]
        wanted = [entry for entry in gold if entry.kind == kind and entry.is_wanted]
        anything = [entry for entry in gold if entry.kind == kind]
        for entry in wanted:
            same = [item for item in items if _is_found(entry, item)]
            score.entries += 1
            score.found += bool(same)
            score.same_status += any(entry.status in (None, item.fact.status.value) for item in same)
            score.same_unit += any(entry.unit in (None, item.fact.unit) for item in same)
            if not same:
                score.missed.append(name)
        score.items += len(items)
        score.right += sum(any(_is_found(entry, item) for entry in anything) for item in items)


def _is_found(entry: GoldEntry, item: OverviewItem) -> bool:
    fact = item.fact
    if entry.code and fact.code:
        is_same = entry.code == fact.code
    else:
        is_same = _plain(entry.name) == _plain(fact.name) or fact.status.value == entry.status == "none_known"
    day = (fact.date or "")[:10]
    return is_same and entry.day in (None, day) and entry.value in (None, fact.value)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def read_pages(paths: Iterable[Path]) -> Iterator[tuple[str, list[Page]]]:
    """The pages of each file as `read` gives them."""
    uploads = [Upload(name=path.name, path=path) for path in paths]
    for source, pages in read_unkept(uploads, Limits()):
        if source.problem:
            print(f"{source.name}: {source.problem.message}", file=sys.stderr)
        yield source.name, pages


def measure(folder: Path, pattern: str) -> dict[str, object]:
    """One family of files."""
    scores: dict[str, Score] = defaultdict(Score)
    paths = sorted(folder.glob(pattern))
    began = perf_counter()
    read = dict(read_pages(paths))
    seconds = perf_counter() - began
    quotes: Counter[bool] = Counter()
    for path in paths:
        pages = read.get(path.name, [])
        overview = coded_overview(lambda pages=pages: pages)  # type: ignore[misc]
        compare(path.name, gold_of(path), overview, scores)
        quotes.update(bool(page.text[entry.start : entry.end].strip()) for page in pages for entry in page.entries)
    return {
        "files": len(paths),
        "pages": sum(map(len, read.values())),
        "seconds": round(seconds, 2),
        "entries_without_words": quotes[False],
        "kinds": {kind: score.as_json() for kind, score in scores.items()},
    }


def failures(family: str, measured: dict[str, object]) -> Iterator[str]:
    """What is below its target."""
    kinds = measured["kinds"]
    assert isinstance(kinds, dict)
    if measured["entries_without_words"]:
        yield f"{family}: {measured['entries_without_words']} entries point to no words"
    for kind, score in kinds.items():
        least = LEAST_RECALL.get(kind, LEAST_RECALL_OF_OTHERS)
        if score["recall"] is not None and score["recall"] < least:
            yield f"{family} {kind}: recall {score['recall']} is below {least}"
        if score["precision"] is not None and score["precision"] < LEAST_PRECISION:
            yield f"{family} {kind}: precision {score['precision']} is below {LEAST_PRECISION}"


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def main() -> int:
    """Measure, keep the results, and fail where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    folder = os.environ.get("EVAL_DATA")
    if not folder:
        print("set EVAL_DATA to the folder that holds ccda/ and fhir/", file=sys.stderr)
        return 2
    measured = {family: measure(Path(folder) / family, pattern) for family, pattern in FAMILIES.items()}
    result = {"machine": describe_machine(), **measured}
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(measured, indent=2))
    below = [failure for family in FAMILIES for failure in failures(family, measured[family])]
    for failure in below:
        print(failure, file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
