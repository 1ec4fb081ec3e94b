"""Compile every GPU kernel for GPUs that are not here and count in the machine code: spills, registers, instructions.

Run as `python -m benchmarks.kernel_instructions`; it needs Triton, which brings its own assembler, and no GPU. The
launches are those of the decode step of the shape `flash`. What is counted is not a speed: speeds are not measured.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import triton
from torch import Tensor
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from benchmarks.kernel_launches import Launch, dequantizer_launches, step_launches
from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize
from model_runtime.shapes import Shape, shape_config

RESULTS = Path(__file__).parent / "results" / "kernel_instructions.json"
CAPABILITIES = (80, 90, 120)  # A100, H100 and H200, RTX PRO 6000 and RTX 5090
SHARED_BYTES = {80: 163 * 1024, 90: 227 * 1024, 120: 99 * 1024}  # a program may have; CUDA programming guide
_TYPES = {"bfloat16": "bf16", "float32": "fp32", "int32": "i32", "int64": "i64", "int8": "i8", "uint8": "u8"}
_INSTRUCTION = re.compile(r"^\s*/\*([0-9a-f]{4,5})\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9_]+)([A-Z0-9_.]*)([^;]*);")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One compiled kernel. `instructions_a_weight`: of the innermost loop over 4-bit weights, None without one."""

    kernel: str
    tokens: int
    quantize: str
    kv_cache: str
    capability: int
    programs: int
    warps: int
    registers: int
    stack_bytes: int
    spills: int
    shared_bytes: int
    instructions: int
    loads_of_128_bits: int
    instructions_a_weight: float | None
    launches_a_layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is compiled. `one_of_each`: of each kernel the last launch only, that of the mixture layer."""

    tokens: list[int]
    capabilities: list[int]
    quantize: list[Quantize]
    kinds: list[CacheKind]
    one_of_each: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    tokens: int
    quantize: Quantize
    kind: CacheKind
    launches_a_layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instruction:
    address: int
    name: str
    suffix: str
    operands: str


def compile_launch(launch: Launch, capability: int) -> triton.compiler.CompiledKernel:
    """For that GPU, with the pointers aligned as PyTorch aligns them."""
    signature, attributes = {}, {}
    for position, name in enumerate(launch.kernel.arg_names):
        value = launch.arguments.get(name)
        if name in launch.constants:
            signature[name] = "constexpr"
        elif isinstance(value, Tensor):
            signature[name] = "*" + _TYPES[str(value.dtype).removeprefix("torch.")]
        else:
            signature[name] = "fp32" if isinstance(value, float) else "i32"
        is_aligned = isinstance(value, Tensor) or (isinstance(value, int) and value % 16 == 0)
        if name not in launch.constants and is_aligned:
            attributes[(position,)] = [["tt.divisibility", 16]]
    source = ASTSource(launch.kernel, signature, launch.constants, attributes)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=dict(launch.options))


def count(launch: Launch, capability: int, situation: _Situation) -> Counted:
    """Compile and read the machine code."""
    compiled = compile_launch(launch, capability)
    code, usage = _disassembled(compiled.asm["cubin"])
    instructions = _instructions(code)
    names = Counter(instruction.name for instruction in instructions)
    return Counted(
        kernel=launch.name,
        tokens=situation.tokens,
        quantize=situation.quantize,
        kv_cache=situation.kind,
        launches_a_layer=situation.launches_a_layer,
        capability=capability,
        programs=launch.programs,
        warps=launch.options["num_warps"] or 4,
        registers=_used(usage, "REG"),
        stack_bytes=_used(usage, "STACK"),
        spills=names["STL"] + names["LDL"],
        shared_bytes=compiled.metadata.shared,
        instructions=len(instructions),
        loads_of_128_bits=sum(i.name in ("LDG", "LDGSTS") and ".128" in i.suffix for i in instructions),
        instructions_a_weight=_instructions_a_weight(instructions),
    )


def sweep(selection: Selection) -> list[Counted]:
    """Every distinct launch of one dense and one mixture layer, and the dequantizer."""
    found: list[Counted] = []
    seen = set()
    for tokens, quantize, kind in product(selection.tokens, selection.quantize, selection.kinds):
        config = replace(shape_config(Shape.FLASH), num_hidden_layers=2)
        longer = replace(config, num_hidden_layers=3)
        launches = step_launches(config, quantize, kind, tokens)
        situation = _Situation(
            tokens=tokens,
            quantize=quantize,
            kind=kind,
            launches_a_layer=len(step_launches(longer, quantize, kind, tokens)) - len(launches),
        )
        launches += dequantizer_launches(config)
        if selection.one_of_each:
            launches = list({launch.name: launch for launch in launches}.values())
        for launch in launches:
            if _key(launch) not in seen:
                found.extend(count(launch, capability, situation) for capability in selection.capabilities)
            seen.add(_key(launch))
    return found


def _key(launch: Launch) -> tuple[object, ...]:
    types = [str(value.dtype) if isinstance(value, Tensor) else type(value) for value in launch.arguments.values()]
    return (launch.name, *types, *sorted(launch.constants.items()))


def _disassembled(cubin: bytes) -> tuple[str, str]:
    """The machine code and what it uses, as the disassembler of Triton's wheel prints them."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        tool = triton.knobs.nvidia.cuobjdump.path
        code, usage = (
            subprocess.run([tool, option, file.name], capture_output=True, text=True, check=True).stdout
            for option in ("-sass", "--dump-resource-usage")
        )
    return code, usage


