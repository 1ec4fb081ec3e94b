"""Which experts see which token: sigmoid scores, groups, a selection bias. Everything in float32.

Four bits or bf16 here change which experts are chosen; see the table in the model card's family notes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.config import ModelConfig


class Router:
    """The gate of one layer: for every token the ids of its experts and their weights.

    weight: [experts, hidden]; expert_bias: [experts] or None. Both are held in float32.
    """

    def __init__(self, config: ModelConfig, weight: Tensor, expert_bias: Tensor | None) -> None:
        self._config = config
        self.weight = weight.float()
        self.bias = expert_bias.float() if expert_bias is not None else None

    def choose(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """hidden [tokens, hidden] -> expert ids int64 [tokens, k] and their weights float32 [tokens, k]."""
        scores = F.linear(hidden.float(), self.weight).sigmoid()  # [tokens, experts]
        biased = scores if self.bias is None else scores + self.bias
        expert_ids = self._best_experts(biased)  # [tokens, k]
        weights = scores.gather(1, expert_ids)  # the bias only selects
        # The reference normalizes only where more than one expert is chosen.
        if self._config.norm_topk_prob and self._config.num_experts_per_tok > 1:
            weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-20)
        return expert_ids, weights * self._config.routed_scaling_factor

    def _best_experts(self, biased: Tensor) -> Tensor:
        """The k best experts of the best groups; a group counts as the sum of its two best."""
        config = self._config
        if config.topk_group < config.n_group:
            grouped = biased.view(len(biased), config.n_group, -1)  # [tokens, groups, experts of a group]
            group_score = grouped.topk(2, dim=-1).values.sum(dim=-1)  # [tokens, groups]
            best_groups = group_score.topk(config.topk_group, dim=-1).indices
            closed = torch.ones_like(group_score, dtype=torch.bool).scatter_(1, best_groups, value=False)
            # -inf, not 0: a negative bias can push an open expert below the closed ones.
            biased = grouped.masked_fill(closed[..., None], float("-inf")).flatten(1)
        return biased.topk(config.num_experts_per_tok, dim=-1).indices
