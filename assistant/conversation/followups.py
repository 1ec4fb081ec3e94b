"""What a question refers to: a short follow-up is searched together with what came before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from assistant.domain import Answer, Support

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LEADING = re.compile(
    r"^\s*(?:and|but|or|so|what about|how about|why|since when|when|how much|how often|which one)\b", re.I
)
_REFERRING = frozenset({"it", "that", "this", "these", "those", "one", "ones", "them"})
# Up to so many words, a question that begins like a continuation has no subject of its own.
_SHORT_WORDS = 5
_MOST_BETWEEN = 2
_MOST_ANSWER_WORDS = 20


def search_query(question: str, earlier: Sequence[Answer]) -> str:
    """The text to search for: `question`, with what it leans on before it.

    That is the last question that stands alone, those after it ("and the dose?", "since when?" both speak of its
    subject), and the proven words of the answer right before, which "it" may be.
    """
    if not earlier or not leans_on_earlier(question):
        return question
    chain = list(takewhile(lambda turn: leans_on_earlier(turn.question), reversed(earlier)))
    standing = earlier[: len(earlier) - len(chain)][-1:]
    asked = [*standing, *reversed(chain[:_MOST_BETWEEN])]
    return " ".join([*(turn.question for turn in asked), *_proven_words(earlier[-1]), question])


def _proven_words(answer: Answer) -> Sequence[str]:
    proven = (each.text for each in answer.statements if each.support in (Support.QUOTED, Support.SUPPORTED))
    return " ".join(proven).split()[:_MOST_ANSWER_WORDS]


def leans_on_earlier(question: str) -> bool:
    """Whether the question cannot be understood alone: "and the dose?", "when was it stopped?"."""
    words = [word.casefold() for word in _WORD.findall(question)]
    refers = not _REFERRING.isdisjoint(words)
    continues = bool(_LEADING.match(question)) and len(words) <= _SHORT_WORDS
    return len(words) <= 2 or continues or (refers and len(words) <= 2 * _SHORT_WORDS)
