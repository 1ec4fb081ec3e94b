"""Compile small functions for the processor at hand, in memory, with LLVM.

No compiler has to be installed and no file is written: llvmlite carries LLVM. A function is described with llvmlite's
builder; `Function` adds what our functions need beyond it: variables, loops, vectors, the fields of a structure.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import llvmlite.binding as llvm
from llvmlite import ir

I8, I16, I32, I64, F32 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()
POINTER = ir.PointerType()
BYTES, WORDS, INTS, FLOATS = (
    ir.VectorType(kind, count) for kind, count in ((I8, 32), (I16, 16), (I32, 8), (F32, 8))
)  # what a 256-bit register holds
LANES = 8  # floats in a register

_KINDS = {ctypes.c_void_p: POINTER, ctypes.c_int64: I64, ctypes.c_float: F32}


class Function:
    """One function while it is written. Variables live in memory until LLVM moves them into registers."""

    def __init__(self, module: ir.Module, name: str, arguments: Sequence[ir.Type], *, is_inner: bool = True) -> None:
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
        if is_inner:
            self.function.linkage = "internal"
            self.function.attributes.add("noinline")  # a call costs nothing here, a copy takes time to compile
        self.arguments = self.function.args
        self._entry = self.function.append_basic_block("entry")
        self._body = self.function.append_basic_block("body")
        self.builder = ir.IRBuilder(self._body)

    def finish(self) -> ir.Function:
        """Close the function."""
        if not self.builder.block.is_terminated:
            self.builder.ret_void()
        ir.IRBuilder(self._entry).branch(self._body)
        return self.function

    def variable(self, kind: ir.Type, value: ir.Value) -> ir.Value:
        """Room for one value of that type, set to `value`; its address."""
        address = ir.IRBuilder(self._entry).alloca(kind)
        self.builder.store(value, address)
        return address

    def room(self, kind: ir.Type, count: int) -> ir.Value:
        """Room for an array on the stack, on a cache line's border; its address."""
        address = ir.IRBuilder(self._entry).alloca(kind, ir.Constant(I64, count))
        address.align = 64
        return address

    @contextmanager
    def loop(self, end: ir.Value | int, *, start: ir.Value | int = 0, step: int = 1) -> Iterator[ir.Value]:
        """The block once for each index start, start + step, ... below `end`."""
        builder = self.builder
        index = self.variable(I64, self.number(start))
        head, body, after = (self.function.append_basic_block(name) for name in ("head", "loop", "after"))
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(builder.icmp_signed("<", self.load(I64, index), self.number(end)), body, after)
        builder.position_at_end(body)
        value = self.load(I64, index)
        yield value
        builder.store(builder.add(value, ir.Constant(I64, step)), index)
        builder.branch(head)
        builder.position_at_end(after)

    def number(self, value: ir.Value | int) -> ir.Value:
        """A 64-bit integer."""
        return ir.Constant(I64, value) if isinstance(value, int) else value

    def times(self, first: ir.Value, second: ir.Value | int) -> ir.Value:
        """The product of two 64-bit integers."""
        return self.builder.mul(first, self.number(second))

    def load(self, kind: ir.Type, address: ir.Value, *, align: int | None = None) -> ir.Value:
        """The value of that type at an address."""
        return self.builder.load(address, typ=kind, align=align)

    def at(self, kind: ir.Type, address: ir.Value, *indices: ir.Value | int) -> ir.Value:
        """The address of an element, `indices` added up."""
        for index in indices:
            address = self.builder.gep(address, [self.number(index)], source_etype=kind)
        return address

    def field(self, structure: type[ctypes.Structure], name: str) -> ir.Value:
        """A field of the structure that the first argument points to."""
        kind = next(field[1] for field in structure._fields_ if field[0] == name)
        return self.load(_KINDS[kind], self.at(I8, self.arguments[0], getattr(structure, name).offset))

    def fields(self, structure: type[ctypes.Structure], *names: str) -> list[ir.Value]:
        """Several fields of that structure."""
        return [self.field(structure, name) for name in names]

    def intrinsic(self, name: str, result: ir.Type, values: Sequence[ir.Value]) -> ir.Value:
        """Call one of LLVM's own functions, or one of the C library."""
        found = self.function.module.globals.get(name)
        if found is None:
            kind = ir.FunctionType(result, [value.type for value in values])
            found = ir.Function(self.function.module, kind, name)
        return self.builder.call(found, values)

    def splat(self, value: ir.Value, kind: ir.VectorType = FLOATS) -> ir.Value:
        """The same value in every lane."""
        lane = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
        return self.shuffle(lane, ir.Constant(kind, ir.Undefined), [0] * kind.count)

    def shuffle(self, first: ir.Value, second: ir.Value, lanes: Sequence[int]) -> ir.Value:
        """Lanes of two vectors; those of the second are numbered behind those of the first."""
        return self.builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(I32, len(lanes)), list(lanes)))

    def multiply_add(self, first: ir.Value, second: ir.Value, third: ir.Value) -> ir.Value:
        """first x second + third, 8 floats."""
        return self.intrinsic("llvm.fma.v8f32", FLOATS, [first, second, third])

    def largest_magnitude(self, values: Sequence[ir.Value]) -> ir.Value:
        """Of registers of 8 floats; not a number where one of them is none."""
        largest = floats(0.0)
        for value in values:
            size = self.intrinsic("llvm.fabs.v8f32", FLOATS, [value])
            largest = self.intrinsic("llvm.maximum.v8f32", FLOATS, [largest, size])
        return self.intrinsic("llvm.vector.reduce.fmaximum.v8f32", F32, [largest])

    def add_up(self, vector: ir.Value) -> ir.Value:
        """The sum of 8 floats."""
        for distance in (4, 2, 1):
            moved = self.shuffle(vector, vector, [(lane + distance) % LANES for lane in range(LANES)])
            vector = self.builder.fadd(vector, moved)
        return self.builder.extract_element(vector, ir.Constant(I32, 0))


def read_floats(f: Function, source: ir.Value, kind: ir.Type, *indices: ir.Value | int) -> ir.Value:
    """8 numbers in float32; I16 stands for bf16, the upper half of a float32."""
    place = f.at(kind, source, *indices)
    if kind is F32:
        return f.load(FLOATS, place, align=4)
    wide = f.builder.zext(f.load(ir.VectorType(I16, LANES), place, align=2), INTS)
    return f.builder.bitcast(f.builder.shl(wide, ir.Constant(INTS, [16] * LANES)), FLOATS)


def floats(*values: float) -> ir.Constant:
    """A register of 8 floats, all the same where one value is given."""
    return ir.Constant(FLOATS, list(values) if len(values) > 1 else [values[0]] * LANES)


class NativeFunctions:
    """The exported functions of a module, compiled for this processor. They live as long as this object."""

    def __init__(self, module: ir.Module) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features().flatten()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=3)
        module.triple = machine.triple
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        passes = llvm.create_pass_builder(machine, options)
        passes.getModulePassManager().run(parsed, passes)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function begins."""
        found = self._engine.get_function_address(name)
        assert found
        return int(found)


def has_avx2() -> bool:
    """Whether the processor has what our functions use: 256-bit integers and fused multiply-add, since 2013."""
    features = llvm.get_host_cpu_features()
    return bool(features.get("avx2") and features.get("fma"))
