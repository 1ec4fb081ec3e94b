"""4-bit matrices to bf16 in a buffer that is used again and again, beside `dequantize_plainly`."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from model_runtime.kernels.nf4_tile import WORDS, words_of
from model_runtime.quantization import Nf4

CHUNKS = 8  # of WORDS words for each program


def dequantize_into(weight: Nf4, levels: Tensor, out: Tensor) -> None:
    """The matrices of a stack, [..., columns], into out of as many elements, bf16. levels: float32 [16]."""
    words = words_of(weight)
    count = words.numel()
    assert out.numel() == 8 * count
    assert out.is_contiguous()
    _dequantize[(triton.cdiv(count, WORDS * CHUNKS),)](
        words, weight.absmax, levels, out, count, WORDS=WORDS, CHUNKS=CHUNKS, num_warps=1
    )


@triton.jit
def _dequantize(words, absmax, levels, out, count, WORDS: tl.constexpr, CHUNKS: tl.constexpr):
    table = tl.load(levels + tl.arange(0, 16))
    first = tl.program_id(0).to(tl.int64) * (WORDS * CHUNKS)
    left = (count - first).to(tl.int32)
    for chunk in tl.range(CHUNKS):
        at = chunk * WORDS + tl.arange(0, WORDS)
        packed = tl.load(words + first + at, mask=at < left, other=0)
        scale = tl.load(absmax + first // 8 + at // 8, mask=at < left, other=0.0).to(tl.float32)
        level = ()
        for nibble in tl.static_range(8):
            code = (packed >> (4 * (nibble ^ 1))) & 15  # the first weight of a byte is in its high nibble
            level = level + ((tl.gather(table, code, 0) * scale).to(out.dtype.element_ty),)
        even = tl.join(tl.join(level[0], level[4]), tl.join(level[2], level[6]))
        odd = tl.join(tl.join(level[1], level[5]), tl.join(level[3], level[7]))
        weights = tl.reshape(tl.join(even, odd), (8 * WORDS,))
        place = chunk * (8 * WORDS) + tl.arange(0, 8 * WORDS)
        tl.store(out + first * 8 + place, weights, mask=place < left * 8)
