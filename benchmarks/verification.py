"""How many planted defects the checker flags, by kind, and how many true statements it flags wrongly.

Run as `EVAL_DATA=FOLDER python -m benchmarks.verification`: it reads statements/ and visit_notes/ there. Each statement
is checked twice: against what it cites, and against its file alone without the quote. More statements are made from
visit_notes/ by seed (tests/evidence/planted.py), notes cut into pages. Results are kept in
benchmarks/results/verification.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from assistant.domain import Origin, Page, Support, Words
from assistant.evidence.verification import Verifier
from benchmarks.machine import describe_machine
from tests.evidence.planted import note_pages, planted

RESULTS = Path(__file__).parent / "results" / "verification.json"
SEED = 1
EACH_KIND = 100
FLAGGED = (Support.UNSUPPORTED, Support.NOT_IN_RECORD)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def note_page(path: Path) -> Page:
    """A note as one page without words' boxes, which the checker does not look at."""
    text = path.read_text(encoding="utf-8")
    return Page(file=path.name, number=1, text=text, width=595.0, height=842.0, origin=Origin.TEXT, words=Words())


def score(
    verifier: Verifier, cases: Sequence[dict[str, Any]], kinds: dict[str, str], *, with_quotes: bool
) -> dict[str, Any]:
    """Share flagged by kind, over all defects, and of the true statements; milliseconds a statement."""
    total: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    started = perf_counter()
    for case in cases:
        quote = case.get("quote") if with_quotes else None
        found = verifier.verify(case["text"], file=case["file"], quote=quote)
        total[kinds[case["id"]]] += 1
        flagged[kinds[case["id"]]] += found.support in FLAGGED
    milliseconds = 1000 * (perf_counter() - started) / len(cases)
    defects = [kind for kind in total if kind != "true"]
    return {
        "flagged_by_kind": {kind: f"{flagged[kind]} of {total[kind]}" for kind in sorted(total)},
        "defects_flagged": round(sum(flagged[kind] for kind in defects) / sum(total[kind] for kind in defects), 4),
        "true_statements_flagged": round(flagged["true"] / total["true"], 4),
        "milliseconds_a_statement": round(milliseconds, 1),
    }


def score_planted(pages: Sequence[Page]) -> dict[str, Any]:
    """Shares flagged of the statements made here: of each kind of defect, and of each way to reword a truth."""
    verifier = Verifier(pages)
    total: Counter[tuple[bool, str]] = Counter()
    flagged: Counter[tuple[bool, str]] = Counter()
    for case in planted(pages, SEED, EACH_KIND):
        found = verifier.verify(case.text, file=case.file, page=case.page, quote=case.quote)
        total[case.is_true, case.kind] += 1
        flagged[case.is_true, case.kind] += found.support in FLAGGED
    return {
        name: {kind: f"{flagged[true, kind]} of {total[true, kind]}" for true, kind in sorted(total) if true is wanted}
        for name, wanted in (("defects_flagged", False), ("reworded_truths_flagged", True))
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if "EVAL_DATA" not in os.environ:
        sys.exit("set EVAL_DATA to the folder that holds statements/ and visit_notes/")
    folder = Path(os.environ["EVAL_DATA"])
    verifier = Verifier(note_page(path) for path in sorted((folder / "visit_notes").glob("*.txt")))
    cases = lines(folder / "statements" / "statements.jsonl")
    kinds = {case["id"]: case["kind"] for case in lines(folder / "statements" / "gold.jsonl")}
    # Where only the quote is wrong, the statement itself is true.
    without = [case for case in cases if kinds[case["id"]] != "quote_altered"]
    result = {
        "machine": describe_machine(),
        "against_file_and_quote": score(verifier, cases, kinds, with_quotes=True),
        "against_the_file_alone": score(verifier, without, kinds, with_quotes=False),
        "planted_by_seed": score_planted(note_pages(folder / "visit_notes")),
    }
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
