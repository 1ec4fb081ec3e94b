"""Time the readers: pages a second, the first page, stopping, memory, pictures, and the rows of tables that they keep.

Run as `python -m benchmarks.ingestion`. The PDFs are made here: 450 words a page, every second page in two columns,
every tenth with a laboratory table; scans are pictures of such pages at 200 dots per inch.
Results are kept in benchmarks/results/ingestion.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf

from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.pictures import page_picture
from assistant.ingestion.reader import Source
from assistant.ingestion.reading import FileRead, PageRead, Upload, read_files
from assistant.library.store import Library
from benchmarks.machine import describe_machine
from benchmarks.table_pages import STYLES, kept_share

RESULTS = Path(__file__).parent / "results" / "ingestion.json"
TEXT = """
patient reports chest pain dyspnoea oedema potassium creatinine furosemide bisoprolol apixaban clinic follow up stable
raised reduced mmol/L mg daily twice scan report normal abnormal left right renal cardiac hepatic review
"""
ROWS = (("Potassium", "5.9", "mmol/L", "3.5-5.1", "H"), ("Sodium", "139", "mmol/L", "135-145", ""))


def write_pdf(path: Path, pages: int) -> Upload:
    """A PDF of digital text."""
    chance = random.Random(1)
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page(width=595, height=842)
            text = " ".join(chance.choices(TEXT.split(), k=450))
            if number % 2:
                page.insert_textbox((60, 60, 285, 780), text[: len(text) // 2], fontsize=8)
                page.insert_textbox((310, 60, 535, 780), text[len(text) // 2 :], fontsize=8)
            else:
                page.insert_textbox((60, 60, 535, 700), text, fontsize=9)
            for row, cells in enumerate(ROWS * 5 if number % 10 == 0 else ()):
                for x, cell in zip((60, 200, 280, 360, 480), cells, strict=True):
                    page.insert_text((x, 600 + row * 14), cell, fontsize=9)
        document.save(path)
    return Upload(name=path.name, path=path)


def write_scan(path: Path, digital: Path, pages: int) -> Upload:
    """A PDF of pictures of pages, without a text layer."""
    with pymupdf.open(digital) as source, pymupdf.open() as document:
        for number in range(pages):
            picture = source[number].get_pixmap(dpi=200, colorspace=pymupdf.csGRAY).tobytes("jpeg")
            document.new_page(width=595, height=842).insert_image((0, 0, 595, 842), stream=picture)
        document.save(path)
    return Upload(name=path.name, path=path)


def read(upload: Upload, take: Callable[[PageRead | FileRead], object] = type) -> dict[str, float]:
    """Read one file to its end; seconds to the first page and in all."""
    began = time.perf_counter()
    first = None
    pages = 0
    for event in read_files([upload]):
        take(event)
        if isinstance(event, PageRead):
            first = first or time.perf_counter() - began
            pages += 1
        else:
            assert event.file.problem is None
    seconds = time.perf_counter() - began
    assert first is not None
    return {
        "pages": pages,
        "first_page_seconds": round(first, 3),
        "seconds": round(seconds, 2),
        "pages_per_second": round(pages / seconds, 1),
    }


def read_and_store(upload: Upload, library: Library) -> dict[str, float]:
    """Read one file into a record, as the page does."""
    stored = library.create()
    with stored.draft(upload) as draft:

        def take(event: PageRead | FileRead) -> None:
            if isinstance(event, PageRead):
                draft.add(event.page)
            else:
                draft.commit(event.file)

        timing = read(upload, take)
    began = time.perf_counter()
    words = sum(len(page.words) for page in stored.pages())
    stored_bytes = sum(path.stat().st_size for path in stored.folder.glob("files/*/pages.*"))
    return {
        **timing,
        "words": words,
        "stored_bytes_per_page": round(stored_bytes / timing["pages"]),
        "read_back_seconds": round(time.perf_counter() - began, 2),
    }


def pictures(path: Path) -> dict[str, float]:
    """Milliseconds for a page's picture, 1,000 pixels wide, the drawing process warm."""
    page_picture(path, "pdf", 1, width_pixels=1_000)
    times = []
    for number in range(1, 31):
        began = time.perf_counter()
        page_picture(path, "pdf", number, width_pixels=1_000)
        times.append((time.perf_counter() - began) * 1_000)
    return {"median_ms": round(statistics.median(times), 1), "slowest_ms": round(max(times), 1)}


def seconds_to_stop(upload: Upload) -> float:
    """How long closing takes while pages are being read."""
    events = read_files([upload])
    for _ in range(20):
        next(events)
    began = time.perf_counter()
    events.close()
    return round(time.perf_counter() - began, 3)


def table_rows_kept() -> dict[str, float]:
    """The share of the rows of invented tables that stand on one line each, cell by cell, for every style."""

    def text_of(data: bytes) -> str:
        return PdfFile(Source(name="table.pdf", data=data), Limits()).read(1).composed.text

    return {style.name: kept_share(text_of, style) for style in STYLES}


def readers_peak_mib() -> float:
    """The most memory that any child of this process has held, from the kernel's own count."""
    peaks = [0]
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            peaks.append(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")))
    return round(max(peaks) / 1_024, 1)


def main() -> None:
    """Run every part and keep the results."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", type=int, nargs=2, default=[1_000, 5_000], metavar=("READ", "STORE"))
    read_pages, store_pages = arguments.parse_args().pages
    with tempfile.TemporaryDirectory() as folder:
        short = write_pdf(Path(folder) / "short.pdf", 10)
        long = write_pdf(Path(folder) / "long.pdf", read_pages)
        longest = write_pdf(Path(folder) / "longest.pdf", store_pages)
        own_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        results: dict[str, object] = {
            "machine": describe_machine(),
            "cold_start": read(short),
            "warm_start": read(short),
        }
        results["read"] = {**read(long), "reader_peak_mib": readers_peak_mib()}
        results["read_scans"] = read(write_scan(Path(folder) / "scans.pdf", long.path, min(read_pages, 50)))
        results["seconds_to_stop"] = seconds_to_stop(long)
        results["table_rows_kept"] = table_rows_kept()
        results["read_and_store"] = read_and_store(longest, Library(Path(folder) / "data"))
        results["reader_peak_mib"] = readers_peak_mib()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own_bytes
        results["parent_growth_mib"] = round(grown / 1_024, 1)
        results["pictures"] = pictures(long.path)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
