"""Time the main job: the sample record from upload to first answer, a 1,000-page PDF read and indexed, search over it.

Run as `python -m benchmarks.main_job`; each part runs in a process of its own, so that its peak memory is its own.
Results are kept in benchmarks/results/main_job.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pymupdf

from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress
from assistant.parts import open_service
from assistant.service import AnswerDone, Service
from assistant.settings import Settings, from_process_environment
from benchmarks.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "main_job.json"
LONG_PAGES = 1_000
SEARCHES = 50
WORDS = """
patient reports chest pain dyspnoea oedema potassium creatinine furosemide bisoprolol apixaban
clinic follow up stable raised reduced mmol/L mg daily twice scan report normal abnormal left right
renal cardiac hepatic review
""".split()


def sample_record() -> dict[str, Any]:
    """Seconds from the upload of the sample record to its first page, to the first answer, and until all is read.

    The first question is asked as soon as every page with text can be found; the scanned one is recognized after that.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        service = open_service(_settings(folder))
        opened = time.perf_counter()
        record = service.create_record()
        uploads = service.sample_record_uploads()
        first_page = asked = answered = None
        text_is_read: set[int] = set()
        for progress in service.add_files(record.id, uploads):
            if first_page is None and progress.stage in ("reading", "done"):
                first_page = time.perf_counter()
            if progress.stage in ("recognizing", "done"):
                text_is_read.add(progress.upload)
            if answered is None and len(text_is_read) == len(uploads):
                asked = time.perf_counter()
                *_, done = service.ask(record.id, None, "Which allergies are recorded?")
                assert isinstance(done, AnswerDone)
                answered = time.perf_counter()
        everything = time.perf_counter()
        pages = service.record(record.id).pages_total
        service.close()
    assert first_page is not None
    assert asked is not None
    assert answered is not None
    return {
        "pages": pages,
        "open_seconds": round(opened - started, 2),
        "upload_to_first_page_seconds": round(first_page - opened, 2),
        "upload_to_first_answer_seconds": round(answered - opened, 2),
        "the_answer_alone_seconds": round(answered - asked, 2),
        "upload_to_scans_recognized_seconds": round(everything - opened, 2),
    }


def long_pdf() -> dict[str, Any]:
    """A 1,000-page PDF of text: seconds to read and index it, peak memory with all children, milliseconds a search."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.pdf"
        _write_long_pdf(path)
        service = open_service(_settings(folder))
        record = service.create_record()
        peak = _PeakMemory()
        started = time.perf_counter()
        stages: dict[str, float] = {}
        for progress in service.add_files(record.id, [Upload(name=path.name, path=path)]):
            _note(stages, progress, time.perf_counter() - started)
        result = {
            "pages": service.record(record.id).pages_total,
            "read_seconds": round(stages["indexing"], 1),
            "read_and_indexed_seconds": round(stages["done"], 1),
            "search_median_milliseconds": _search_milliseconds(service, record.id),
            "peak_memory_bytes": peak.stop(),
        }
        service.close()
    return result


def _search_milliseconds(service: Service, record_id: str) -> float:
    chooser = random.Random(7)
    times = []
    for _ in range(SEARCHES):
        query = " ".join(chooser.sample(WORDS, 5))
        started = time.perf_counter()
        service.search(record_id, query, 10)
        times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1000, 1)


class _PeakMemory:
    """The largest sum of resident memory of this process and its children, sampled."""

    def __init__(self) -> None:
        self._peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Stop and return the peak in bytes."""
        self._stopped.set()
        self._thread.join()
        return max(self._peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._stopped.wait(0.05):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self._peak = max(self._peak, total)


def _note(stages: dict[str, float], progress: FileProgress, seconds: float) -> None:
    """When each stage began."""
    stages.setdefault(progress.stage, seconds)


def _write_long_pdf(path: Path) -> None:
    chooser = random.Random(3)
    document = pymupdf.open()
    for number in range(LONG_PAGES):
        page = document.new_page()
        lines = [f"Visit {number + 1}"] + [" ".join(chooser.choices(WORDS, k=11)) + "." for _ in range(45)]
        page.insert_text((60, 60), lines, fontsize=10)
    document.save(path)


def _settings(folder: str) -> Settings:
    return from_process_environment().with_choices({"data_dir": f"{folder}/data"})


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"sample_record": sample_record, "long_pdf": long_pdf}


def main() -> None:
    """Run the parts and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="run one part and do not keep the result")
    given = parser.parse_args()
    names = [given.only] if given.only else list(PARTS)
    results: dict[str, Any] = {"machine": describe_machine()}
    for name in names:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            results[name] = pool.apply(PARTS[name])
    print(json.dumps(results, indent=2))
    if not given.only:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
