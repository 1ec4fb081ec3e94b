"""A 4-bit folder is whole or absent, the same bytes however often the work was killed, and equal to bitsandbytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from model_runtime.checkpoint import Checkpoint, Form, Quantize, Role, absmax_name, expert_name
from model_runtime.conversion import QuantizeProgress, quantize_checkpoint
from model_runtime.errors import CheckpointError, DoesNotFitError
from model_runtime.manifest import check_manifest
from model_runtime.quantization import quantize_plainly
from tests.model_runtime.checkpoints import CONFIG, FP8_QUANTIZATION, fp8_tensors, published_tensors, write_checkpoint

SMALL_SHARDS = 70_000  # so that the tiny checkpoint has many


def quantize(source: Path, target: Path, what: Quantize = Quantize.EXPERTS) -> list[QuantizeProgress]:
    return list(quantize_checkpoint(source, target, what, largest_shard_bytes=SMALL_SHARDS))


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("conversion") / "source", published_tensors(CONFIG))


@pytest.fixture(scope="module")
def finished(source: Path) -> Path:
    target = source.parent / "finished"
    quantize(source, target)
    return target


@pytest.mark.parametrize("what", list(Quantize))
def test_every_tensor_is_quantized_or_kept_as_the_option_says(source: Path, tmp_path: Path, what: Quantize) -> None:
    quantize(source, tmp_path / "four", what)
    full, four = Checkpoint(source), Checkpoint(tmp_path / "four")
    assert (four.form, four.quantize) == (Form.NF4, what)
    for spec in full.specs.values():
        stored = four.raw(spec.name)
        if not spec.is_quantized(what):
            expected = full.raw(spec.name)
            assert torch.equal(stored, expected), spec.name
            assert stored.dtype == (torch.float32 if spec.role is Role.EXPERT_BIAS else torch.bfloat16)
            continue
        names = [expert_name(spec.name, e) for e in range(8)] if spec.role is Role.EXPERTS else [spec.name]
        matrices = [quantize_plainly(full.raw(name)) for name in names]
        assert torch.equal(stored.reshape(-1), torch.cat([m.packed.reshape(-1) for m in matrices])), spec.name
        absmax = four.raw(absmax_name(spec.name)).reshape(-1)
        assert torch.equal(absmax, torch.cat([m.absmax.reshape(-1) for m in matrices])), spec.name


def test_the_stacked_experts_are_the_bytes_of_bitsandbytes(source: Path, finished: Path) -> None:
    functional = pytest.importorskip("bitsandbytes.functional")
    full, four = Checkpoint(source), Checkpoint(finished)
    for projection in ("gate_proj", "up_proj", "down_proj"):
        name = f"model.layers.1.mlp.experts.{projection}.weight"
        for expert in range(8):
            packed, state = functional.quantize_4bit(
                full.raw(expert_name(name, expert)), blocksize=64, quant_type="nf4"
            )
            assert torch.equal(four.raw(name)[expert].reshape(-1), packed.reshape(-1))
            assert torch.equal(four.raw(absmax_name(name))[expert].reshape(-1).float(), state.absmax)


def test_shards_stay_below_their_limit_and_the_safetensors_library_reads_them(finished: Path) -> None:
    from safetensors import safe_open

    shards = sorted(finished.glob("*.safetensors"))
    index = json.loads((finished / "model.safetensors.index.json").read_text())
    assert len(shards) > 5
    seen = {}
    for path in shards:
        with safe_open(path, "pt") as file:
            assert sum(file.get_tensor(name).nbytes for name in file.keys()) <= SMALL_SHARDS  # noqa: SIM118
            seen.update(dict.fromkeys(file.keys(), path.name))
    assert seen == index["weight_map"]


def test_the_folder_has_what_a_tokenizer_and_a_chat_need_and_a_true_manifest(source: Path, finished: Path) -> None:
    for name in ("tokenizer.json", "generation_config.json"):
        assert (finished / name).read_bytes() == (source / name).read_bytes()
    check_manifest(finished, threads=1)
    listed = json.loads((finished / "manifest.json").read_text())["files"]
    assert set(listed) == {path.name for path in finished.iterdir()} - {"manifest.json"}
    assert not (finished.parent / "finished.partial").exists()


def test_progress_ends_at_all_weights(source: Path, tmp_path: Path) -> None:
    steps = quantize(source, tmp_path / "four")
    total = sum(spec.weights for spec in Checkpoint(source).specs.values())
    assert steps[-1].weights_done == steps[-1].weights_total == total
    assert [step.weights_done for step in steps] == sorted(step.weights_done for step in steps)


def test_stopped_anywhere_and_started_again_it_ends_with_the_same_bytes(
    source: Path, finished: Path, tmp_path: Path
) -> None:
    moments = random.Random(7)
    target = tmp_path / "four"
    for _ in range(60):
        if target.exists():
            break
        work = quantize_checkpoint(source, target, Quantize.EXPERTS, largest_shard_bytes=SMALL_SHARDS)
        for _ in range(moments.randrange(8, 40)):
            if next(work, None) is None:
                break
        work.close()
        assert not (target.exists() and (tmp_path / "four.partial").exists())
    assert contents(target) == contents(finished)


KILLED = """
import sys
from pathlib import Path
from model_runtime.checkpoint import Quantize
from model_runtime.conversion import quantize_checkpoint
for step in quantize_checkpoint(Path(sys.argv[1]), Path(sys.argv[2]), Quantize.EXPERTS,
                                largest_shard_bytes=int(sys.argv[3])):
    print(step.weights_done, flush=True)
