"""Scores of passages: their own, their neighbours', their document's, whatever the size of the record."""

from __future__ import annotations

import numpy as np

from assistant.evidence.ranking import POOL_PASSAGES, Layout, combined, layout

NOTHING = np.zeros(6)


def best(words: list[float], lying: Layout, words_of_document: list[float] | None = None) -> list[int]:
    documents = np.zeros(int(lying.document.max()) + 1) if words_of_document is None else np.array(words_of_document)
    scores = combined(np.array(words), np.zeros(len(words)), documents, lying)
    return [int(number) for number in np.argsort(-scores, kind="stable")]


def test_files_do_not_share_a_document_and_long_ones_are_cut() -> None:
    lying = layout([2, 0, 1, 40])
    assert lying.document[:4].tolist() == [0, 0, 1, 2]
    assert lying.follows[:3].tolist() == [True, False, False]
    assert len(set(lying.document[3:].tolist())) == 2
    assert len(lying.follows) == len(lying.document) - 1


def test_a_neighbour_of_a_good_passage_comes_before_a_stranger() -> None:
    assert best([0, 9, 0, 0, 0, 0], layout([3, 3]))[0] == 1
    assert set(best([0, 0, 0, 9, 0, 0], layout([6]))[:3]) == {2, 3, 4}


def test_a_passage_of_the_right_document_comes_before_an_equal_one_of_another() -> None:
    assert best([0, 5, 0, 0, 5, 0], layout([3, 3]), [0.0, 4.0])[0] == 4
    assert best([0, 5, 0, 0, 5, 0], layout([3, 3]), [4.0, 0.0])[0] == 1


def test_passages_of_two_files_are_no_neighbours() -> None:
    lying = layout([1, 1, 1])
    scores = combined(np.array([0.0, 9.0, 0.0]), np.zeros(3), np.zeros(3), lying)
    assert scores[0] == scores[2] < scores[1]


def test_some_passages_can_be_ranked_alone() -> None:
    lying = layout([3, 3]).only(np.array([0, 2, 3, 4]))
    assert lying.document.tolist() == [0, 0, 1, 1]
    assert lying.follows.tolist() == [False, False, True]


def test_nothing_found_scores_nothing() -> None:
    assert combined(NOTHING, NOTHING, np.zeros(2), layout([3, 3])).tolist() == [0] * 6


def test_passages_below_the_pool_change_nothing_above_it() -> None:
    few = np.linspace(1, 0, POOL_PASSAGES)
    many = np.concatenate([few, np.zeros(5000)])
    alone = combined(few, np.zeros(len(few)), np.zeros(len(few)), layout([1] * len(few)))
    among = combined(many, np.zeros(len(many)), np.zeros(len(many)), layout([1] * len(many)))
    assert np.allclose(alone[:10] - alone[0], among[:10] - among[0])
