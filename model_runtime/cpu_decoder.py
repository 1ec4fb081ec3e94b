"""One token through the whole network as one program of compiled functions.

What PyTorch's operations between the products cost (some 60 a layer) is more than a third of a token's time on two
cores; here they are functions of a few microseconds, and no thread waits for Python. Activations are float32.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.cpu_kernels.attention import HEAD_DIMS, SPARE_SCORES, AttentionArguments
from model_runtime.cpu_kernels.decode_step import (
    ROWS_PER_TASK,
    DenseArguments,
    GateArguments,
    NormArguments,
    RouterArguments,
)
from model_runtime.cpu_kernels.functions import CpuFunctions, cpu_functions
from model_runtime.cpu_kernels.packed_product import ROWS_PER_GROUP
from model_runtime.cpu_kernels.program import Program, Step
from model_runtime.linears import FullLinear, PackedLinear
from model_runtime.model import Layer, Linear, MixtureOfExperts, Network, SwiGlu
from model_runtime.norm import RmsNorm
from model_runtime.packed_experts import PackedExperts
from model_runtime.packed_product import PackedProduct
from model_runtime.quantization import BLOCK_WEIGHTS

_CACHES = (CacheKind.BF16, CacheKind.INT8)


def cpu_decoder(network: Network) -> CpuDecoder | None:
    """A decoder for that network; None where its weights or sizes are not those that the functions know."""
    config = network.config
    experts = [layer.mlp.experts for layer in network.layers if isinstance(layer.mlp, MixtureOfExperts)]
    sizes = [config.hidden_size, config.intermediate_size, config.moe_intermediate_size]
    knows = (
        bool(experts)
        and all(isinstance(one, PackedExperts) for one in experts)
        and config.head_dim in HEAD_DIMS
        and config.rotary_dim % 16 == 0
        and config.num_experts % 8 == 0
        and config.n_group <= 64
        and all(size % BLOCK_WEIGHTS == 0 for size in [*sizes, config.shared_expert_intermediate_size])
    )
    return CpuDecoder(network) if knows else None


class CpuDecoder:
    """Reads single tokens; what it writes into the cache is what the network would write, but for rounding."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._build = _Build(network, cpu_functions())
        self._programs: dict[CacheKind, Program] = {}
        self._seen_places: list[tuple[int, int, int]] = []

    def can_read(self, cache: KeyValueCache) -> bool:
        """Whether the cache is of a kind that it reads and writes."""
        return cache.kind in _CACHES

    def read(self, embedding: Tensor, cache: KeyValueCache) -> Tensor:
        """Embedding [1, H] of the token behind those in the cache, for which room is reserved -> normed hidden [1, H].

        The cache is not advanced.
        """
        build = self._build
        if cache.kind not in self._programs:
            self._programs[cache.kind] = build.program(cache.kind)
        self._point_to(cache)
        build.room.hidden.copy_(embedding[0])
        build.room.length.fill_(cache.length)
        cosine, sine = self._network.rotary.angles(cache.length, 1)
        build.room.cosine.copy_(cosine.view(-1))
        build.room.sine.copy_(sine.view(-1))
        self._programs[cache.kind].run(products=self._build.products)
        return build.room.normed.to(embedding.dtype)[None]

    def _point_to(self, cache: KeyValueCache) -> None:
        """Give the attention the addresses of the cache; they change when it grows."""
        stored = [cache.stored(layer) for layer in range(len(self._network.layers))]
        # The sizes too: memory that was given back may be handed out again at the same place for a smaller cache.
        places = [(numbers.data_ptr(), scales.data_ptr(), numbers.shape[2]) for numbers, scales in stored]
        if places == self._seen_places:
            return
        self._seen_places = places
        capacity = stored[0][0].shape[2]
        scores = self._build.room.scores_for(capacity)
        for arguments, (numbers, scales) in zip(self._build.attentions, stored, strict=True):
            arguments.numbers, arguments.cache_scales = numbers.data_ptr(), scales.data_ptr()
            arguments.capacity = capacity
            arguments.scores, arguments.score_room = scores.data_ptr(), scores.shape[1]


