"""The product with packed 4-bit matrices in 16-bit integers, written for 256-bit vectors, compiled when first used.

A weight is a level times its block's magnitude, an activation a 16-bit integer times its block's scale: a block of 64
is summed exactly in 32-bit integers and scaled once. The levels have 12 bits and the activations 13, so that 64
products always fit; what is lost against float32 is 2e-4 of a block, a tenth of what bf16 loses.

A register holds a pair of columns of 8 rows; the activations' pair is the same for all rows and is broadcast. One
token takes the weights from memory straight into the product. Several share them: 32 rows of a block are unpacked once,
4 KiB that stay in the L1 cache, and read for four tokens at a time.
"""

from __future__ import annotations

import ctypes

from llvmlite import ir

from model_runtime.cpu_kernels.native_code import (
    BYTES,
    F32,
    FLOATS,
    I8,
    I16,
    I32,
    I64,
    INTS,
    LANES,
    POINTER,
    WORDS,
    Function,
    floats,
    read_floats,
)
from model_runtime.quantization import BLOCK_WEIGHTS, NF4_LEVELS

ROWS_PER_GROUP = 32
TOKENS_PER_CHUNK = 64  # their sums, 8 KiB, stay in the L1 cache beside the unpacked weights
_LEVEL_SCALE = 4095
_ACTIVATION_SCALE = 8191  # 64 x 4095 x 8191 is just below 2^31
_TOKENS_PER_TILE = 4  # 8 sums, 2 registers of weights and what a product needs fill the 16 registers
_PAIRS = BLOCK_WEIGHTS // 2
_CHUNK_FIELDS = 4  # matrix, first row of activations, first row of out, tokens: int64


