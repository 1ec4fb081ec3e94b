"""Every form of a checkpoint gives the same network, and a damaged folder gives none."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime import hub, loader
from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Checkpoint, Quantize
from model_runtime.conversion import quantize_checkpoint
from model_runtime.errors import CheckpointError, DoesNotFitError
from model_runtime.loader import CheckpointWeights, Placement, Precision, load_model
from model_runtime.model import LoadedModel
from model_runtime.packed_product import has_packed_product
from model_runtime.quantization import Nf4
from tests.model_runtime.checkpoints import CONFIG, FP8_QUANTIZATION, fp8_tensors, published_tensors, write_checkpoint

IDS = torch.randint(256, (40,), generator=torch.Generator().manual_seed(8))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("loader") / "source", published_tensors(CONFIG))


@pytest.fixture(scope="module", params=list(Quantize))
def quantized(request: pytest.FixtureRequest, source: Path) -> Path:
    target = source.parent / str(request.param)
    for _ in quantize_checkpoint(source, target, request.param, largest_shard_bytes=80_000):
        pass
    return target


def logits(model: LoadedModel) -> Tensor:
    network = model.network
    kind = CacheKind.FLOAT32 if network.dtype == torch.float32 else CacheKind.BF16
    cache = KeyValueCache(model.config, kind, device=network.device, dtype=network.dtype)
    return network.logits(network.read(IDS, cache))


def test_a_4_bit_folder_equals_quantizing_while_loading(source: Path, quantized: Path) -> None:
    quantize = Quantize(quantized.name)
    for dtype in (torch.float32, torch.bfloat16):
        mapped = load_model(quantized, dtype=dtype)
        streamed = load_model(source, quantize=quantize, dtype=dtype)
        assert mapped.quantization == streamed.quantization == f"nf4-{quantize}"
        assert torch.equal(logits(mapped), logits(streamed))


@pytest.mark.skipif(not has_packed_product(), reason="the packed product needs a CPU with AVX2")
def test_the_packed_order_gives_the_logits_of_the_plain_one(quantized: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = logits(load_model(quantized, dtype=torch.float32))
    packed = logits(load_model(quantized))
    monkeypatch.setattr(loader, "has_packed_product", lambda: False)
    plain = logits(load_model(quantized))
    for found in (packed, plain):
        assert (found - exact).norm() / exact.norm() < 0.1


def test_the_fp8_release_equals_the_bf16_weights_that_it_stands_for(tmp_path: Path) -> None:
    stored, meant = fp8_tensors(published_tensors(CONFIG))
    config = CONFIG | {"quantization_config": FP8_QUANTIZATION}
    from_fp8 = load_model(write_checkpoint(tmp_path / "fp8", stored, config=config), precision=Precision.FLOAT32)
    from_bf16 = load_model(write_checkpoint(tmp_path / "bf16", meant), precision=Precision.FLOAT32)
    assert torch.equal(logits(from_fp8), logits(from_bf16))


def test_router_and_expert_bias_stay_in_float32(source: Path) -> None:
    placement = Placement(quantize=Quantize.LINEARS, dtype=torch.bfloat16, device=torch.device("cpu"))
    weights = CheckpointWeights(Checkpoint(source), placement)
    assert weights.tensor("model.layers.1.mlp.gate.weight").dtype == torch.float32
    bias = weights.tensor("model.layers.1.mlp.gate.expert_bias")
    assert torch.equal(bias, published_tensors(CONFIG)["model.layers.1.mlp.gate.expert_bias"])
    assert bias.dtype == torch.float32


def test_on_a_cpu_without_the_packed_product_a_4_bit_folder_is_not_copied(
    quantized: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "has_packed_product", lambda: False)
    checkpoint = Checkpoint(quantized)
    seen: list[Nf4] = []
    monkeypatch.setattr(loader, "nf4_experts", lambda gate, up, down, dtype: seen.extend((gate, up, down)))
    placement = Placement(quantize=checkpoint.quantize, dtype=torch.bfloat16, device=torch.device("cpu"))
    CheckpointWeights(checkpoint, placement).experts(1)
    name = "model.layers.1.mlp.experts.gate_proj.weight"
    assert seen[0].packed.data_ptr() == checkpoint.raw(name).data_ptr()


@pytest.mark.parametrize("place", [0.3, 0.9])
def test_a_shard_with_one_wrong_byte_is_named_and_not_loaded(quantized: Path, tmp_path: Path, place: float) -> None:
    damaged = shutil.copytree(quantized, tmp_path / "damaged")
    shard = sorted(damaged.glob("*.safetensors"))[3]
    data = bytearray(shard.read_bytes())
    data[int(len(data) * place)] ^= 1
    shard.write_bytes(data)
    with pytest.raises(CheckpointError, match=f"{re.escape(shard.name)} is damaged"):
        load_model(damaged)


def test_a_4_bit_folder_with_a_missing_file_names_it(quantized: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(quantized, tmp_path / "damaged")
    (damaged / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is missing"):
        load_model(damaged)


def test_a_4_bit_folder_is_not_loaded_as_something_else(quantized: Path) -> None:
    with pytest.raises(CheckpointError, match="load it with precision nf4"):
        load_model(quantized, precision=Precision.FLOAT32)
    other = Quantize.LINEARS if quantized.name == "experts" else Quantize.EXPERTS
    with pytest.raises(CheckpointError, match=f"was quantized with {quantized.name}, not {other}"):
        load_model(quantized, quantize=other)


def test_the_16_bit_experts_are_read_one_at_a_time(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    read = Checkpoint.matrix

    def counting(self: Checkpoint, name: str) -> Tensor:
        held.append(read(self, name).numel())
        return read(self, name)

    monkeypatch.setattr(Checkpoint, "matrix", counting)
    load_model(source, quantize=Quantize.LINEARS)
    assert max(held) == 256 * 128  # the embedding, not a stack of experts (8 * 64 * 128)


def test_a_name_that_is_neither_folder_nor_hub_id_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no folder; name the folder of a checkpoint or a hub id"):
        load_model(tmp_path / "nowhere")


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def unreachable(hub_id: str, allow_patterns: list[str]) -> str:
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(CheckpointError, match="the hub cannot be reached; check the name, or the connection"):
        hub.model_folder("owner/name")


def test_of_a_hub_id_a_plan_downloads_the_config_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    asked: list[list[str]] = []

    def download(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert hub.config_folder("owner/name") == tmp_path
    assert asked == [["config.json"]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_the_weights_take_is_known_before_and_checked(
    source: Path, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(source)
    numbers = sum(spec.weights for spec in checkpoint.specs.values())
    whole = Placement(quantize=None, dtype=dtype, device=torch.device("cpu"))
    assert loader.memory_needed_bytes(checkpoint, whole) == numbers * dtype.itemsize
    four_bit = Placement(quantize=Quantize.LINEARS, dtype=dtype, device=torch.device("cpu"))
    assert loader.memory_needed_bytes(checkpoint, four_bit) < numbers
    monkeypatch.setattr(loader, "free_memory_bytes", lambda device: 1000)
    with pytest.raises(DoesNotFitError, match=r"0\.0 GiB are free on cpu"):
        load_model(source)


def test_free_memory_is_some_and_no_more_than_there_is() -> None:
    free = loader.free_memory_bytes(torch.device("cpu"))
    assert 0 < free <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
