"""One pass over the newest 1 to 8 tokens, by the Triton kernels: fixed memory, nothing waits for the device.

It computes what `Network.read` and `Network.logits` compute. Everything that changes from step to step (the tokens, how
many are cached) is read from device memory, so that the launches can be recorded once as a CUDA graph and replayed. A
mixture layer takes 11 launches with 4-bit linears. Without recording it runs wherever the kernels do: the tests run it
in Triton's interpreter. Letters: T tokens, H hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.gated_mlp import GatedMlp, Matrix
from model_runtime.held_weights import HeldWeights
from model_runtime.kernels.attention import SPLITS, Parts, combine, empty_parts, mix
from model_runtime.kernels.experts import InnerProducts, down, empty_inner, gate_up
from model_runtime.kernels.heads import HeadNorms, Turn, place_heads
from model_runtime.kernels.nf4_linear import multiply
from model_runtime.kernels.nf4_tile import nf4_levels
from model_runtime.kernels.norm import add_and_norm
from model_runtime.kernels.router import Choice, choose
from model_runtime.quantization import Nf4
from model_runtime.resident_experts import SlottedExperts
from model_runtime.rotary import Rotary

MOST_TOKENS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerWeights:
    input_norm: Tensor
    query_key_value: Matrix
    head_norms: HeadNorms | None
    dense: Matrix
    post_attention_norm: Tensor
    mlp: GatedMlp | None  # of a dense layer, or the shared expert
    router: Tensor | None
    router_bias: Tensor | None
    experts: SlottedExperts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Activations:
    """The memory of a pass over T tokens, used again by every layer. Planes: see kernels/nf4_tile.py."""

    stream: Tensor  # [T, H]
    normed: Tensor  # [T, H]
    planes: Tensor  # of normed
    projected: Tensor  # [T, Q + 2K, D]
    queries: Tensor  # [T, Q, D]
    parts: Parts
    mixed: Tensor  # [T, Q * D]
    mixed_planes: Tensor
    block: Tensor  # what attention or the experts give, [T, H]
    choice: Choice
    inner: InnerProducts  # of a mixture layer
    dense_inner: InnerProducts  # of a dense layer
    nothing_chosen: Tensor  # int64 [T, 0]
    logits: Tensor  # float32 [T, V]


class DecodeStep:
    """The network over bf16 activations, with weights that `runs_on` accepts."""

    def __init__(self, config: ModelConfig, weights: HeldWeights, *, attention_splits: int = SPLITS) -> None:
        self._config = config
        self._splits = attention_splits
        self._device = weights.device
        self._embeddings = weights.tensor("model.word_embeddings.weight")
        self._layers = [_layer_weights(config, weights, index) for index in range(config.num_hidden_layers)]
        self._final_norm = weights.tensor("model.norm.weight")
        self._head = _known(weights.matrix("lm_head"))
        self._rotary = Rotary(config, weights.device)
        self._levels = nf4_levels(weights.device)
        self._offsets = torch.arange(MOST_TOKENS, dtype=torch.float32, device=weights.device)
        self._activations: dict[int, _Activations] = {}
        self._token_ids = torch.zeros(MOST_TOKENS, dtype=torch.int64, device=weights.device)
        self._length = torch.zeros(1, dtype=torch.int32, device=weights.device)
        is_pinned = weights.device.type == "cuda"
        self._sent_ids = torch.zeros(MOST_TOKENS, dtype=torch.int64, pin_memory=is_pinned)
        self._sent_length = torch.zeros(1, dtype=torch.int32, pin_memory=is_pinned)

    @property
    def most_tokens(self) -> int:
        """So many that their experts have slots, if every token chose others."""
        counts = [len(layer.experts.slots) for layer in self._layers if layer.experts is not None]
        fewest = min(counts, default=self._config.num_experts)
        if fewest >= self._config.num_experts:
            return MOST_TOKENS
        return min(MOST_TOKENS, fewest // self._config.num_experts_per_tok)

    @torch.inference_mode()
    def send(self, tokens: Sequence[int], length: int) -> None:
        """Put the next tokens, and how many are cached, where `run` reads them. The step before must be over."""
        self._sent_ids[: len(tokens)] = torch.tensor(tokens)
        self._sent_length[0] = length
        self._token_ids.copy_(self._sent_ids, non_blocking=True)
        self._length.copy_(self._sent_length, non_blocking=True)

    @torch.inference_mode()
    def run(self, tokens: int, cache: KeyValueCache) -> Tensor:
        """Logits float32 [tokens, V] after each token that was sent, valid until the next run.

        Their keys and values are written into the cache, where room must be reserved; it is not advanced.
        """
        memory = self.memory(tokens)
        turn = self._turn(tokens)
        torch.index_select(self._embeddings, 0, self._token_ids[:tokens], out=memory.stream)
        block: Tensor | None = None
        for index, layer in enumerate(self._layers):
            self._norm(memory, block, layer.input_norm)
            self._attend(memory, layer, turn, *cache.stored(index))
            self._norm(memory, memory.block, layer.post_attention_norm)
            self._mix_experts(memory, layer)
            block = memory.block
        self._norm(memory, block, self._final_norm)
        self._multiply(self._head, memory.normed, memory.planes, memory.logits)
        return memory.logits

    def settle(self) -> None:
        """To be called before `run` is recorded, and before a replay: see `SlottedExperts.settle`."""
        for layer in self._layers:
            if layer.experts is not None:
                layer.experts.settle()

    def memory(self, tokens: int) -> _Activations:
        """The activations of a pass over so many tokens; they must exist before a pass is recorded."""
        if tokens not in self._activations:
            self._activations[tokens] = _empty_activations(
                self._config, self._layers, tokens, self._splits, self._device
            )
        return self._activations[tokens]

    def _turn(self, tokens: int) -> Turn:
        cosine, sine = self._rotary.angles_at(self._offsets[:tokens] + self._length)
        return Turn(cosine=cosine, sine=sine)

    def _norm(self, memory: _Activations, block: Tensor | None, weight: Tensor) -> None:
        add_and_norm(memory.stream, block, weight, self._config.rms_norm_eps, memory.normed, memory.planes)

    def _attend(self, memory: _Activations, layer: _LayerWeights, turn: Turn, numbers: Tensor, scales: Tensor) -> None:
        self._multiply(layer.query_key_value, memory.normed, memory.planes, memory.projected.flatten(1))
        place_heads(memory.projected, layer.head_norms, turn, numbers, scales, self._length, memory.queries)
        mix(memory.queries, numbers, scales, self._length, memory.parts)
        combine(memory.parts, self._length, memory.mixed, memory.mixed_planes)
        self._multiply(layer.dense, memory.mixed, memory.mixed_planes, memory.block)

    def _mix_experts(self, memory: _Activations, layer: _LayerWeights) -> None:
        stack, ids, inner = None, memory.nothing_chosen, memory.dense_inner
        if layer.experts is not None and layer.router is not None:
            choose(memory.normed, layer.router, layer.router_bias, self._config, memory.choice)
            stack, inner = layer.experts.slots, memory.inner
            ids = layer.experts.place(memory.choice.expert_ids, memory.normed)
        gate_up(stack, layer.mlp, memory.normed, memory.planes, ids, self._levels, inner)
        down(stack, layer.mlp, inner, ids, memory.choice.weights, self._levels, memory.block)

    def _multiply(self, weight: Matrix, hidden: Tensor, planes: Tensor, out: Tensor) -> None:
        """[T, in] -> out [T, out]. At full width by the matrix library, which nothing here would beat."""
        if isinstance(weight, Nf4):
            multiply(weight, planes, self._levels, out)
        elif out.dtype is hidden.dtype:
            torch.mm(hidden, weight.T, out=out)
        else:
            out.copy_(torch.mm(hidden, weight.T))


def runs_on(config: ModelConfig, weights: HeldWeights) -> bool:
    """Whether every weight is kept in a way that the kernels read."""
    if weights.dtype is not torch.bfloat16 or weights.matrix("lm_head") is None:
        return False
    for layer in range(config.num_hidden_layers):
        name = f"model.layers.{layer}"
        linears = (weights.matrix(f"{name}.attention.{part}") for part in ("query_key_value", "dense"))
        if any(matrix is None for matrix in linears):
            return False
        if layer not in config.moe_layers:
            is_read = weights.gated_mlp(f"{name}.mlp") is not None
        else:
            has_shared = weights.shared_expert(config, layer) is not None
            is_read = has_shared == bool(config.shared_expert_intermediate_size)
            is_read = is_read and isinstance(weights.experts(layer), SlottedExperts)
        if not is_read:
            return False
    return True


def _layer_weights(config: ModelConfig, weights: HeldWeights, index: int) -> _LayerWeights:
    name = f"model.layers.{index}"
    norms = None
    if config.use_qk_norm:
        norms = HeadNorms(
            query=weights.tensor(f"{name}.attention.query_layernorm.weight"),
            key=weights.tensor(f"{name}.attention.key_layernorm.weight"),
            eps=config.rms_norm_eps,
        )
    is_mixture = index in config.moe_layers
    has_bias = is_mixture and config.moe_router_enable_expert_bias
    experts = weights.experts(index) if is_mixture else None
    assert experts is None or isinstance(experts, SlottedExperts)
    return _LayerWeights(
        input_norm=weights.tensor(f"{name}.input_layernorm.weight"),
        query_key_value=_known(weights.matrix(f"{name}.attention.query_key_value")),
        head_norms=norms,
        dense=_known(weights.matrix(f"{name}.attention.dense")),
        post_attention_norm=weights.tensor(f"{name}.post_attention_layernorm.weight"),
        mlp=weights.shared_expert(config, index) if is_mixture else weights.gated_mlp(f"{name}.mlp"),
        router=weights.tensor(f"{name}.mlp.gate.weight") if is_mixture else None,
        router_bias=weights.tensor(f"{name}.mlp.gate.expert_bias") if has_bias else None,
        experts=experts,
    )


def _known(matrix: Matrix | None) -> Matrix:
    assert matrix is not None
    return matrix


def _empty_activations(
    config: ModelConfig, layers: Sequence[_LayerWeights], tokens: int, splits: int, device: torch.device
) -> _Activations:
    hidden, width = config.hidden_size, config.head_dim
    queries, kv_heads, chosen = config.num_attention_heads, config.num_key_value_heads, config.num_experts_per_tok

    def empty(*shape: int, dtype: torch.dtype = torch.bfloat16) -> Tensor:
        return torch.empty((tokens, *shape), dtype=dtype, device=device)

    def inner(of_mixture: bool) -> InnerProducts:
        mlps = [layer.mlp for layer in layers if (layer.experts is not None) is of_mixture]
        places = chosen if of_mixture else 0
        return empty_inner(tokens, places, config.moe_intermediate_size, mlps[0] if mlps else None, device)

    return _Activations(
        stream=empty(hidden),
        normed=empty(hidden),
        planes=empty(8, hidden // 8, dtype=torch.float32),
        projected=empty(queries + 2 * kv_heads, width),
        queries=empty(queries, width),
        parts=empty_parts(tokens, queries, width, device, splits),
        mixed=empty(queries * width),
        mixed_planes=empty(8, queries * width // 8, dtype=torch.float32),
        block=empty(hidden),
        choice=Choice(
            logits=empty(config.num_experts, dtype=torch.float32),
            expert_ids=empty(chosen, dtype=torch.int64),
            weights=empty(chosen, dtype=torch.float32),
        ),
        inner=inner(of_mixture=True),
        dense_inner=inner(of_mixture=False),
        nothing_chosen=empty(0, dtype=torch.int64),
        logits=empty(config.vocab_size, dtype=torch.float32),
    )
