"""Microseconds of each kernel of the decode step on a GPU, against float32 first and then against its byte floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.gpu_floors import (
    Timed,
    attention_bytes,
    matrix_bytes,
    peak_bytes_per_second,
    routed_bytes,
    router_bytes,
    shared_bytes,
    timed,
)
from model_runtime.cache import CacheKind
from model_runtime.config import ModelConfig
from model_runtime.expert_stack import ExpertStack, empty_stack
from model_runtime.gated_mlp import GatedMlp
from model_runtime.kernels import attention, experts, norm, router
from model_runtime.kernels.dequantize import dequantize_into
from model_runtime.kernels.nf4_linear import multiply, multiply_plainly
from model_runtime.kernels.nf4_tile import nf4_levels, nibble_planes
from model_runtime.quantization import Nf4, quantize_plainly

REPEATS = 30
CACHED = (4096, 32_768, 131_064)  # tokens before the new ones
CHECKED_CACHED = 5000
_FLUSHED_BYTES = 256 * 2**20  # more than any L2 cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all measurements share."""

    config: ModelConfig
    device: torch.device
    levels: Tensor
    flush: Tensor
    peak: float | None


def bench_on(config: ModelConfig, device: torch.device) -> Bench:
    """Its memory."""
    return Bench(
        config=config,
        device=device,
        levels=nf4_levels(device),
        flush=torch.empty(_FLUSHED_BYTES, dtype=torch.uint8, device=device),
        peak=peak_bytes_per_second(torch.cuda.get_device_name(device)),
    )


def times_us(bench: Bench, run: Callable[[int], object]) -> list[float]:
    """Each call by itself, with the L2 cache emptied before. `run` gets the number of the call."""
    run(0)
    times = []
    for number in range(REPEATS):
        bench.flush.zero_()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        run(number)
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1000)
    return times


