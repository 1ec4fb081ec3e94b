"""What fits where: GPU, host memory, context length; refuses with a sentence a person can act on.

Everything follows from the numbers in the config: no weight is read. A byte counted here is a byte that the loader
allocates; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from model_runtime.cache import BLOCK_TOKENS, CacheKind, cache_bytes_per_token
from model_runtime.cached_experts import PIECE_TOKENS
from model_runtime.checkpoint import Quantize, Role, TensorSpec, network_tensors
from model_runtime.config import ModelConfig
from model_runtime.offload import Offload
from model_runtime.pinned_memory import pinned_bytes
from model_runtime.quantization import BLOCK_WEIGHTS, nf4_bytes

GIB = 2**30
# Python, torch and their libraries; on a GPU the CUDA context and the matrix library's own buffers.
_HOST_RUNTIME_BYTES = 350 * 2**20
_GPU_RUNTIME_BYTES = 900 * 2**20
_CPU_CHUNK_TOKENS, _GPU_CHUNK_TOKENS = 2048, 8192  # the engine's; larger than the context it is the context
# A pass over a prompt copies every expert to the card once, 53 GB of AntAngelMed's: the more tokens it reads, the fewer
# passes. The chunk is the largest that leaves seven eighths of the slots that the smallest leaves.
_OFFLOAD_CHUNK_TOKENS = (32_768, 16_384, _GPU_CHUNK_TOKENS)
_SLOTS_LEFT = 7 / 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where the bytes of a model go: `device_bytes` on the GPU, 0 without one, and `host_bytes` on the host.

    `fits`: it runs, with experts in host memory where `expert_slots_per_layer` is below the number of experts;
    `offload` says how.
    """

    fits: bool
    weights_bytes: int
    cache_bytes: int
    workspace_bytes: int
    device_bytes: int
    host_bytes: int
    expert_slots_per_layer: int
    message: str
    offload: Offload | None = None

    def as_json(self) -> dict[str, object]:
        """The object that `plan --json` prints."""
        return {name: value for name, value in asdict(self).items() if name != "offload"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    experts_bytes: int  # routed, of all layers
    expert_bytes: int  # one of them
    other_bytes: int
    cache_bytes: int
    workspace_bytes: int

    @property
    def weights_bytes(self) -> int:
        return self.experts_bytes + self.other_bytes

    @property
    def fixed_bytes(self) -> int:
        return self.other_bytes + self.cache_bytes + self.workspace_bytes

    @property
    def all_bytes(self) -> int:
        return self.experts_bytes + self.fixed_bytes


def plan_on_gpu(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, gpu_memory_bytes: int) -> Plan:
    """What a GPU of that size holds for `config.context_tokens`; experts that do not fit stay in host memory."""
    parts = _parts(config, quantize, kv_cache, chunk_tokens=_GPU_CHUNK_TOKENS, on_gpu=True)
    if parts.all_bytes <= gpu_memory_bytes:
        message = f"{_opening(config)} fits: {_listed(parts)}, of {_gib(gpu_memory_bytes)} GPU memory"
        return _plan(parts, config.num_experts, device=parts.all_bytes, host=_HOST_RUNTIME_BYTES, message=message)
    offload = _best_offload(config, quantize, kv_cache, gpu_memory_bytes)
    if offload is None:
        return _refusal(config, quantize, kv_cache, gpu_memory_bytes)
    base = _parts(config, quantize, kv_cache, chunk_tokens=offload.chunk_tokens, on_gpu=True)
    parts = _offloaded_parts(base, offload)
    host = _pinned_experts_bytes(config) + _HOST_RUNTIME_BYTES  # all of them: a slot is a copy of what the host holds
    message = (
        f"{_opening(config)} does not fit as a whole: {_listed(parts)}, the GPU has "
        f"{_gib(gpu_memory_bytes)}. It runs with {offload.slots} of {config.num_experts} experts of each layer on the "
        f"GPU and the routed experts ({_gib(parts.experts_bytes)}) in host memory, which must have {_gib(host)} free; "
        "tokens whose experts are not on the GPU wait for the copy"
    )
    device = _offloaded_bytes(parts, offload)
    return replace(_plan(parts, offload.slots, device=device, host=host, message=message), offload=offload)


def plan_on_cpu(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, host_memory_bytes: int) -> Plan:
    """What a machine without a GPU needs for `config.context_tokens`."""
    parts = _parts(config, quantize, kv_cache, chunk_tokens=_CPU_CHUNK_TOKENS, on_gpu=False)
    fits = parts.all_bytes <= host_memory_bytes
    verdict = "fits" if fits else "does not fit"
    message = f"{_opening(config)} {verdict}: {_listed(parts)}, of {_gib(host_memory_bytes)} memory"
    if not fits:
        message += _advice(config, quantize, kv_cache, host_memory_bytes - parts.weights_bytes - parts.workspace_bytes)
    slots = config.num_experts if fits else 0
    return replace(_plan(parts, slots, device=0, host=parts.all_bytes, message=message), fits=fits)


def weights_bytes(config: ModelConfig, quantize: Quantize) -> int:
    """What the weights take in memory: as in a 4-bit folder, but for the router, which is widened to float32."""
    return sum(_tensor_bytes(spec, quantize) for spec in network_tensors(config))


def _best_offload(
    config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, gpu_memory_bytes: int
) -> Offload | None:
    """The slots and the chunk that go into so much memory; None where not even one token's experts do."""
    found: list[Offload] = []
    for chunk_tokens in _OFFLOAD_CHUNK_TOKENS:
        parts = _parts(config, quantize, kv_cache, chunk_tokens=chunk_tokens, on_gpu=True)
        fitting = (
            offload
            for offload in _offloads(config, chunk_tokens)
            if _offloaded_bytes(_offloaded_parts(parts, offload), offload) <= gpu_memory_bytes
        )
        most = next(fitting, None)
        if most is not None:
            found.append(most)
    return next((offload for offload in found if offload.slots >= _SLOTS_LEFT * found[-1].slots), None)


def _offloads(config: ModelConfig, chunk_tokens: int) -> Iterator[Offload]:
    """From the most slots to the fewest that a token's experts need."""
    for slots in range(config.num_experts - 1, config.num_experts_per_tok - 1, -1):
        yield Offload(layers=len(config.moe_layers), experts=config.num_experts, slots=slots, chunk_tokens=chunk_tokens)


def _offloaded_parts(parts: _Parts, offload: Offload) -> _Parts:
    """With all that the slots need besides themselves counted as workspace."""
    streaming = offload.slots_bytes(parts.expert_bytes) - offload.layers * offload.slots * parts.expert_bytes
    return replace(parts, workspace_bytes=parts.workspace_bytes + offload.bookkeeping_bytes + streaming)


def _offloaded_bytes(parts: _Parts, offload: Offload) -> int:
    """On the card."""
    return parts.fixed_bytes + offload.layers * offload.slots * parts.expert_bytes


def _pinned_experts_bytes(config: ModelConfig) -> int:
    """The routed experts in host memory."""
    stacks = [spec.weights for spec in network_tensors(config) if spec.role is Role.EXPERTS]
    return sum(pinned_bytes(weights // 2) + pinned_bytes(weights // BLOCK_WEIGHTS * 2) for weights in stacks)


def _parts(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, *, chunk_tokens: int, on_gpu: bool) -> _Parts:
    experts = sum(_tensor_bytes(s, quantize) for s in network_tensors(config) if s.role is Role.EXPERTS)
    blocks = -(-config.context_tokens // BLOCK_TOKENS)
    cached_tokens = min(blocks * BLOCK_TOKENS, config.context_tokens)
    return _Parts(
        experts_bytes=experts,
        expert_bytes=experts // max(1, len(config.moe_layers) * config.num_experts),
        other_bytes=weights_bytes(config, quantize) - experts,
        cache_bytes=cached_tokens * cache_bytes_per_token(config, kv_cache),
        workspace_bytes=_workspace_bytes(config, min(config.context_tokens, chunk_tokens), on_gpu=on_gpu),
    )


def _tensor_bytes(spec: TensorSpec, quantize: Quantize) -> int:
    if spec.is_quantized(quantize):
        return nf4_bytes(spec.weights)
    return spec.weights * (4 if spec.role in (Role.ROUTER, Role.EXPERT_BIAS) else 2)


def _workspace_bytes(config: ModelConfig, tokens: int, *, on_gpu: bool) -> int:
    """What so many tokens of a prompt need at the widest place of a layer, the logits of one, the runtime itself."""
    hidden, width = config.hidden_size, config.moe_intermediate_size
    if on_gpu:  # gathered, gate, up, product, output
        pairs = min(tokens, PIECE_TOKENS) * config.num_experts_per_tok
        routed = pairs * (2 * hidden + 3 * width) * 2
    else:  # gathered and inner as 16-bit integers; gate, up and output in float32
        routed = tokens * config.num_experts_per_tok * (6 * hidden + 10 * width)
    dense = tokens * 3 * config.intermediate_size * 2
    attention = tokens * (2 * config.query_size + 2 * config.key_value_size) * 2 + 512 * config.context_tokens
    residual = 4 * tokens * hidden * 4  # the stream and the float32 copies of a norm
    # Prefill on a GPU brings one projection of a layer's experts to full width at a time.
    wide = config.num_experts * hidden * width * 2 if on_gpu else 0
    runtime = _GPU_RUNTIME_BYTES if on_gpu else _HOST_RUNTIME_BYTES
    return max(routed, dense, attention) + residual + wide + 4 * config.vocab_size + runtime


def _plan(parts: _Parts, slots: int, *, device: int, host: int, message: str) -> Plan:
    return Plan(
        fits=True,
        weights_bytes=parts.weights_bytes,
        cache_bytes=parts.cache_bytes,
        workspace_bytes=parts.workspace_bytes,
        device_bytes=device,
        host_bytes=host,
        expert_slots_per_layer=slots,
        message=message,
    )


def _refusal(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, gpu_memory_bytes: int) -> Plan:
    """Not even the experts of one token fit beside the rest."""
    *_, smallest = _offloads(config, _GPU_CHUNK_TOKENS)
    base = _parts(config, quantize, kv_cache, chunk_tokens=_GPU_CHUNK_TOKENS, on_gpu=True)
    parts = _offloaded_parts(base, smallest)
    least = _offloaded_bytes(parts, smallest)
    message = (
        f"{_opening(config)} does not fit: at least {_gib(least)} of GPU memory are needed "
        f"(weights without routed experts {_gib(parts.other_bytes)}, cache {_gib(parts.cache_bytes)}, workspace "
        f"{_gib(parts.workspace_bytes)}, {config.num_experts_per_tok} experts a layer), "
        f"the GPU has {_gib(gpu_memory_bytes)}"
    )
    message += _advice(config, quantize, kv_cache, gpu_memory_bytes - least + parts.cache_bytes)
    return replace(_plan(parts, 0, device=least, host=parts.experts_bytes, message=message), fits=False)


def _advice(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, cache_bytes_left: int) -> str:
    """What to change: a shorter context, the 8-bit cache, more weights in 4 bits; or that none of these is enough."""
    tokens = cache_bytes_left // cache_bytes_per_token(config, kv_cache) // BLOCK_TOKENS * BLOCK_TOKENS
    if tokens >= BLOCK_TOKENS:
        return f"; a context of {tokens:,} tokens would fit"
    smaller = [
        *(["--quantize linears"] if quantize is Quantize.EXPERTS else []),
        *(["--kv-cache int8"] if kv_cache is not CacheKind.INT8 else []),
    ]
    also = f"; {' and '.join(smaller)} would make it smaller" if smaller else ""
    return f"; no context fits beside these weights{also}; use a larger machine or a smaller model"


def _opening(config: ModelConfig) -> str:
    stretched = f" (YaRN, factor {config.yarn.factor:.2f})" if config.yarn is not None else ""
    return f"a context of {config.context_tokens:,} tokens{stretched}"


def _listed(parts: _Parts) -> str:
    weights, cache, workspace = _gib(parts.weights_bytes), _gib(parts.cache_bytes), _gib(parts.workspace_bytes)
    return f"weights {weights} + cache {cache} + workspace {workspace} = {_gib(parts.all_bytes)}"


def _gib(count: int) -> str:
    return f"{count / GIB:.2f} GiB"
