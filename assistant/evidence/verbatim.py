"""What may be written inside quotation marks: only words that stand in the record, whichever tokens spell them.

A quotation that is being written is the set of places where it could go on; each token narrows it down. For every byte
of the record, the tokens that can be written from there on are found beforehand. Letters: B bytes of the record.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.quotable_text import SHORTEST_QUOTE, quotable_text
from assistant.evidence.quote_vocabulary import LONGEST_TOKEN_BYTES, Ids, QuoteVocabulary, joined_ranges

LONGEST_QUOTE = 1_200
"""Characters after which only the end is left: those who read an answer look for quotations of at most 2,000."""
_CONTINUATION_BYTES = 48
_PLACES_COMPARED = 64
_MANY_PLACES = 500
"""What may follow a beginning as frequent as "the" is worked out once a record."""


class QuotableRecord:
    """The words of a record, made ready to be quoted by a model with this vocabulary.

    `opening`: the tokens that a quotation may begin with. `forbidden_outside`: those that may not come where no
    quotation is open: they would open one on words that stand nowhere, or hold several marks.
    """

    def __init__(self, texts: Iterable[str], vocabulary: QuoteVocabulary) -> None:
        text = quotable_text(texts)
        rest = np.zeros(LONGEST_TOKEN_BYTES, dtype=np.uint8)
        self.vocabulary = vocabulary
        self.data = np.concatenate((text.data, rest))
        self.is_end = np.concatenate((text.is_end, rest.astype(np.bool_)))
        self._text_starts = text.text_starts
        self._first, self._nodes, self._token_ends = _tokens_by_place(vocabulary, text.data)
        starts = np.flatnonzero(text.is_start)
        self.is_empty = len(starts) == 0
        self._starts = {int(byte): starts[self.data[starts] == byte] for byte in np.unique(self.data[starts])}
        self.frequent: dict[bytes, Ids] = {}
        self.opening = self.allowed(starts, length=0, has_word=False)
        opened = vocabulary.opened
        begun = opened.at(self._distinct(self._nodes[self._at(starts)]))
        self.forbidden_outside = np.union1d(vocabulary.never_outside, np.setdiff1d(opened.tokens, begun))

    @property
    def table_bytes(self) -> int:
        """Memory that the tables of this record take."""
        arrays = (self.data, self.is_end, self._first, self._nodes, self._token_ends, *self._starts.values())
        return sum(array.nbytes for array in arrays)

    def places_after(self, piece: bytes, places: Ids | None = None) -> Ids:
        """Where a quotation goes on after `piece`, written at one of `places`, or as its beginning."""
        found = self._starts.get(piece[0], np.zeros(0, dtype=np.int64)) if places is None else places
        for at, byte in enumerate(piece):
            found = found[self.data[found + at] == byte]
        return found + len(piece)

    def allowed(self, places: Ids, *, length: int, has_word: bool) -> Ids:
        """The tokens that may follow at one of `places` in a quotation of `length` characters so far."""
        at = self._at(places)
        nodes = self._nodes[at]
        if length < SHORTEST_QUOTE or not has_word:
            return self.vocabulary.plain.at(self._distinct(nodes))
        ending = self.vocabulary.closed.at(self._distinct(nodes[self.is_end[self._token_ends[at]]]))
        if not self.is_end[places].any():
            return np.concatenate((self.vocabulary.plain.at(self._distinct(nodes)), ending))
        if length >= LONGEST_QUOTE:
            return self.vocabulary.closing
        return np.concatenate((self.vocabulary.plain.at(self._distinct(nodes)), ending, self.vocabulary.closing))

    def texts_ending_at(self, places: Ids) -> list[int]:
        """Which of the texts hold a quotation that ends at one of `places`: their indexes, in order."""
        ends = places[self.is_end[places]]
        return [int(at) for at in np.unique(np.searchsorted(self._text_starts, ends - 1, side="right") - 1)]

    def continuation(self, places: Ids) -> bytes:
        """What stands at all of `places` alike, up to a few words; nothing where they are many."""
        if not 0 < len(places) <= _PLACES_COMPARED:
            return b""
        ahead = self.data[np.minimum(places[:, None] + np.arange(_CONTINUATION_BYTES), len(self.data) - 1)]
        is_alike = (ahead == ahead[0]).all(axis=0) & (ahead[0] != 0)
        length = len(is_alike) if is_alike.all() else int(is_alike.argmin())
        return bytes(ahead[0, :length])

    def _at(self, places: Ids) -> Ids:
        """Which entries of the table of tokens are those of `places`."""
        return joined_ranges(self._first[places], self._first[places + 1])

    def _distinct(self, nodes: NDArray[np.int32] | Ids) -> Ids:
        """Each node once."""
        if len(nodes) < 2:
            return nodes.astype(np.int64)
        if len(nodes) < self.vocabulary.nodes // 64:
            return np.unique(nodes).astype(np.int64)
        seen = np.zeros(self.vocabulary.nodes, dtype=np.bool_)
        seen[nodes] = True
        return np.flatnonzero(seen)


class OpenQuote:
    """A quotation as it is being written, from behind its opening mark on."""

    def __init__(self, record: QuotableRecord) -> None:
        self._record = record
        self._places: Ids | None = None
        self._written = b""
        self._length = 0
        self._has_word = False

    def allowed(self) -> Ids:
        """The tokens that may come next, those that close the quotation among them where it may end."""
        if self._places is None:
            return self._record.opening
        known = self._record.frequent.get(self._written)
        if known is not None:
            return known
        allowed = self._record.allowed(self._places, length=self._length, has_word=self._has_word)
        if len(self._places) >= _MANY_PLACES:
            self._record.frequent[self._written] = allowed
        return allowed

    def write(self, piece: bytes) -> None:
        """Some more bytes of the quotation, without its marks. Raises ValueError if they stand nowhere."""
        if not piece:
            return
        self._places = self._record.places_after(piece, self._places)
        if not len(self._places):
            raise ValueError("the quotation does not stand in the record")
        self._written += piece
        self._length += sum(byte & 0xC0 != 0x80 for byte in piece)
        self._has_word = self._has_word or any(map(str.isalnum, self._written.decode("utf-8", "ignore")))

    def texts(self) -> list[int]:
        """Which of the record's texts hold the quotation as it stands now, whole words at its end."""
        return [] if self._places is None else self._record.texts_ending_at(self._places)

    def continuation(self) -> bytes:
        """What must come next, as far as it is the same wherever the quotation stands."""
        return b"" if self._places is None else self._record.continuation(self._places)


def _tokens_by_place(
    vocabulary: QuoteVocabulary, data: NDArray[np.uint8]
) -> tuple[Ids, NDArray[np.int32], NDArray[np.int32]]:
    """`first` [B+2]: byte b's entries are first[b]:first[b+1] of the other two, which are each token's node and end."""
    found = list(vocabulary.found_in(data))
    counts = np.zeros(len(data) + 1 + LONGEST_TOKEN_BYTES, dtype=np.int64)
    for _, places, _ in found:
        counts[places] += 1
    first: Ids = np.concatenate(([0], np.cumsum(counts)))
    filled = first[:-1].copy()
    nodes = np.zeros(int(first[-1]), dtype=np.int32)
    ends = np.zeros(int(first[-1]), dtype=np.int32)
    for length, places, of in found:
        nodes[filled[places]] = of
        ends[filled[places]] = places + length
        filled[places] += 1
    return first, nodes, ends
