"""Attention of one token over the cache, for a given kind of cache and head_dim.

A task is one key-value head with its query heads, so that a key or value is brought to float32 once for four products.
The token's own key and value are normed, turned and written into the cache first. Letters: Q query heads, K key-value
heads, D head_dim, R rotary_dim, S tokens seen.
"""

from __future__ import annotations

import ctypes

from llvmlite import ir

from model_runtime.cache import CacheKind
from model_runtime.cpu_kernels.decode_step import exponential, inverse_root
from model_runtime.cpu_kernels.native_code import (
    F32,
    FLOATS,
    I8,
    I16,
    I64,
    INTS,
    LANES,
    POINTER,
    Function,
    floats,
    read_floats,
)
from model_runtime.cpu_kernels.packed_product import quantize_block
from model_runtime.quantization import BLOCK_WEIGHTS

HEAD_DIMS = (64, 128)
SPARE_SCORES = 2 * LANES  # behind those of the tokens seen: keys are taken four at a time, scores eight
_KEYS_AT_ONCE = 4


class AttentionArguments(ctypes.Structure):
    """What `attend` reads."""

    _fields_ = (
        ("heads", ctypes.c_void_p),  # float32 [Q + 2 K, D], changed
        ("query_heads", ctypes.c_int64),
        ("key_value_heads", ctypes.c_int64),
        ("query_weight", ctypes.c_void_p),  # float32 [D]; 0 where there is no norm
        ("key_weight", ctypes.c_void_p),
        ("eps", ctypes.c_float),
        ("rotary_dim", ctypes.c_int64),
        ("cosine", ctypes.c_void_p),  # float32 [R], as Rotary.angles gives it
        ("sine", ctypes.c_void_p),
        ("length", ctypes.c_void_p),  # int64: tokens in the cache
        ("numbers", ctypes.c_void_p),  # of the layer, [2, K, capacity, D]
        ("cache_scales", ctypes.c_void_p),  # float32 [2, K, capacity]; int8 only
        ("capacity", ctypes.c_int64),
        ("scores", ctypes.c_void_p),  # float32 [Q, score_room]
        ("score_room", ctypes.c_int64),
        ("mixed", ctypes.c_void_p),  # float32 [Q, D]
        ("activations", ctypes.c_void_p),  # the same, quantized
        ("scales", ctypes.c_void_p),
    )


def describe_attention(module: ir.Module, kind: CacheKind, head_dim: int) -> None:
    """Write `attend` into the module: attend(AttentionArguments*, key-value head)."""
    _Attention(module, kind, head_dim).write()


