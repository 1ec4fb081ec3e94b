"""Cut a page into passages that search can find: whole statements, a heading with what it heads, a little overlap.

What is set apart on the page (its header and footer, words addressed to an AI) is in no passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.domain import Page, Passage, Span
from assistant.evidence.sentences import Extent, is_heading, sentences

PASSAGE_WORDS = 150
"""Above this a passage ends: about 200 of the encoder's 256 tokens, so that what it reads is all of the passage."""
_OVERLAP_WORDS = 30
_ENOUGH_WORDS = PASSAGE_WORDS // 3
"""From here on a heading or a blank line is reason enough to end a passage."""

# A Chinese character weighs as much as a word: to the encoder each is a token.
_WEIGHED = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+")


def passages(page: Page) -> tuple[Passage, ...]:
    """The passages of `page` in reading order; none is longer than `PASSAGE_WORDS` or crosses the page's edge."""
    return tuple(passage for stretch in _read_stretches(page) for passage in _passages_of(page, stretch))


def is_set_apart(page: Page, at: int) -> bool:
    """Whether the character at `at` is not read as what the record says."""
    return any(region.start <= at < region.end for region in page.regions)


def word_count(text: str) -> int:
    """Words of `text`, a Chinese character counting as one."""
    return sum(1 for _ in _WEIGHED.finditer(text))


def _read_stretches(page: Page) -> Iterator[Extent]:
    """The page's text without its regions."""
    start = 0
    for region in page.regions:
        yield Extent(start=start, end=region.start)
        start = region.end
    yield Extent(start=start, end=len(page.text))


def _passages_of(page: Page, stretch: Extent) -> Iterator[Passage]:
    found = sentences(page.text[stretch.start : stretch.end])
    shifted = (Extent(start=unit.start + stretch.start, end=unit.end + stretch.start) for unit in found)
    units = [part for unit in shifted for part in _parts(page.text, unit)]
    for first, last in _packed(page.text, units):
        yield _passage(page, units[first:last])


def _passage(page: Page, units: Sequence[Extent]) -> Passage:
    start, end = units[0].start, units[-1].end
    return Passage(span=Span(file=page.file, page=page.number, start=start, end=end), text=page.text[start:end])


def _parts(text: str, unit: Extent) -> Iterator[Extent]:
    """A statement that is longer than a passage (speech without full stops) in pieces between words."""
    words = list(_WEIGHED.finditer(text, unit.start, unit.end))
    if len(words) <= PASSAGE_WORDS:
        yield unit
        return
    pieces = -(-len(words) // (PASSAGE_WORDS - _OVERLAP_WORDS))
    step = -(-len(words) // pieces)
    for first in range(0, len(words), step):
        last = min(first + step, len(words)) - 1
        yield Extent(start=words[first].start(), end=words[last].end())


def _packed(text: str, units: Sequence[Extent]) -> Iterator[tuple[int, int]]:
    """Runs [first, last) of units that make a passage each."""
    weights = [word_count(text[unit.start : unit.end]) for unit in units]
    first, total = 0, 0
    for index, weight in enumerate(weights):
        if index > first and (
            total + weight > PASSAGE_WORDS or (total >= _ENOUGH_WORDS and _turns(text, units, index))
        ):
            yield first, index
            first = index if _turns(text, units, index) else _overlapping(weights, first, index)
            total = sum(weights[first:index])
        total += weight
    if first < len(units):
        yield first, len(units)


def _overlapping(weights: Sequence[int], first: int, index: int) -> int:
    """Where the passage after [first, index) starts: at that one's last statements, if they are short and fit."""
    start, shared = index, 0
    while start - 1 > first and shared + weights[start - 1] <= _OVERLAP_WORDS:
        start -= 1
        shared += weights[start]
    return start if shared + weights[index] <= PASSAGE_WORDS else index


def _turns(text: str, units: Sequence[Extent], index: int) -> bool:
    """Whether something new begins with unit `index`: a heading, or text after a blank line."""
    unit = units[index]
    if is_heading(text[unit.start : unit.end]):
        return True
    after_heading = is_heading(text[units[index - 1].start : units[index - 1].end])
    return not after_heading and text.count("\n", units[index - 1].end, unit.start) > 1
