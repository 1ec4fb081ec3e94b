"""Give the recorded decode step made-up expert ids in place of the router's, from memory on the device.

Routers of synthetic weights would otherwise decide the hit rate of the slots. Nothing waits for the host: how far the
trace was read is a number on the device that the recorded step itself counts up, at the cost of five small launches a
step. Letters: L mixture layers, N tokens of the trace, T tokens of a step, k experts of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model_runtime.cached_experts import CachedExperts
from model_runtime.expert_stack import ExpertStack
from model_runtime.held_weights import HeldWeights
from model_runtime.model import Experts, Linear


class ImposedChoices:
    """What each layer's router is to have chosen, and how many tokens have asked."""

    def __init__(self, *, layers: int, tokens: int, chosen: int, device: torch.device) -> None:
        self._ids = torch.zeros((layers, tokens, chosen), dtype=torch.int64, device=device)
        self._asked = torch.zeros(1, dtype=torch.int64, device=device)
        self._now = self._ids[:, :1]

    def begin(self, ids: Tensor) -> None:
        """int64 [L, N, k], from the first token on. A recorded step reads these from its next replay on."""
        self._ids.copy_(ids)
        self._asked.zero_()

    def of_layer(self, number: int, tokens: int) -> Tensor:
        """int64 [T, k] for the n-th mixture layer; the first layer of a step moves on by its tokens."""
        if number == 0:
            rows = (self._asked + torch.arange(tokens, device=self._ids.device)) % self._ids.shape[1]
            self._now = self._ids.index_select(1, rows)
            self._asked.add_(tokens)
        return self._now[number]

    def tokens_asked(self) -> int:
        """Since `begin`. Waits for the device."""
        return int(self._asked)


class ImposedExperts:
    """The `SlottedExperts` of the n-th mixture layer; the router's weights stay, its ids do not."""

    def __init__(self, experts: CachedExperts, choices: ImposedChoices, number: int) -> None:
        self._experts = experts
        self._choices = choices
        self._number = number

    @property
    def slots(self) -> ExpertStack:
        """Those of the layer."""
        return self._experts.slots

    def place(self, expert_ids: Tensor, hidden: Tensor) -> Tensor:
        """The slots of the imposed experts, int64 [T, k]."""
        return self._experts.place(self._choices.of_layer(self._number, len(expert_ids)), hidden)

    def settle(self) -> None:
        """Those of the layer."""
        self._experts.settle()

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """Outside the decode step nothing is imposed."""
        return self._experts.forward(hidden, expert_ids, weights)


class ImposedWeights:
    """The `Weights` of a network with its experts in host memory, for the decode step alone."""

    def __init__(self, held: HeldWeights, choices: ImposedChoices, moe_layers: Sequence[int]) -> None:
        self.dtype, self.device = held.dtype, held.device
        self._held = held
        self._choices = choices
        self._moe_layers = moe_layers

    def linear(self, name: str) -> Linear:
        """Unchanged."""
        return self._held.linear(name)

    def tensor(self, name: str) -> Tensor:
        """Unchanged."""
        return self._held.tensor(name)

    def experts(self, layer: int) -> Experts:
        """With imposed choices."""
        experts = self._held.experts(layer)
        assert isinstance(experts, CachedExperts)
        return ImposedExperts(experts, self._choices, self._moe_layers.index(layer))