def random_stack(bench: Bench) -> ExpertStack:
    """All experts of a layer, made in 4 bits."""

    def memory(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        if dtype is torch.uint8:
            return torch.randint(256, shape, dtype=dtype, device=bench.device)
        return torch.full(shape, 0.02, dtype=dtype, device=bench.device)

    config = bench.config
    return empty_stack(config.num_experts, config.moe_intermediate_size, config.hidden_size, memory)


def random_matrix(bench: Bench, rows: int, columns: int) -> Nf4:
    """One weight."""
    return quantize_plainly((torch.randn(rows, columns, device=bench.device) * columns**-0.5).bfloat16())


def random_choice(bench: Bench, tokens: int) -> tuple[Tensor, Tensor]:
    """Uniform: ids [T, k] without repetition in a token, weights."""
    config = bench.config
    scores = torch.rand(tokens, config.num_experts, device=bench.device)
    weights, ids = scores.topk(config.num_experts_per_tok)
    return ids, weights


def relative_errors(bench: Bench) -> dict[str, float]:
    """Each kernel against float32, at the model's own sizes."""
    hidden_size = bench.config.hidden_size
    stack, found = random_stack(bench), {}
    for tokens in (1, 8):
        hidden = torch.randn(tokens, hidden_size, device=bench.device).bfloat16()
        ids, weights = random_choice(bench, tokens)
        routed = experts.multiply_stack(hidden, ids, weights, stack)
        found[f"experts, {tokens} tokens"] = _error(routed, experts.experts_plainly(stack, None, hidden, ids, weights))
        weight = random_matrix(bench, hidden_size, hidden_size)
        out = torch.empty(tokens, hidden_size, device=bench.device)
        multiply(weight, nibble_planes(hidden), bench.levels, out)
        found[f"linear, {tokens} tokens"] = _error(out, multiply_plainly(weight, hidden))
        for kind in (CacheKind.BF16, CacheKind.INT8):
            found[f"attention over {CHECKED_CACHED}, {tokens} tokens, {kind}"] = _attention_error(bench, kind, tokens)
    del stack
    torch.cuda.empty_cache()
    return found


def kernel_times(bench: Bench, tokens: int) -> list[Timed]:
    """Experts, linears, attention, router and norm, for that many tokens."""
    return [*_expert_times(bench, tokens), *_linear_times(bench, tokens), *_other_times(bench, tokens)]


def dequantizer_times(bench: Bench) -> list[Timed]:
    """One stack of matrices to bf16: read in 4 bits, written in 16."""
    matrices = random_stack(bench).gate
    out = torch.empty(matrices.shape, dtype=torch.bfloat16, device=bench.device)
    moved = matrices.byte_count + out.nbytes
    return [
        timed(
            "dequantize a stack",
            times_us(bench, lambda _: dequantize_into(matrices, bench.levels, out)),
            moved,
            bench.peak,
        )
    ]


def _expert_times(bench: Bench, tokens: int) -> list[Timed]:
    config, stack = bench.config, random_stack(bench)
    hidden = torch.randn(tokens, config.hidden_size, device=bench.device).bfloat16()
    planes, out = nibble_planes(hidden), torch.empty_like(hidden)
    choices = [random_choice(bench, tokens) for _ in range(REPEATS)]
    distinct = round(sum(len(set(ids.flatten().tolist())) for ids, _ in choices) / REPEATS)
    found = []
    for is_nf4 in (True, False):
        mlp = _random_mlp(bench, is_nf4=is_nf4)
        inner = experts.empty_inner(tokens, config.num_experts_per_tok, config.moe_intermediate_size, mlp, bench.device)
        floor = routed_bytes(config, distinct)
        shared = shared_bytes(config, is_nf4=is_nf4)
        name = f"{tokens} tokens, shared {'nf4' if is_nf4 else 'bf16'}"

        def gate_up(number: int, mlp: GatedMlp = mlp, inner: experts.InnerProducts = inner) -> None:
            experts.gate_up(stack, mlp, hidden, planes, choices[number][0], bench.levels, inner)

        def down(number: int, mlp: GatedMlp = mlp, inner: experts.InnerProducts = inner) -> None:
            experts.down(stack, mlp, inner, *choices[number], bench.levels, out)

        for part, run in (("gate_up", gate_up), ("down", down)):
            found.append(timed(f"{part}, {name}", times_us(bench, run), floor[part] + shared[part], bench.peak))
    return found


def _linear_times(bench: Bench, tokens: int) -> list[Timed]:
    config, found = bench.config, []
    qkv = config.query_size + 2 * config.key_value_size
    sizes = {"query_key_value": qkv, "dense": config.hidden_size, "lm_head": config.vocab_size}
    hidden = torch.randn(tokens, config.hidden_size, device=bench.device).bfloat16()
    planes = nibble_planes(hidden)
    for name, rows in sizes.items():
        weight = random_matrix(bench, rows, config.hidden_size)
        wide = torch.randn(rows, config.hidden_size, device=bench.device).bfloat16()
        out = torch.empty(tokens, rows, dtype=torch.bfloat16, device=bench.device)
        four_bit, full = (matrix_bytes(rows, config.hidden_size, is_nf4=is_nf4) for is_nf4 in (True, False))
        ways = {
            "nf4": (_own_product(weight, planes, bench.levels, out), four_bit),
            "bf16 by the matrix library": (_full_product(wide, hidden, out), full),
            "bitsandbytes gemm_4bit": (_bitsandbytes(weight, hidden), four_bit),
        }
        for way, (run, floor) in ways.items():
            found.append(timed(f"{name}, {tokens} tokens, {way}", times_us(bench, run), floor, bench.peak))
    return found


def _other_times(bench: Bench, tokens: int) -> list[Timed]:
    config, found = bench.config, []
    for kind in (CacheKind.BF16, CacheKind.INT8):
        for cached in CACHED:
            run = _attention(bench, kind, tokens, cached)[0]
            floor = attention_bytes(config, kind, cached + tokens)
            found.append(
                timed(f"attention over {cached}, {tokens} tokens, {kind}", times_us(bench, run), floor, bench.peak)
            )
    hidden = torch.randn(tokens, config.hidden_size, device=bench.device).bfloat16()
    weight = torch.randn(config.num_experts, config.hidden_size, device=bench.device)
    choice = router.Choice(
        logits=torch.empty(tokens, config.num_experts, device=bench.device),
        expert_ids=torch.empty(tokens, config.num_experts_per_tok, dtype=torch.int64, device=bench.device),
        weights=torch.empty(tokens, config.num_experts_per_tok, device=bench.device),
    )
    times = times_us(bench, lambda _: router.choose(hidden, weight, weight[:, 0].contiguous(), config, choice))
    found.append(timed(f"router (2 launches), {tokens} tokens", times, router_bytes(config), bench.peak))
    normed, planes = torch.empty_like(hidden), nibble_planes(hidden)
    ones = torch.ones(config.hidden_size, dtype=torch.bfloat16, device=bench.device)
    times = times_us(bench, lambda _: norm.add_and_norm(hidden, normed, ones, 1e-6, normed, planes))
    found.append(timed(f"add and norm, {tokens} tokens", times, 4 * hidden.nbytes + planes.nbytes, bench.peak))
    return found


def _random_mlp(bench: Bench, *, is_nf4: bool) -> GatedMlp:
    width, hidden = bench.config.shared_expert_intermediate_size, bench.config.hidden_size
    if is_nf4:
        gate, up, down = (random_matrix(bench, *size) for size in ((width, hidden), (width, hidden), (hidden, width)))
        return GatedMlp(gate=gate, up=up, down=down)
    full = [
        torch.randn(size, device=bench.device).bfloat16()
        for size in ((width, hidden), (width, hidden), (hidden, width))
    ]
    return GatedMlp(gate=full[0], up=full[1], down=full[2])


def _attention(
    bench: Bench, kind: CacheKind, tokens: int, cached: int
) -> tuple[Callable[[int], object], Tensor, Tensor]:
    """The two launches over random keys and values; what they give, and what float32 gives."""
    config = bench.config
    heads, kv_heads, width = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    shape = (2, kv_heads, cached + tokens, width)
    if kind is CacheKind.INT8:
        numbers = torch.randint(-127, 128, shape, dtype=torch.int8, device=bench.device)
        scales = torch.full(shape[:3], 1 / 60, device=bench.device)
    else:
        numbers, scales = (
            torch.randn(shape, device=bench.device).bfloat16(),
            torch.empty(2, kv_heads, 0, device=bench.device),
        )
    query = torch.randn(tokens, heads, width, device=bench.device).bfloat16()
    parts = attention.empty_parts(tokens, heads, width, bench.device)
    length = torch.tensor([cached], dtype=torch.int32, device=bench.device)
    out = torch.empty(tokens, heads * width, dtype=torch.bfloat16, device=bench.device)
    planes = torch.empty(tokens, 8, heads * width // 8, device=bench.device)

    def run(_: int) -> None:
        attention.mix(query, numbers, scales, length, parts)
        attention.combine(parts, length, out, planes)

    expected = attention.mix_plainly(query, numbers, scales, cached).flatten(1) if cached <= 8192 else out
    return run, out, expected


def _attention_error(bench: Bench, kind: CacheKind, tokens: int) -> float:
    run, out, expected = _attention(bench, kind, tokens, CHECKED_CACHED)
    run(0)
    return _error(out, expected)


def _own_product(weight: Nf4, planes: Tensor, levels: Tensor, out: Tensor) -> Callable[[int], object]:
    return lambda _: multiply(weight, planes, levels, out)


def _full_product(weight: Tensor, hidden: Tensor, out: Tensor) -> Callable[[int], object]:
    return lambda _: torch.mm(hidden, weight.T, out=out)


def _bitsandbytes(weight: Nf4, hidden: Tensor) -> Callable[[int], object]:
    import bitsandbytes  # noqa: F401  registers the operation

    absmax, packed, shape = weight.absmax.flatten().float(), weight.packed.reshape(-1, 1), list(weight.shape)
    gemm = torch.ops.bitsandbytes.gemm_4bit.default
    return lambda _: gemm(hidden, packed, shape, absmax, 64, "nf4")


def _error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected.float()).norm() / expected.float().norm())
