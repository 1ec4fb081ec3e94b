"""Where words stand on the page as displayed: one box for each line that a stretch of text runs over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.domain import Box, Page, Word

_SAME_LINE = 0.5
"""Two words stand on one line if they share this much of the lower one's height."""


def boxes(page: Page, start: int, end: int) -> tuple[Box, ...]:
    """The boxes of `page.text[start:end]` in reading order, a box a line of words; none if no word lies there."""
    words = _words_within(page, start, end) if start < end else []
    upright = _is_upright(words)
    return tuple(_around(line) for line in _lines(page.text, words, upright))


def _words_within(page: Page, start: int, end: int) -> list[Word]:
    within: list[Word] = []
    for index in range(_first_word(page, start), len(page.words)):
        word = page.words[index]
        if word.start >= end:
            break
        within.append(word)
    return within


def _first_word(page: Page, start: int) -> int:
    """The first word that ends after `start`, by bisection: words are in reading order, so their offsets rise."""
    low, high = 0, len(page.words)
    while low < high:
        middle = (low + high) // 2
        if page.words[middle].end <= start:
            low = middle + 1
        else:
            high = middle
    return low


def _is_upright(words: Sequence[Word]) -> bool:
    """Whether lines run across the page; on text turned by a quarter, words are higher than wide."""
    shapes = [word.box for word in words if word.end - word.start >= 3] or [word.box for word in words]
    across = sum(1 for box in shapes if box.x1 - box.x0 >= box.y1 - box.y0)
    return 2 * across >= len(shapes)


def _lines(text: str, words: Sequence[Word], upright: bool) -> Iterator[list[Word]]:
    """A line ends where the text says so, and where the next word stands elsewhere, as in the next column."""
    line: list[Word] = []
    for word in words:
        if line and ("\n" in text[line[-1].end : word.start] or not _continues(line[-1].box, word.box, upright)):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _continues(box: Box, following: Box, upright: bool) -> bool:
    """Whether the following word stands on the same line, further on."""
    if upright:
        return following.x0 > box.x0 and _share(box.y0, box.y1, following.y0, following.y1)
    return _share(box.x0, box.x1, following.x0, following.x1)  # turned text runs up or down: either way is further on


def _share(low: float, high: float, other_low: float, other_high: float) -> bool:
    lower_height = min(high - low, other_high - other_low)
    return min(high, other_high) - max(low, other_low) >= _SAME_LINE * lower_height


def _around(line: Sequence[Word]) -> Box:
    return Box(
        x0=min(word.box.x0 for word in line),
        y0=min(word.box.y0 for word in line),
        x1=max(word.box.x1 for word in line),
        y1=max(word.box.y1 for word in line),
    )
