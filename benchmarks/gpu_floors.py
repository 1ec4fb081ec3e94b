"""The least bytes that a kernel of the decode step must move, and what a time means against them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from model_runtime.cache import CacheKind
from model_runtime.config import ModelConfig
from model_runtime.quantization import nf4_bytes

NOT_MEASURED = "not measured"
# Bytes a second from memory, in the makers' data sheets; a card that is not listed has no share.
_PEAK_BYTES_PER_SECOND = {
    "H200": 4.8e12,
    "H100 80GB HBM3": 3.35e12,
    "H100 PCIe": 2.0e12,
    "A100-SXM4-80GB": 2.039e12,
    "RTX PRO 6000": 1.792e12,
    "RTX 5090": 1.792e12,
    "RTX 4090": 1.008e12,
}


def peak_bytes_per_second(gpu: str) -> float | None:
    """Of the card with that name; None if it is not known."""
    return next((peak for name, peak in _PEAK_BYTES_PER_SECOND.items() if name in gpu), None)


def routed_bytes(config: ModelConfig, experts: int) -> dict[str, int]:
    """Weights of that many experts of a layer, in 4 bits, for each of the two launches."""
    one = nf4_bytes(config.hidden_size * config.moe_intermediate_size)
    return {"gate_up": 2 * one * experts, "down": one * experts}


def shared_bytes(config: ModelConfig, *, is_nf4: bool) -> dict[str, int]:
    """Of the shared expert, likewise."""
    one = matrix_bytes(config.shared_expert_intermediate_size, config.hidden_size, is_nf4=is_nf4)
    return {"gate_up": 2 * one, "down": one}


def matrix_bytes(rows: int, columns: int, *, is_nf4: bool) -> int:
    """One weight in 4 bits or in bf16."""
    return nf4_bytes(rows * columns) if is_nf4 else 2 * rows * columns


def attention_bytes(config: ModelConfig, kind: CacheKind, cached_tokens: int) -> int:
    """Keys and values of one layer, with the scales of the 8-bit cache."""
    a_head = config.head_dim * kind.dtype.itemsize + (4 if kind is CacheKind.INT8 else 0)
    return 2 * config.num_key_value_heads * a_head * cached_tokens


def router_bytes(config: ModelConfig) -> int:
    """The float32 weight of a layer's gate."""
    return 4 * config.num_experts * config.hidden_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The times of one kernel, in microseconds, beside its floor. `share` of the card's bandwidth; None if unknown."""

    name: str
    median_us: float
    best_us: float
    floor_bytes: int
    bytes_per_second: float
    share: float | None


def timed(name: str, times_us: Sequence[float], floor_bytes: int, peak: float | None) -> Timed:
    """Medians, because shared machines stall."""
    median = statistics.median(times_us)
    rate = floor_bytes / (median * 1e-6)
    return Timed(
        name=name,
        median_us=round(median, 2),
        best_us=round(min(times_us), 2),
        floor_bytes=floor_bytes,
        bytes_per_second=rate,
        share=None if peak is None else round(rate / peak, 3),
    )


def table(rows: Sequence[Timed]) -> str:
    """Lines for a person."""
    lines = [f"{'kernel':40} {'median us':>10} {'best us':>10} {'MB':>8} {'GB/s':>8} {'share':>6}"]
    for row in rows:
        share = "?" if row.share is None else f"{row.share:.2f}"
        size, rate = row.floor_bytes / 1e6, row.bytes_per_second / 1e9
        lines.append(f"{row.name:40} {row.median_us:10.2f} {row.best_us:10.2f} {size:8.2f} {rate:8.0f} {share:>6}")
    return "\n".join(lines)


def with_gaps(measured: dict[str, object], parts: Sequence[str]) -> dict[str, object]:
    """Every part in its order; what is missing says so, and is never estimated."""
    return {part: measured.get(part, NOT_MEASURED) for part in parts}
