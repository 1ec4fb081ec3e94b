"""Write safetensors files piece by piece, so that no tensor needs to be in memory as a whole.

The bytes depend on names, shapes and contents alone: written twice, a file is the same. A file appears under its name
when it is complete and on disk, never before.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.shards import DTYPE_NAMES

LARGEST_SHARD_BYTES = 2_000_000_000  # of the 5 GB allowed: a conversion that was killed repeats at most one shard


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTensor:
    """A tensor to be written."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Its size."""
        return torch.Size(self.shape).numel() * self.dtype.itemsize


def split_into_shards(groups: Iterable[Sequence[OutputTensor]], largest_bytes: int) -> list[list[OutputTensor]]:
    """Shards of at most `largest_bytes`, in order; the tensors of a group stay together."""
    shards: list[list[OutputTensor]] = []
    filled = largest_bytes
    for group in groups:
        size = sum(tensor.bytes for tensor in group)
        if filled + size > largest_bytes or not shards:
            shards.append([])
            filled = 0
        shards[-1].extend(group)
        filled += size
    return shards


def shard_name(index: int, count: int) -> str:
    """model-00001-of-00012.safetensors; `index` counts from 0."""
    return f"model-{index + 1:05}-of-{count:05}.safetensors"


def index_json(shards: Sequence[Sequence[OutputTensor]]) -> str:
    """The text of model.safetensors.index.json."""
    places = {tensor.name: shard_name(at, len(shards)) for at, shard in enumerate(shards) for tensor in shard}
    total = sum(tensor.bytes for shard in shards for tensor in shard)
    content = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    return json.dumps(content, indent=2) + "\n"


def write_shard(path: Path, tensors: Sequence[OutputTensor], pieces: Iterator[Tensor]) -> Iterator[int]:
    """Write the file at `path` from `pieces`, the tensors' data in order, in pieces of any size; yield their bytes."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(_header(tensors))
        written = 0
        for piece in pieces:
            file.write(piece.contiguous().view(-1).view(torch.uint8).numpy().data)
            written += piece.nbytes
            yield piece.nbytes
        assert written == sum(tensor.bytes for tensor in tensors)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a small file as a whole."""
    unfinished = path.with_suffix(path.suffix + ".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header(tensors: Sequence[OutputTensor]) -> bytes:
    entries: dict[str, Mapping[str, object]] = {"__metadata__": {"format": "pt"}}
    start = 0
    for tensor in tensors:
        end = start + tensor.bytes
        dtype = DTYPE_NAMES[tensor.dtype]
        entries[tensor.name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
