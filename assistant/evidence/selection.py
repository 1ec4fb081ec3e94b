"""Choose hits from scored passages: best first, no word of a page twice, no copy of a passage already chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from assistant.domain import Hit, PageRef, Passage
from assistant.evidence.sentences import Extent


def chosen(
    passages: Sequence[Passage],
    terms: Sequence[tuple[str, ...]],
    numbers: NDArray[np.intp],
    scores: NDArray[np.float64],
    top_k: int,
) -> tuple[Hit, ...]:
    """The best `top_k` of the passages with these `numbers`; `scores[i]` belongs to the passage `numbers[i]`."""
    order = [int(place) for place in np.argsort(-scores, kind="stable")]
    unique = _without_copies(order, [terms[number] for number in numbers])
    cut = _without_overlaps((passages[numbers[place]], float(scores[place])) for place in unique)
    best = enumerate(islice(cut, top_k), start=1)
    return tuple(Hit(rank=rank, score=score, passage=passage) for rank, (passage, score) in best)


def _without_copies(order: Iterable[int], terms: Sequence[tuple[str, ...]]) -> Iterator[int]:
    seen: set[tuple[str, ...]] = set()
    for place in order:
        if terms[place] not in seen:
            seen.add(terms[place])
            yield place


def _without_overlaps(ranked: Iterable[tuple[Passage, float]]) -> Iterator[tuple[Passage, float]]:
    """Neighbours share their edges; the one that ranks lower gives up what the other has shown."""
    shown: dict[PageRef, list[Extent]] = {}
    for passage, score in ranked:
        on_page = shown.setdefault(passage.span.page_ref, [])
        rest = _rest(passage, on_page)
        if rest is not None:
            on_page.append(Extent(start=rest.span.start, end=rest.span.end))
            yield rest, score


def _rest(passage: Passage, shown: Iterable[Extent]) -> Passage | None:
    """What of `passage` is not shown yet; None if that is nothing."""
    start, end = passage.span.start, passage.span.end
    for extent in shown:
        if extent.start <= start < extent.end:
            start = extent.end
        if extent.start < end <= extent.end:
            end = extent.start
    text = passage.text[start - passage.span.start : end - passage.span.start] if start < end else ""
    if not text.strip():
        return None
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return Passage(span=replace(passage.span, start=start, end=start + len(text)), text=text)
