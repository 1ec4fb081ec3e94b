"""Grouped-query attention over the cache.

Letters: T new tokens, S tokens seen (cached and new), Q query heads, K key-value heads, D head_dim.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.norm import RmsNorm
from model_runtime.rotary import Rotary

QUERY_BLOCK_TOKENS = 256  # bounds the mask: 256 x 131,072 booleans are 32 MiB; and what is computed in vain above it

_Map = Callable[[Tensor], Tensor]


class Attention:
    """One layer's attention: contiguous blocks of Q query, K key and K value heads out of one projection."""

    def __init__(
        self,
        config: ModelConfig,
        layer: int,
        *,
        query_key_value: _Map,
        dense: _Map,
        norm: RmsNorm | None,
        rotary: Rotary,
    ) -> None:
        self._config = config
        self._layer = layer
        self.query_key_value = query_key_value
        self.dense = dense
        self.norm = norm  # of the query and key heads together, [T, Q + K, D]
        self._rotary = rotary

    def forward(self, hidden: Tensor, angles: tuple[Tensor, Tensor], cache: KeyValueCache) -> Tensor:
        """hidden [T, H] -> [T, H]; the new keys and values are written into the cache, which is not advanced."""
        query, key, value = self._project(hidden, angles)
        keys, values = cache.write(self._layer, key, value)  # [K, S, D] each
        mixed = attend(query.transpose(0, 1), keys, values)  # [Q, T, D]
        return self.dense(mixed.transpose(0, 1).flatten(1))

    def _project(self, hidden: Tensor, angles: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [T, Q, D], keys and values [T, K, D], normed and turned."""
        config = self._config
        heads = self.query_key_value(hidden).view(len(hidden), -1, config.head_dim)
        turning, value = torch.split(
            heads, [heads.shape[1] - config.num_key_value_heads, config.num_key_value_heads], 1
        )
        if self.norm is not None:
            turning = self.norm(turning)
        query, key = torch.split(
            self._rotary.turn(turning, *angles), [config.num_attention_heads, config.num_key_value_heads], 1
        )
        return query, key, value


def attend(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Causal attention of the last T of S tokens: query [Q, T, D], keys and values [K, S, D] -> [Q, T, D].

    Memory beyond the result stays below QUERY_BLOCK_TOKENS x S: 100,000 tokens need no mask of 100,000 x 100,000.
    """
    tokens, seen = query.shape[1], keys.shape[1]
    if query.is_cuda and query.dtype is not torch.float32 and tokens > 1:
        return _attend_causally(query, keys, values)
    blocks = []
    for start in range(0, tokens, QUERY_BLOCK_TOKENS):
        block = query[:, start : start + QUERY_BLOCK_TOKENS]
        end = seen - tokens + start + block.shape[1]  # the block's last token sees no further
        blocks.append(_attend_folded(block, keys[:, :end], values[:, :end]))
    return torch.cat(blocks, dim=1)


def attend_plainly(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The formula as it is written, in float32: what `attend` must equal."""
    group = query.shape[0] // keys.shape[0]
    keys, values = keys.repeat_interleave(group, 0).float(), values.repeat_interleave(group, 0).float()
    scores = query.float() @ keys.transpose(1, 2) / query.shape[2] ** 0.5  # [Q, T, S]
    scores = scores.masked_fill(~_visible(query.shape[1], keys.shape[1], query.device), float("-inf"))
    mixed: Tensor = scores.softmax(dim=-1) @ values
    return mixed.to(query.dtype)


def _attend_causally(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Flash attention on a GPU: it knows the causal form of the last T of S tokens, so no mask is made at all.

    With a mask PyTorch would fall back to the plain formula for grouped queries, all scores in memory.
    """
    from torch.nn.attention.bias import causal_lower_right  # brings torch's compiler along: seconds a CPU need not pay

    form = causal_lower_right(query.shape[1], keys.shape[1])
    return F.scaled_dot_product_attention(query[None], keys[None], values[None], attn_mask=form, enable_gqa=True)[0]


def _attend_folded(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The query heads of a group stand as rows under their one key head: a key is read once for all."""
    heads, tokens, width = query.shape
    rows = query.reshape(keys.shape[0], -1, width)  # [K, Q/K * T, D]
    mask = None
    if tokens > 1:
        mask = _visible(tokens, keys.shape[1], query.device).repeat(heads // keys.shape[0], 1)
    mixed = F.scaled_dot_product_attention(rows[None], keys[None], values[None], attn_mask=mask)
    return mixed[0].reshape(heads, tokens, width)


def _visible(tokens: int, seen: int, device: torch.device) -> Tensor:
    """Which of S tokens each of the last T sees: bool [T, S]."""
    return torch.ones(tokens, seen, dtype=torch.bool, device=device).tril(seen - tokens)
