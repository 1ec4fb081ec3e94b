"""Drafts of the next tokens, and whether checking them pays.

A record is quoted a lot: after four tokens that stand in it, the next ones often follow it too (prompt lookup), and a
constraint may leave one way only. The network checks a whole draft in one pass; with a mixture of experts that pass
costs more than one token, so it is used only while the measured gain covers it.
"""

from __future__ import annotations

from collections.abc import Sequence

from model_runtime.sampling import Constraint

MATCH_TOKENS = 4
DRAFT_TOKENS = 8
_FIRST_TRIALS = 4
_FORGETTING = 0.2  # weight of the newest measurement
_SHORTEST_PAUSE_TOKENS = 32
_LONGEST_PAUSE_TOKENS = 1024


class PromptLookup:
    """Finds where the last tokens stood before; the most recent place wins."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._places: dict[tuple[int, ...], int] = {}  # the last MATCH_TOKENS -> the position after them
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Add tokens to the text. The newest match is entered only when another token follows it."""
        for token in tokens:
            self._tokens.append(token)
            end = len(self._tokens) - 1
            if end >= MATCH_TOKENS:
                self._places[tuple(self._tokens[end - MATCH_TOKENS : end])] = end

    def draft(self) -> list[int]:
        """What followed the last tokens where they stood before; [] if they did not."""
        if len(self._tokens) < MATCH_TOKENS:
            return []
        place = self._places.get(tuple(self._tokens[-MATCH_TOKENS:]))
        return [] if place is None else self._tokens[place : place + DRAFT_TOKENS]


class Drafts:
    """What is likely to come next: what the constraint leaves, or what followed the last tokens in the prompt.

    A lookup in the prompt is for greedy answers; a constraint's draft serves drawn ones too, since each of its tokens
    is drawn as it would be without.
    """

    def __init__(self, constraint: Constraint | None, prompt_tokens: Sequence[int], *, may_look_up: bool) -> None:
        self._constraint = constraint
        self._lookup = PromptLookup(prompt_tokens) if may_look_up else None

    def take(self, token: int) -> None:
        """A token became part of the text."""
        if self._lookup is not None:
            self._lookup.extend([token])

    def guess(self) -> list[int]:
        """A draft, [] for none."""
        given = list(self._constraint.draft())[:DRAFT_TOKENS] if self._constraint is not None else []
        return given or (self._lookup.draft() if self._lookup is not None else [])


class Payoff:
    """Weighs what drafts bring against what checking them costs, from measured seconds.

    A check that takes `c` times one token's seconds and keeps `n` drafted tokens pays if n + 1 > c, on average.
    """

    def __init__(self) -> None:
        self._token_seconds: float | None = None
        self._check_seconds: float | None = None
        self._tokens_per_check: float | None = None
        self._trials = 0
        self._pause_tokens = 0
        self._next_pause_tokens = _SHORTEST_PAUSE_TOKENS

    @property
    def may_draft(self) -> bool:
        """Whether the next token should be tried with a draft. One plain token is measured first."""
        return self._token_seconds is not None and self._pause_tokens == 0

    @property
    def pays(self) -> bool:
        """Whether checks have gained so far: tokens a second with them against without."""
        if self._check_seconds is None or self._tokens_per_check is None or self._token_seconds is None:
            return False
        return self._tokens_per_check * self._token_seconds > self._check_seconds

    def single(self, seconds: float) -> None:
        """A plain token took so long."""
        self._token_seconds = _blend(self._token_seconds, seconds)
        self._pause_tokens = max(0, self._pause_tokens - 1)

    def checked(self, kept: int, seconds: float) -> None:
        """A check took so long and kept so many drafted tokens, besides the one that every pass gives."""
        self._check_seconds = _blend(self._check_seconds, seconds)
        self._tokens_per_check = _blend(self._tokens_per_check, kept + 1)
        self._trials += 1
        if self._trials < _FIRST_TRIALS:
            return
        if self.pays:
            self._next_pause_tokens = _SHORTEST_PAUSE_TOKENS
        else:
            self._pause_tokens = self._next_pause_tokens
            self._next_pause_tokens = min(2 * self._next_pause_tokens, _LONGEST_PAUSE_TOKENS)


def _blend(old: float | None, new: float) -> float:
    return new if old is None else old + _FORGETTING * (new - old)