class ProductArguments(ctypes.Structure):
    """What `multiply` reads. A task is 32 rows of a matrix for the tokens of one chunk."""

    _fields_ = (
        ("packed", ctypes.c_void_p),  # the stack of matrices; the steps are from one to the next
        ("absmax", ctypes.c_void_p),
        ("packed_step_bytes", ctypes.c_int64),
        ("absmax_step_elements", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("activations", ctypes.c_void_p),  # as `quantize` writes them
        ("scales", ctypes.c_void_p),
        ("out", ctypes.c_void_p),  # float32 [m, rows]
        ("chunks", ctypes.c_void_p),  # int64 [chunks, 4]
    )


class QuantizeArguments(ctypes.Structure):
    """What `quantize_bf16` and `quantize_float32` read. A task is one chunk.

    A chunk of n rows is written as int16 [columns / 64, n, 64], so that the product reads it from front to back, and
    its scales as float32 [columns / 64, n].
    """

    _fields_ = (
        ("source", ctypes.c_void_p),  # bf16 or float32 [m, columns]
        ("rows", ctypes.c_void_p),  # int64: which row of the source stands in each place
        ("columns", ctypes.c_int64),
        ("activations", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("chunks", ctypes.c_void_p),
    )


def describe_packed_kernels(module: ir.Module) -> None:
    """Write `multiply`, `quantize_bf16` and `quantize_float32` into the module."""
    one = _one_token(module)
    many = _many_tokens(module, [_tile(module, tokens) for tokens in range(1, _TOKENS_PER_TILE + 1)])
    _multiply(module, one, many)
    for name, kind in (("quantize_bf16", I16), ("quantize_float32", F32)):
        _quantize(module, name, kind)


def _interleave(f: Function, first: ir.Value, second: ir.Value, *, is_high: bool) -> ir.Value:
    """Elements of both in turn, from the low or the high halves of the two 128-bit lanes (vpunpckl, vpunpckh)."""
    count = first.type.count
    half = count // 2  # elements of a lane
    picks = []
    for lane in (0, half):
        for place in range(half // 2):
            at = lane + place + (half // 2 if is_high else 0)
            picks += [at, count + at]
    return f.shuffle(first, second, picks)


class _Levels:
    """Four-bit codes to 16-bit levels: two table lookups, for the low and the high byte."""

    def __init__(self, f: Function) -> None:
        self._f = f
        levels = [round(level * _LEVEL_SCALE) & 0xFFFF for level in NF4_LEVELS]
        self._low = ir.Constant(BYTES, [level & 255 for level in levels] * 2)
        self._high = ir.Constant(BYTES, [level >> 8 for level in levels] * 2)
        self._low_half = ir.Constant(BYTES, [15] * 32)

    def unpack(self, packed: ir.Value) -> list[ir.Value]:
        """32 bytes to four registers of 8 rows times 2 columns: rows 0-3 8-11, 4-7 12-15, and 16 further the same."""
        builder = self._f.builder
        words = builder.bitcast(packed, WORDS)
        shifted = builder.bitcast(builder.lshr(words, ir.Constant(WORDS, [4] * 16)), BYTES)
        registers = []
        for codes in (builder.and_(packed, self._low_half), builder.and_(shifted, self._low_half)):
            low, high = (
                self._f.intrinsic("llvm.x86.avx2.pshuf.b", BYTES, [table, codes]) for table in (self._low, self._high)
            )
            mixed = [_interleave(self._f, low, high, is_high=is_high) for is_high in (False, True)]
            registers += [builder.bitcast(one, WORDS) for one in mixed]
        return registers


def _add_products(f: Function, total: ir.Value, weights: ir.Value, pair: ir.Value) -> None:
    """total [8 rows] += the two columns' products."""
    product = f.intrinsic("llvm.x86.avx2.pmadd.wd", INTS, [weights, pair])
    f.builder.store(f.builder.add(f.load(INTS, total), product), total)


def _pair(f: Function, activations: ir.Value, *indices: ir.Value | int) -> ir.Value:
    """Two neighbouring activations in every 32-bit lane."""
    value = f.load(I32, f.at(I16, activations, *indices), align=2)
    return f.builder.bitcast(f.splat(value, INTS), WORDS)


def _magnitudes(f: Function, absmax: ir.Value) -> list[ir.Value]:
    """16 bf16 magnitudes to two float registers, in the order of rows of `_Levels.unpack`."""
    stored = f.load(WORDS, absmax, align=2)
    zero = ir.Constant(WORDS, [0] * 16)
    return [f.builder.bitcast(_interleave(f, zero, stored, is_high=high), FLOATS) for high in (False, True)]


def _scaled(f: Function, sums: ir.Value, magnitudes: ir.Value, scale: ir.Value, total: ir.Value) -> ir.Value:
    """total + sums x magnitudes x scale."""
    return f.multiply_add(f.builder.sitofp(sums, FLOATS), f.builder.fmul(magnitudes, f.splat(scale)), total)


def _store_rows(f: Function, first: ir.Value, second: ir.Value, out: ir.Value) -> None:
    """Put 16 rows in order and write them."""
    for half, lanes in enumerate(((0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))):
        f.builder.store(f.shuffle(first, second, lanes), f.at(F32, out, LANES * half), align=4)


def _one_token(module: ir.Module) -> ir.Function:
    """one(packed, absmax, rows, activations, scales, blocks, out): 32 rows times one token."""
    f = Function(module, "one", [POINTER, POINTER, I64, POINTER, POINTER, I64, POINTER])
    packed, absmax, rows, activations, scales, blocks, out = f.arguments
    levels = _Levels(f)
    totals = [f.variable(FLOATS, floats(0.0)) for _ in range(4)]
    with f.loop(blocks) as block:
        sums = [f.variable(INTS, ir.Constant(INTS, [0] * LANES)) for _ in range(4)]
        first = f.times(block, _PAIRS)
        with f.loop(_PAIRS) as pair:  # written out 32 times LLVM would run out of registers
            place = f.at(BYTES, packed, first, pair)
            f.intrinsic(
                "llvm.prefetch.p0",
                ir.VoidType(),
                [f.at(BYTES, place, 48), ir.Constant(I32, 0), ir.Constant(I32, 3), ir.Constant(I32, 1)],
            )
            weights = levels.unpack(f.load(BYTES, place, align=1))
            both = _pair(f, f.at(I32, activations, first), pair, pair)
            for total, register in zip(sums, weights, strict=True):
                _add_products(f, total, register, both)
        scale = f.load(F32, f.at(F32, scales, block))
        at = f.at(I16, absmax, f.builder.mul(block, rows))
        magnitudes = _magnitudes(f, at) + _magnitudes(f, f.at(I16, at, 16))
        for total, whole, magnitude in zip(totals, sums, magnitudes, strict=True):
            f.builder.store(_scaled(f, f.load(INTS, whole), magnitude, scale, f.load(FLOATS, total)), total)
    found = [f.load(FLOATS, total) for total in totals]
    _store_rows(f, found[0], found[1], out)
    _store_rows(f, found[2], found[3], f.at(F32, out, 16))
    return f.finish()


def _tile(module: ir.Module, tokens: int) -> ir.Function:
    """tile(panel, absmax, activations, scales, totals): 16 unpacked rows of a block times a few tokens.

    panel: int16 [32 pairs, 16 rows, 2]; activations: [tokens, 64]; totals: float32 [tokens, 16], added to.
    """
    f = Function(module, f"tile_{tokens}", [POINTER] * 5)
    panel, absmax, activations, scales, totals = f.arguments
    zero = ir.Constant(INTS, [0] * LANES)
    sums = [[f.variable(INTS, zero) for _ in range(2)] for _ in range(tokens)]
    with f.loop(_PAIRS) as pair:
        at = f.at(WORDS, panel, pair, pair)
        weights = [f.load(WORDS, f.at(WORDS, at, half), align=32) for half in range(2)]
        for token in range(tokens):
            both = _pair(f, activations, BLOCK_WEIGHTS * token, pair, pair)
            for half in range(2):
                _add_products(f, sums[token][half], weights[half], both)
    magnitudes = _magnitudes(f, absmax)
    for token in range(tokens):
        scale = f.load(F32, f.at(F32, scales, token))
        for half in range(2):
            place = f.at(F32, totals, 16 * token + LANES * half)
            total = f.load(FLOATS, place, align=32)
            found = _scaled(f, f.load(INTS, sums[token][half]), magnitudes[half], scale, total)
            f.builder.store(found, place, align=32)
    return f.finish()


def _many_tokens(module: ir.Module, tiles: list[ir.Function]) -> ir.Function:
    """many(packed, absmax, rows, activations, scales, blocks, out, tokens): 32 rows times the tokens of a chunk."""
    f = Function(module, "many", [POINTER, POINTER, I64, POINTER, POINTER, I64, POINTER, I64])
    packed, absmax, rows, activations, scales, blocks, out, tokens = f.arguments
    builder = f.builder
    panel = f.room(WORDS, _PAIRS * 4)  # two halves of 16 rows
    totals = f.room(FLOATS, TOKENS_PER_CHUNK * 4)  # two halves of [tokens, 16]
    with f.loop(TOKENS_PER_CHUNK * 4) as place:
        builder.store(floats(0.0), f.at(FLOATS, totals, place), align=32)
    levels = _Levels(f)
    with f.loop(blocks) as block:
        first = f.times(block, _PAIRS)
        with f.loop(_PAIRS) as pair:
            weights = levels.unpack(f.load(BYTES, f.at(BYTES, packed, first, pair), align=1))
            for number, register in enumerate(weights):
                place = f.at(WORDS, panel, pair, pair, number % 2 + (2 * _PAIRS if number > 1 else 0))
                builder.store(register, place, align=32)
        numbers = f.at(I16, activations, f.times(builder.mul(block, tokens), BLOCK_WEIGHTS))
        block_scales = f.at(F32, scales, builder.mul(block, tokens))
        for half in range(2):
            at = f.at(I16, absmax, builder.mul(block, rows), 16 * half)
            half_panel = f.at(WORDS, panel, 2 * _PAIRS * half)
            half_totals = f.at(FLOATS, totals, TOKENS_PER_CHUNK * 2 * half)
            _for_tiles(f, tokens, tiles, (half_panel, at), (numbers, block_scales, half_totals))
    with f.loop(tokens) as token:
        row = f.at(F32, out, builder.mul(token, rows))
        for half in range(2):
            place = f.at(FLOATS, totals, TOKENS_PER_CHUNK * 2 * half, token, token)
            found = [f.load(FLOATS, f.at(FLOATS, place, part), align=32) for part in range(2)]
            _store_rows(f, found[0], found[1], f.at(F32, row, 16 * half))
    return f.finish()


def _for_tiles(
    f: Function,
    tokens: ir.Value,
    tiles: list[ir.Function],
    weights: tuple[ir.Value, ir.Value],
    of_tokens: tuple[ir.Value, ir.Value, ir.Value],
) -> None:
    """All tokens through the tile of four, the rest through the tile of its size."""
    builder = f.builder
    numbers, scales, totals = of_tokens

    def call(tile: ir.Function, token: ir.Value) -> None:
        mine = f.at(I16, numbers, f.times(token, BLOCK_WEIGHTS))
        builder.call(tile, [*weights, mine, f.at(F32, scales, token), f.at(FLOATS, totals, token, token)])

    whole = builder.and_(tokens, f.number(-_TOKENS_PER_TILE))
    with f.loop(whole, step=_TOKENS_PER_TILE) as token:
        call(tiles[-1], token)
    rest = builder.sub(tokens, whole)
    for count, tile in enumerate(tiles[:-1], start=1):
        with builder.if_then(builder.icmp_signed("==", rest, f.number(count))):
            call(tile, whole)


def _multiply(module: ir.Module, one: ir.Function, many: ir.Function) -> None:
    """multiply(ProductArguments*, task)."""
    f = Function(module, "multiply", [POINTER, I64], is_inner=False)
    builder = f.builder
    task = f.arguments[1]
    rows, columns, packed_step, absmax_step = f.fields(
        ProductArguments, "rows", "columns", "packed_step_bytes", "absmax_step_elements"
    )
    packed, absmax, activations, scales, out = f.fields(
        ProductArguments, "packed", "absmax", "activations", "scales", "out"
    )
    groups = builder.sdiv(rows, f.number(ROWS_PER_GROUP))
    blocks = builder.sdiv(columns, f.number(BLOCK_WEIGHTS))
    matrix, source, target, tokens = read_chunk(f, f.field(ProductArguments, "chunks"), builder.sdiv(task, groups))
    group = builder.srem(task, groups)
    group_bytes = f.times(columns, ROWS_PER_GROUP // 2)
    first_row = f.times(group, ROWS_PER_GROUP)
    arguments = [
        f.at(I8, packed, builder.mul(matrix, packed_step), builder.mul(group, group_bytes)),
        f.at(I16, absmax, builder.mul(matrix, absmax_step), first_row),
        rows,
        f.at(I16, activations, builder.mul(source, columns)),
        f.at(F32, scales, builder.mul(source, blocks)),
        blocks,
        f.at(F32, out, builder.mul(target, rows), first_row),
    ]
    with builder.if_else(builder.icmp_signed("==", tokens, f.number(1))) as (single, several):
        with single:
            builder.call(one, arguments)
        with several:
            builder.call(many, [*arguments, tokens])
    f.finish()


def read_chunk(f: Function, chunks: ir.Value, index: ir.Value) -> list[ir.Value]:
    """Matrix, first row of activations, first row of results, rows."""
    at = f.at(I64, chunks, f.times(index, _CHUNK_FIELDS))
    return [f.load(I64, f.at(I64, at, field)) for field in range(_CHUNK_FIELDS)]


def _quantize(module: ir.Module, name: str, kind: ir.Type) -> None:
    """quantize(QuantizeArguments*, task): rows of activations to 16-bit integers, each block with its own scale."""
    f = Function(module, name, [POINTER, I64], is_inner=False)
    builder = f.builder
    names = ("source", "rows", "columns", "activations", "scales", "chunks")
    source, rows, columns, activations, scales, chunks = f.fields(QuantizeArguments, *names)
    blocks = builder.sdiv(columns, f.number(BLOCK_WEIGHTS))
    _, first, _, tokens = read_chunk(f, chunks, f.arguments[1])
    numbers = f.at(I16, activations, builder.mul(first, columns))
    chunk_scales = f.at(F32, scales, builder.mul(first, blocks))
    with f.loop(tokens) as token:
        row = f.at(kind, source, builder.mul(f.load(I64, f.at(I64, rows, first, token)), columns))
        with f.loop(blocks) as block:
            place = builder.add(builder.mul(block, tokens), token)
            values = [read_floats(f, row, kind, f.times(block, BLOCK_WEIGHTS), LANES * part) for part in range(8)]
            quantize_block(f, values, f.at(I16, numbers, f.times(place, BLOCK_WEIGHTS)), f.at(F32, chunk_scales, place))
    f.finish()


def quantize_block(f: Function, values: list[ir.Value], target: ir.Value, scale: ir.Value) -> None:
    """Write 64 activations as 16-bit integers, and what a product with them is scaled with.

    A number that is not finite makes its block's scale so too, and through it everything that is computed from it.
    """
    builder = f.builder
    absmax = f.largest_magnitude(values)
    builder.store(builder.fmul(absmax, ir.Constant(F32, 1 / (_ACTIVATION_SCALE * _LEVEL_SCALE))), scale)
    # A block of zeros, or of numbers too small for a reciprocal, becomes zeros.
    is_open = builder.fcmp_ordered(">", absmax, ir.Constant(F32, 1e-30))
    factor = builder.fdiv(ir.Constant(F32, float(_ACTIVATION_SCALE)), absmax)
    factor = f.splat(builder.select(is_open, factor, ir.Constant(F32, 0.0)))
    shorts = ir.VectorType(I16, LANES)
    for part, value in enumerate(values):
        whole = f.intrinsic("llvm.nearbyint.v8f32", FLOATS, [builder.fmul(value, factor)])
        numbers = f.intrinsic("llvm.fptosi.sat.v8i16.v8f32", shorts, [whole])
        builder.store(numbers, f.at(I16, target, LANES * part), align=2)
