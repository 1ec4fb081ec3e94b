"""What stands between the products when one token is decoded: norms, the choice of experts, the gates.

Everything is float32; what goes into a product is quantized where it is made. Letters: H hidden size, E experts.
"""

from __future__ import annotations

import ctypes

from llvmlite import ir

from model_runtime.cpu_kernels.native_code import (
    F32,
    FLOATS,
    I16,
    I64,
    INTS,
    LANES,
    POINTER,
    Function,
    floats,
    read_floats,
)
from model_runtime.cpu_kernels.packed_product import quantize_block, read_chunk
from model_runtime.quantization import BLOCK_WEIGHTS

ROWS_PER_TASK = 16  # of a weight at full width
TOKENS_PER_TASK = 8  # of `combine`
_LARGE = 3.0e38


class NormArguments(ctypes.Structure):
    """`norm`, one task: hidden += the weighted outputs, then the root mean square norm of it, quantized and plain."""

    _fields_ = (
        ("hidden", ctypes.c_void_p),  # float32 [H], added to
        ("outputs", ctypes.c_void_p),  # float32 [n, H]
        ("output_weights", ctypes.c_void_p),  # float32 [n]
        ("output_count", ctypes.c_int64),
        ("weight", ctypes.c_void_p),  # float32 [H]
        ("size", ctypes.c_int64),  # H
        ("eps", ctypes.c_float),
        ("normed", ctypes.c_void_p),  # float32 [H]
        ("activations", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
    )


class DenseArguments(ctypes.Structure):
    """`dense_bf16` and `dense_float32`: a weight at full width times one token; a task is 16 rows."""

    _fields_ = (
        ("weight", ctypes.c_void_p),  # [rows, columns]
        ("rows", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("hidden", ctypes.c_void_p),  # float32 [columns]
        ("out", ctypes.c_void_p),  # float32 [rows]
    )


class RouterArguments(ctypes.Structure):
    """`choose`, one task: the experts of a token, as chunks for the two products, and their weights."""

    _fields_ = (
        ("logits", ctypes.c_void_p),  # float32 [E]
        ("bias", ctypes.c_void_p),  # float32 [E]; 0 where there is none
        ("choice", ctypes.c_void_p),  # float32 [2, E], room for scores
        ("experts", ctypes.c_int64),
        ("groups", ctypes.c_int64),
        ("open_groups", ctypes.c_int64),
        ("chosen", ctypes.c_int64),
        ("is_normed", ctypes.c_int64),
        ("factor", ctypes.c_float),
        ("inward", ctypes.c_void_p),  # int64 [chosen, 4]: (expert, 0, place, 1)
        ("outward", ctypes.c_void_p),  # int64 [chosen, 4]: (expert, place, place, 1)
        ("weights", ctypes.c_void_p),  # float32 [chosen]
    )


class GateArguments(ctypes.Structure):
    """`gate`: silu(gate) x up, quantized; a task is the rows of one chunk."""

    _fields_ = (
        ("gate", ctypes.c_void_p),  # float32 rows of `size`, `step` apart
        ("up", ctypes.c_void_p),
        ("step", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("plain", ctypes.c_void_p),  # float32 [n, size]; 0 where it is not wanted
        ("activations", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("chunks", ctypes.c_void_p),  # int64 [chunks, 4]
    )


class CombineArguments(ctypes.Structure):
    """`combine`: the weighted sum of each token's results; a task is 8 tokens."""

    _fields_ = (
        ("outputs", ctypes.c_void_p),  # float32 [m, size]
        ("places", ctypes.c_void_p),  # int64 [tokens, chosen]: where a token's results stand
        ("weights", ctypes.c_void_p),  # float32 [tokens, chosen]
        ("chosen", ctypes.c_int64),
        ("tokens", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("out", ctypes.c_void_p),  # float32 [tokens, size]
    )


def describe_decode_kernels(module: ir.Module) -> None:
    """Write all of them into the module."""
    _norm(module)
    for name, kind in (("bf16", I16), ("float32", F32)):
        _dense(module, f"dense_{name}", kind)
    _choose(module)
    _gate(module)
    _combine(module)


def _norm(module: ir.Module) -> None:
    f = Function(module, "norm", [POINTER, I64], is_inner=False)
    builder = f.builder
    hidden, outputs, weights, count, weight, size, eps, normed, activations, scales = f.fields(
        NormArguments, *(name for name, _ in NormArguments._fields_)
    )
    total = f.variable(FLOATS, floats(0.0))
    with f.loop(size, step=LANES) as at:
        value = f.variable(FLOATS, f.load(FLOATS, f.at(F32, hidden, at), align=4))
        with f.loop(count) as row:
            output = f.load(FLOATS, f.at(F32, outputs, builder.mul(row, size), at), align=4)
            share = f.splat(f.load(F32, f.at(F32, weights, row)))
            builder.store(f.multiply_add(output, share, f.load(FLOATS, value)), value)
        found = f.load(FLOATS, value)
        builder.store(found, f.at(F32, hidden, at), align=4)
        builder.store(f.multiply_add(found, found, f.load(FLOATS, total)), total)
    factor = f.splat(inverse_root(f, f.add_up(f.load(FLOATS, total)), size, eps))
    with f.loop(builder.sdiv(size, f.number(BLOCK_WEIGHTS))) as block:
        at = f.times(block, BLOCK_WEIGHTS)
        values = []
        for part in range(BLOCK_WEIGHTS // LANES):
            value = builder.fmul(f.load(FLOATS, f.at(F32, hidden, at, LANES * part), align=4), factor)
            value = builder.fmul(value, f.load(FLOATS, f.at(F32, weight, at, LANES * part), align=4))
            builder.store(value, f.at(F32, normed, at, LANES * part), align=4)
            values.append(value)
        quantize_block(f, values, f.at(I16, activations, at), f.at(F32, scales, block))
    f.finish()


def inverse_root(f: Function, squares: ir.Value, size: ir.Value, eps: ir.Value) -> ir.Value:
    """1 / sqrt(squares / size + eps)."""
    builder = f.builder
    mean = builder.fdiv(squares, builder.sitofp(size, F32))
    root = f.intrinsic("llvm.sqrt.f32", F32, [builder.fadd(mean, eps)])
    return builder.fdiv(ir.Constant(F32, 1.0), root)


def _dense(module: ir.Module, name: str, kind: ir.Type) -> None:
    f = Function(module, name, [POINTER, I64], is_inner=False)
    builder = f.builder
    weight, rows, columns, hidden, out = f.fields(DenseArguments, "weight", "rows", "columns", "hidden", "out")
    first = f.times(f.arguments[1], ROWS_PER_TASK)
    end = builder.add(first, f.number(ROWS_PER_TASK))
    end = builder.select(builder.icmp_signed("<", end, rows), end, rows)
    with f.loop(end, start=first) as row:
        place = f.at(kind, weight, builder.mul(row, columns))
        totals = [f.variable(FLOATS, floats(0.0)) for _ in range(4)]
        with f.loop(columns, step=4 * LANES) as at:
            for part, total in enumerate(totals):
                weights = read_floats(f, place, kind, at, LANES * part)
                numbers = f.load(FLOATS, f.at(F32, hidden, at, LANES * part), align=4)
                builder.store(f.multiply_add(weights, numbers, f.load(FLOATS, total)), total)
        found = [f.load(FLOATS, total) for total in totals]
        both = builder.fadd(builder.fadd(found[0], found[1]), builder.fadd(found[2], found[3]))
        builder.store(f.add_up(both), f.at(F32, out, row))
    f.finish()


def _gate(module: ir.Module) -> None:
    f = Function(module, "gate", [POINTER, I64], is_inner=False)
    builder = f.builder
    gate, up, step, size, plain, activations, scales, chunks = f.fields(
        GateArguments, *(name for name, _ in GateArguments._fields_)
    )
    _, first, _, count = read_chunk(f, chunks, f.arguments[1])
    blocks = builder.sdiv(size, f.number(BLOCK_WEIGHTS))
    wants_plain = builder.icmp_unsigned("!=", builder.ptrtoint(plain, I64), f.number(0))
    with f.loop(count) as token, f.loop(blocks) as block:
        row = builder.add(first, token)
        at = f.times(block, BLOCK_WEIGHTS)
        values = [_gated(f, gate, up, builder.add(builder.mul(row, step), at), part) for part in range(8)]
        with builder.if_then(wants_plain):
            for part, value in enumerate(values):
                builder.store(value, f.at(F32, plain, builder.mul(row, size), at, LANES * part), align=4)
        place = builder.add(builder.mul(block, count), token)  # as `quantize` orders a chunk
        target = f.at(I16, activations, builder.mul(first, size), f.times(place, BLOCK_WEIGHTS))
        quantize_block(f, values, target, f.at(F32, scales, builder.mul(first, blocks), place))
    f.finish()


def _gated(f: Function, gate: ir.Value, up: ir.Value, at: ir.Value, part: int) -> ir.Value:
    """silu(gate) x up of 8 numbers."""
    gated, raised = (f.load(FLOATS, f.at(F32, rows, at, LANES * part), align=4) for rows in (gate, up))
    slope = f.builder.fadd(floats(1.0), exponential(f, f.builder.fneg(gated)))
    return f.builder.fmul(f.builder.fdiv(gated, slope), raised)


def _combine(module: ir.Module) -> None:
    f = Function(module, "combine", [POINTER, I64], is_inner=False)
    builder = f.builder
    outputs, places, weights, chosen, tokens, size, out = f.fields(
        CombineArguments, *(name for name, _ in CombineArguments._fields_)
    )
    first = f.times(f.arguments[1], TOKENS_PER_TASK)
    end = builder.add(first, f.number(TOKENS_PER_TASK))
    end = builder.select(builder.icmp_signed("<", end, tokens), end, tokens)
    with f.loop(end, start=first) as token, f.loop(size, step=LANES) as at:
        total = f.variable(FLOATS, floats(0.0))
        with f.loop(chosen) as slot:
            pair = builder.add(builder.mul(token, chosen), slot)
            row = builder.mul(f.load(I64, f.at(I64, places, pair)), size)
            share = f.splat(f.load(F32, f.at(F32, weights, pair)))
            output = f.load(FLOATS, f.at(F32, outputs, row, at), align=4)
            builder.store(f.multiply_add(output, share, f.load(FLOATS, total)), total)
        builder.store(f.load(FLOATS, total), f.at(F32, out, builder.mul(token, size), at), align=4)
    f.finish()


def exponential(f: Function, value: ir.Value) -> ir.Value:
    """e to the power of 8 floats, to 2 units in the last place; 0 and infinity beyond the range of float32.

    Source: Cephes, expf: the power of two is split off, a polynomial of degree 6 does the rest.
    """
    builder = f.builder
    low, high = floats(-87.3), floats(88.0)
    kept = f.intrinsic("llvm.minimum.v8f32", FLOATS, [f.intrinsic("llvm.maximum.v8f32", FLOATS, [value, low]), high])
    power = f.intrinsic("llvm.nearbyint.v8f32", FLOATS, [builder.fmul(kept, floats(1.44269504088896341))])
    rest = f.multiply_add(power, floats(-0.693359375), kept)
    rest = f.multiply_add(power, floats(2.12194440e-4), rest)
    total = floats(1.9875691500e-4)
    for factor in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        total = f.multiply_add(total, rest, floats(factor))
    total = f.multiply_add(total, builder.fmul(rest, rest), builder.fadd(rest, floats(1.0)))
    whole = f.intrinsic("llvm.fptosi.sat.v8i32.v8f32", INTS, [power])
    biased = builder.shl(builder.add(whole, ir.Constant(INTS, [127] * LANES)), ir.Constant(INTS, [23] * LANES))
    found = builder.fmul(total, builder.bitcast(biased, FLOATS))
    found = builder.select(builder.fcmp_ordered("<", value, low), floats(0.0), found)
    return builder.select(builder.fcmp_ordered(">", value, high), floats(float("inf")), found)


def _choose(module: ir.Module) -> None:
    """The router of router.py for one token: sigmoid, bias, groups, the best of the open ones, their plain scores."""
    f = Function(module, "choose", [POINTER, I64], is_inner=False)
    builder = f.builder
    logits, bias, scores, experts, groups, open_groups, chosen = f.fields(
        RouterArguments, "logits", "bias", "choice", "experts", "groups", "open_groups", "chosen"
    )
    choice = f.at(F32, scores, experts)
    with f.loop(experts, step=LANES) as at:
        value = f.load(FLOATS, f.at(F32, logits, at), align=4)
        score = builder.fdiv(floats(1.0), builder.fadd(floats(1.0), exponential(f, builder.fneg(value))))
        builder.store(score, f.at(F32, scores, at), align=4)
        builder.store(score, f.at(F32, choice, at), align=4)
    has_bias = builder.icmp_unsigned("!=", builder.ptrtoint(bias, I64), f.number(0))
    with builder.if_then(has_bias), f.loop(experts, step=LANES) as at:
        score, offset = (f.load(FLOATS, f.at(F32, part, at), align=4) for part in (choice, bias))
        builder.store(builder.fadd(score, offset), f.at(F32, choice, at), align=4)
    _close_groups(f, choice, experts, groups, open_groups)
    total = f.variable(F32, ir.Constant(F32, 1e-20))
    inward, outward, weights = f.fields(RouterArguments, "inward", "outward", "weights")
    with f.loop(chosen) as place:
        expert = _take_best(f, choice, experts)
        for table, source in ((inward, f.number(0)), (outward, place)):
            for field, value in enumerate((expert, source, place, f.number(1))):
                builder.store(value, f.at(I64, table, f.times(place, 4), field))
        score = f.load(F32, f.at(F32, scores, expert))
        builder.store(score, f.at(F32, weights, place))
        builder.store(builder.fadd(f.load(F32, total), score), total)
    is_normed, factor = f.fields(RouterArguments, "is_normed", "factor")
    divisor = builder.select(
        builder.icmp_signed("!=", is_normed, f.number(0)), f.load(F32, total), ir.Constant(F32, 1.0)
    )
    with f.loop(chosen) as place:
        address = f.at(F32, weights, place)
        builder.store(builder.fmul(builder.fdiv(f.load(F32, address), divisor), factor), address)
    f.finish()


def _close_groups(f: Function, choice: ir.Value, experts: ir.Value, groups: ir.Value, open_groups: ir.Value) -> None:
    """Set the scores of all but the best groups to minus infinity; a group counts by its two best experts."""
    builder = f.builder
    size = builder.sdiv(experts, groups)
    strengths = f.room(F32, 64)
    nothing = ir.Constant(F32, -_LARGE)
    with f.loop(groups) as group:
        first, second = f.variable(F32, nothing), f.variable(F32, nothing)
        with f.loop(size) as member:
            score = f.load(F32, f.at(F32, choice, builder.mul(group, size), member))
            best, next_best = f.load(F32, first), f.load(F32, second)
            is_best = builder.fcmp_ordered(">", score, best)
            is_next = builder.fcmp_ordered(">", score, next_best)
            builder.store(builder.select(is_best, best, builder.select(is_next, score, next_best)), second)
            builder.store(builder.select(is_best, score, best), first)
        builder.store(builder.fadd(f.load(F32, first), f.load(F32, second)), f.at(F32, strengths, group))
    is_open = f.room(I64, 64)
    with f.loop(groups) as group:
        builder.store(f.number(0), f.at(I64, is_open, group))
    with f.loop(open_groups):
        builder.store(f.number(1), f.at(I64, is_open, _take_best(f, strengths, groups)))
    with f.loop(experts) as expert:
        opened = f.load(I64, f.at(I64, is_open, builder.sdiv(expert, size)))
        with builder.if_then(builder.icmp_signed("==", opened, f.number(0))):
            builder.store(ir.Constant(F32, float("-inf")), f.at(F32, choice, expert))


def _take_best(f: Function, scores: ir.Value, count: ir.Value) -> ir.Value:
    """The place of the largest score, the first of equals; it is set to minus infinity."""
    builder = f.builder
    best = f.variable(F32, ir.Constant(F32, float("-inf")))
    place = f.variable(I64, f.number(0))
    with f.loop(count) as index:
        score = f.load(F32, f.at(F32, scores, index))
        is_best = builder.fcmp_ordered(">", score, f.load(F32, best))
        builder.store(builder.select(is_best, score, f.load(F32, best)), best)
        builder.store(builder.select(is_best, index, f.load(I64, place)), place)
    found = f.load(I64, place)
    builder.store(ir.Constant(F32, float("-inf")), f.at(F32, scores, found))
    return found
