"""Look again at numbers, and at short words that Tesseract doubted: each alone, at several sizes, and let them vote.

In a row of text a letter is told by its neighbours. A lone "7.7" in a table has none, and at some sizes the network
sees "Tel"; at others it loses the point. What most looks agree on is right far more often than any one of them
(benchmarks/ocr.py); where they do not agree, the word's confidence says so.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from assistant.ingestion.ocr.engine import Engine, FoundWord
from assistant.ingestion.ocr.language_data import ENGLISH
from assistant.ingestion.ocr.picture import GrayPixels
from assistant.ingestion.ocr.points import with_points

_DOUBTED = 0.80
_LONGEST_DOUBTED = 12
_MOST_SECONDS = 6.0
_MARGIN_PIXELS = 5
_BORDER_PIXELS = 10
_SMALLEST_PIXELS = 6
# A rule fills the width of the crop; the foot of a 2 or the stem of a 1 does not reach its edges.
_RULED_ROW, _RULED_COLUMN = 0.85, 0.95
# A look as sure as this is one vote; what the whole line said counts as much as a look.
_SEPARATORS = ".,-/:"
_SURE_SEPARATOR = 0.6
_FEWEST_SEPARATORS = 2
_DISAGREEING = 0.5
_NUMBER = re.compile(r"[(<>=~+-]?\d+(?:[.,:/-]\d+)*[%)+.,;:]?")
_LIKELY_BONUS = 1.3
# What stands alone in the last cell of a laboratory row, after its reference range.
_FLAGS = ("H", "L", "N", "A", "HH", "LL")
_LONGEST_FLAG = 3
_RANGE = re.compile(r"\d[\d.,]*-\d[\d.,]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A small picture of the word, `height` pixels high, blurred, and sharpened or not."""

    height: int
    blur: float = 0.0
    is_sharpened: bool = False


_FIRST_VIEWS = (_View(height=40, is_sharpened=True), _View(height=40, blur=1.0))
_MORE_VIEWS = (
    _View(height=26),
    _View(height=32),
    _View(height=56, is_sharpened=True),
    _View(height=72, blur=2.0),
)


def look_again(engine: Engine, pixels: GrayPixels, words: Sequence[FoundWord]) -> list[FoundWord]:
    """The words, those in Latin letters and digits read again where most looks agree on something else."""
    if not engine.data.has(ENGLISH):
        return list(words)
    in_line = Counter(word.line for word in words)
    read_again: dict[int, FoundWord] = {}
    # Numbers first: on a page where every word is doubted there is no time for all of them.
    looked_at = sorted(range(len(words)), key=lambda at: not any(map(str.isdigit, words[at].text)))
    until = time.monotonic() + _MOST_SECONDS
    for at in looked_at:
        word, before = words[at], words[max(at - 1, 0)]
        is_behind_range = before.line == word.line and _RANGE.fullmatch(before.text) is not None
        is_flag = len(word.text) <= _LONGEST_FLAG and (in_line[word.line] == 1 or is_behind_range)
        if time.monotonic() < until and _deserves_a_look(word, is_flag=is_flag):
            read_again[at] = _decided(engine, pixels, word, is_flag=is_flag)
    return [read_again.get(at, word) for at, word in enumerate(words)]


def _deserves_a_look(word: FoundWord, *, is_flag: bool) -> bool:
    is_large_enough = min(word.x1 - word.x0, word.height) >= _SMALLEST_PIXELS
    is_doubted = word.confidence < _DOUBTED and len(word.text) <= _LONGEST_DOUBTED
    # Chinese signs are told by the words they make, which a sign alone does not show.
    return word.text.isascii() and is_large_enough and (is_flag or is_doubted or any(map(str.isdigit, word.text)))


