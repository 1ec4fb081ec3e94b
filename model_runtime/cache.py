"""Keys and values of the conversation so far: grown in blocks, cut back to what a new prompt shares with them.

Letters: L layers, T new tokens, S tokens seen, K key-value heads, D head_dim. Positions are absolute, so only a prefix
can be reused.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

from model_runtime.config import ModelConfig
from model_runtime.errors import ContextTooLongError

BLOCK_TOKENS = 1024  # 64 MiB at a time for the 32 layers of AntAngelMed


class CacheKind(StrEnum):
    """How a key or value is held. FLOAT32 is for exact comparisons only."""

    BF16 = "bf16"
    INT8 = "int8"
    FLOAT32 = "float32"

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the stored numbers."""
        return {CacheKind.BF16: torch.bfloat16, CacheKind.INT8: torch.int8, CacheKind.FLOAT32: torch.float32}[self]


def cache_bytes_per_token(config: ModelConfig, kind: CacheKind) -> int:
    """Bytes that one token takes in all layers, scales of the 8-bit cache included."""
    a_head = config.head_dim * kind.dtype.itemsize + (4 if kind is CacheKind.INT8 else 0)
    return config.num_hidden_layers * 2 * config.num_key_value_heads * a_head


class KeyValueCache:
    """What the network has read of one sequence. The network writes and advances; the engine reuses and truncates."""

    def __init__(self, config: ModelConfig, kind: CacheKind, *, device: torch.device, dtype: torch.dtype) -> None:
        self.kind = kind
        self._config = config
        self._dtype = dtype  # of the activations
        self._device = device
        self._tokens = np.empty(0, dtype=np.int64)
        self._length = 0
        self.moves = 0  # how often the memory of a layer was replaced: what was recorded over it is void
        self._stores = [self._empty_store(0) for _ in range(config.num_hidden_layers)]

    @property
    def length(self) -> int:
        """Tokens whose keys and values are here."""
        return self._length

    @property
    def context_tokens(self) -> int:
        """The most that it can hold."""
        return self._config.context_tokens

    @property
    def tokens(self) -> np.ndarray:
        """Their ids, int64 [length]."""
        return self._tokens[: self._length]

    @property
    def bytes(self) -> int:
        """Memory that the blocks take."""
        return sum(store.bytes for store in self._stores)

    def shared_prefix(self, token_ids: Sequence[int] | np.ndarray) -> int:
        """How many leading tokens of `token_ids` are here already."""
        return shared_prefix(self.tokens, np.asarray(token_ids, dtype=np.int64))

    def truncate(self, length: int) -> None:
        """Forget the tokens from `length` on. Their memory is reused; `release` gives it back."""
        assert 0 <= length <= self._length
        self._length = length

    @torch.inference_mode()
    def release(self) -> None:
        """Give back the blocks that hold no token."""
        capacity = _whole_blocks(self._length, self._config.context_tokens)
        for layer, store in enumerate(self._stores):
            if store.capacity > capacity:
                self._stores[layer] = self._resized(store, capacity)
                self.moves += 1
        self._tokens = self._tokens[: self._length].copy()

    def reserve(self, length: int) -> None:
        """Make room for `length` tokens, layer by layer, so that at most one layer is held twice.

        Raises ContextTooLongError above the context.
        """
        context = self._config.context_tokens
        if length > context:
            raise ContextTooLongError(f"{length:,} of {context:,} tokens are needed; send less or enlarge the context")
        if length > len(self._tokens):
            self._tokens = np.concatenate(
                (self.tokens, np.zeros(_whole_blocks(length, context) - self._length, np.int64))
            )
        for layer, store in enumerate(self._stores):
            if store.capacity < length:
                self._stores[layer] = self._resized(store, _whole_blocks(length, context))
                self.moves += 1

    def stored(self, layer: int) -> tuple[Tensor, Tensor]:
        """Where a layer's keys (0) and values (1) are: numbers [2, K, capacity, D], scales float32 [2, K, capacity].

        Without scales the last dimension of these is 0. Valid until `moves` changes.
        """
        store = self._stores[layer]
        return store.numbers, store.scales

    def write(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put key and value [T, K, D] behind what is there; gives all keys and values so far, [K, S, D] each.

        Room must be reserved. Nothing counts as read before `advance`.
        """
        store = self._stores[layer]
        end = self._length + len(key)
        for part, heads in enumerate((key, value)):
            store.put(part, self._length, heads.transpose(0, 1))
        keys, values = store.get(0, end, self._dtype)
        return keys, values

    def advance(self, token_ids: Tensor) -> None:
        """Count the tokens whose keys and values every layer has written."""
        end = self._length + len(token_ids)
        self._tokens[self._length : end] = token_ids.cpu().numpy()
        self._length = end

    def raw_block(self, start: int, end: int) -> dict[str, Tensor]:
        """What is stored for tokens start .. end, on the host: numbers [L, 2, K, end - start, D], and scales."""
        block = {"numbers": torch.stack([store.numbers[:, :, start:end] for store in self._stores]).cpu()}
        if self.kind is CacheKind.INT8:
            block["scales"] = torch.stack([store.scales[:, :, start:end] for store in self._stores]).cpu()
        return block

    @torch.inference_mode()
    def put_raw_block(self, token_ids: np.ndarray, block: dict[str, Tensor]) -> None:
        """Append a block that `raw_block` gave for these tokens at this position."""
        start, end = self._length, self._length + len(token_ids)
        self.reserve(end)
        for layer, store in enumerate(self._stores):
            store.numbers[:, :, start:end] = block["numbers"][layer].to(self._device)
            if self.kind is CacheKind.INT8:
                store.scales[:, :, start:end] = block["scales"][layer].to(self._device)
        self._tokens[start:end] = token_ids
        self._length = end

    def raw_shapes(self, tokens: int) -> dict[str, tuple[int, ...]]:
        """The shapes of `raw_block` over so many tokens."""
        config = self._config
        heads = (config.num_hidden_layers, 2, config.num_key_value_heads, tokens)
        shapes: dict[str, tuple[int, ...]] = {"numbers": (*heads, config.head_dim)}
        if self.kind is CacheKind.INT8:
            shapes["scales"] = heads
        return shapes

    def _empty_store(self, capacity: int) -> _LayerStore:
        return _LayerStore(self._config, self.kind, capacity, self._device)

    def _resized(self, store: _LayerStore, capacity: int) -> _LayerStore:
        resized = self._empty_store(capacity)
        resized.numbers[:, :, : self._length] = store.numbers[:, :, : self._length]
        resized.scales[:, :, : self._length] = store.scales[:, :, : self._length]
        return resized


class _LayerStore:
    """Keys and values of one layer: numbers [2, K, capacity, D]; with 8 bits a float32 scale a head and token."""

    def __init__(self, config: ModelConfig, kind: CacheKind, capacity: int, device: torch.device) -> None:
        heads = (2, config.num_key_value_heads, capacity)
        self.numbers = torch.empty((*heads, config.head_dim), dtype=kind.dtype, device=device)
        scaled = heads if kind is CacheKind.INT8 else (2, config.num_key_value_heads, 0)
        self.scales = torch.empty(scaled, dtype=torch.float32, device=device)
        self._is_scaled = kind is CacheKind.INT8

    @property
    def capacity(self) -> int:
        return self.numbers.shape[2]

    @property
    def bytes(self) -> int:
        return self.numbers.nbytes + self.scales.nbytes

    def put(self, part: int, start: int, heads: Tensor) -> None:
        """Keys (part 0) or values (part 1): heads [K, T, D] in the activations' dtype."""
        end = start + heads.shape[1]
        if not self._is_scaled:
            self.numbers[part, :, start:end] = heads
            return
        heads = heads.float()
        scale = heads.abs().amax(dim=-1) / 127  # [K, T]
        self.scales[part, :, start:end] = scale
        self.numbers[part, :, start:end] = (heads / scale.clamp_min(1e-30)[..., None]).round()

    def get(self, start: int, end: int, dtype: torch.dtype) -> Tensor:
        """[2, K, end - start, D] in `dtype`; a view where nothing needs converting."""
        heads = self.numbers[:, :, start:end].to(dtype)
        if self._is_scaled:
            heads = heads * self.scales[:, :, start:end, None].to(dtype)
        return heads


def shared_prefix(first: np.ndarray, second: np.ndarray) -> int:
    """The number of leading elements that two arrays have in common."""
    shorter = min(len(first), len(second))
    different = np.flatnonzero(first[:shorter] != second[:shorter])
    return int(different[0]) if len(different) else shorter


def _whole_blocks(tokens: int, context_tokens: int) -> int:
    return min(-(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS, context_tokens)
