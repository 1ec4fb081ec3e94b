"""Speak to Tesseract, in this process: gray pixels in, words with their boxes and lines out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tesserocr  # type: ignore[import-untyped]  # ships stubs without a py.typed mark

from assistant.ingestion.ocr.language_data import ORIENTATION, LanguageData
from assistant.ingestion.ocr.picture import GrayPixels

# A page takes about one second; a picture of leaves or of cloth can take minutes.
_PAGE_MILLISECONDS = 30_000
_WORD_LEVEL = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWord:
    """A word, its box in pixels of the picture, its line's number, and how sure Tesseract is of it (0 to 1)."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    line: int
    confidence: float

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """`turn_degrees`: how far to turn the picture counter-clockwise. Margins of sureness have no fixed scale."""

    turn_degrees: int
    sureness: float
    script: str
    script_sureness: float


class Engine:
    """Tesseract with the languages that pages have needed so far; a language takes 30 to 60 MB."""

    def __init__(self, data: LanguageData) -> None:
        self.data = data
        self._readers: dict[str, tesserocr.PyTessBaseAPI] = {}

    def words(self, pixels: GrayPixels, dots_per_inch: float, language: str) -> list[FoundWord]:
        """The words of a page that stands upright. None where Tesseract gave up."""
        reader = self._reader(language)
        reader.SetPageSegMode(tesserocr.PSM.AUTO)
        _show(reader, pixels, dots_per_inch)
        try:
            if not reader.Recognize(_PAGE_MILLISECONDS):
                return []
            return _words(reader.GetTSVText(0))
        finally:
            reader.Clear()

    def line(self, pixels: GrayPixels, language: str) -> tuple[str, float]:
        """The one line that a small picture holds, and how sure Tesseract is of it (0 to 1)."""
        reader = self._reader(language)
        reader.SetPageSegMode(tesserocr.PSM.SINGLE_LINE)
        try:
            _show(reader, pixels, 300)
            return reader.GetUTF8Text().strip(), reader.MeanTextConf() / 100
        finally:
            reader.Clear()

    def orientation(self, pixels: GrayPixels, dots_per_inch: float) -> Orientation | None:
        """Which way up the page is and in what script; None where there is too little to tell by."""
        if not self.data.has(ORIENTATION):
            return None
        reader = self._reader(ORIENTATION)
        _show(reader, pixels, dots_per_inch)
        try:
            found = reader.DetectOrientationScript()
        finally:
            reader.Clear()
        if not found:
            return None
        return Orientation(
            turn_degrees=int(found["orient_deg"]) % 360,
            sureness=float(found["orient_conf"]),
            script=str(found["script_name"]),
            script_sureness=float(found["script_conf"]),
        )

    def _reader(self, language: str) -> tesserocr.PyTessBaseAPI:
        if language not in self._readers:
            is_text = language != ORIENTATION
            reader = tesserocr.PyTessBaseAPI(
                path=self.data.folder(language),
                lang=language,
                psm=tesserocr.PSM.AUTO if is_text else tesserocr.PSM.OSD_ONLY,
                oem=tesserocr.OEM.LSTM_ONLY if is_text else tesserocr.OEM.TESSERACT_ONLY,
            )
            # Every message may quote the page.
            reader.SetVariable("debug_file", "/dev/null")
            self._readers[language] = reader
        return self._readers[language]


def _show(reader: tesserocr.PyTessBaseAPI, pixels: GrayPixels, dots_per_inch: float) -> None:
    rows, columns = pixels.shape
    reader.SetImageBytes(np.ascontiguousarray(pixels).tobytes(), columns, rows, 1, columns)
    reader.SetSourceResolution(round(dots_per_inch))


def _words(table: str) -> list[FoundWord]:
    """Rows of: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    words: list[FoundWord] = []
    lines: dict[tuple[str, ...], int] = {}
    for row in table.splitlines():
        fields = row.split("\t")
        if len(fields) != 12 or fields[0] != _WORD_LEVEL or not fields[11].strip():
            continue
        left, top, width, height = (float(number) for number in fields[6:10])
        words.append(
            FoundWord(
                text=fields[11].strip(),
                x0=left,
                y0=top,
                x1=left + width,
                y1=top + height,
                line=lines.setdefault(tuple(fields[2:5]), len(lines)),
                confidence=min(max(float(fields[10]) / 100, 0.0), 1.0),
            )
        )
    return words
