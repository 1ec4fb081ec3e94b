"""What a plan says about experts in host memory is what a load allocates, to the byte."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime import loader, pinned_memory
from model_runtime.__main__ import main
from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Checkpoint, Quantize, Role, network_tensors
from model_runtime.config import parse_config
from model_runtime.conversion import quantize_checkpoint
from model_runtime.errors import DoesNotFitError
from model_runtime.loader import Placement, load_model, place_experts
from model_runtime.model import LoadedModel
from model_runtime.offload import Offload
from model_runtime.planner import GIB, Plan, plan_on_gpu
from model_runtime.shapes import Shape, shape_config
from model_runtime.synthetic import synthetic_model
from tests.model_runtime.checkpoints import CONFIG, published_tensors, write_checkpoint
from tests.model_runtime.offloaded_network import EXPERTS, LAYERS, OFFLOADED_CONFIG, read, write_offloaded_checkpoint

TINY = parse_config(OFFLOADED_CONFIG)
EXPERT_BYTES = 3 * 64 * 128 // 64 * 34
# What is not in 4 bits takes so much more in float32 than in bf16.
FLOAT32_BYTES = 2 * sum(spec.weights for spec in network_tensors(TINY) if spec.role is not Role.EXPERTS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_offloaded_checkpoint(tmp_path_factory.mktemp("offload") / "source")


def card_bytes(slots: int, kv_cache: CacheKind = CacheKind.BF16) -> int:
    """The smallest card that holds so many slots of each layer."""
    whole = plan_on_gpu(TINY, Quantize.EXPERTS, kv_cache, 2**50)
    offload = Offload(layers=LAYERS, experts=EXPERTS, slots=slots, chunk_tokens=512)
    without = whole.device_bytes - LAYERS * EXPERTS * EXPERT_BYTES
    return without + offload.slots_bytes(EXPERT_BYTES) + offload.bookkeeping_bytes


def offload_of(plan: Plan) -> Offload:
    assert plan.offload is not None
    return plan.offload


@pytest.mark.parametrize("slots", [4, 6, 10, 15])
def test_a_byte_less_is_a_slot_less(slots: int) -> None:
    exact = plan_on_gpu(TINY, Quantize.EXPERTS, CacheKind.BF16, card_bytes(slots))
    assert exact.expert_slots_per_layer == slots
    assert exact.device_bytes == card_bytes(slots)
    less = plan_on_gpu(TINY, Quantize.EXPERTS, CacheKind.BF16, card_bytes(slots) - 1)
    assert less.expert_slots_per_layer == (0 if slots == 4 else slots - 1)
    assert less.fits == (slots > 4)


@pytest.mark.parametrize("slots", [4, 9, 15])
def test_a_load_takes_the_bytes_of_the_plan_on_the_card_and_on_the_host(source: Path, slots: int) -> None:
    plan = plan_on_gpu(TINY, Quantize.EXPERTS, CacheKind.BF16, card_bytes(slots))
    offloaded = load_model(source, gpu_memory_bytes=card_bytes(slots)).offloaded
    assert offloaded is not None
    everything = plan_on_gpu(TINY, Quantize.EXPERTS, CacheKind.BF16, 2**50)
    experts_bytes = LAYERS * EXPERTS * EXPERT_BYTES
    assert offloaded.device_bytes == plan.device_bytes - (everything.device_bytes - experts_bytes)
    assert plan.device_bytes == (
        plan.weights_bytes - experts_bytes + plan.cache_bytes + plan.workspace_bytes + slots * LAYERS * EXPERT_BYTES
    )
    assert offloaded.host_bytes == experts_bytes
    assert offloaded.chunk_tokens == offload_of(plan).chunk_tokens


def test_every_form_of_a_checkpoint_gives_the_same_offloaded_network(source: Path, tmp_path: Path) -> None:
    for _ in quantize_checkpoint(source, tmp_path / "four", Quantize.EXPERTS):
        pass
    limit = card_bytes(6) + FLOAT32_BYTES
    pieces = [20, 1, 2, 1]
    from_source, from_folder = (
        load_model(folder, dtype=torch.float32, gpu_memory_bytes=limit) for folder in (source, tmp_path / "four")
    )
    assert from_source.offloaded is not None
    assert torch.equal(read(from_source.network, pieces), read(from_folder.network, pieces))
    torch.testing.assert_close(
        read(from_source.network, pieces), read(load_model(source, dtype=torch.float32).network, pieces)
    )


def test_a_network_of_few_layers_still_has_room_for_a_whole_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random experts are nearly as good as each other: another rounding would choose others.
    monkeypatch.setattr(loader, "has_packed_product", lambda: False)
    folder = write_checkpoint(tmp_path / "few", published_tensors(CONFIG))  # 2 mixture layers of 8 experts
    offload = Offload(layers=2, experts=8, slots=2, chunk_tokens=512)
    assert (offload.arena_slots, offload.streaming_buffers) == (8, 1)
    whole = plan_on_gpu(parse_config(CONFIG), Quantize.EXPERTS, CacheKind.BF16, 2**50)
    shared_bytes = offload.slots_bytes(EXPERT_BYTES) + offload.bookkeeping_bytes
    model = load_model(folder, gpu_memory_bytes=whole.device_bytes - 2 * 8 * EXPERT_BYTES + shared_bytes)
    assert model.offloaded is not None
    assert model.offloaded.device_bytes == shared_bytes
    torch.testing.assert_close(
        read(model.network, [20, 1]), read(load_model(folder).network, [20, 1]), rtol=0.1, atol=0.1
    )


def test_a_card_that_holds_everything_gets_everything(source: Path) -> None:
    assert load_model(source, gpu_memory_bytes=2 * GIB).offloaded is None


def test_a_card_that_is_too_small_is_refused_with_the_numbers(source: Path) -> None:
    with pytest.raises(DoesNotFitError, match=r"at least 0\.\d\d GiB of GPU memory are needed .* 4 experts a layer"):
        load_model(source, gpu_memory_bytes=card_bytes(4) - 1)


def test_a_host_without_room_for_the_experts_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "free_memory_bytes", lambda device: 1000)
    with pytest.raises(DoesNotFitError, match="free on cpu"):
        load_model(source, gpu_memory_bytes=card_bytes(6))


@pytest.mark.parametrize(("bytes_less", "slots"), [(0, 8), (1, 7)])
def test_what_is_kept_in_float32_takes_its_bytes_from_the_slots(bytes_less: int, slots: int) -> None:
    placement = Placement(quantize=Quantize.EXPERTS, dtype=torch.float32, device=torch.device("cpu"))
    limit = card_bytes(8) + FLOAT32_BYTES - bytes_less
    offload = place_experts(TINY, placement, CacheKind.BF16, limit).offload
    assert offload is not None
    assert offload.slots == slots


def test_the_16_bit_experts_go_to_the_host_one_at_a_time(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    plainly = Checkpoint.matrix

    def counting(self: Checkpoint, name: str) -> Tensor:
        held.append(plainly(self, name).numel())
        return plainly(self, name)

    monkeypatch.setattr(Checkpoint, "matrix", counting)
    load_model(source, gpu_memory_bytes=card_bytes(6))
    assert max(held) == 256 * 128  # the embedding, not a stack of experts (16 * 64 * 128)


def test_synthetic_weights_are_offloaded_too() -> None:
    placement = Placement(quantize=Quantize.EXPERTS, dtype=torch.bfloat16, device=torch.device("cpu"))
    model: LoadedModel = synthetic_model(TINY, place_experts(TINY, placement, CacheKind.BF16, card_bytes(5)))
    assert model.offloaded is not None
    assert model.offloaded.host_bytes == LAYERS * EXPERTS * EXPERT_BYTES
    assert torch.isfinite(read(model.network, [20, 1, 1])).all()


def test_memory_that_cannot_be_pinned_is_ordinary_memory_and_one_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def refusing(shape: tuple[int, ...], *, dtype: torch.dtype, pin_memory: bool) -> Tensor:
        asked.append(1)
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch, "empty", refusing)
    memory = pinned_memory.HostMemory(torch.device("cuda"))
    with caplog.at_level(logging.WARNING):
        tensors = [memory((3, 5), torch.uint8) for _ in range(3)]
    assert [tensor.shape for tensor in tensors] == [(3, 5)] * 3
    assert len(asked) == len(caplog.records) == 1
    assert "ordinary memory" in caplog.text


@pytest.mark.parametrize(("asked", "taken"), [(1, 1), (2**29, 2**29), (2**29 + 1, 2**30), (3 * 2**20, 2**22)])
def test_pinned_memory_comes_in_powers_of_two(asked: int, taken: int) -> None:
    assert pinned_memory.pinned_bytes(asked) == taken


def test_antangelmed_in_host_memory_takes_no_more_for_being_pinned() -> None:
    plan = plan_on_gpu(shape_config(Shape.FLASH), Quantize.EXPERTS, CacheKind.BF16, 24 * GIB)
    assert plan.host_bytes == 31 * 256 * 3 * 4096 * 1024 // 64 * 34 + 350 * 2**20


@pytest.mark.parametrize("gib", [16, 24, 32, 48])
@pytest.mark.parametrize("context", [32_768, 131_072])
def test_larger_chunks_of_a_prompt_cost_at_most_an_eighth_of_the_slots(gib: int, context: int) -> None:
    config = shape_config(Shape.FLASH).with_context(context)
    plan = plan_on_gpu(config, Quantize.LINEARS, CacheKind.INT8, gib * GIB)
    offload = offload_of(plan)
    assert plan.device_bytes <= gib * GIB
    assert offload.chunk_tokens in (8192, 16_384, 32_768)
    assert offload.arena_slots >= offload.experts  # a whole layer passes through
    if gib >= 16:
        assert offload.chunk_tokens >= 16_384
        assert offload.streaming_buffers == 2


def test_generate_and_bench_run_on_a_simulated_card(source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gib = str(card_bytes(6) / GIB)
    command = ["bench", str(source), "--device", "cpu", "--prompt", "8", "--json", "--gpu-memory"]
    assert main([*command, gib]) == 0
    assert json.loads(capfd.readouterr().out)["decode_tokens_per_second"] > 0
    assert main([*command, "0.1"]) == 1
    assert "GiB of GPU memory are needed" in capfd.readouterr().err
    assert main([*command, "-1"]) == 1
    assert "holds nothing" in capfd.readouterr().err
