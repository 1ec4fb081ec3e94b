"""Quantize bf16 weights to NF4 on the CPU, byte for byte as the plain way does.

A weight's code is the number of midpoints between the levels that it exceeds, after it was scaled by its block's
largest magnitude. The function is compiled for the processor and uses all threads of PyTorch.
"""

from __future__ import annotations

import ctypes
from functools import cache

import torch
from llvmlite import ir
from torch import Tensor

from model_runtime.cpu_kernels.native_code import (
    F32,
    I8,
    I16,
    I32,
    I64,
    INTS,
    LANES,
    POINTER,
    Function,
    NativeFunctions,
    floats,
    read_floats,
)
from model_runtime.cpu_kernels.program import Program, Step, describe_walk
from model_runtime.errors import CheckpointError
from model_runtime.quantization import BLOCK_WEIGHTS, SMALLEST_SCALE, Nf4, boundaries, check_columns

_BLOCKS_PER_TASK = 1024


class _EncodeArguments(ctypes.Structure):
    """What `encode` reads. A task is 1,024 blocks, the last may be smaller."""

    _fields_ = (
        ("weights", ctypes.c_void_p),  # bf16 [blocks, 64]
        ("packed", ctypes.c_void_p),  # uint8 [blocks, 32]
        ("absmax", ctypes.c_void_p),  # bf16 [blocks]
        ("blocks", ctypes.c_int64),
        ("is_damaged", ctypes.c_int64),  # set to 1 for a weight that is not finite
    )


def quantize(weight: Tensor) -> Nf4:
    """The 4-bit form of a bf16 weight [..., columns] in host memory. Raises CheckpointError for NaN, infinity."""
    assert weight.dtype is torch.bfloat16
    *rows, columns = weight.shape
    check_columns(columns)
    weight = weight.contiguous()
    packed = torch.empty((*rows, columns // 2), dtype=torch.uint8)
    absmax = torch.empty((*rows, columns // BLOCK_WEIGHTS), dtype=torch.bfloat16)
    arguments = _EncodeArguments(
        weights=weight.data_ptr(),
        packed=packed.data_ptr(),
        absmax=absmax.data_ptr(),
        blocks=absmax.numel(),
        is_damaged=0,
    )
    functions = _functions()
    step = Step(
        function=functions.address("encode"),
        arguments=arguments,
        tasks=-(-absmax.numel() // _BLOCKS_PER_TASK),
        stage=0,
    )
    Program(functions.address("walk"), [step]).run(products=weight.numel())
    if arguments.is_damaged:
        raise CheckpointError("a weight is not a finite number; the tensor is damaged and cannot be quantized")
    return Nf4(packed=packed, absmax=absmax)


@cache
def _functions() -> NativeFunctions:
    module = ir.Module("nf4_encoding")
    describe_walk(module)
    _encode(module)
    return NativeFunctions(module)


def _encode(module: ir.Module) -> None:
    """encode(_EncodeArguments*, task)."""
    f = Function(module, "encode", [POINTER, I64], is_inner=False)
    builder = f.builder
    weights, packed, absmax, blocks = f.fields(_EncodeArguments, "weights", "packed", "absmax", "blocks")
    first = f.times(f.arguments[1], _BLOCKS_PER_TASK)
    end = builder.add(first, f.number(_BLOCKS_PER_TASK))
    end = builder.select(builder.icmp_signed("<", end, blocks), end, blocks)
    with f.loop(end, start=first) as block:
        start = f.times(block, BLOCK_WEIGHTS)
        values = [read_floats(f, weights, I16, start, LANES * part) for part in range(BLOCK_WEIGHTS // LANES)]
        largest = f.largest_magnitude(values)
        bits = builder.lshr(builder.bitcast(largest, I32), ir.Constant(I32, 16))
        builder.store(builder.trunc(bits, I16), f.at(I16, absmax, block))
        is_finite = builder.fcmp_ordered("<", largest, ir.Constant(F32, float("inf")))
        with builder.if_then(builder.not_(is_finite)):
            builder.store(f.number(1), f.at(I8, f.arguments[0], _EncodeArguments.is_damaged.offset))
        floor = ir.Constant(F32, ctypes.c_float(SMALLEST_SCALE).value)
        divisor = builder.select(builder.fcmp_ordered("<", largest, floor), floor, largest)
        factor = f.splat(builder.fdiv(ir.Constant(F32, 1.0), divisor))
        codes = [_code(f, builder.fmul(value, factor)) for value in values]
        builder.store(_pairs(f, codes), f.at(I8, packed, f.times(block, BLOCK_WEIGHTS // 2)), align=1)
    f.finish()


def _code(f: Function, scaled: ir.Value) -> ir.Value:
    """How many midpoints each of 8 numbers exceeds, as bytes."""
    count = ir.Constant(INTS, [0] * LANES)
    for midpoint in boundaries().tolist():
        exceeds = f.builder.sext(f.builder.fcmp_ordered(">", scaled, floats(midpoint)), INTS)  # -1 where it does
        count = f.builder.sub(count, exceeds)
    return f.builder.trunc(count, ir.VectorType(I8, LANES))


def _pairs(f: Function, codes: list[ir.Value]) -> ir.Value:
    """64 codes to 32 bytes, the first of two in the high half."""
    while len(codes) > 1:
        codes = [
            f.shuffle(low, high, range(2 * low.type.count)) for low, high in zip(codes[::2], codes[1::2], strict=True)
        ]
    first, second = (f.shuffle(codes[0], codes[0], range(start, BLOCK_WEIGHTS, 2)) for start in (0, 1))
    shifted = f.builder.shl(first, ir.Constant(first.type, [4] * (BLOCK_WEIGHTS // 2)))
    return f.builder.or_(shifted, second)
