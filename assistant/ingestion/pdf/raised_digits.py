"""Digits that stand raised: 10 with a raised 9 is 10⁹, not 109."""

from __future__ import annotations

_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_DIGITS = frozenset("0123456789")


def raised(text: str) -> str:
    """`text` in raised digits, where it is a number; letters (1st, a footnote's star) stay as they are."""
    stripped = text.strip()
    is_number = stripped and all(ord(character) in _RAISED for character in stripped) and _DIGITS & set(stripped)
    return text.translate(_RAISED) if is_number else text
