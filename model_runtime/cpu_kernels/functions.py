"""All functions of the CPU path, compiled once a process, by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from llvmlite import ir

from model_runtime.cache import CacheKind
from model_runtime.cpu_kernels.attention import describe_attention
from model_runtime.cpu_kernels.decode_step import describe_decode_kernels
from model_runtime.cpu_kernels.native_code import NativeFunctions
from model_runtime.cpu_kernels.packed_product import describe_packed_kernels
from model_runtime.cpu_kernels.program import Program, Step, describe_walk


class CpuFunctions:
    """Addresses of the functions, and programs made of them."""

    def __init__(self) -> None:
        module = ir.Module("cpu_functions")
        describe_walk(module)
        describe_packed_kernels(module)
        describe_decode_kernels(module)
        self._functions = NativeFunctions(module)
        self._attention: dict[tuple[CacheKind, int], NativeFunctions] = {}

    def address(self, name: str) -> int:
        """Where a function begins."""
        return self._functions.address(name)

    def attention(self, kind: CacheKind, head_dim: int) -> int:
        """Where the attention over that kind of cache begins; compiled when first asked for."""
        if (kind, head_dim) not in self._attention:
            module = ir.Module("attention")
            describe_attention(module, kind, head_dim)
            self._attention[kind, head_dim] = NativeFunctions(module)
        return self._attention[kind, head_dim].address("attend")

    def program(self, steps: Sequence[Step]) -> Program:
        """The steps as one program."""
        return Program(self._functions.address("walk"), steps)


@cache
def cpu_functions() -> CpuFunctions:
    """The functions for this processor, compiled at the first call: that takes a fifth of a second."""
    return CpuFunctions()