class _Quantized:
    """Room for activations [n, size] as the products take them, and as they are."""

    def __init__(self, size: int, rows: int = 1) -> None:
        self.plain = torch.zeros((rows, size))
        self.numbers = torch.zeros((rows, size), dtype=torch.int16)
        self.scales = torch.zeros((rows, size // BLOCK_WEIGHTS))


class _Room:
    """The memory that a token passes through."""

    def __init__(self, network: Network) -> None:
        config = network.config
        hidden, chosen = config.hidden_size, config.num_experts_per_tok
        self._query_heads = config.num_attention_heads
        self.hidden = torch.zeros(hidden)
        self.states = _Quantized(hidden)  # what a norm gives
        self.normed = self.states.plain[0]
        self.heads = torch.zeros((config.num_attention_heads + 2 * config.num_key_value_heads, config.head_dim))
        self.mixed = _Quantized(config.num_attention_heads * config.head_dim)
        self.scores = torch.zeros((config.num_attention_heads, SPARE_SCORES))
        self.cosine, self.sine = torch.zeros(config.rotary_dim), torch.zeros(config.rotary_dim)
        self.length = torch.zeros(1, dtype=torch.int64)
        self.outputs = torch.zeros((chosen + 1, hidden))  # of attention or MLP, added to `hidden` by the next norm
        self.one = torch.ones(1)
        self.whole = torch.tensor([[0, 0, 0, 1]], dtype=torch.int64)  # the one matrix, the one token
        self.router_logits = torch.zeros(config.num_experts)
        self.choice = torch.zeros((2, config.num_experts))
        self.inward = torch.zeros((chosen, 4), dtype=torch.int64)
        self.outward = torch.zeros((chosen, 4), dtype=torch.int64)
        self.expert_weights = torch.ones(chosen + 1)  # the shared expert stands last and counts whole
        self.expert_wide = torch.zeros((chosen, 2 * config.moe_intermediate_size))
        self.expert_inner = _Quantized(config.moe_intermediate_size, chosen)

    def scores_for(self, capacity: int) -> Tensor:
        """Room for the scores of a cache of that capacity."""
        if self.scores.shape[1] < capacity + SPARE_SCORES:
            self.scores = torch.zeros((self._query_heads, capacity + SPARE_SCORES))
        return self.scores


class _Build:
    """Turns a network into the steps of a program."""

    def __init__(self, network: Network, functions: CpuFunctions) -> None:
        self._network = network
        self._functions = functions
        self._steps: list[Step] = []
        self._stage = 0
        self._kept: list[object] = []  # tensors whose addresses stand in arguments
        self.room = _Room(network)
        self.attentions: list[AttentionArguments] = []
        self.products = 0  # with weights, of one token
        self._write()

    def program(self, kind: CacheKind) -> Program:
        """The steps, with the attention of that kind of cache."""
        attend = self._functions.attention(kind, self._network.config.head_dim)
        steps = [
            Step(function=attend, arguments=step.arguments, tasks=step.tasks, stage=step.stage)
            if isinstance(step.arguments, AttentionArguments)
            else step
            for step in self._steps
        ]
        return self._functions.program(steps)

    def _write(self) -> None:
        room = self.room
        outputs, weights, count = room.outputs, room.one, 0
        for layer in self._network.layers:
            self._norm(layer.input_norm, outputs, weights, count)
            self._attention(layer)
            self._norm(layer.post_attention_norm, room.outputs, room.one, 1)
            outputs, weights = room.outputs, room.expert_weights
            if isinstance(layer.mlp, MixtureOfExperts):
                count = self._experts(layer.mlp)
            else:
                assert isinstance(layer.mlp, SwiGlu)
                self._gated(layer.mlp, room.outputs[0], stages=self._next_stages(3))
                weights, count = room.one, 1
        self._norm(self._network.norm, outputs, weights, count)

    def _next_stages(self, count: int) -> range:
        stages = range(self._stage, self._stage + count)
        self._stage += count
        return stages

    def _add(self, name: str, arguments: ctypes.Structure, tasks: int, stage: int) -> None:
        function = self._functions.address(name) if name else 0
        self._steps.append(Step(function=function, arguments=arguments, tasks=tasks, stage=stage))

    def _floats(self, tensor: Tensor) -> int:
        """The address of the tensor in float32."""
        wide = tensor.float().contiguous()
        self._kept.append(wide)
        return wide.data_ptr()

    def _norm(self, norm: RmsNorm, outputs: Tensor, weights: Tensor, count: int) -> None:
        states = self.room.states
        arguments = NormArguments(
            hidden=self.room.hidden.data_ptr(),
            outputs=outputs.data_ptr(),
            output_weights=weights.data_ptr(),
            output_count=count,
            weight=self._floats(norm.weight),
            size=len(self.room.hidden),
            eps=norm.eps,
            normed=states.plain.data_ptr(),
            activations=states.numbers.data_ptr(),
            scales=states.scales.data_ptr(),
        )
        self._add("norm", arguments, 1, self._next_stages(1)[0])

    def _linear(self, linear: Linear, source: _Quantized, out: Tensor, stage: int) -> None:
        """out float32 [rows] = the linear of the one row of `source`."""
        if isinstance(linear, PackedLinear):
            self._product(linear.product, source, out, self.room.whole, stage)
            return
        assert isinstance(linear, FullLinear)
        rows, columns = linear.weight.shape
        self.products += rows * columns
        self._kept.append(linear.weight)
        arguments = DenseArguments(
            weight=linear.weight.data_ptr(),
            rows=rows,
            columns=columns,
            hidden=source.plain.data_ptr(),
            out=out.data_ptr(),
        )
        kind = "float32" if linear.weight.dtype is torch.float32 else "bf16"
        self._add(f"dense_{kind}", arguments, -(-rows // ROWS_PER_TASK), stage)

    def _product(self, product: PackedProduct, source: _Quantized, out: Tensor, chunks: Tensor, stage: int) -> None:
        arguments = product.arguments(
            activations=source.numbers.data_ptr(),
            scales=source.scales.data_ptr(),
            out=out.data_ptr(),
            chunks=chunks.data_ptr(),
        )
        self.products += len(chunks) * product.rows * product.columns
        self._add("multiply", arguments, len(chunks) * (product.rows // ROWS_PER_GROUP), stage)

    def _attention(self, layer: Layer) -> None:
        room, config, attention = self.room, self._network.config, layer.attention
        projecting, attending, closing = self._next_stages(3)
        self._linear(attention.query_key_value, room.states, room.heads, projecting)
        norm = attention.norm
        arguments = AttentionArguments(
            heads=room.heads.data_ptr(),
            query_heads=config.num_attention_heads,
            key_value_heads=config.num_key_value_heads,
            query_weight=self._floats(norm.weight[0]) if norm is not None else 0,
            key_weight=self._floats(norm.weight[-1]) if norm is not None else 0,
            eps=config.rms_norm_eps,
            rotary_dim=config.rotary_dim,
            cosine=room.cosine.data_ptr(),
            sine=room.sine.data_ptr(),
            length=room.length.data_ptr(),
            mixed=room.mixed.plain.data_ptr(),
            activations=room.mixed.numbers.data_ptr(),
            scales=room.mixed.scales.data_ptr(),
        )
        self.attentions.append(arguments)
        self._add("", arguments, config.num_key_value_heads, attending)
        self._linear(attention.dense, room.mixed, room.outputs[0], closing)

    def _gated(self, mlp: SwiGlu, out: Tensor, stages: range) -> None:
        """gate and up, their product, down: three stages."""
        width = self._rows(mlp.gate)
        gate, up, inner = torch.zeros(width), torch.zeros(width), _Quantized(width)
        self._kept += [gate, up, inner]
        self._linear(mlp.gate, self.room.states, gate, stages[0])
        self._linear(mlp.up, self.room.states, up, stages[0])
        self._gate(gate, up, inner, self.room.whole, stages[1])
        self._linear(mlp.down, inner, out, stages[2])

    def _gate(self, gate: Tensor, up: Tensor, inner: _Quantized, chunks: Tensor, stage: int) -> None:
        size = inner.plain.shape[1]
        arguments = GateArguments(
            gate=gate.data_ptr(),
            up=up.data_ptr(),
            step=gate.stride(0) if gate.dim() > 1 else size,
            size=size,
            plain=inner.plain.data_ptr(),
            activations=inner.numbers.data_ptr(),
            scales=inner.scales.data_ptr(),
            chunks=chunks.data_ptr(),
        )
        self._add("gate", arguments, len(chunks), stage)

    def _experts(self, mixture: MixtureOfExperts) -> int:
        """Router and shared expert side by side, then the routed ones; how many outputs there are to add."""
        room, config = self.room, self._network.config
        assert isinstance(mixture.experts, PackedExperts)
        chosen, width = config.num_experts_per_tok, config.moe_intermediate_size
        routing, choosing, entering, gating, leaving = self._next_stages(5)
        first = len(self._steps)
        self._linear(FullLinear(mixture.router.weight), room.states, room.router_logits, routing)
        self._choose(mixture, choosing)
        self._product(mixture.experts.gate_up, room.states, room.expert_wide, room.inward, entering)
        self._gate(room.expert_wide[:, :width], room.expert_wide[:, width:], room.expert_inner, room.outward, gating)
        self._product(mixture.experts.down, room.expert_inner, room.outputs, room.outward, leaving)
        if mixture.shared is not None:
            self._gated(mixture.shared, room.outputs[chosen], range(routing, routing + 3))
        self._steps[first:] = sorted(self._steps[first:], key=lambda step: step.stage)
        return chosen + (mixture.shared is not None)

    def _choose(self, mixture: MixtureOfExperts, stage: int) -> None:
        room, config = self.room, self._network.config
        bias = mixture.router.bias
        arguments = RouterArguments(
            logits=room.router_logits.data_ptr(),
            bias=self._floats(bias) if bias is not None else 0,
            choice=room.choice.data_ptr(),
            experts=config.num_experts,
            groups=config.n_group,
            open_groups=config.topk_group,
            chosen=config.num_experts_per_tok,
            is_normed=int(config.norm_topk_prob and config.num_experts_per_tok > 1),
            factor=config.routed_scaling_factor,
            inward=room.inward.data_ptr(),
            outward=room.outward.data_ptr(),
            weights=room.expert_weights.data_ptr(),
        )
        self._add("choose", arguments, 1, stage)

    @staticmethod
    def _rows(linear: Linear) -> int:
        if isinstance(linear, PackedLinear):
            return linear.product.rows
        assert isinstance(linear, FullLinear)
        return linear.weight.shape[0]
