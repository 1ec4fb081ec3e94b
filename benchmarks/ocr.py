"""Measure recognition on scans of typed notes: characters, words, numbers, boxes, pages a second, memory.

    EVAL_DATA=FOLDER python -m benchmarks.ocr [--pages N] [--out FILE.json]

The folder's visit_notes are typed in one column, in two and with a laboratory table, and scanned in five manners.
Truth is each typed page as the PDF reader reads it. `plain` is Tesseract alone on the same pixels, side by side; a fax
has the noise at which about one word in twenty of its is wrong, a bad fax has five times as much.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

from assistant.domain import Words
from assistant.ingestion.layout.page_text import ComposedText
from assistant.ingestion.limits import Limits
from assistant.ingestion.ocr.engine import Engine
from assistant.ingestion.ocr.language_data import ENGLISH, find_language_data
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.picture_reading import Recognizer
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.reader import Source
from assistant.ingestion.recognizing import recognize_pages
from benchmarks.ingestion import readers_peak_mib
from benchmarks.machine import describe_machine
from benchmarks.ocr_pages import HEIGHT, WIDTH, KnownPage, known_pages
from benchmarks.ocr_scans import MANNERS, Manner, displayed, scanned
from benchmarks.ocr_scores import PageScore, PlacedText, score, shares

RESULTS = Path(__file__).parent / "results" / "ocr.json"
_POINTS_PER_INCH = 72.0
# Bad faxes from readable to hardly so: what confidence says about the numbers.
_NOISES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One page recognized."""

    score: PageScore
    confidence: float
    seconds: float


def main() -> int:
    """Measure every manner, the plain engine beside it, the speed of two processes; print and keep the results."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", type=int, default=24)
    arguments.add_argument("--out", type=Path, default=RESULTS)
    options = arguments.parse_args()
    # As the children are set: Tesseract's threads only get in one another's way.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    notes = sorted((Path(os.environ["EVAL_DATA"]) / "visit_notes").glob("*.txt"))
    pages = list(known_pages(notes[: options.pages]))
    engine, recognizer = Engine(find_language_data()), Recognizer()
    results: dict[str, object] = {"machine": describe_machine(), "pages": len(pages)}
    for name, manner in MANNERS.items():
        results[name] = {
            "plain": _summary([_plain(engine, page, manner, seed) for seed, page in enumerate(pages)]),
            "ours": _summary([_ours(recognizer, page, manner, seed) for seed, page in enumerate(pages)]),
        }
        print(name, json.dumps(results[name]), file=sys.stderr)
    results["confidence"] = _confidences(recognizer, pages[2::3][:6])
    results["two_processes"] = _speed(pages)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))
    return 0


def _ours(recognizer: Recognizer, page: KnownPage, manner: Manner, seed: int) -> Measured:
    picture = scanned(page, manner, seed)
    began = time.process_time()
    found = recognizer.recognize(picture)
    seconds = time.process_time() - began
    text = _placed(found.composed)
    return Measured(score=score(_truth(page, manner), text), confidence=found.confidence, seconds=seconds)


def _plain(engine: Engine, page: KnownPage, manner: Manner, seed: int) -> Measured:
    picture = scanned(page, manner, seed)
    began = time.process_time()
    found = engine.words(picture.pixels, manner.dots_per_inch, ENGLISH)
    seconds = time.process_time() - began
    boxes = np.array([(word.x0, word.y0, word.x1, word.y1) for word in found]).reshape(-1, 4)
    text = PlacedText(words=[word.text for word in found], boxes=boxes * (_POINTS_PER_INCH / manner.dots_per_inch))
    letters = sum(len(word.text) for word in found)
    confidence = sum(word.confidence * len(word.text) for word in found) / max(letters, 1)
    return Measured(score=score(_truth(page, manner), text), confidence=confidence, seconds=seconds)


def _truth(page: KnownPage, manner: Manner) -> PlacedText:
    typed = _placed(PdfFile(Source(name="typed.pdf", data=page.pdf), Limits()).read(1).composed)
    return PlacedText(words=typed.words, boxes=displayed(typed.boxes, (WIDTH, HEIGHT), manner))


def _placed(composed: ComposedText) -> PlacedText:
    words: Words = composed.words
    boxes = np.array([word.box.as_list() for word in words], dtype=np.float64).reshape(-1, 4)
    return PlacedText(words=[composed.text[word.start : word.end] for word in words], boxes=boxes)


def _summary(measured: Sequence[Measured]) -> dict[str, float]:
    confidences = [page.confidence for page in measured]
    return {
        **shares([page.score for page in measured]),
        "confidence_lowest": round(min(confidences), 3),
        "confidence_mean": round(float(np.mean(confidences)), 3),
        "processor_seconds_per_page": round(float(np.mean([page.seconds for page in measured])), 2),
    }


def _confidences(recognizer: Recognizer, pages: Sequence[KnownPage]) -> list[dict[str, float]]:
    """Pages with laboratory tables as ever worse faxes: what the confidence of a page says about its numbers."""
    rows = []
    for noise in _NOISES:
        manner = Manner(dots_per_inch=200, turn_degrees=0.4, fax_noise=noise)
        rows.append(
            {"noise": noise, **_summary([_ours(recognizer, page, manner, at) for at, page in enumerate(pages)])}
        )
    return rows


def _speed(pages: Sequence[KnownPage]) -> dict[str, float]:
    """A PDF of clean scans and faxes in turn, through two confined processes, from the file to stored pages."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scans.pdf"
        with pymupdf.open() as document:
            for seed, page in enumerate(pages):
                picture = scanned(page, MANNERS["clean" if seed % 2 else "fax"], seed)
                sheet = document.new_page(width=WIDTH, height=HEIGHT)
                sheet.insert_image(sheet.rect, stream=_packed(picture), keep_proportion=False)
            document.save(path)
        began = time.perf_counter()
        found = recognize_pages(path, "pdf", path.name, range(1, len(pages) + 1))
        read = sum(one is not None and one.page is not None for one in found)
        seconds = time.perf_counter() - began
        return {
            "pages": read,
            "pages_per_second": round(read / seconds, 2),
            "peak_mib_of_a_process": readers_peak_mib(),
        }


def _packed(picture: GrayPicture) -> bytes:
    packed = io.BytesIO()
    has_two_shades = np.isin(picture.pixels, (0, 255)).all()
    Image.fromarray(picture.pixels).convert("1" if has_two_shades else "L").save(packed, "PNG")
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