class _Attention:
    def __init__(self, module: ir.Module, kind: CacheKind, head_dim: int) -> None:
        self._f = Function(module, "attend", [POINTER, I64], is_inner=False)
        self._is_int8 = kind is CacheKind.INT8
        self._stored = I8 if self._is_int8 else I16
        self._width = head_dim
        self._registers = head_dim // LANES
        f = self._f
        names = [name for name, _ in AttentionArguments._fields_]
        self._of = dict(zip(names, f.fields(AttentionArguments, *names), strict=True))
        self._head = f.arguments[1]
        self._seen = f.builder.add(f.load(I64, self._of["length"]), f.number(1))

    def write(self) -> None:
        f, of = self._f, self._of
        group = f.builder.sdiv(of["query_heads"], of["key_value_heads"])
        first = f.builder.mul(self._head, group)
        key = self._raw_head(f.builder.add(of["query_heads"], self._head))
        self._norm_and_turn(key, of["key_weight"], 1.0)
        self._store(0, key)
        self._store(
            1, self._raw_head(f.builder.add(f.builder.add(of["query_heads"], of["key_value_heads"]), self._head))
        )
        with f.loop(group) as member:
            query = self._raw_head(f.builder.add(first, member))
            self._norm_and_turn(query, of["query_weight"], self._width**-0.5)
        self._score(first, group)
        with f.loop(group) as member:
            query_head = f.builder.add(first, member)
            self._mix(query_head, self._normalize(query_head))
        f.finish()

    def _raw_head(self, head: ir.Value) -> ir.Value:
        return self._f.at(F32, self._of["heads"], self._f.times(head, self._width))

    def _norm_and_turn(self, head: ir.Value, weight: ir.Value, factor: float) -> None:
        """In place: norm where there is a weight, turn the first R dimensions, multiply all with `factor`."""
        f = self._f
        builder = f.builder
        has_norm = builder.icmp_unsigned("!=", builder.ptrtoint(weight, I64), f.number(0))
        with builder.if_then(has_norm):
            values = [f.load(FLOATS, f.at(F32, head, LANES * part), align=4) for part in range(self._registers)]
            total = floats(0.0)
            for value in values:
                total = f.multiply_add(value, value, total)
            size = f.number(self._width)
            scale = f.splat(inverse_root(f, f.add_up(total), size, self._of["eps"]))
            for part, value in enumerate(values):
                weights = f.load(FLOATS, f.at(F32, weight, LANES * part), align=4)
                normed = builder.fmul(builder.fmul(value, scale), weights)
                builder.store(normed, f.at(F32, head, LANES * part), align=4)
        half = builder.sdiv(self._of["rotary_dim"], f.number(2))
        with f.loop(half, step=LANES) as at:
            places = [f.at(F32, head, at), f.at(F32, head, at, half)]
            own = [f.load(FLOATS, place, align=4) for place in places]
            for part, place in enumerate(places):
                angle = builder.add(at, builder.mul(half, f.number(part)))
                cosine, sine = (
                    f.load(FLOATS, f.at(F32, self._of[name], angle), align=4) for name in ("cosine", "sine")
                )
                turned = f.multiply_add(own[1 - part], sine, builder.fmul(own[part], cosine))
                builder.store(turned, place, align=4)
        if factor != 1.0:
            for part in range(self._registers):
                place = f.at(F32, head, LANES * part)
                builder.store(builder.fmul(f.load(FLOATS, place, align=4), floats(factor)), place, align=4)

    def _cache_row(self, part: int, token: ir.Value) -> ir.Value:
        """The number, counted in rows, of a token's key (part 0) or value (part 1)."""
        f, of = self._f, self._of
        head = f.builder.add(f.times(of["key_value_heads"], part), self._head)
        return f.builder.add(f.builder.mul(head, of["capacity"]), token)

    def _store(self, part: int, head: ir.Value) -> None:
        """Write the token's key or value behind those in the cache."""
        f = self._f
        row = self._cache_row(part, f.load(I64, self._of["length"]))
        place = f.at(self._stored, self._of["numbers"], f.times(row, self._width))
        values = [f.load(FLOATS, f.at(F32, head, LANES * number), align=4) for number in range(self._registers)]
        if self._is_int8:
            self._store_int8(values, place, f.at(F32, self._of["cache_scales"], row))
            return
        for number, value in enumerate(values):
            f.builder.store(_to_bf16(f, value), f.at(I16, place, LANES * number), align=2)

    def _store_int8(self, values: list[ir.Value], place: ir.Value, scale_place: ir.Value) -> None:
        f = self._f
        builder = f.builder
        scale = builder.fdiv(f.largest_magnitude(values), ir.Constant(F32, 127.0))
        builder.store(scale, scale_place)
        small = builder.fcmp_ordered("<", scale, ir.Constant(F32, 1e-30))
        divisor = f.splat(builder.select(small, ir.Constant(F32, 1e-30), scale))
        bytes_ = ir.VectorType(I8, LANES)
        for number, value in enumerate(values):
            whole = f.intrinsic("llvm.nearbyint.v8f32", FLOATS, [builder.fdiv(value, divisor)])
            stored = f.intrinsic("llvm.fptosi.sat.v8i8.v8f32", bytes_, [whole])
            builder.store(stored, f.at(I8, place, LANES * number), align=1)

    def _read(self, row_start: ir.Value, number: int) -> ir.Value:
        """8 numbers of a cached row in float32, without its scale."""
        f = self._f
        if not self._is_int8:
            return read_floats(f, row_start, I16, LANES * number)
        stored = f.load(ir.VectorType(I8, LANES), f.at(I8, row_start, LANES * number), align=1)
        return f.builder.sitofp(f.builder.sext(stored, INTS), FLOATS)

    def _score(self, first: ir.Value, group: ir.Value) -> None:
        """Products of the group's queries with all keys, four keys at a time."""
        f, of = self._f, self._of
        builder = f.builder
        wide = f.room(FLOATS, _KEYS_AT_ONCE * self._registers)  # the keys in float32
        last = builder.sub(self._seen, f.number(1))
        with f.loop(self._seen, step=_KEYS_AT_ONCE) as start:
            rows = []
            for number in range(_KEYS_AT_ONCE):
                token = builder.add(start, f.number(number))
                token = builder.select(builder.icmp_signed("<", token, last), token, last)  # the last one again
                rows.append(self._cache_row(0, token))
                place = f.at(self._stored, of["numbers"], f.times(rows[-1], self._width))
                for part in range(self._registers):
                    builder.store(
                        self._read(place, part), f.at(FLOATS, wide, self._registers * number + part), align=32
                    )
            with f.loop(group) as member:
                head = builder.add(first, member)
                target = f.at(F32, of["scores"], builder.mul(head, of["score_room"]), start)
                self._score_four(self._raw_head(head), wide, rows, target)

    def _score_four(self, query: ir.Value, keys: ir.Value, rows: list[ir.Value], target: ir.Value) -> None:
        f = self._f
        totals = [floats(0.0) for _ in rows]
        for part in range(self._registers):
            numbers = f.load(FLOATS, f.at(F32, query, LANES * part), align=4)
            for number in range(len(rows)):
                key = f.load(FLOATS, f.at(FLOATS, keys, self._registers * number + part), align=32)
                totals[number] = f.multiply_add(numbers, key, totals[number])
        for number, row in enumerate(rows):
            score = f.add_up(totals[number])
            if self._is_int8:
                score = f.builder.fmul(score, f.load(F32, f.at(F32, self._of["cache_scales"], row)))
            f.builder.store(score, f.at(F32, target, number))

    def _normalize(self, head: ir.Value) -> ir.Value:
        """Softmax of a query head's scores, but for the division; what they must be divided by."""
        f, of = self._f, self._of
        builder = f.builder
        scores = f.at(F32, of["scores"], builder.mul(head, of["score_room"]))
        builder.store(floats(float("-inf")), f.at(F32, scores, self._seen), align=4)
        highest = f.variable(FLOATS, floats(float("-inf")))
        with f.loop(self._seen, step=LANES) as at:
            score = f.load(FLOATS, f.at(F32, scores, at), align=4)
            builder.store(f.intrinsic("llvm.maximum.v8f32", FLOATS, [f.load(FLOATS, highest), score]), highest)
        top = f.splat(f.intrinsic("llvm.vector.reduce.fmaximum.v8f32", F32, [f.load(FLOATS, highest)]))
        total = f.variable(FLOATS, floats(0.0))
        scales = f.at(F32, of["cache_scales"], self._cache_row(1, f.number(0))) if self._is_int8 else None
        with f.loop(self._seen, step=LANES) as at:
            place = f.at(F32, scores, at)
            share = exponential(f, builder.fsub(f.load(FLOATS, place, align=4), top))
            builder.store(builder.fadd(f.load(FLOATS, total), share), total)
            builder.store(share, place, align=4)
        if scales is not None:
            with f.loop(self._seen) as at:
                place = f.at(F32, scores, at)
                builder.store(builder.fmul(f.load(F32, place), f.load(F32, f.at(F32, scales, at))), place)
        return f.add_up(f.load(FLOATS, total))

    def _mix(self, head: ir.Value, divisor: ir.Value) -> None:
        """The values, weighted by a query head's scores; kept plain and quantized."""
        f, of = self._f, self._of
        builder = f.builder
        scores = f.at(F32, of["scores"], builder.mul(head, of["score_room"]))
        values = f.at(self._stored, of["numbers"], f.times(self._cache_row(1, f.number(0)), self._width))
        share_of_all = f.splat(builder.fdiv(ir.Constant(F32, 1.0), divisor))
        for block in range(self._width // BLOCK_WEIGHTS):
            parts = range(BLOCK_WEIGHTS // LANES)
            totals = [f.variable(FLOATS, floats(0.0)) for _ in parts]
            with f.loop(self._seen) as token:
                share = f.splat(f.load(F32, f.at(F32, scores, token)))
                row = f.at(self._stored, values, f.times(token, self._width), BLOCK_WEIGHTS * block)
                for part in parts:
                    mixed = f.multiply_add(self._read(row, part), share, f.load(FLOATS, totals[part]))
                    builder.store(mixed, totals[part])
            found = [builder.fmul(f.load(FLOATS, total), share_of_all) for total in totals]
            start = f.times(head, self._width)
            for part, value in enumerate(found):
                builder.store(value, f.at(F32, of["mixed"], start, BLOCK_WEIGHTS * block + LANES * part), align=4)
            scale = f.at(F32, of["scales"], f.times(head, self._width // BLOCK_WEIGHTS), block)
            quantize_block(f, found, f.at(I16, of["activations"], start, BLOCK_WEIGHTS * block), scale)


def _to_bf16(f: Function, value: ir.Value) -> ir.Value:
    """8 floats to the nearest bf16, to the even one of two as near; what is not a number stays none."""
    builder = f.builder
    bits = builder.bitcast(value, INTS)
    odd = builder.and_(builder.lshr(bits, _ints(16)), _ints(1))
    rounded = builder.lshr(builder.add(bits, builder.add(odd, _ints(0x7FFF))), _ints(16))
    is_number = builder.fcmp_ordered("ord", value, value)
    return builder.trunc(builder.select(is_number, rounded, _ints(0x7FC0)), ir.VectorType(I16, LANES))


def _ints(value: int) -> ir.Constant:
    return ir.Constant(INTS, [value] * LANES)
