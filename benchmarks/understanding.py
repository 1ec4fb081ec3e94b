"""How well the pages of a file are understood: documents, kinds, dates, authors, patients, orders to an AI; how fast.

Run as `EVAL_DATA=FOLDER python -m benchmarks.understanding`: it reads visit_notes/, evidence_retrieval/ and ccda/
there, and leaves their part out without it. The files of the sample record and the invented documents of
benchmarks/documents are measured one by one and in bundles drawn by chance. Results are kept in
benchmarks/results/understanding.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from assistant.domain import Identity, Page, SourceDocument
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import PageRead, Upload, read_files
from assistant.understanding.file_understanding import understand_file
from assistant.understanding.identities import PageIdentity, identity_of, other_patient_among
from assistant.understanding.instructions import instruction_regions
from assistant.understanding.patient import joined_identity
from assistant.understanding.written_dates import written_dates
from benchmarks.invented_documents import FOLDER, InventedDocument, invented_documents, lay_out, pages_of
from benchmarks.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "understanding.json"
SAMPLE_RECORD = Path(__file__).resolve().parents[1] / "assets" / "sample_record"
_SEED = 7
_BUNDLES, _FILES_OF_A_BUNDLE = 40, 6
_PAGES_TIMED, _RUNS = 1_000, 5
_PAGE_NUMBER = re.compile(r"Page \d+ of \d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A document's pages and what is true of it; None for what it does not state."""

    kind: str
    date: str | None
    author: str | None
    pages: tuple[Page, ...]


def read_pages(paths: Iterable[Path]) -> dict[str, list[Page]]:
    """The pages of files, by file name."""
    found: dict[str, list[Page]] = {}
    for event in read_files([Upload(name=path.name, path=path) for path in paths], Limits()):
        if isinstance(event, PageRead):
            found.setdefault(event.file, []).append(event.page)
    return found


def sample_record() -> list[Gold]:
    """The documents of the sample record that have a text layer."""
    rows = (FOLDER / "sample_record.tsv").read_text(encoding="utf-8").splitlines()[1:]
    pages = read_pages(sorted(SAMPLE_RECORD.glob("*.pdf")))
    golds = []
    for file, kind, date, author in (row.split("\t") for row in rows):
        if all(page.was_read for page in pages[file]):
            golds.append(Gold(kind=kind, date=date or None, author=author or None, pages=tuple(pages[file])))
    return golds


def invented(documents: Sequence[InventedDocument]) -> list[Gold]:
    """The invented documents with their pages."""
    return [Gold(kind=one.kind, date=one.date, author=one.author, pages=tuple(pages_of([one]))) for one in documents]


def score_documents(golds: Sequence[Gold]) -> dict[str, str]:
    """How many documents alone in their file have the right kind, date and author, and how many a wrong one."""
    found = [understand_file(gold.pages).documents[0] for gold in golds]
    pairs = list(zip(found, golds, strict=True))
    of = len(golds)
    return {
        "kind_right": f"{sum(one.kind == gold.kind for one, gold in pairs)} of {of}",
        "kind_wrong_and_not_other": f"{sum(one.kind not in (gold.kind, 'other') for one, gold in pairs)} of {of}",
        "date_right": f"{sum(one.date == gold.date for one, gold in pairs)} of {of}",
        "date_wrong": f"{sum(_is_wrong_date(one, gold) for one, gold in pairs)} of {of}",
        "author_right": f"{sum(_has_author(one, gold) for one, gold in pairs)} of {of}",
        "author_wrong": f"{sum(bool(one.author) and not _has_author(one, gold) for one, gold in pairs)} of {of}",
    }


def _is_wrong_date(found: SourceDocument, gold: Gold) -> bool:
    """A date that is more than incomplete."""
    return found.date is not None and not (gold.date or "").startswith(found.date)


def _has_author(found: SourceDocument, gold: Gold) -> bool:
    if found.author is None or gold.author is None:
        return found.author is gold.author
    return found.author.split()[-1] == gold.author.split()[-1]


def score_bundles(golds: Sequence[Gold], *, with_numbers: bool = True) -> dict[str, object]:
    """Where documents begin in bundles of some of them: shares of those said and of those true."""
    rng = random.Random(_SEED)
    said = true = right = 0
    for _ in range(_BUNDLES):
        chosen = rng.sample(list(golds), _FILES_OF_A_BUNDLE)
        pages = [page for gold in chosen for page in gold.pages]
        starts = _starts(chosen)
        numbered = [replace(page, file="bundle.pdf", number=number) for number, page in enumerate(pages, 1)]
        read = numbered if with_numbers else [_without_number(page) for page in numbered]
        found = {document.first_page for document in understand_file(read).documents}
        said, true, right = said + len(found) - 1, true + len(starts) - 1, right + len(found & starts) - 1
    return {"bundles": _BUNDLES, "precision": round(right / said, 3), "recall": round(right / true, 3)}


