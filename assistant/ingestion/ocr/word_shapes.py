"""Tell text from what a broken font leaves of it, by the shapes of words: no list of words, no one language.

A Latin word is judged by its pairs of letters (those that make up at least one in 2,000 of English medical text, and
the commonest that other languages add), a Chinese or Japanese one by how many of its signs are of the first level of
a national standard, which holds the few thousand that nearly all text is made of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_FOLLOWERS = dict(
    item.split(":")
    for item in """
    a:bcdefgijklmnprstuvwyz b:aeilnorsuy c:aehiklortuyz d:aeilorsuyz
    e:abcdefghijlmnopqrstuvwxyz f:aefilortu g:aehilnorstu
    h:aeilmnortuy i:abcdefglmnoprstvxz j:aeiou k:aeilnorstuwy l:abdefgiklmopstuvy m:abeimnopstuy n:acdefgiknostuvyz
    o:bcdfghilmnoprstuvwxyz p:aefhiloprstuy q:u r:abcdefgiklmnorstuvwyz s:acehiklmnopstuwyz t:aehilmorstuwyz
    u:abcdefglmnprstxz v:aeiory w:aehinorsyz x:aceipty y:aceilmnopstw z:aeiouyzw
    """.split()
)
# "ACE", "COPD" and "HCTZ" follow no rule; a heading in capitals has longer words.
_LONGEST_ABBREVIATION = 5
_FEWEST_LETTERS = 4
_SENSIBLE_PAIRS = 0.65
_SENSIBLE_SIGNS = 0.7
_NUMBER = re.compile(r"[^\W\d_]{0,3}[\d.,:;/+\-–%°()<>=≤≥~#*x×^]*\d[\d.,:;/+\-–%°()<>=≤≥~#*x×^]*[^\W\d_]{0,4}")
_LETTERS = re.compile(r"[^\W\d_]+")
# A row of dots, a ruled line, a ticked box: signs that text does have.
_RULE = re.compile(r"([^\w\s])\1*|[\[\](){}<>.,:;!?'\"“”‘’\-–—/|_*•…]+")
_REPLACEMENT = "\ufffd"
# What some programs write for a glyph that they cannot name.
_GLYPH_NUMBER = re.compile(r"\((?:cid|gid):\d+\)")
_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA")
# Row bytes of the first level of GB 2312, Shift JIS's kanji and Big5; the others hold rare signs.
_FIRST_LEVELS = (("gb2312", 0xB0, 0xD7), ("euc_jp", 0xB0, 0xCF), ("big5", 0xA4, 0xC6))
# Text of one place mixes its own script, Latin and perhaps Greek for units; glyph codes are spread over everything.
_MOST_SCRIPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """How much of a text could be judged, in letters, and the share of it that is like words of a language."""

    letters: int
    share: float


def sense_of(words: Iterable[str]) -> Sense:
    """Judge the words of a page. Numbers and short abbreviations count for neither side."""
    judged = sensible = 0
    scripts: dict[str, int] = {}
    for word in words:
        letters, good = _judge(word)
        judged += letters
        sensible += good
        if letters and not word.isascii():
            script = _script(next((character for character in word if character.isalpha()), word[0]))
            scripts[script] = scripts.get(script, 0) + letters
    if len(scripts) > _MOST_SCRIPTS:
        sensible -= sum(scripts.values()) - max(scripts.values())
    return Sense(letters=judged, share=max(sensible, 0) / judged if judged else 1.0)


def is_han(text: str) -> bool:
    """Whether the text has a Chinese sign."""
    return any("\u3400" <= character <= "\u9fff" for character in text)


@lru_cache(maxsize=20_000)
def _judge(word: str) -> tuple[int, int]:
    """Letters of the word that can be judged, and how many of them are in order."""
    if len(word) == 1:
        return 0, 0
    if _GLYPH_NUMBER.search(word):
        return len(word), 0
    if any(character == _REPLACEMENT or unicodedata.category(character) in ("Co", "Cn", "Cc") for character in word):
        return len(word), 0
    if _NUMBER.fullmatch(word) or _RULE.fullmatch(word):
        return 0, 0
    pieces = _LETTERS.findall(word)
    if not pieces:
        return (len(word), 0) if not any(map(str.isdigit, word)) else (0, 0)
    judged = sensible = 0
    for piece in pieces:
        letters, good = _judge_piece(piece)
        judged += letters
        sensible += good
    # "W3K&", "Ã©t": letters broken up by signs that stand inside no word.
    if len(pieces) > 2 and sum(map(len, pieces)) < 2 * len(pieces):
        return len(word), 0
    return judged, sensible


def _judge_piece(piece: str) -> tuple[int, int]:
    script = _script(piece[0])
    if script in _SCRIPTS:
        common = sum(map(_is_common_sign, piece))
        return len(piece), len(piece) if common >= _SENSIBLE_SIGNS * len(piece) else 0
    if script != "LATIN":
        is_one = all(_script(character) == script for character in piece)
        return len(piece), len(piece) if is_one else 0
    is_abbreviation = len(piece) <= _LONGEST_ABBREVIATION and piece.isupper()
    if len(piece) < _FEWEST_LETTERS or is_abbreviation:
        return 0, 0
    return len(piece), len(piece) if _has_sensible_pairs(piece) else 0


def _has_sensible_pairs(piece: str) -> bool:
    plain = unicodedata.normalize("NFKD", piece.lower())
    letters = [character for character in plain if not unicodedata.combining(character)]
    pairs = len(letters) - 1
    sensible = sum(after in _FOLLOWERS.get(before, "") for before, after in pairwise(letters))
    return sensible >= _SENSIBLE_PAIRS * pairs


def _is_common_sign(character: str) -> bool:
    if _script(character) != "CJK":
        return True
    for encoding, first, last in _FIRST_LEVELS:
        try:
            row = character.encode(encoding)[0]
        except UnicodeEncodeError:
            continue
        if first <= row <= last:
            return True
    return False


@lru_cache(maxsize=4_096)
def _script(character: str) -> str:
    """The first word of the character's name: LATIN, GREEK, CJK."""
    return unicodedata.name(character, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