"""


def test_killed_at_random_moments_it_ends_with_the_same_bytes(source: Path, finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "four"
    moments = random.Random(3)
    command = [sys.executable, "-c", KILLED, str(source), str(target), str(SMALL_SHARDS)]
    for _ in range(3):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[2]
        )
        assert process.stdout is not None
        process.stdout.readline()  # the work has begun
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert target.exists() != (tmp_path / "four.partial").exists()
    if not target.exists():
        quantize(source, target)
    assert contents(target) == contents(finished)


def test_a_start_ended_before_the_rename_only_renames(source: Path, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "four.partial")
    assert quantize(source, tmp_path / "four") == []
    assert contents(tmp_path / "four") == contents(finished)


def test_what_another_job_left_behind_is_not_mixed_in(source: Path, finished: Path, tmp_path: Path) -> None:
    other = write_checkpoint(tmp_path / "other", published_tensors(CONFIG, seed=9))
    work = quantize_checkpoint(other, tmp_path / "four", Quantize.EXPERTS, largest_shard_bytes=SMALL_SHARDS)
    for _ in range(60):
        next(work)
    work.close()
    quantize(source, tmp_path / "four")
    assert contents(tmp_path / "four") == contents(finished)


def test_the_fp8_release_gives_the_bytes_of_the_bf16_weights_that_it_stands_for(tmp_path: Path) -> None:
    stored, meant = fp8_tensors(published_tensors(CONFIG))
    quantize(write_checkpoint(tmp_path / "bf16", meant), tmp_path / "from_bf16", Quantize.LINEARS)
    config = CONFIG | {"quantization_config": FP8_QUANTIZATION}
    quantize(write_checkpoint(tmp_path / "fp8", stored, config=config), tmp_path / "from_fp8", Quantize.LINEARS)
    assert contents(tmp_path / "from_fp8") == contents(tmp_path / "from_bf16")


def test_too_small_a_disk_is_refused_before_anything_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil._ntuple_diskusage(total=10**9, used=10**9 - 1000, free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: full)
    with pytest.raises(DoesNotFitError, match=r"0\.0 GB free and 0\.3 GB are needed"):
        quantize(source, tmp_path / "four")
    assert not list((tmp_path / "four.partial").glob("*.safetensors*"))


def test_a_target_that_is_there_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(CheckpointError, match="is there already"):
        quantize(source, tmp_path / "mine")


def test_a_second_writer_is_turned_away(source: Path, tmp_path: Path) -> None:
    first = quantize_checkpoint(source, tmp_path / "four", Quantize.EXPERTS)
    next(first)
    with pytest.raises(CheckpointError, match="another process is writing"):
        quantize(source, tmp_path / "four")
    first.close()


def test_a_4_bit_folder_is_not_quantized_again(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="in 4 bits already"):
        quantize(finished, tmp_path / "four")


def test_a_weight_that_is_no_number_is_blamed_on_its_tensor(tmp_path: Path) -> None:
    tensors = published_tensors(CONFIG)
    name = "model.layers.2.mlp.experts.3.up_proj.weight"
    tensors[name][5, 5] = float("nan")
    source = write_checkpoint(tmp_path / "source", tensors)
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        quantize(source, tmp_path / "four")
    assert not (tmp_path / "four").exists()
