"""Find text that a record copies forward word for word, so that a model reads it once and a link where it repeats.

Only whole statements are left out, and only forty words or more that agree to the letter, white space aside: a changed
number, drug or "no" ends the copy. What is found in a text depends on the texts before it and on nothing after.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from assistant.evidence.sentences import sentences

SHORTEST_COPY_WORDS = 40
_KEY_WORDS = 8
_MOST_PLACES = 8
"""Places looked at where many begin alike, such as the rows of a table."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """`text[start:end]` of one text, which stands word for word in the text `earlier`."""

    start: int
    end: int
    earlier: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A statement that was shown begins at `words[at]`; `words` are what was shown of the text `number` there."""

    number: int
    words: Sequence[str]
    at: int


class ShownText:
    """The texts shown so far, to find again what a later text repeats of them."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], list[_Place]] = {}

    def copies(self, number: int, text: str) -> tuple[Copy, ...]:
        """What of the text `number` was shown before, in order; the rest of it counts as shown from now on."""
        page = _Text(text)
        found: list[Copy] = []
        shown_from = 0
        for first in page.statement_starts:
            if first >= shown_from and (copied := self._longest(page, first)):
                place, last = copied
                self._show(number, page, shown_from, first)
                found.append(Copy(start=page.extents[first].start(), end=page.extents[last - 1].end(), earlier=place))
                shown_from = last
        self._show(number, page, shown_from, len(page.words))
        return tuple(found)

    def _longest(self, page: _Text, first: int) -> tuple[int, int] | None:
        """The text that goes on longest as the statements from the word `first` do, and the word where they end."""
        places = self._places.get(page.key(first), ())
        longest = max(places, key=lambda place: _agreeing(page.words, first, place), default=None)
        if longest is None:
            return None
        last = page.last_end_before(first + _agreeing(page.words, first, longest))
        return (longest.number, last) if last - first >= SHORTEST_COPY_WORDS else None

    def _show(self, number: int, page: _Text, first: int, last: int) -> None:
        words = page.words[first:last]
        for start in page.statement_starts:
            if first <= start <= last - _KEY_WORDS:
                places = self._places.setdefault(page.key(start), [])
                if len(places) < _MOST_PLACES:
                    places.append(_Place(number=number, words=words, at=start - first))


class _Text:
    """A text as words, and where its statements begin and end, counted in words."""

    def __init__(self, text: str) -> None:
        self.extents = list(_WORD.finditer(text))
        self.words = [match.group() for match in self.extents]
        starts = [match.start() for match in self.extents]
        found = sentences(text)
        self.statement_starts = [bisect_left(starts, statement.start) for statement in found]
        self._statement_ends = [bisect_left(starts, statement.end) for statement in found]

    def key(self, first: int) -> tuple[str, ...]:
        """By what statements that begin alike are found."""
        return tuple(self.words[first : first + _KEY_WORDS])

    def last_end_before(self, word: int) -> int:
        """The last end of a statement that does not lie behind `word`."""
        ends = self._statement_ends[: bisect_right(self._statement_ends, word)]
        return ends[-1] if ends else 0


def _agreeing(words: Sequence[str], first: int, place: _Place) -> int:
    """How many words from `words[first]` on are the same as those shown at the place."""
    pairs = zip(islice(words, first, None), islice(place.words, place.at, None), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