def _starts(golds: Sequence[Gold]) -> set[int]:
    starts, first = set(), 1
    for gold in golds:
        starts.add(first)
        first += len(gold.pages)
    return starts


def _without_number(page: Page) -> Page:
    return replace(page, text=_PAGE_NUMBER.sub(lambda match: " " * len(match.group()), page.text))


def score_patients(files: Mapping[str, Sequence[PageIdentity]]) -> dict[str, str]:
    """Questions asked for every ordered pair of files that name one patient, and of those that name two."""
    identities = {file: joined_identity(page.identity for page in pages) for file, pages in files.items()}
    asked = {True: 0, False: 0}
    of = {True: 0, False: 0}
    for file, known in identities.items():
        for other, pages in files.items():
            if file != other and known.names and identities[other].names:
                is_same = _is_one(known, identities[other])
                of[is_same] += 1
                asked[is_same] += other_patient_among(known, pages) is not None
    return {"one_patient_asked": f"{asked[True]} of {of[True]}", "two_patients_asked": f"{asked[False]} of {of[False]}"}


def _is_one(some: Identity, others: Identity) -> bool:
    """Whether a name is part of the other and birth dates are written alike: without the rules that are measured."""
    names = _words(some) <= _words(others) or _words(others) <= _words(some)
    births, more = _dates(some), _dates(others)
    return names and (not births or not more or bool(births & more))


def _dates(identity: Identity) -> set[str]:
    return {reading for one in identity.birth_dates for date in written_dates(one.value) for reading in date.readings}


def _words(identity: Identity) -> set[str]:
    return set(re.findall(r"[a-z]{2,}", identity.names[0].value.lower())) - {"mr", "mrs", "ms", "dr"}


def score_eval_data(folder: Path, own: Sequence[Gold]) -> dict[str, object]:
    """C-CDA documents of many patients; patients planted in notes; orders to an AI found where there are none."""
    notes = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "visit_notes").glob("*.txt"))}
    visits = [path.read_text(encoding="utf-8") for path in sorted((folder / "evidence_retrieval/record").glob("*.txt"))]
    record = joined_identity(identity_of(page).identity for gold in own for page in gold.pages)
    structured = read_pages(sorted((folder / "ccda").glob("*.xml")))
    planted = {
        "own": "Patient: TARROWBY, Winifred A.   DOB: 12/03/1951\n",
        "other": "Patient: ZZYZX, Quentin   DOB: 04/07/1962\n",
    }
    asked = {
        who: sum(
            other_patient_among(record, [identity_of(lay_out(line + text))]) is not None for text in notes.values()
        )
        for who, line in planted.items()
    }
    return {
        "ccda": score_patients({file: [identity_of(page) for page in pages] for file, pages in structured.items()}),
        "planted_own_patient_asked": f"{asked['own']} of {len(notes)}",
        "planted_other_patient_asked": f"{asked['other']} of {len(notes)}",
        "orders_to_an_ai_where_there_are_none": sum(
            len(instruction_regions(text)) for text in (*notes.values(), *visits)
        ),
    }


def measure_speed(golds: Sequence[Gold]) -> dict[str, object]:
    """Pages a second over one file made of the sample record again and again, and the memory that it takes."""
    walls, processors = [], []
    for _ in range(_RUNS):
        pages = list(_many(golds, _PAGES_TIMED))
        wall, processor = perf_counter(), process_time()
        understand_file(pages)
        walls.append(perf_counter() - wall)
        processors.append(process_time() - processor)
    tracemalloc.start()
    understand_file(_many(golds, _PAGES_TIMED))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "pages": _PAGES_TIMED,
        "pages_per_second_best_of_5": round(_PAGES_TIMED / min(walls)),
        "pages_per_processor_second_best_of_5": round(_PAGES_TIMED / min(processors)),
        "peak_megabytes_per_1000_pages": round(peak / 1e6, 1),
    }


def _many(golds: Sequence[Gold], count: int) -> Iterator[Page]:
    pages = [page for gold in golds for page in gold.pages]
    return (replace(pages[at % len(pages)], file="print.pdf", number=at + 1) for at in range(count))


def measure() -> dict[str, Any]:
    """Everything, slowest last."""
    own = sample_record()
    result: dict[str, Any] = {
        "machine": describe_machine(),
        "sample_record": score_documents(own),
        "sample_record_bundles": score_bundles(own),
        "sample_record_bundles_without_page_numbers": score_bundles(own, with_numbers=False),
    }
    for name in ("development", "held_out"):
        golds = invented(invented_documents(name))
        result[f"invented_{name}"] = score_documents(golds)
        result[f"invented_{name}_bundles"] = score_bundles(golds)
    files = {gold.pages[0].file: [identity_of(page) for page in gold.pages] for gold in own}
    result["sample_record_patients"] = score_patients(files)
    if "EVAL_DATA" in os.environ:
        result["eval_data"] = score_eval_data(Path(os.environ["EVAL_DATA"]), own)
    result["speed"] = measure_speed(own)
    return result


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    result = measure()
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
