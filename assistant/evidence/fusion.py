"""Join rankings of the same things into one by their ranks alone, since scores of different searches do not compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RANK_OFFSET = 60
"""The k of reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009): how little the first ranks stand out."""


def fuse(rankings: Sequence[Sequence[int]], weights: Sequence[float] | None = None) -> Mapping[int, float]:
    """Item -> sum over `rankings` (best first) of weight / (RANK_OFFSET + rank), best first."""
    scores: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + weight / (RANK_OFFSET + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))
