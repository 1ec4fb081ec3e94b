"""One safetensors file: its header checked against its size, its tensors mapped without reading them.

Format: 8 bytes of header length, little-endian; a JSON header of name -> dtype, shape, data_offsets; the data, no gaps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.errors import CheckpointError

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "I64": torch.int64,
    "I32": torch.int32,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
DTYPE_NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in DTYPES.items()}
_LONGEST_HEADER_BYTES = 100_000_000  # the limit of the safetensors library


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """Where a tensor lies: `start` and `end` are bytes from the beginning of the file."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


class Shard:
    """A safetensors file. Raises CheckpointError, naming the file, if it is not whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = b""
        self.tensors = self._read_header()
        self._mapped: Tensor | None = None

    def read(self, name: str) -> Tensor:
        """The tensor, over the mapped file: its bytes are read when they are used, and are not to be written."""
        stored = self.tensors[name]
        if self._mapped is None:
            size = self.path.stat().st_size
            self._mapped = torch.from_file(str(self.path), shared=False, size=size, dtype=torch.uint8)
        data = self._mapped[stored.start : stored.end]
        if stored.start % stored.dtype.itemsize:
            data = data.clone()
        return data.view(stored.dtype).view(stored.shape)

    def _read_header(self) -> dict[str, StoredTensor]:
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                if size < 8 or length > min(size - 8, _LONGEST_HEADER_BYTES):
                    raise CheckpointError(
                        self._damage(f"its header should have {length:,} bytes, it has {size:,} in all")
                    )
                self.header = file.read(length)
            entries = json.loads(self.header)
            entries.pop("__metadata__", None)
            tensors = {name: _stored(entry, 8 + length) for name, entry in entries.items()}
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(self._damage("its header is no description of tensors")) from error
        end = 8 + length
        for stored in sorted(tensors.values(), key=lambda stored: (stored.start, stored.end)):
            if stored.start != end or stored.end < stored.start:
                raise CheckpointError(self._damage("its tensors overlap or leave gaps"))
            end = stored.end
        if end != size:
            raise CheckpointError(self._damage(f"it has {size:,} bytes, its header speaks of {end:,}"))
        return tensors

    def _damage(self, what: str) -> str:
        return f"{self.path} is damaged or half-downloaded: {what}; delete this file and fetch or make it again"


def _stored(entry: Mapping[str, object], data_start: int) -> StoredTensor:
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not (isinstance(dtype, str) and isinstance(shape, list) and isinstance(offsets, list)):
        raise TypeError
    start, end = (int(offset) for offset in offsets)
    stored = StoredTensor(dtype=DTYPES[dtype], shape=tuple(shape), start=data_start + start, end=data_start + end)
    if stored.end - stored.start != math.prod(stored.shape) * stored.dtype.itemsize:
        raise ValueError
    return stored