def _instructions(code: str) -> list[_Instruction]:
    matches = filter(None, map(_INSTRUCTION.match, code.splitlines()))
    return [
        _Instruction(address=int(m.group(1), 16), name=m.group(2), suffix=m.group(3), operands=m.group(4))
        for m in matches
    ]


def _used(usage: str, name: str) -> int:
    found = re.search(rf"\b{name}:(\d+)", usage)
    assert found is not None
    return int(found.group(1))


def _instructions_a_weight(instructions: list[_Instruction]) -> float | None:
    """In the shortest backward loop with the most shuffles: each 4-bit weight takes exactly one `SHFL.IDX`."""
    best: tuple[int, int] | None = None
    for branch in instructions:
        target = re.search(r"0x([0-9a-f]+)", branch.operands) if branch.name == "BRA" else None
        if target is None or int(target.group(1), 16) >= branch.address:
            continue
        body = [i for i in instructions if int(target.group(1), 16) <= i.address <= branch.address]
        weights = sum(i.name == "SHFL" and i.suffix.startswith(".IDX") for i in body)
        if weights and (best is None or weights > best[0]):
            best = (weights, len(body))
    return round(best[1] / best[0], 2) if best is not None else None


def main() -> None:
    """Compile, count, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, nargs="+", default=[1, 2, 4, 5, 8])
    parser.add_argument("--capability", type=int, nargs="+", default=list(CAPABILITIES), choices=CAPABILITIES)
    parser.add_argument("--quantize", type=Quantize, nargs="+", default=list(Quantize), choices=list(Quantize))
    parser.add_argument("--kv-cache", type=CacheKind, nargs="+", default=[CacheKind.BF16, CacheKind.INT8])
    parser.add_argument("--one-of-each", action="store_true", help="each kernel once")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line and keep nothing")
    arguments = parser.parse_args()
    found = sweep(
        Selection(
            tokens=arguments.tokens,
            capabilities=arguments.capability,
            quantize=arguments.quantize,
            kinds=arguments.kv_cache,
            one_of_each=arguments.one_of_each,
        )
    )
    if arguments.json:
        print("\n".join(json.dumps(asdict(counted)) for counted in found))
        return
    note = "Counted in machine code compiled without a GPU. Speeds: not measured."
    result = {"triton": triton.__version__, "note": note, "kernels": [asdict(counted) for counted in found]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    for counted in found:
        print(asdict(counted))


if __name__ == "__main__":
    main()
