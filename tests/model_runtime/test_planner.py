"""A plan counts the bytes that a load takes, and says what to do when they do not fit."""

from __future__ import annotations

import math

import pytest
import torch

from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize
from model_runtime.config import parse_config
from model_runtime.loader import Placement
from model_runtime.planner import GIB, Plan, plan_on_cpu, plan_on_gpu, weights_bytes
from model_runtime.shapes import Shape, shape_config
from model_runtime.synthetic import SyntheticWeights, synthetic_model
from tests.model_runtime.checkpoints import CONFIG

FLASH_128K = shape_config(Shape.FLASH).with_context(131_072)


def flash(gpu_memory_gib: float, quantize: Quantize = Quantize.EXPERTS, kv_cache: CacheKind = CacheKind.BF16) -> Plan:
    return plan_on_gpu(FLASH_128K, quantize, kv_cache, int(gpu_memory_gib * GIB))


def test_the_shapes_have_the_published_numbers_of_weights() -> None:
    from model_runtime.checkpoint import network_tensors

    counts = {shape: sum(spec.weights for spec in network_tensors(shape_config(shape))) for shape in Shape}
    assert counts == {Shape.FLASH: 102_889_705_216, Shape.MINI: 16_255_643_392}


def test_antangelmed_at_128k_fits_80_gb_with_all_experts() -> None:
    plan = flash(80)
    assert plan.fits
    assert plan.expert_slots_per_layer == 256
    assert plan.cache_bytes == 131_072 * 65_536
    assert plan.device_bytes == plan.weights_bytes + plan.cache_bytes + plan.workspace_bytes < 80 * GIB


def test_on_24_gb_it_says_how_many_experts_stay_and_how_much_goes_to_the_host() -> None:
    plan = flash(24)
    assert plan.fits
    assert 8 <= plan.expert_slots_per_layer < 256
    assert plan.device_bytes <= 24 * GIB
    assert plan.host_bytes > 53e9
    assert f"{plan.expert_slots_per_layer} of 256 experts of each layer" in plan.message


def test_what_cannot_run_is_refused_with_the_numbers_and_a_way_out() -> None:
    plan = flash(16)
    assert not plan.fits
    assert plan.expert_slots_per_layer == 0
    assert "at least 20.06 GiB of GPU memory are needed" in plan.message
    assert "a context of" in plan.message
    assert "--quantize linears and --kv-cache int8" in flash(8).message


def test_a_context_that_the_refusal_names_really_fits() -> None:
    plan = flash(16)
    tokens = int(plan.message.split("a context of ")[-1].split(" tokens would fit")[0].replace(",", ""))
    config = shape_config(Shape.FLASH).with_context(tokens)
    assert plan_on_gpu(config, Quantize.EXPERTS, CacheKind.BF16, 16 * GIB).fits


def test_4_bit_linears_and_an_8_bit_cache_leave_room_for_more_experts() -> None:
    slots = [
        flash(24).expert_slots_per_layer,
        flash(24, kv_cache=CacheKind.INT8).expert_slots_per_layer,
        flash(24, Quantize.LINEARS, CacheKind.INT8).expert_slots_per_layer,
    ]
    assert slots == sorted(set(slots))


def test_yarn_is_said_in_the_plan() -> None:
    assert "YaRN, factor 4.00" in flash(80).message
    mini = plan_on_gpu(shape_config(Shape.MINI), Quantize.EXPERTS, CacheKind.BF16, 24 * GIB)
    assert "YaRN" not in mini.message


def test_without_a_gpu_the_host_holds_everything() -> None:
    config = shape_config(Shape.MINI)
    plan = plan_on_cpu(config, Quantize.LINEARS, CacheKind.BF16, 16 * GIB)
    assert plan.fits
    assert plan.device_bytes == 0
    assert plan.host_bytes == plan.weights_bytes + plan.cache_bytes + plan.workspace_bytes
    refused = plan_on_cpu(config, Quantize.LINEARS, CacheKind.BF16, 10 * GIB)
    assert not refused.fits
    assert "a context of" in refused.message.split(";")[-1]


@pytest.mark.parametrize("quantize", list(Quantize))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_load_allocates_the_bytes_of_the_plan(
    monkeypatch: pytest.MonkeyPatch, quantize: Quantize, dtype: torch.dtype
) -> None:
    config = parse_config(CONFIG)
    allocated = []

    def counting(self: SyntheticWeights, packed: torch.Tensor, absmax: torch.Tensor, columns: int) -> None:
        allocated.append(packed.nbytes + absmax.nbytes)

    plain_tensor = SyntheticWeights.tensor

    def counting_tensor(self: SyntheticWeights, name: str) -> torch.Tensor:
        tensor = plain_tensor(self, name)
        is_router = "mlp.gate." in name
        allocated.append(tensor.nbytes if is_router else math.prod(tensor.shape) * 2)
        return tensor

    monkeypatch.setattr(SyntheticWeights, "_fill", counting)
    monkeypatch.setattr(SyntheticWeights, "tensor", counting_tensor)
    synthetic_model(config, Placement(quantize=quantize, dtype=dtype, device=torch.device("cpu")))
    assert sum(allocated) == weights_bytes(config, quantize)
