"""Made-up traces of which experts a layer's router chooses, token by token: by what they share with the one before.

Routers of synthetic weights would otherwise decide the hit rate of a cache. Real routers lie somewhere in between, and
where was not measured: no trace of a real model was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

EXPERTS, CHOSEN = 256, 8
_SUBJECT_TOKENS = 512  # after which other experts are popular


class Trace(StrEnum):
    """`half`, `three quarters`: of a token's experts are those of the token before, the others uniform. `popular`:
    the n-th most popular expert is drawn 1 / n as often as the first. `subjects`: so too, but every 512 tokens others
    are popular. `popular half`: half from the token before, the others by popularity."""

    UNIFORM = "uniform"
    HALF = "50 % shared"
    THREE_QUARTERS = "75 % shared"
    POPULAR = "popular"
    SUBJECTS = "popular, changing"
    POPULAR_HALF = "50 % shared, the rest popular"


_SHARED = {Trace.HALF: 1 / 2, Trace.THREE_QUARTERS: 3 / 4, Trace.POPULAR_HALF: 1 / 2}
_POPULAR = (Trace.POPULAR, Trace.SUBJECTS, Trace.POPULAR_HALF)


def tokens_of(
    trace: Trace, count: int, seed: int, *, experts: int = EXPERTS, chosen: int = CHOSEN
) -> Iterator[np.ndarray]:
    """Distinct expert ids of each token, int64 [chosen]."""
    source = np.random.default_rng(seed)
    before = np.empty(0, dtype=np.int64)
    rank = source.permutation(experts)
    for token in range(count):
        if trace is Trace.SUBJECTS and token % _SUBJECT_TOKENS == 0:
            rank = source.permutation(experts)
        shares = (1 / (1 + rank)) if trace in _POPULAR else np.ones(experts)
        kept = source.permutation(before)[: int(chosen * _SHARED.get(trace, 0))]
        shares[kept] = 0
        fresh = source.choice(experts, chosen - len(kept), replace=False, p=shares / shares.sum())
        before = np.concatenate([kept, fresh])
        yield before
