"""What a question refers to: a short follow-up is searched together with the question before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LEADING = re.compile(
    r"^\s*(?:and|but|or|so|what about|how about|why|since when|when|how much|how often|which one)\b", re.I
)
_REFERRING = frozenset({"it", "that", "this", "these", "those", "one", "ones", "them"})
# Up to so many words, a question that begins like a continuation has no subject of its own.
_SHORT_WORDS = 5


def search_query(question: str, earlier_questions: Sequence[str]) -> str:
    """The text to search for: `question`, with the last question that stands alone before it if it leans on one."""
    if not leans_on_earlier(question):
        return question
    for earlier in reversed(earlier_questions):
        if not leans_on_earlier(earlier):
            return f"{earlier} {question}"
    return " ".join([*earlier_questions[-1:], question])


def leans_on_earlier(question: str) -> bool:
    """Whether the question cannot be understood alone: "and the dose?", "when was it stopped?"."""
    words = [word.casefold() for word in _WORD.findall(question)]
    refers = not _REFERRING.isdisjoint(words)
    continues = bool(_LEADING.match(question)) and len(words) <= _SHORT_WORDS
    return len(words) <= 2 or continues or (refers and len(words) <= 2 * _SHORT_WORDS)
