"""The kernels of the decode step compile for the GPUs that they are for, without spills, a dozen launches a layer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

SHARED_LIMIT = {80: 163 * 1024, 90: 227 * 1024, 120: 99 * 1024}
KERNELS = {
    "add_and_norm",
    "multiply",
    "place_heads",
    "mix",
    "combine",
    "score",
    "select",
    "gate_up",
    "down",
    "dequantize",
}


@pytest.fixture(scope="module")
def compiled() -> list[dict[str, Any]]:
    """In a process of its own, because this one interprets."""
    command = [sys.executable, "-m", "benchmarks.kernel_instructions", "--json", "--one-of-each", "--tokens", "1"]
    command += ["--quantize", "linears", "--kv-cache", "int8"]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TRITON_INTERPRET": "0"}
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_every_kernel_compiles_for_every_gpu(compiled: list[dict[str, Any]]) -> None:
    assert {(c["kernel"], c["capability"]) for c in compiled} == {(k, c) for k in KERNELS for c in SHARED_LIMIT}


def test_nothing_spills_and_shared_memory_suffices(compiled: list[dict[str, Any]]) -> None:
    for kernel in compiled:
        assert kernel["spills"] == kernel["stack_bytes"] == 0, kernel
        assert kernel["shared_bytes"] <= SHARED_LIMIT[kernel["capability"]], kernel


def test_a_4_bit_weight_takes_fewer_than_five_instructions_and_is_loaded_128_bits_at_a_time(
    compiled: list[dict[str, Any]],
) -> None:
    for kernel in compiled:
        if kernel["kernel"] in ("multiply", "gate_up", "down"):
            assert kernel["instructions_a_weight"] < 5, kernel
            assert kernel["loads_of_128_bits"] >= 4, kernel


def test_a_mixture_layer_takes_at_most_twelve_launches(compiled: list[dict[str, Any]]) -> None:
    assert {kernel["launches_a_layer"] for kernel in compiled} == {11}
