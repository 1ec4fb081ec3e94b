"""Make Triton's interpreter treat bf16 as the hardware does.

Triton 3.7.1 keeps bf16 as 16-bit integers: it cuts where a GPU rounds to the nearest even, multiplies the integers in
`tl.dot`, and takes a whole number that becomes bf16 for bits. With these three put right, kernels can be compared with
PyTorch to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import triton.language as tl
from triton.runtime import interpreter


def round_as_the_hardware_does() -> None:
    """Replace the interpreter's conversions and products of bf16."""
    builder = interpreter.InterpreterBuilder
    plain_cast, plain_dot = builder.cast_impl, builder.create_dot

    def cast(self: Any, source: Any, target: Any) -> Any:
        scalar = target.scalar
        if tl.bfloat16 not in (source.dtype.scalar, scalar):
            return plain_cast(self, source, target)
        values = _float32(source)
        if scalar == tl.bfloat16:
            return interpreter.TensorHandle(_bf16_bits(values), scalar)
        return interpreter.TensorHandle(values.astype(interpreter._get_np_dtype(target)), scalar)

    def dot(self: Any, first: Any, second: Any, *rest: Any) -> Any:
        wide = [interpreter.TensorHandle(_float32(operand), tl.float32) for operand in (first, second)]
        return plain_dot(self, *wide, *rest)

    builder.cast_impl = cast
    builder.create_fp_to_fp = lambda self, source, target, rounding: cast(self, source, target)
    builder.create_dot = dot


def _float32(handle: Any) -> np.ndarray:
    if handle.dtype.scalar != tl.bfloat16:
        data: np.ndarray = handle.data.astype(np.float32)
        return data
    bits = torch.from_numpy(np.ascontiguousarray(handle.data).view(np.int16).copy())
    wide: np.ndarray = bits.view(torch.bfloat16).float().numpy()
    return wide


def _bf16_bits(values: np.ndarray) -> np.ndarray:
    rounded = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).bfloat16()
    bits: np.ndarray = rounded.view(torch.int16).numpy().view(np.uint16)
    return bits
