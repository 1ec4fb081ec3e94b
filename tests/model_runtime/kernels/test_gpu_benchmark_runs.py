"""The GPU benchmark's own code runs to its end over a tiny model, so that a GPU's time is not spent on its mistakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from benchmarks import gpu, gpu_beside, gpu_kernel_times
from benchmarks.gpu_kernel_times import Bench
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig, parse_config
from model_runtime.expert_stack import multiply_stack_plainly
from model_runtime.kernels.nf4_tile import nf4_levels
from tests.model_runtime.tiny_checkpoint import tiny_config

CPU = torch.device("cpu")


def config() -> ModelConfig:
    fields = tiny_config(vocab_size=64, num_hidden_layers=2, num_experts=8, n_group=2, topk_group=1)
    return parse_config({**fields, "num_experts_per_tok": 2, "intermediate_size": 64})


def bench() -> Bench:
    return Bench(config=config(), device=CPU, levels=nf4_levels(CPU), flush=torch.empty(1), peak=1e12)


@pytest.fixture(autouse=True)
def _no_gpu_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_: Bench, run: Callable[[int], object]) -> list[float]:
        run(0)
        return [1.0]

    monkeypatch.setattr(gpu_kernel_times, "times_us", once)
    monkeypatch.setattr(gpu_kernel_times, "CACHED", (40,))
    monkeypatch.setattr(gpu_kernel_times, "CHECKED_CACHED", 40)
    monkeypatch.setattr(gpu_kernel_times, "REPEATS", 2)
    for name in ("empty_cache", "synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)


def test_every_kernel_is_near_float32() -> None:
    errors = gpu_kernel_times.relative_errors(bench())
    assert len(errors) == 8
    assert all(0 <= error < 0.01 for error in errors.values()), errors


def test_every_kernel_gets_a_time_and_a_floor() -> None:
    rows = gpu_kernel_times.kernel_times(bench(), 2) + gpu_kernel_times.dequantizer_times(bench())
    assert len({row.name for row in rows}) == len(rows) == 18
    assert all(row.floor_bytes > 0 for row in rows)


def test_the_model_is_measured_at_every_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_config", config)
    monkeypatch.setattr(gpu, "_device", lambda: CPU)
    monkeypatch.setattr(gpu, "CONTEXTS", (0, 64))
    monkeypatch.setattr(gpu, "PROMPTS", (40,))
    decoded, prefilled = gpu.decode(Quantize.LINEARS), gpu.prefill()
    assert isinstance(decoded, list)
    assert isinstance(prefilled, list)
    assert [(line["context"], line["kv_cache"]) for line in decoded] == [
        (16, "bf16"),
        (64, "bf16"),
        (16, "int8"),
        (64, "int8"),
    ]
    assert prefilled[0]["prompt"] == 40


def test_the_loop_of_bitsandbytes_operations_computes_the_same_experts(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = gpu_kernel_times.random_stack(bench())
    hidden = torch.randn(3, 64).bfloat16()
    ids, weights = gpu_kernel_times.random_choice(bench(), 3)
    found = gpu_beside.LoopedExperts(stack).forward(hidden, ids, weights).float()
    expected = multiply_stack_plainly(hidden, ids, weights, stack).float()
    assert (found - expected).norm() / expected.norm() < 0.02
