"""A segment of a page: from the boundary before some words to the boundary after them."""

from __future__ import annotations

import pytest

from tools.bundled_model.page_layout import segment, segments_of


def segment_of(words: str, page: str) -> str:
    start = page.index(words)
    return segment(page, start, start + len(words))


@pytest.mark.parametrize(
    ("page", "words", "expected"),
    [
        ("Iron of 3 mg", "Iron", "Iron of 3 mg"),  # the page's ends
        ("  Iron of 3 mg.", "Iron", "Iron of 3 mg"),
        ("Seen today. His iron was 1.9 mg; no more. Bye", "iron", "His iron was 1.9 mg"),  # a decimal
        ("Well! What of iron? None", "of", "What of iron"),
        ("And so on ... iron is low ... more", "iron", "iron is low"),
        ("Results: iron | 3 mg, low (see p.2)\nNext", "3 mg", "Results: iron | 3 mg, low (see p.2)"),
        ("Title\n- iron 3 mg - low\n- zinc", "3 mg", "iron 3 mg - low"),  # bullets
        ("• iron 3 mg\n• zinc 4 mg", "zinc", "zinc 4 mg"),
        ("* iron", "iron", "iron"),
        ("-ve for iron", "iron", "-ve for iron"),
        ("Drugs: - iron", "iron", "Drugs: - iron"),
        ("We found that\nthe iron was 3\nor so. Bye", "iron was", "the iron was 3"),  # a wrapped page
        ("We found that\nthe iron was\n3 mg or so. Bye", "iron was\n3 mg", "the iron was\n3 mg or so"),
        ("Test: iron. Result: 3 mg. Range: 1", "iron. Result: 3 mg", "Test: iron. Result: 3 mg"),
        ("Seen.\nIron\n- 3 mg\nBye", "Iron\n- 3 mg", "Iron\n- 3 mg"),
        ("Today: iron is low. Bye", "iron is low.", "Today: iron is low"),  # the words end with a boundary
        ("Today: iron is low.", "iron is low.", "Today: iron is low"),
        ("Iron o.d., as before. Bye", "Iron o.d.", "Iron o.d., as before"),
        ("\n\nIron\n\n", "Iron", "Iron"),
    ],
)
def test_a_segment_lies_between_two_boundaries(page: str, words: str, expected: str) -> None:
    assert segment_of(words, page) == expected


def test_a_page_s_segments_are_those_of_its_words() -> None:
    page = "Title\n- iron 3 mg\n- zinc\nSeen. His iron was 1.9 mg; no more"
    assert segments_of(page) == ["Title", "iron 3 mg", "zinc", "Seen", "His iron was 1.9 mg", "no more"]
    assert all(segment_of(words, page) == words for words in segments_of(page))
