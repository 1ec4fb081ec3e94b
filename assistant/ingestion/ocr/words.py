"""Make words of what Tesseract found: rules and specks dropped, Chinese signs joined, known misreadings righted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from assistant.ingestion.ocr.engine import FoundWord
from assistant.ingestion.ocr.word_shapes import is_han

# A sign that stands alone: bullets and dashes are text, the rest is a rule or a speck unless Tesseract is sure of it.
_BULLETS = "-–—•*·+=<>~≤≥±%&/#?:✓✔□☐☑☒●○■►▪"
# What a dash at the beginning of a line is taken for.
_BULLETS_MISREAD = ("-", "~", "=", "—", "—-", "-—", "--")
_SURE_SIGN = 0.5
_DOUBTFUL = 0.3
# In heights of the page's usual word.
_TALLEST, _SMALLEST = 2.5, 0.5
_GAP_BETWEEN_SIGNS = 0.7
_GAP_INSIDE_WORD = 0.28

# HbA1c is in every diabetic's record, and in no language model's vocabulary.
_HBA1C = re.compile(r"(?i:hba)[1lItTi|!]{0,2}[cC]")
_A1C = re.compile(r"A[lI]c")
_BEFORE_A1C = re.compile(r"(?i)h(?:a?e)?moglobin|hgb|hb")
# A count of cells: ten to the ninth, twelfth, sixth or third in a litre. The caret is read as 4, a degree or a quote.
_POWER_OF_TEN = re.compile(r"([xX×]?)1[0Oo][\^°º*'‘’“”\"4A]{1,2}(9|12|6|3)/([LlI1|])[.,]?")
_FILTRATION = re.compile(r"m[A-Za-z/|]{0,4}/?min/1[.,:]{1,2}73\s?m[2?²]?")
_MOLES_A_LITRE = re.compile(r"([mnpuµ])mo(?:[l1I!|vtV]?/[Ll1I|]|[l1I!|vtV][L|])")
_MOLES_A_MOLE = re.compile(r"mmo[l1I!|t]/mo[l1I!|t]")
_NUMBER = re.compile(r"[<>]?\d[\d.,]*")


def words_of_page(found: Sequence[FoundWord]) -> list[FoundWord]:
    """The words that are text, in Tesseract's order."""
    kept = list(_without_junk(found))
    return list(_righted(_joined(kept)))


def _without_junk(found: Sequence[FoundWord]) -> Iterator[FoundWord]:
    lettered = [word.height for word in found if any(map(str.isalnum, word.text))]
    usual = median(lettered) if lettered else 0.0
    line = -1
    for word in found:
        text = "".join(character for character in word.text if unicodedata.category(character) not in ("Cc", "Cf"))
        if word.line != line and text in _BULLETS_MISREAD and word.height < usual:
            text = "-"
        elif text and _is_junk(text, word, usual):
            continue
        line = word.line
        if text:
            yield word if text == word.text else replace(word, text=text)


def _is_junk(text: str, word: FoundWord, usual: float) -> bool:
    if any(map(str.isalnum, text)):
        # A lone letter of the usual size is the flag of a laboratory value.
        is_shape_odd = not _SMALLEST * usual < word.height < _TALLEST * usual
        return is_shape_odd and word.confidence < _DOUBTFUL
    if text == "|":
        # Mostly a rule; between words of a sentence it is an I, which the next step tells by its neighbours.
        return word.confidence < _DOUBTFUL or word.height > 1.6 * usual
    is_bullet = all(character in _BULLETS for character in text)
    return word.confidence < (_DOUBTFUL if is_bullet else _SURE_SIGN) or word.height > 2 * usual


def _joined(words: Sequence[FoundWord]) -> Iterator[FoundWord]:
    """Chinese has no spaces; "HbA" and "1c", "13" and "7" are one word that the narrow 1 has cut."""
    last: FoundWord | None = None
    for word in words:
        if last is not None and last.line == word.line and _belong_together(last, word):
            last = _union(last, word)
            continue
        if last is not None:
            yield last
        last = word
    if last is not None:
        yield last


def _belong_together(before: FoundWord, after: FoundWord) -> bool:
    gap = (after.x0 - before.x1) / max(min(before.height, after.height), 1.0)
    if is_han(before.text) or is_han(after.text):
        return gap < _GAP_BETWEEN_SIGNS and (is_han(before.text[-1:] + after.text[:1]) or _is_wide_sign(after.text[0]))
    is_cut_number = before.text.isdigit() and _NUMBER.fullmatch(after.text) is not None
    return gap < _GAP_INSIDE_WORD and (is_cut_number or _HBA1C.fullmatch(before.text + after.text) is not None)


def _is_wide_sign(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def _union(one: FoundWord, other: FoundWord) -> FoundWord:
    letters = len(one.text) + len(other.text)
    return replace(
        one,
        text=one.text + other.text,
        x0=min(one.x0, other.x0),
        y0=min(one.y0, other.y0),
        x1=max(one.x1, other.x1),
        y1=max(one.y1, other.y1),
        confidence=(one.confidence * len(one.text) + other.confidence * len(other.text)) / letters,
    )


def _righted(words: Iterable[FoundWord]) -> Iterator[FoundWord]:
    """Words that nothing but a misreading explains. Their confidence stays: a doubted word stays doubted."""
    nobody = FoundWord(text="", x0=0, y0=0, x1=0, y1=0, line=-1, confidence=0)
    line = [nobody, *words, nobody]
    for (before, word), (_, after) in zip(pairwise(line), pairwise(line[1:]), strict=False):
        if word is nobody:
            continue
        text = _right(word.text, _text_beside(before, word), _text_beside(after, word))
        if text:
            yield word if text == word.text else replace(word, text=text)


def _text_beside(other: FoundWord, word: FoundWord) -> str:
    return other.text if other.line == word.line else ""


def _right(text: str, before: str, after: str) -> str:
    """The word as it must have stood there; empty for the piece of a rule."""
    if text == "|":
        is_in_sentence = after[:1].islower() and (not before or before[-1:].isalpha() or before[-1:] in ",.;:")
        return "I" if is_in_sentence else ""
    core = text.rstrip(".,;:)")
    tail = text[len(core) :]
    if _HBA1C.fullmatch(core):
        return "HbA1c" + tail
    if _A1C.fullmatch(core) and (_BEFORE_A1C.fullmatch(before) or _NUMBER.match(after)):
        return "A1c" + tail
    if _NUMBER.fullmatch(before):
        return _right_unit(text)
    return text


def _right_unit(text: str) -> str:
    """The unit behind a number."""
    if match := _POWER_OF_TEN.fullmatch(text):
        return f"{match[1]}10^{match[2]}/L"
    if _FILTRATION.fullmatch(text):
        return "mL/min/1.73m2"
    if _MOLES_A_MOLE.fullmatch(text):
        return "mmol/mol"
    if match := _MOLES_A_LITRE.fullmatch(text):
        return f"{match[1]}mol/L"
    return text
