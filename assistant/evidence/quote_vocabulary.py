"""A model's tokens as they stand to quotation marks, and all of them at once looked up in a text.

A token may hold a quotation mark with letters on both its sides, or half a character: everything is judged by bytes.
Letters: V tokens, B bytes of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

LONGEST_TOKEN_BYTES = 48
"""A longer token is never taken inside a quotation; its words have shorter ones."""
_MARK = re.compile("|".join('"“”„«»').encode())
_OPENING = frozenset(mark.encode() for mark in '"“„«')
_CLOSING = frozenset(mark.encode() for mark in '"”»')
# As `quotes` folds the shapes of marks.
_FOLDED = {shape.encode(): plain for plain, shapes in ((b"'", "‘’‚‛‹›′`´"), (b"-", "‐‑")) for shape in shapes}
_FOLDING = re.compile(b"|".join(re.escape(shape) for shape in _FOLDED))


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedToken:
    """A token cut at its one quotation mark; without a mark all of it is `before`."""

    before: bytes
    mark: bytes
    after: bytes

    @property
    def opens(self) -> bool:
        """Whether a quotation can begin with it."""
        return self.mark in _OPENING

    @property
    def closes(self) -> bool:
        """Whether a quotation can end in it."""
        return self.mark in _CLOSING


def cut_at_mark(token: bytes) -> MarkedToken | None:
    """The token in plain shapes, cut at its quotation mark; None if it has several."""
    folded = _FOLDING.sub(lambda shape: _FOLDED[shape.group()], token)
    found = list(_MARK.finditer(folded))
    if len(found) > 1:
        return None
    if not found:
        return MarkedToken(before=folded, mark=b"", after=b"")
    (mark,) = found
    return MarkedToken(before=folded[: mark.start()], mark=mark.group(), after=folded[mark.end() :])


class QuoteVocabulary:
    """The tokens of a model by their ids, made ready once.

    `never_outside`: tokens that no answer may hold outside of quotations: with several quotation marks, or one that
    only closes. `closing`: those that begin with a closing mark. `plain`, `closed`, `opened`: by their place in the
    tree of all tokens, those that are quoted words, quoted words with the closing mark after them, and such with an
    opening mark before them.
    """

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self.tokens = tuple(tokens)
        self._cut = [cut_at_mark(token) if token else None for token in tokens]
        marked = [(at, cut) for at, cut in enumerate(self._cut) if cut is not None and cut.mark]
        several = [at for at, token in enumerate(tokens) if token and self._cut[at] is None]
        self.never_outside = _ids([*several, *(at for at, cut in marked if not cut.opens)])
        self.closing = _ids([at for at, cut in marked if cut.closes and not cut.before])
        plain = [(at, cut.before) for at, cut in enumerate(self._cut) if cut is not None and not cut.mark]
        closed = [(at, cut.before) for at, cut in marked if cut.closes and cut.before]
        opened = [(at, cut.after) for at, cut in marked if cut.opens and cut.after]
        self._tree = _TokenTree([piece for _, piece in (*plain, *closed, *opened)])
        nodes = np.split(self._tree.nodes, [len(plain), len(plain) + len(closed)])
        count = self.nodes = self._tree.count
        self.plain, self.closed, self.opened = (
            TokensByNode(_ids([at for at, _ in group]), of, count)
            for group, of in zip((plain, closed, opened), nodes, strict=True)
        )

    def cut(self, token: int) -> MarkedToken | None:
        """The token cut at its quotation mark; None if it has several, or stands for no text."""
        return self._cut[token] if token < len(self._cut) else None

    def starting_with(self, beginnings: Sequence[bytes]) -> Ids:
        """The tokens that begin so."""
        return _ids([at for at, token in enumerate(self.tokens) if token.startswith(tuple(beginnings))])

    def matching(self, pattern: re.Pattern[bytes]) -> Ids:
        """The tokens in which the pattern is found."""
        return _ids([at for at, token in enumerate(self.tokens) if pattern.search(token)])

    def found_in(self, data: NDArray[np.uint8]) -> Iterator[tuple[int, Ids, Ids]]:
        """Where tokens stand in the text: a length in bytes, the places [n] of tokens of that length, their nodes."""
        return self._tree.found_in(data)


class TokensByNode:
    """Tokens by their place in the tree; several may share one, written with other marks."""

    def __init__(self, tokens: Ids, nodes: Ids, count: int) -> None:
        inside = nodes >= 0
        order = np.argsort(nodes[inside], kind="stable")
        self.tokens = tokens[inside][order]
        self._first = np.searchsorted(nodes[inside][order], np.arange(count + 1))

    def at(self, nodes: Ids) -> Ids:
        """The tokens of these nodes."""
        return self.tokens[joined_ranges(self._first[nodes], self._first[nodes + 1])]


class _TokenTree:
    """All pieces as a tree of bytes, level by level: the edges of a level are sorted numbers, parent * 256 + byte."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        lengths = np.array([len(piece) if _can_stand(piece) else 0 for piece in pieces], dtype=np.int64)
        held = b"".join(piece.ljust(LONGEST_TOKEN_BYTES, b"\0")[:LONGEST_TOKEN_BYTES] for piece in pieces)
        table = np.frombuffer(held, dtype=np.uint8).reshape(len(pieces), LONGEST_TOKEN_BYTES)
        nodes = np.zeros(len(pieces), dtype=np.int64)
        self._levels: list[tuple[Ids, int]] = []
        self.count = 1
        for level in range(int(lengths.max(initial=0))):
            active = np.flatnonzero(lengths > level)
            edges, place = np.unique(nodes[active] * 256 + table[active, level], return_inverse=True)
            nodes[active] = self.count + place
            self._levels.append((edges, self.count))
            self.count += len(edges)
        nodes[lengths == 0] = -1
        self.nodes = nodes
        self._ends = np.zeros(self.count, dtype=np.bool_)
        self._ends[nodes[nodes >= 0]] = True

    def found_in(self, data: NDArray[np.uint8]) -> Iterator[tuple[int, Ids, Ids]]:
        """Where pieces stand in `data` [B]: a length, the places [n] of pieces of that length, and their nodes [n]."""
        positions = np.arange(len(data), dtype=np.int64)
        nodes = np.zeros(len(data), dtype=np.int64)
        for level, (edges, first) in enumerate(self._levels):
            fits = positions + level < len(data)
            positions, nodes = positions[fits], nodes[fits]
            wanted = nodes * 256 + data[positions + level]
            place = np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)
            is_there = edges[place] == wanted
            positions, nodes = positions[is_there], first + place[is_there]
            if not len(positions):
                return
            ends = self._ends[nodes]
            yield level + 1, positions[ends], nodes[ends]


def _can_stand(piece: bytes) -> bool:
    """Whether a piece can be words of a record: a zero byte parts its texts."""
    return len(piece) <= LONGEST_TOKEN_BYTES and b"\0" not in piece


def joined_ranges(first: Ids, last: Ids) -> Ids:
    """All numbers of the ranges [first, last), one range after the other."""
    counts = last - first
    total = int(counts.sum())
    shift = np.repeat(first - (np.cumsum(counts) - counts), counts)
    joined: Ids = np.arange(total, dtype=np.int64) + shift
    return joined


def _ids(found: Sequence[int]) -> Ids:
    return np.array(found, dtype=np.int64)
