"""The GPU benchmark refuses without a GPU, counts bytes right, and never fills a gap with a number."""

from __future__ import annotations

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu_floors import (
    NOT_MEASURED,
    attention_bytes,
    matrix_bytes,
    peak_bytes_per_second,
    routed_bytes,
    router_bytes,
    shared_bytes,
    table,
    timed,
    with_gaps,
)
from model_runtime.cache import CacheKind
from model_runtime.shapes import Shape, shape_config

FLASH = shape_config(Shape.FLASH)


def test_eight_experts_of_a_layer_are_53_megabytes() -> None:
    floors = routed_bytes(FLASH, FLASH.num_experts_per_tok)
    assert sum(floors.values()) == 53_477_376  # 8 x 3 x 1024 x 4096 weights of 0.53125 bytes
    assert floors["gate_up"] == 2 * floors["down"]


def test_bytes_of_the_other_kernels() -> None:
    assert matrix_bytes(5120, 4096, is_nf4=False) == 41_943_040
    assert matrix_bytes(5120, 4096, is_nf4=True) == 11_141_120
    assert shared_bytes(FLASH, is_nf4=False) == {"gate_up": 16_777_216, "down": 8_388_608}
    assert attention_bytes(FLASH, CacheKind.BF16, 131_072) * FLASH.num_hidden_layers == 8 * 2**30
    assert attention_bytes(FLASH, CacheKind.INT8, 1) == 2 * 4 * (128 + 4)
    assert router_bytes(FLASH) == 4 * 2**20


def test_a_time_is_the_median_and_its_share_that_of_the_cards_bandwidth() -> None:
    row = timed("down", [10.0, 30.0, 20.0], 48_000_000, peak_bytes_per_second("NVIDIA H200"))
    assert (row.median_us, row.best_us, row.share) == (20.0, 10.0, 0.5)
    assert "0.50" in table([row])


def test_an_unknown_card_has_no_share() -> None:
    assert peak_bytes_per_second("a card of tomorrow") is None
    assert timed("down", [10.0], 1, None).share is None
    assert "?" in table([timed("down", [10.0], 1, None)])


def test_what_was_not_run_says_so() -> None:
    assert with_gaps({"b": 3}, ["a", "b"]) == {"a": NOT_MEASURED, "b": 3}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_refuses_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gpu"])
    assert gpu.main() == 1
    assert "nothing was measured" in capsys.readouterr().err
