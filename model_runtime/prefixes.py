"""Prefixes saved on disk, so that a record that was read once need not be read again: a chain of blocks of tokens.

A block's file is named by the key of the model, the name of the block before it, and its own tokens. What is inside is
checked again: key, tokens, shapes and a checksum; a file that fails is removed and its tokens are computed anew. Keys
and values are derived from a patient's record, so the folder is the record's.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.errors import CacheFileError

BLOCK_TOKENS = 256
_SUFFIX = ".kv"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPrefixes:
    """Where a request's prefix is kept. `limit_bytes` bounds the folder; what was used longest ago goes first."""

    folder: Path
    limit_bytes: int = 16 * 2**30


class PrefixStore:
    """Saves and restores the blocks of one cache. `key` holds all that changes the numbers besides the tokens."""

    def __init__(self, place: SavedPrefixes, key: str) -> None:
        self._place = place
        self._key = key

    def restore(self, cache: KeyValueCache, token_ids: np.ndarray) -> int:
        """Extend the cache by saved blocks of `token_ids`; the number of tokens that came from disk.

        The cache is cut back to the last whole block that it shares with `token_ids` if a saved one follows there.
        """
        shared = cache.shared_prefix(token_ids)
        found = 0
        used: list[Path] = []
        for start, path in self._chain(token_ids):
            end = start + BLOCK_TOKENS
            if end <= shared:
                used.append(path)
                continue
            block = self._read(path, token_ids[start:end], cache)
            if block is None:
                break
            cache.truncate(start)
            cache.put_raw_block(token_ids[start:end], block)
            found = end - shared
            used.append(path)
        _mark_used(used)
        return found

    def save(self, cache: KeyValueCache, tokens: int) -> None:
        """Write the whole blocks of the first `tokens` that are not there yet. A full disk is no failure."""
        token_ids = cache.tokens[:tokens]
        used = []
        try:
            # Not those above it: a record that was deleted meanwhile must not come back.
            self._place.folder.mkdir(exist_ok=True)
            for start, path in self._chain(token_ids):
                if not path.exists():
                    self._write(
                        path, token_ids[start : start + BLOCK_TOKENS], cache.raw_block(start, start + BLOCK_TOKENS)
                    )
                used.append(path)
            _mark_used(used)
            self._drop_oldest()
        except OSError as error:
            _log.warning("the read prefix could not be saved (%s); it will be computed again", error.strerror)

    def _chain(self, token_ids: np.ndarray) -> list[tuple[int, Path]]:
        """Start and file of every whole block."""
        name = hashlib.sha256(self._key.encode()).digest()
        chain = []
        for start in range(0, len(token_ids) - BLOCK_TOKENS + 1, BLOCK_TOKENS):
            block = np.ascontiguousarray(token_ids[start : start + BLOCK_TOKENS], dtype="<i8")
            name = hashlib.sha256(name + block.tobytes()).digest()
            chain.append((start, self._place.folder / f"{name.hex()[:40]}{_SUFFIX}"))
        return chain

    def _write(self, path: Path, token_ids: np.ndarray, block: dict[str, Tensor]) -> None:
        contents = {**block, "token_ids": torch.from_numpy(token_ids.copy())}
        data = safetensors.torch.save(contents, {"key": self._key, "checksum": str(_checksum(contents))})
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _read(self, path: Path, token_ids: np.ndarray, cache: KeyValueCache) -> dict[str, Tensor] | None:
        """The block in a file, None where there is none. A file that can't be used is removed."""
        if not path.exists():
            return None
        try:
            return self._checked(path, token_ids, cache)
        except (CacheFileError, SafetensorError, OSError, ValueError) as error:
            _log.warning("a saved prefix is not usable (%s); its tokens are computed again", type(error).__name__)
            path.unlink(missing_ok=True)
            return None

    def _checked(self, path: Path, token_ids: np.ndarray, cache: KeyValueCache) -> dict[str, Tensor]:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            contents = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is no mapping
        if notes.get("key") != self._key:
            raise CacheFileError("it belongs to another model")
        saved_ids = contents.get("token_ids")
        if saved_ids is None or not np.array_equal(saved_ids.numpy(), token_ids):
            raise CacheFileError("it holds other tokens")
        if notes.get("checksum") != str(_checksum(contents)):
            raise CacheFileError("it is damaged")
        del contents["token_ids"]
        if {name: tuple(tensor.shape) for name, tensor in contents.items()} != cache.raw_shapes(len(token_ids)):
            raise CacheFileError("its shapes are of another cache")
        return contents

    def _drop_oldest(self) -> None:
        files = sorted(((path.stat(), path) for path in self._place.folder.glob("*" + _SUFFIX)), key=_last_use)
        total = sum(stat.st_size for stat, _ in files)
        for stat, path in files:
            if total <= self._place.limit_bytes:
                break
            path.unlink(missing_ok=True)
            total -= stat.st_size


def _last_use(file: tuple[os.stat_result, Path]) -> int:
    return file[0].st_mtime_ns


def _mark_used(chain: list[Path]) -> None:
    """Stamp the blocks so that the end of a chain counts as older than its beginning, which it needs."""
    newest = max((path.stat().st_mtime_ns for path in chain if path.exists()), default=0)
    now = max(newest, time.time_ns())
    for index, path in enumerate(chain):
        if path.exists():
            os.utime(path, ns=(now - index, now - index))


def _checksum(contents: dict[str, Tensor]) -> int:
    """CRC-32 over the tensors in the order of their names: it finds damage, it is no seal."""
    checksum = 0
    for name in sorted(contents):
        raw = contents[name].contiguous().flatten().view(torch.uint8).numpy()
        checksum = zlib.crc32(raw.tobytes(), zlib.crc32(name.encode(), checksum))
    return checksum
