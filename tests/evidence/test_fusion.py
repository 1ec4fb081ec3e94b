"""Rankings are joined by rank."""

from __future__ import annotations

from assistant.evidence.fusion import RANK_OFFSET, fuse


def test_what_stands_high_in_both_rankings_comes_first() -> None:
    assert list(fuse([[1, 2, 3], [3, 2, 4]])) == [3, 2, 1, 4]


def test_a_score_is_the_sum_of_reciprocal_ranks() -> None:
    assert fuse([[7], [8, 7]])[7] == 1 / (RANK_OFFSET + 1) + 1 / (RANK_OFFSET + 2)


def test_weights_decide_between_rankings_that_differ() -> None:
    assert list(fuse([[1, 2], [2, 1]], weights=[2.0, 1.0])) == [1, 2]


def test_nothing_ranked_gives_nothing() -> None:
    assert fuse([]) == fuse([[], []]) == {}
