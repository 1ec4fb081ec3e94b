"""Quantize bf16 weights to NF4 on the CPU by one table lookup a weight, byte for byte as the plain way does.

A weight v in a block whose largest magnitude is a gets a code that depends on v / a alone. Both are bf16, so as long as
nothing under- or overflows it depends only on the 7 mantissa bits of a and on the difference of the two bit patterns:
128 x 65,536 codes, every one computed beforehand with the plain arithmetic. Blocks outside that range (all zeros, or
magnitudes near the ends of bf16) take the plain way.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import TracebackType

import torch
from torch import Tensor

from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, boundaries, check_columns, encode_plainly

_TILE_BLOCKS = 4096  # 262,144 weights: long enough to hide the calls, short enough to stay in the L2 cache
_MAGNITUDE_BITS = 0x7FFF
_MANTISSA_BITS = 0x7F
# Within these, 1 / a is a normal number, and so are weights down to a / 128; those below take the level 0.0.
_SMALLEST_TABLED_BITS = 9 << 7
_LARGEST_TABLED_BITS = (253 << 7) - 1
_REACH = 1024  # differences of magnitude bits that the table tells apart: 8 octaves


class Nf4Encoder:
    """Quantizes on `threads` threads of its own; close it, or use it as a context."""

    def __init__(self, threads: int) -> None:
        self._table = _code_table()
        self._buffers = threading.local()
        self._threads = threads
        self._pool = _single_threaded_pool(threads)

    def __enter__(self) -> Nf4Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def quantize(self, weight: Tensor) -> Nf4:
        """The 4-bit form of a bf16 weight [..., columns] in host memory. Raises CheckpointError for NaN, infinity."""
        columns = weight.shape[-1]
        check_columns(columns)
        rows = weight.shape[:-1]
        packed = torch.empty((*rows, columns // 2), dtype=torch.uint8)
        absmax = torch.empty((*rows, columns // BLOCK_WEIGHTS), dtype=torch.bfloat16)
        self.quantize_into(weight, Nf4(packed=packed, absmax=absmax))
        return Nf4(packed=packed, absmax=absmax)

    def quantize_into(self, weight: Tensor, target: Nf4) -> None:
        """The same into memory that is there: `target` is contiguous and has the shape of `weight`."""
        assert weight.dtype == torch.bfloat16
        assert target.shape == tuple(weight.shape)
        blocks = weight.contiguous().view(torch.int16).reshape(-1, BLOCK_WEIGHTS)
        packed = target.packed.view(-1, BLOCK_WEIGHTS // 2)
        absmax = target.absmax.view(torch.int16).view(-1)
        tiles = [(at, min(at + _TILE_BLOCKS, len(blocks))) for at in range(0, len(blocks), _TILE_BLOCKS)]

        def encode(share: int) -> None:
            for start, end in tiles[share :: self._threads]:
                self._encode_tile(blocks[start:end], packed[start:end], absmax[start:end])

        for _ in self._pool.map(encode, range(self._threads)):
            pass

    def _encode_tile(self, bits: Tensor, packed: Tensor, absmax: Tensor) -> None:
        """bits: bf16 patterns as int16 [blocks, 64]; packed: uint8 [blocks, 32]; absmax: int16 [blocks]."""
        scratch, index, codes = self._scratch(len(bits))
        torch.bitwise_and(bits, _MAGNITUDE_BITS, out=scratch)
        torch.amax(scratch, 1, out=absmax)
        # int16 arithmetic wraps: the sign of v lands in the top bit of the difference, which the table knows.
        torch.sub(bits, absmax[:, None], out=scratch)
        row = (absmax & _MANTISSA_BITS).int() * 65_536 + 32_768
        torch.add(scratch, row[:, None], out=index)
        torch.index_select(self._table, 0, index.view(-1), out=codes)
        pairs = codes.view(torch.int16)  # low byte: the first of two weights
        pairs.mul_(0x1001).bitwise_right_shift_(8)  # first << 4 | second, in the low byte
        packed.view(-1).copy_(pairs)
        untabled = _untabled(absmax)
        if len(untabled):
            plain, _ = encode_plainly(bits[untabled].view(torch.bfloat16))
            packed[untabled] = plain.view(-1, BLOCK_WEIGHTS // 2)

    def _scratch(self, blocks: int) -> tuple[Tensor, Tensor, Tensor]:
        """int16 and int32 [blocks, 64] and uint8 [blocks * 64] of this thread."""
        mine = self._buffers
        if not hasattr(mine, "scratch"):
            mine.scratch = torch.empty((_TILE_BLOCKS, BLOCK_WEIGHTS), dtype=torch.int16)
            mine.index = torch.empty((_TILE_BLOCKS, BLOCK_WEIGHTS), dtype=torch.int32)
            mine.codes = torch.empty(_TILE_BLOCKS * BLOCK_WEIGHTS, dtype=torch.uint8)
        return mine.scratch[:blocks], mine.index[:blocks], mine.codes[: blocks * BLOCK_WEIGHTS]


def _untabled(absmax: Tensor) -> Tensor:
    """The blocks that the table does not know, int64 [n]."""
    outside = (absmax < _SMALLEST_TABLED_BITS) | (absmax > _LARGEST_TABLED_BITS)
    return outside.nonzero().view(-1)


@cache
def _code_table() -> Tensor:
    """Codes uint8 [128 * 65,536], indexed by mantissa of a, then wrapped difference + 32,768."""
    largest = (torch.arange(128, dtype=torch.int32) + (127 << 7))[:, None]  # a from 1.0 up to 2.0
    below = torch.arange(_REACH, dtype=torch.int32)[None]
    magnitude = _bf16(largest - below)  # [128, REACH]
    reciprocal = 1.0 / _bf16(largest)
    table = torch.full((128, 65_536), 7, dtype=torch.uint8)  # the level 0.0
    bounds = boundaries()
    positive = torch.bucketize((magnitude * reciprocal).clamp(-1, 1), bounds).to(torch.uint8)
    negative = torch.bucketize((-magnitude * reciprocal).clamp(-1, 1), bounds).to(torch.uint8)
    table[:, (32_768 - below[0]).long()] = positive
    table[:, ((65_536 - below[0]) % 65_536).long()] = negative
    return table.view(-1)


def _bf16(bits: Tensor) -> Tensor:
    """float32 values of bf16 bit patterns."""
    return bits.to(torch.int16).contiguous().view(torch.bfloat16).float()


def _single_threaded_pool(threads: int) -> ThreadPoolExecutor:
    """Threads on each of which torch runs alone: OpenMP teams inside them would fight over the same cores."""
    started = threading.Barrier(threads + 1)
    before = torch.get_num_threads()

    def run_alone() -> None:
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(threads, thread_name_prefix="nf4", initializer=run_alone)
    for _ in range(threads):
        pool.submit(threading.get_ident)
    started.wait()
    torch.set_num_threads(before)  # the setting is one for the process until a thread has made its own
    return pool