def _decided(engine: Engine, pixels: GrayPixels, word: FoundWord, *, is_flag: bool) -> FoundWord:
    crop = _crop(pixels, word)
    said = [(word.text, word.confidence), *_looks(engine, crop, _FIRST_VIEWS)]
    if all(text == word.text for text, _ in said):
        text, confidence = word.text, max(confidence for _, confidence in said)
    else:
        text, confidence = _vote(said + _looks(engine, crop, _MORE_VIEWS), is_flag=is_flag)
    in_ink = with_points(text, crop)
    return replace(word, text=in_ink, confidence=confidence if in_ink == text else min(confidence, _DISAGREEING))


def _vote(said: Sequence[tuple[str, float]], *, is_flag: bool = False) -> tuple[str, float]:
    """What most looks say, weighed by how sure they are; as sure as its share of all."""
    weights: dict[str, float] = {}
    for text, confidence in said:
        # A space inside one word is a gap between its letters.
        text = text.replace(" ", "")
        is_likely = _NUMBER.fullmatch(text) or (is_flag and text in _FLAGS)
        weight = confidence * (_LIKELY_BONUS if is_likely else 1.0)
        weights[text] = weights.get(text, 0.0) + weight
    weights.pop("", None)
    if not weights:
        return said[0]
    best = _with_separators(max(weights, key=weights.__getitem__), said)
    share = weights[best] / max(sum(weights.values()), 0.01)
    surest = max(confidence for text, confidence in said if text.replace(" ", "") == best)
    return best, surest * (share if share > _DISAGREEING else _DISAGREEING * share)


def _with_separators(best: str, said: Sequence[tuple[str, float]]) -> str:
    """Points and dashes get lost in a blur and do not come out of it: two good looks that see them outvote the rest."""
    plain = _without_separators(best)
    for text, _ in said:
        seen = [confidence for other, confidence in said if other == text]
        is_same_number = _without_separators(text) == plain and any(map(str.isdigit, text))
        if is_same_number and len(text) > len(best) and len(seen) >= _FEWEST_SEPARATORS and max(seen) > _SURE_SEPARATOR:
            best = text
    return best


def _without_separators(text: str) -> str:
    return "".join(character for character in text if character not in _SEPARATORS)


def _looks(engine: Engine, crop: GrayPixels, views: Iterable[_View]) -> list[tuple[str, float]]:
    return [engine.line(_drawn(crop, view), ENGLISH) for view in views]


def _crop(pixels: GrayPixels, word: FoundWord) -> GrayPixels:
    """The word with a narrow margin; ruled lines at its edges are painted over."""
    x0, y0 = max(int(word.x0) - _MARGIN_PIXELS, 0), max(int(word.y0) - _MARGIN_PIXELS, 0)
    crop = pixels[y0 : int(word.y1) + _MARGIN_PIXELS, x0 : int(word.x1) + _MARGIN_PIXELS].copy()
    paper = np.uint8(np.percentile(crop, 90))
    dark = crop < int(paper) - (int(paper) - int(crop.min())) // 2
    rows = _ruled(dark.mean(axis=1), _RULED_ROW)
    columns = _ruled(dark.mean(axis=0), _RULED_COLUMN)
    crop[rows] = paper
    crop[:, columns] = paper
    return crop


def _ruled(share: npt.NDArray[np.float64], fullest: float) -> npt.NDArray[np.bool_]:
    """Which rows or columns belong to a rule at either edge, with the pale rim of the rule."""
    ruled = share > fullest
    edge = _MARGIN_PIXELS + 2
    ruled[edge:-edge] = False
    ruled[1:] |= ruled[:-1]
    ruled[:-1] |= ruled[1:]
    return ruled


def _drawn(crop: GrayPixels, view: _View) -> GrayPixels:
    picture = Image.fromarray(crop)
    width = max(round(picture.width * view.height / picture.height), 1)
    picture = picture.resize((width, view.height), Image.Resampling.BICUBIC)
    if view.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(view.blur))
    if view.is_sharpened:
        picture = picture.filter(ImageFilter.UnsharpMask(2, 150, 0))
    pixels = np.asarray(picture)
    return np.pad(pixels, _BORDER_PIXELS, constant_values=int(np.percentile(pixels, 92)))
