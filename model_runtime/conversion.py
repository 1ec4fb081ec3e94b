"""Turn a checkpoint into a 4-bit folder, one tensor at a time, in a way that can be killed and started again.

The work happens in TARGET.partial: every shard appears there when it is complete, so a new start skips those that are
there and repeats at most one. TARGET itself appears by a rename when everything is in it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.checkpoint import (
    Checkpoint,
    Form,
    Quantize,
    Role,
    TensorSpec,
    absmax_name,
    expert_name,
    quantization_config,
)
from model_runtime.errors import CheckpointError, DoesNotFitError
from model_runtime.manifest import MANIFEST_NAME, write_manifest
from model_runtime.nf4_encoding import quantize as quantize_on_cpu
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, check_columns
from model_runtime.shard_writer import (
    LARGEST_SHARD_BYTES,
    OutputTensor,
    index_json,
    shard_name,
    split_into_shards,
    write_shard,
    write_text,
)

# What a folder needs besides weights and config to be used on its own.
_COMPANIONS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "LICENSE",
)
_JOB_NAME = ".job.json"
_SPARE_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeProgress:
    """How far it is; `resumed` weights were there from an earlier start."""

    weights_done: int
    weights_total: int
    weights_resumed: int
    seconds: float

    @property
    def weights_per_second(self) -> float:
        """The rate of this start."""
        return (self.weights_done - self.weights_resumed) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """At this rate."""
        return (self.weights_total - self.weights_done) / max(self.weights_per_second, 1e-9)


def quantize_checkpoint(
    source: Path, target: Path, quantize: Quantize, *, largest_shard_bytes: int = LARGEST_SHARD_BYTES
) -> Generator[QuantizeProgress, None, None]:
    """Write the 4-bit form of `source` to `target`, which is whole afterwards or absent. Yields progress.

    Raises CheckpointError for a source that cannot be used, DoesNotFitError if the disk is too small.
    """
    if target.exists():
        raise CheckpointError(f"{target} is there already; delete it or name another folder")
    checkpoint = Checkpoint(source)
    if checkpoint.form is Form.NF4:
        raise CheckpointError(f"{source} is in 4 bits already; quantize from the bf16 or FP8 release")
    specs = list(checkpoint.specs.values())
    shards = split_into_shards((_outputs(spec, quantize) for spec in specs), largest_shard_bytes)
    partial = target.with_name(target.name + ".partial")
    with _exclusive(partial):
        if not _only_the_rename_is_missing(partial):
            _start_or_resume(partial, checkpoint, quantize, largest_shard_bytes)
            _check_disk(partial, shards)
            yield from _write_shards(partial, checkpoint, shards, quantize)
            _write_companions(partial, checkpoint, shards, quantize)
            write_manifest(partial)
            (partial / _JOB_NAME).unlink()
        partial.rename(target)


def _outputs(spec: TensorSpec, quantize: Quantize) -> list[OutputTensor]:
    """The tensors of the 4-bit folder that one tensor of the network becomes."""
    if not spec.is_quantized(quantize):
        dtype = torch.float32 if spec.role is Role.EXPERT_BIAS else torch.bfloat16
        return [OutputTensor(name=spec.name, dtype=dtype, shape=spec.shape)]
    *rows, columns = spec.shape
    try:
        check_columns(columns)
    except CheckpointError as error:
        raise CheckpointError(f"{spec.name}: {error}; use --quantize experts") from error
    return [
        OutputTensor(name=spec.name, dtype=torch.uint8, shape=(*rows, columns // 2)),
        OutputTensor(name=absmax_name(spec.name), dtype=torch.bfloat16, shape=(*rows, columns // BLOCK_WEIGHTS)),
    ]


def _write_shards(
    folder: Path, checkpoint: Checkpoint, shards: Sequence[Sequence[OutputTensor]], quantize: Quantize
) -> Iterator[QuantizeProgress]:
    started = time.monotonic()
    total = sum(spec.weights for spec in checkpoint.specs.values())
    done = resumed = 0
    for at, outputs in enumerate(shards):
        path = folder / shard_name(at, len(shards))
        specs = [checkpoint.specs[output.name] for output in outputs if output.name in checkpoint.specs]
        weights = sum(spec.weights for spec in specs)
        if path.exists():
            resumed += weights
            done += weights
            continue
        bytes_of_shard = sum(output.bytes for output in outputs)
        written = 0
        pieces = (piece for spec in specs for piece in _pieces(checkpoint, spec, quantize))
        for count in write_shard(path, outputs, pieces):
            written += count
            yield QuantizeProgress(
                weights_done=done + weights * written // bytes_of_shard,
                weights_total=total,
                weights_resumed=resumed,
                seconds=time.monotonic() - started,
            )
        done += weights


def _pieces(checkpoint: Checkpoint, spec: TensorSpec, quantize: Quantize) -> Iterator[Tensor]:
    """The data of `_outputs(spec)` in order. The magnitudes wait until all codes of the tensor are written."""
    if not spec.is_quantized(quantize):
        (output,) = _outputs(spec, quantize)
        yield checkpoint.matrix(spec.name).to(output.dtype)
        return
    magnitudes = []
    for name in _sources(spec):
        weight = _quantized(checkpoint, name)
        magnitudes.append(weight.absmax)
        yield weight.packed
    yield torch.cat(magnitudes)


def _sources(spec: TensorSpec) -> list[str]:
    """The published tensors that make up one tensor of the network."""
    if spec.role is not Role.EXPERTS:
        return [spec.name]
    return [expert_name(spec.name, expert) for expert in range(spec.shape[0])]


def _quantized(checkpoint: Checkpoint, name: str) -> Nf4:
    """One published matrix in 4 bits; what is wrong with a weight is said with its name."""
    try:
        return quantize_on_cpu(checkpoint.matrix(name).to(torch.bfloat16))
    except CheckpointError as error:
        raise CheckpointError(f"{name} in {checkpoint.folder}: {error}") from error


def _only_the_rename_is_missing(folder: Path) -> bool:
    """Whether an earlier start was ended between its last two steps."""
    return (folder / MANIFEST_NAME).exists() and not (folder / _JOB_NAME).exists()


def _start_or_resume(folder: Path, checkpoint: Checkpoint, quantize: Quantize, largest_shard_bytes: int) -> None:
    """Keep the finished shards of the same job; those of another one are deleted."""
    job = {
        "source": checkpoint.fingerprint(),
        "quantization": dict(quantization_config(quantize)),
        "largest_shard_bytes": largest_shard_bytes,
    }
    text = json.dumps(job, indent=2) + "\n"
    path = folder / _JOB_NAME
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        for leftover in folder.iterdir():
            leftover.unlink()
        write_text(path, text)
    for unfinished in folder.glob("*.unfinished"):
        unfinished.unlink()


def _check_disk(folder: Path, shards: Sequence[Sequence[OutputTensor]]) -> None:
    sizes = {shard_name(at, len(shards)): sum(output.bytes for output in shard) for at, shard in enumerate(shards)}
    needed = sum(size for name, size in sizes.items() if not (folder / name).exists()) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DoesNotFitError(
            f"{folder.parent} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are needed; "
            "free some, or name a target on another disk"
        )


def _write_companions(
    folder: Path, checkpoint: Checkpoint, shards: Sequence[Sequence[OutputTensor]], quantize: Quantize
) -> None:
    """config.json, the index, and what the tokenizer and the chat need."""
    config = json.loads((checkpoint.folder / "config.json").read_text(encoding="utf-8"))
    config.pop("auto_map", None)  # names Python files that are not copied
    config["quantization_config"] = dict(quantization_config(quantize))
    write_text(folder / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "model.safetensors.index.json", index_json(shards))
    for name in _COMPANIONS:
        if (checkpoint.folder / name).exists():
            shutil.copyfile(checkpoint.folder / name, folder / name)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Make the folder and hold it: two writers would tear each other's shards."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be made: {error.strerror}; name another target") from error
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CheckpointError(f"another process is writing {folder}; wait for it or name another target") from error
    finally:
        os.close(held)
