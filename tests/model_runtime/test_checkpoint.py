"""A checkpoint is loaded whole and known, or not at all, and the message names what is wrong."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime.checkpoint import Checkpoint, Form
from model_runtime.errors import CheckpointError
from model_runtime.shards import Shard
from tests.model_runtime.checkpoints import CONFIG, FP8_QUANTIZATION, fp8_tensors, published_tensors, write_checkpoint

SECOND = "model-00002-of-00003.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "source", published_tensors(CONFIG))


def with_extra(tmp_path: Path, **extra: Tensor) -> Path:
    tensors = published_tensors(CONFIG) | {name.replace("__", "."): tensor for name, tensor in extra.items()}
    return write_checkpoint(tmp_path / "source", tensors)


def test_every_published_tensor_can_be_read(folder: Path) -> None:
    checkpoint = Checkpoint(folder)
    assert checkpoint.form is Form.FULL
    for name, expected in published_tensors(CONFIG).items():
        assert torch.equal(checkpoint.matrix(name), expected)


def test_an_unknown_tensor_stops_the_load_and_is_named(tmp_path: Path) -> None:
    folder = with_extra(tmp_path, model__layers__1__mlp__gate__extra=torch.ones(3))
    with pytest.raises(CheckpointError, match=r"model\.layers\.1\.mlp\.gate\.extra"):
        Checkpoint(folder)


def test_layers_that_predict_further_tokens_are_skipped_with_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = with_extra(tmp_path, model__layers__3__eh_proj__weight=torch.ones(4, 8))
    with caplog.at_level(logging.INFO):
        Checkpoint(folder)
    assert "1 tensors of layers that predict further tokens (MTP) are skipped" in caplog.text


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    tensors = published_tensors(CONFIG)
    del tensors["model.layers.2.mlp.experts.5.up_proj.weight"]
    with pytest.raises(CheckpointError, match=r"lacks 1 of .*model\.layers\.2\.mlp\.experts\.5\.up_proj\.weight"):
        Checkpoint(write_checkpoint(tmp_path / "source", tensors))


def test_a_tensor_of_another_shape_is_named(tmp_path: Path) -> None:
    tensors = published_tensors(CONFIG)
    tensors["model.norm.weight"] = torch.ones(64, dtype=torch.bfloat16)
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight has the shape \[64\]; config.json says \[128\]"):
        Checkpoint(write_checkpoint(tmp_path / "source", tensors))


def test_a_tensor_of_a_dtype_that_holds_no_weights_is_named(tmp_path: Path) -> None:
    tensors = published_tensors(CONFIG)
    tensors["lm_head.weight"] = tensors["lm_head.weight"].to(torch.int8)
    with pytest.raises(CheckpointError, match=r"lm_head\.weight is stored as torch\.int8"):
        Checkpoint(write_checkpoint(tmp_path / "source", tensors))


def test_a_missing_shard_is_a_download_that_is_not_complete(folder: Path) -> None:
    (folder / SECOND).unlink()
    with pytest.raises(CheckpointError, match=f"2 of 3 shards, {SECOND} is missing; the download is not complete"):
        Checkpoint(folder)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0" * 8)


def scramble_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8:12] = b"????"
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lie_about_the_header(path: Path) -> None:
    path.write_bytes((2**40).to_bytes(8, "little") + path.read_bytes()[8:])


@pytest.mark.parametrize("harm", [truncate, grow, scramble_header, empty, lie_about_the_header])
def test_a_damaged_shard_is_named(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / SECOND)
    with pytest.raises(CheckpointError, match=f"{SECOND} is damaged or half-downloaded"):
        Checkpoint(folder)


def test_an_index_that_points_outside_its_folder_is_not_followed(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace(SECOND, "../elsewhere.safetensors"))
    with pytest.raises(CheckpointError, match="outside its folder"):
        Checkpoint(folder)


def test_a_folder_without_weights_says_so(tmp_path: Path, folder: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(folder / "config.json", bare)
    with pytest.raises(CheckpointError, match="no weights are there"):
        Checkpoint(bare)


def test_the_fp8_release_is_brought_to_bf16_block_by_block(tmp_path: Path) -> None:
    stored, meant = fp8_tensors(published_tensors(CONFIG))
    config = CONFIG | {"quantization_config": FP8_QUANTIZATION}
    checkpoint = Checkpoint(write_checkpoint(tmp_path / "fp8", stored, config=config))
    assert checkpoint.form is Form.FP8
    for name, expected in meant.items():
        assert torch.equal(checkpoint.matrix(name), expected), name


def test_an_fp8_tensor_without_its_scales_is_named(tmp_path: Path) -> None:
    stored, _ = fp8_tensors(published_tensors(CONFIG))
    del stored["model.layers.0.attention.dense.weight_scale_inv"]
    config = CONFIG | {"quantization_config": FP8_QUANTIZATION}
    with pytest.raises(CheckpointError, match=r"model\.layers\.0\.attention\.dense\.weight_scale_inv"):
        Checkpoint(write_checkpoint(tmp_path / "fp8", stored, config=config))


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        ({"quant_method": "compressed-tensors"}, "use the bf16 release .MedAIBase/AntAngelMed. or the FP8 one"),
        ({"quant_method": "bitsandbytes"}, "use a bf16, an FP8 or our own 4-bit checkpoint"),
        (FP8_QUANTIZATION | {"weight_block_size": [64, 64]}, "not e4m3 in 128 x 128 blocks; use the bf16 release"),
    ],
)
def test_other_quantizations_are_refused_with_what_to_use(
    tmp_path: Path, quantization: dict[str, object], message: str
) -> None:
    config = CONFIG | {"quantization_config": quantization}
    with pytest.raises(CheckpointError, match=message):
        Checkpoint(write_checkpoint(tmp_path / "other", published_tensors(CONFIG), config=config))


def test_the_fingerprint_changes_with_the_weights(tmp_path: Path, folder: Path) -> None:
    other = write_checkpoint(tmp_path / "other", published_tensors(CONFIG, seed=2))
    same = write_checkpoint(tmp_path / "same", published_tensors(CONFIG))
    assert Checkpoint(folder).fingerprint() == Checkpoint(same).fingerprint()
    assert Checkpoint(folder).fingerprint() != Checkpoint(other).fingerprint()


def test_reading_equals_the_safetensors_library(folder: Path) -> None:
    from safetensors.torch import load_file

    shard = Shard(folder / SECOND)
    for name, expected in load_file(folder / SECOND).items():
        assert torch.equal(shard.read(name), expected)
