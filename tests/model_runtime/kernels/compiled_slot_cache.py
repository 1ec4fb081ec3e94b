"""Compile the slot cache's kernels at AntAngelMed's sizes for cards that are not here; a line for each.

    python -m tests.model_runtime.kernels.compiled_slot_cache

Exits with 3 where this Triton cannot compile without a card.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from model_runtime.kernels import slot_cache
from model_runtime.slot_cache import DECAY_SHIFT, NEVER, USE, SlotPolicy

# mypy: disable-error-code="import-untyped"

CARDS = (80, 90, 120)  # A100, H100 and H200, RTX 50
SLOTS, EXPERTS = 256, 256
_POINTERS = {"expert_ids": "*i64", "slot_ids": "*i64", "counters": "*i64", "count": "i32", "slots": "i32"}


def compiled_resolve(card: int, ids: int, *, ahead: bool) -> Any:
    """The kernel that decides."""
    constants = {
        "IDS": ids,
        "SLOTS": SLOTS,
        "EXPERTS": EXPERTS,
        "POLICY": int(SlotPolicy.ADMISSION),
        "AHEAD": ahead,
        "USE": USE,
        "DECAY_SHIFT": DECAY_SHIFT,
        "NEVER": int(NEVER),
    }
    return _compiled(
        slot_cache._resolve, constants, _POINTERS | {"experts": "i32"}, card, slot_cache.resolving_warps(ids)
    )


def compiled_fill(card: int) -> Any:
    """The kernel that copies."""
    constants = {"CODE_WORDS": 4096 * 1024 // 8, "SCALE_WORDS": 4096 * 1024 // 128, "BLOCK": slot_cache._COPIED_WORDS}
    return _compiled(slot_cache._fill, constants, {}, card, warps=4)


def _compiled(kernel: Any, constants: dict[str, int], types: dict[str, str], card: int, warps: int) -> Any:
    names = kernel.arg_names
    signature = {name: "constexpr" if name in constants else types.get(name, "*i32") for name in names}
    aligned = {(at,): [["tt.divisibility", 16]] for at, name in enumerate(names) if signature[name].startswith("*")}
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=aligned)
    return triton.compile(source, target=GPUTarget("cuda", card, 32), options={"num_warps": warps})


def local_memory_bytes(kernel: Any) -> int:
    """What spilled, by the machine code's own account."""
    return sum(int(size) for size in re.findall(r"(?:STACK|LOCAL):(\d+)", _tool(kernel, "cuobjdump", "-res-usage")))


def copies_128_bits(kernel: Any) -> bool:
    """Whether loads and stores of the copy move 16 bytes a thread."""
    code = _tool(kernel, "nvdisasm", "-c")
    return "LDG.E.128" in code and "STG.E.128" in code


def _tool(kernel: Any, name: str, option: str) -> str:
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / name
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(kernel.asm["cubin"])
        file.flush()
        return subprocess.run([tool, option, file.name], capture_output=True, text=True, check=True).stdout


def lines() -> Iterator[str]:
    """One for each kernel and card."""
    for card in CARDS:
        copying = compiled_fill(card)
        width = "128-bit" if copies_128_bits(copying) else "narrower"
        yield f"sm_{card} fill: {local_memory_bytes(copying)} bytes of local memory, {width} copies"
        variants: dict[str, Callable[[int], Any]] = {
            "1 token": lambda card: compiled_resolve(card, 8, ahead=False),
            "8 tokens": lambda card: compiled_resolve(card, 64, ahead=False),
            "1 token ahead": lambda card: compiled_resolve(card, 8, ahead=True),
        }
        for name, variant in variants.items():
            yield f"sm_{card} resolve {name}: {local_memory_bytes(variant(card))} bytes of local memory"


def main() -> None:
    """Print the lines."""
    if not (Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "ptxas").exists():
        print("this Triton brings no assembler for NVIDIA cards")
        sys.exit(3)
    for line in lines():
        print(line)


if __name__ == "__main__":
    main()
