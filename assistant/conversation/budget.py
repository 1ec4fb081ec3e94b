"""What fits into the model's window: the whole record or found passages, and how much of the conversation beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.domain import Answer, Hit
from assistant.errors import ContextExceededError
from assistant.prompts import fill

# Role marks and separators of a chat template, a message.
TOKENS_PER_MESSAGE = 12
# Where the answering model's window is small, an answer takes at most this share of it.
ANSWER_SHARE = 0.25
_SHORTENED_ANSWER_CHARACTERS = 200
# Passages take no more than this share of the window, so that the conversation has room beside them.
PASSAGE_SHARE = 0.6
_TOKENS_PER_PASSAGE = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The window of one model, in its own tokens."""

    context_tokens: int
    answer_tokens: int
    count_tokens: Callable[[str], int]

    @property
    def prompt_tokens(self) -> int:
        """What is left for the prompt once the answer has its room."""
        return self.context_tokens - min(self.answer_tokens, int(self.context_tokens * ANSWER_SHARE))

    def holds(self, *texts: str, spare_tokens: int = 0) -> bool:
        """Whether messages of these texts fit together, with `spare_tokens` left over."""
        return self.taken(*texts) + spare_tokens <= self.prompt_tokens

    def taken(self, *texts: str) -> int:
        """Tokens that messages of these texts take."""
        return sum(self.count_tokens(text) + TOKENS_PER_MESSAGE for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTurns:
    """The conversation so far as the prompt holds it: the latest turns whole, those before them in a few words."""

    shortened: str
    whole: tuple[Answer, ...]


def most_passages(budget: Budget, passages_per_question: int) -> int:
    """How many passages a broad question may be answered from: as many as the window has room for, never fewer."""
    return max(passages_per_question, int(budget.prompt_tokens * PASSAGE_SHARE) // _TOKENS_PER_PASSAGE)


def passages_that_fit(hits: Sequence[Hit], budget: Budget) -> tuple[Hit, ...]:
    """The best passages, in rank order, that leave room for the conversation. Always at least one."""
    left = int(budget.prompt_tokens * PASSAGE_SHARE)
    kept: list[Hit] = []
    for hit in hits:
        left -= budget.taken(hit.passage.text)
        if left < 0 and kept:
            break
        kept.append(hit)
    return tuple(kept)


def turns_that_fit(turns: Sequence[Answer], fixed: Sequence[str], budget: Budget) -> KeptTurns:
    """The latest turns that fit beside the `fixed` texts (system, record, question), and the older ones shortened.

    Raises ContextExceededError if even the fixed texts do not fit.
    """
    if not budget.holds(*fixed):
        raise ContextExceededError(
            f"the question with what it must be read with takes {budget.taken(*fixed):,} of {budget.prompt_tokens:,} "
            "tokens; ask a shorter question, or raise --context"
        )
    for kept in range(len(turns), -1, -1):
        older, whole = turns[: len(turns) - kept], tuple(turns[len(turns) - kept :])
        shortened = _shortened(older)
        if budget.holds(*fixed, shortened, *(text for turn in whole for text in (turn.question, turn.text))):
            return KeptTurns(shortened=shortened, whole=whole)
    return KeptTurns(shortened="", whole=())


def _shortened(turns: Sequence[Answer]) -> str:
    if not turns:
        return ""
    lines = (f"- {turn.question.strip()} — {_first_words(turn)}" for turn in turns)
    return fill("earlier_turns", turns="\n".join(lines))


def _first_words(turn: Answer) -> str:
    words = " ".join(statement.text for statement in turn.statements) or turn.text
    return words if len(words) <= _SHORTENED_ANSWER_CHARACTERS else words[:_SHORTENED_ANSWER_CHARACTERS].rstrip() + " …"
