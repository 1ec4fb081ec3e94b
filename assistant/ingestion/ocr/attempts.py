"""Find which way up and in which language a page reads: upright in the first language, or as its marks suggest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.ingestion.ocr.cleaning import cleaned, sharply_cleaned
from assistant.ingestion.ocr.engine import Engine, FoundWord, Orientation
from assistant.ingestion.ocr.language_data import ENGLISH, SIMPLIFIED_CHINESE
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.skew import find_skew
from assistant.ingestion.ocr.upright import UprightPicture, fitted
from assistant.ingestion.ocr.word_shapes import sense_of

# Confidence weighed by letters: clean pages reach .95, noisy faxes .93, print at 72 dots per inch .85, Chinese .8, and
# pages that stand on their head or are in another script .35 at most (benchmarks/ocr.py).
_READABLE = 0.6
_SURE_TURN = 3.0
_SURE_SCRIPT = 0.3
_CHINESE_SCRIPTS = ("Han", "HanS", "HanS_vert", "HanT", "HanT_vert", "Japanese", "Korean")
# No new attempt is begun after so long: the texture of a photograph can keep Tesseract busy.
_ATTEMPTS_SECONDS = 12.0
_FEWEST_LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one language made of the page, turned one way. `looks_chinese`: unread, and in signs like Chinese ones."""

    upright: UprightPicture
    words: list[FoundWord]
    looks_chinese: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether this is text: not a page upside down or in another script, not the texture of a photograph."""
        return mean_confidence(self.words) >= _READABLE

    @property
    def worth(self) -> float:
        """How much sure and sensible text came of it."""
        sense = sense_of([word.text for word in self.words])
        share = sense.share if sense.letters >= _FEWEST_LETTERS else 1.0
        return sum(word.confidence**2 * len(word.text) for word in self.words) * share


def mean_confidence(words: Sequence[FoundWord]) -> float:
    """The words' confidence, weighed by their length; 1 for none."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 1.0


def best_attempt(engine: Engine, picture: GrayPicture, languages: Sequence[str]) -> Attempt:
    """The attempt that reads best; most pages read at once."""
    attempts = _Attempts(engine=engine, picture=picture, languages=tuple(languages))
    return attempts.best()


@dataclass(slots=True, kw_only=True)
class _Attempts:
    engine: Engine
    picture: GrayPicture
    languages: tuple[str, ...]
    _turn: float = 0.0
    _looks_chinese: bool = False
    _pictures: dict[bool, UprightPicture] = field(default_factory=dict)

    def best(self) -> Attempt:
        began = time.monotonic()
        level = fitted(cleaned(self.picture))
        skew = find_skew(level.pixels)
        self._turn = skew.degrees + (90.0 if skew.is_sideways else 0.0)
        self._pictures[False] = level.turned(self._turn)
        best = self._attempt(self.languages[0], 0)
        if best.is_readable:
            return best
        for attempt in self._others(is_empty=not best.words):
            if attempt.worth > best.worth:
                best = attempt
            if best.is_readable or time.monotonic() - began > _ATTEMPTS_SECONDS:
                break
        is_unread_chinese = self._looks_chinese and not best.is_readable
        return Attempt(upright=best.upright, words=best.words, looks_chinese=is_unread_chinese)

    def _others(self, *, is_empty: bool) -> Iterator[Attempt]:
        """The likeliest first: the turn that the page's marks suggest, other turns, other languages."""
        level = self._pictures[False]
        found = self.engine.orientation(level.pixels, level.dots_per_inch)
        if found is None and is_empty:
            return
        self._looks_chinese = found is not None and _is_chinese(found)
        turns = _turns(found)
        languages = [*self.languages[1:]]
        if self.engine.data.has(SIMPLIFIED_CHINESE) and SIMPLIFIED_CHINESE not in self.languages:
            languages.append(SIMPLIFIED_CHINESE)
        if self._looks_chinese:
            yield from (self._attempt(language, turns[0]) for language in languages)
        yield from (self._attempt(self.languages[0], turn) for turn in turns if turn)
        yield from (self._attempt(language, turn) for language in languages for turn in turns[:2])

    def _attempt(self, language: str, turn: int) -> Attempt:
        upright = self._level(is_sharp=language != ENGLISH).turned(turn)
        words = self.engine.words(upright.pixels, upright.dots_per_inch, language)
        return Attempt(upright=upright, words=words)

    def _level(self, *, is_sharp: bool) -> UprightPicture:
        """Chinese signs run together when their edges are soft."""
        if is_sharp not in self._pictures:
            self._pictures[is_sharp] = fitted(sharply_cleaned(self.picture)).turned(self._turn)
        return self._pictures[is_sharp]


def _is_chinese(found: Orientation) -> bool:
    return found.script in _CHINESE_SCRIPTS and found.script_sureness >= _SURE_SCRIPT


def _turns(found: Orientation | None) -> list[int]:
    """In degrees, the likeliest first."""
    if found is None:
        return [0, 180, 90, 270]
    if found.sureness >= _SURE_TURN:
        return [found.turn_degrees]
    return [found.turn_degrees, *(turn for turn in (0, 180, 90, 270) if turn != found.turn_degrees)]
