"""One token from logits: the processors of transformers, in their order, and a seeded draw.

Letters: V vocabulary. Nothing here knows what the tokens mean; a `Constraint` says which are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from model_runtime.errors import NumericalError, RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How a token is drawn. The defaults are those of AntAngelMed's card; temperature 0 takes the likeliest token.

    `top_k` 0 and `top_p` 1 switch themselves off. The same `seed` gives the same text; None draws a new one each time.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 20
    repetition_penalty: float = 1.05
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1 or self.top_k < 0 or self.repetition_penalty <= 0:
            raise RequestError(
                "sampling needs temperature >= 0, 0 < top_p <= 1, top_k >= 0 and repetition_penalty > 0; got "
                f"{self.temperature}, {self.top_p}, {self.top_k} and {self.repetition_penalty}"
            )

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is taken, without a draw."""
        return self.temperature == 0


class Constraint(Protocol):
    """What may come next. It must itself allow a stop token where the text may end."""

    def allowed(self) -> Sequence[int] | Tensor | None:
        """The ids that may come next; None where all may."""
        ...

    def advance(self, token: int) -> None:
        """A token was taken."""
        ...


class Sampler:
    """Draws the tokens of one answer. `choose` decides nothing by itself; `accept` makes a token part of the text."""

    def __init__(
        self,
        settings: SamplingSettings,
        *,
        vocabulary: int,
        prompt_tokens: Iterable[int],
        device: torch.device,
        constraint: Constraint | None = None,
    ) -> None:
        self._settings = settings
        self._constraint = constraint
        self._seen = torch.zeros(vocabulary, dtype=torch.bool, device=device)
        self._seen[torch.as_tensor(list(prompt_tokens), dtype=torch.int64, device=device)] = True
        self._random = torch.Generator()  # on the host, so that a seed means the same on every device
        if settings.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(settings.seed)

    @torch.inference_mode()
    def choose(self, logits: Tensor) -> int:
        """The next token for logits [V]. Raises NumericalError if they are not finite."""
        logits = self.processed(logits)
        if self._settings.is_greedy:
            return int(logits.argmax())
        candidates = logits.isfinite().nonzero()[:, 0]
        odds = logits[candidates].softmax(dim=-1).cpu()
        return int(candidates[torch.multinomial(odds, 1, generator=self._random).to(candidates.device)])

    @torch.inference_mode()
    def margin(self, logits: Tensor) -> float:
        """How far the likeliest token of logits [V] lies above the next: what tells a clear choice from a near tie."""
        best = self.processed(logits).topk(2).values
        return float(best[0] - best[1])

    def accept(self, token: int) -> None:
        """Make the token part of the text."""
        self._seen[token] = True
        if self._constraint is not None:
            self._constraint.advance(token)

    def processed(self, logits: Tensor) -> Tensor:
        """Logits [V] after every processor, float32; -inf where a token cannot come."""
        if not bool(logits.isfinite().all()):
            raise NumericalError("the network gave logits that are not finite; the checkpoint may be damaged")
        settings = self._settings
        logits = penalize_repetition(self._constrained(logits.float()), self._seen, settings.repetition_penalty)
        if settings.is_greedy:
            return logits
        logits = keep_top_k(logits / settings.temperature, settings.top_k)
        return keep_top_p(logits, settings.top_p)

    def _constrained(self, logits: Tensor) -> Tensor:
        allowed = self._constraint.allowed() if self._constraint is not None else None
        if allowed is None:
            return logits
        if len(allowed) == 0:
            raise RequestError("the constraint allows no token; it must allow a stop token where the text may end")
        ids = torch.as_tensor(allowed, dtype=torch.int64, device=logits.device)
        return torch.full_like(logits, float("-inf")).index_copy_(0, ids, logits[ids])


def penalize_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Divide positive logits of seen tokens by the penalty and multiply negative ones (CTRL, arXiv 1909.05858)."""
    if penalty == 1:
        return logits
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """-inf below the k-th largest; ties with it stay. k = 0 keeps all."""
    if k == 0 or k >= len(logits):
        return logits
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf"))


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """-inf outside the smallest set of likeliest tokens whose probabilities reach p; at least one stays."""
    if p >= 1:
        return logits
    candidates = logits.isfinite().nonzero()[:, 0]  # after top-k some twenty, so that not all of V is sorted
    ordered, order = logits[candidates].sort()  # least likely first, as transformers does it
    dropped = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    dropped[-1] = False
    return logits.index_fill(0, candidates[order[dropped]], float("-inf"))
