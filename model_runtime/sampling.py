"""One token from logits: the processors of transformers, in their order, and a seeded draw.

Letters: V vocabulary. Nothing here knows what the tokens mean; a `Constraint` says which are allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from model_runtime.errors import NumericalError, RequestError

_TIES = 64  # tokens beyond the k-th that a shortlist takes along


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


def sampling_of(folder: Path) -> SamplingSettings:
    """What generation_config.json of a checkpoint says; the numbers of AntAngelMed's card where it says nothing.

    `do_sample: false` takes the likeliest token. Raises RequestError for numbers that nothing can be drawn with, and
    for a file that is damaged.
    """
    path = folder / "generation_config.json"
    try:
        stated = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise RequestError(f"{path} is damaged; copy it again from the release") from error
    settings = SamplingSettings()
    known = ("temperature", "top_p", "top_k", "repetition_penalty")
    settings = replace(settings, **{name: stated[name] for name in known if stated.get(name) is not None})
    return replace(settings, temperature=0) if stated.get("do_sample") is False else settings


class Constraint(Protocol):
    """What may come next. It must itself allow a stop token where the text may end."""

    def allowed(self) -> Sequence[int] | Tensor | None:
        """The ids that may come next; None where all may but the forbidden ones."""
        ...

    def forbidden(self) -> Sequence[int] | Tensor:
        """The ids that may not come next; only asked where `allowed` is None."""
        ...

    def draft(self) -> Sequence[int]:
        """Tokens that are likely to come next because little else may; [] for no guess. Each is still chosen."""
        ...

    def advance(self, token: int) -> None:
        """A token was taken."""
        ...


class Sampler:
    """Draws the tokens of one answer. `choose` decides nothing by itself; `accept` makes a token part of the text.

    Passes over the whole vocabulary cost the most here, so everything after top-k works on what is left of it.
    """

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
        self._seen = set(prompt_tokens)
        self._seen_ids = torch.empty(vocabulary, dtype=torch.int64, device=device)  # the first len(_seen) count
        self._seen_ids[: len(self._seen)] = torch.tensor(list(self._seen), dtype=torch.int64, device=device)
        self._random = torch.Generator()  # on the host, so that a seed means the same on every device
        if settings.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(settings.seed)

    @torch.inference_mode()
    def choose(self, logits: Tensor) -> int:
        """The next token for logits [V]. Raises NumericalError if they are not finite."""
        if self._settings.is_greedy:
            # One transfer for the token and for whether the logits are finite: on a GPU each one waits.
            is_finite, token = torch.stack((logits.sum().isfinite().long(), self._penalized(logits).argmax())).tolist()
            _require(bool(is_finite))
            return int(token)
        ids, left = self.candidates(logits)
        drawn = torch.multinomial(left.softmax(dim=-1).cpu(), 1, generator=self._random)
        return int(ids[drawn.to(ids.device)])

    @torch.inference_mode()
    def margin(self, logits: Tensor) -> float:
        """How far the likeliest token of logits [V] lies above the next: what tells a clear choice from a near tie."""
        _require(bool(logits.sum().isfinite()))
        best = self._penalized(logits).topk(2).values
        return float(best[0] - best[1])

    def accept(self, token: int) -> None:
        """Make the token part of the text."""
        if token not in self._seen:
            self._seen_ids[len(self._seen)] = token
            self._seen.add(token)
        if self._constraint is not None:
            self._constraint.advance(token)

    def candidates(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens that may be drawn, and their logits after every processor: [n] each, in the order of the ids."""
        settings = self._settings
        if logits.is_cuda and 0 < settings.top_k + _TIES < len(logits):
            return self.candidates_of_shortlist(logits)
        _require(bool(logits.sum().isfinite()))
        logits = self._penalized(logits)
        lowest = logits.topk(settings.top_k).values[-1] if 0 < settings.top_k < len(logits) else float("-inf")
        ids = ((logits >= lowest) & (logits > float("-inf"))).nonzero()[:, 0]  # ties with the k-th stay
        left = logits[ids] / settings.temperature
        kept = reach_top_p(left, settings.top_p)
        return ids[kept], left[kept]

    def candidates_of_shortlist(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The same by one transfer: the likeliest tokens go to the host, the rest is done there. For top_k > 0.

        It differs only where more than _TIES tokens tie with the k-th.
        """
        settings = self._settings
        top = self._penalized(logits).topk(settings.top_k + _TIES)
        is_finite = logits.sum().isfinite().double()
        numbers = torch.cat((top.values.double(), top.indices.double(), is_finite[None])).cpu()
        _require(bool(numbers[-1]))
        values, ids = numbers[:-1].view(2, -1)
        kept = (values >= values[settings.top_k - 1]) & (values > float("-inf"))
        ids, order = ids[kept].long().sort()
        left = values[kept][order].float() / settings.temperature
        kept = reach_top_p(left, settings.top_p)
        return ids[kept], left[kept]

    def _penalized(self, logits: Tensor) -> Tensor:
        """Logits [V] with the constraint and the repetition penalty, float32; -inf where a token cannot come."""
        logits = self._constrained(logits.float())
        penalty = self._settings.repetition_penalty
        if penalty == 1:
            return logits
        # CTRL, arXiv 1909.05858: away from the likely, so a negative logit is multiplied.
        seen = self._seen_ids[: len(self._seen)]
        values = logits[seen]
        return logits.index_copy(0, seen, torch.where(values < 0, values * penalty, values / penalty))

    def _constrained(self, logits: Tensor) -> Tensor:
        if self._constraint is None:
            return logits
        allowed = self._constraint.allowed()
        if allowed is None:
            return self._without(self._constraint.forbidden(), logits)
        if len(allowed) == 0:
            raise RequestError("the constraint allows no token; it must allow a stop token where the text may end")
        ids = torch.as_tensor(allowed, dtype=torch.int64, device=logits.device)
        return torch.full_like(logits, float("-inf")).index_copy_(0, ids, logits[ids])

    def _without(self, forbidden: Sequence[int] | Tensor, logits: Tensor) -> Tensor:
        if len(forbidden) == 0:
            return logits
        ids = torch.as_tensor(forbidden, dtype=torch.int64, device=logits.device)
        return logits.index_fill(0, ids, float("-inf"))


def _require(is_finite: bool) -> None:
    if not is_finite:
        raise NumericalError("the network gave logits that are not finite; the checkpoint may be damaged")


def reach_top_p(logits: Tensor, p: float) -> Tensor:
    """Which of logits [n] make up the smallest set of likeliest tokens whose probabilities reach p: bool [n]."""
    if p >= 1:
        return torch.ones_like(logits, dtype=torch.bool)
    ordered, order = logits.sort()  # least likely first, as transformers does it
    kept = ordered.softmax(dim=-1).cumsum(dim=-1) > 1 - p
    kept[-1] = True
    return torch.empty_like(kept).index_copy_(0, order, kept)
