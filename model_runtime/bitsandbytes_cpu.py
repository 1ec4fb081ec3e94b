"""bitsandbytes' C function that brings 4-bit blocks to full width on the CPU, without the dispatch around it.

It takes 3 microseconds to call through ctypes and 10 to 25 through torch.library.
"""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.quantization import BLOCK_WEIGHTS, Nf4


@cache
def _library() -> ctypes.CDLL | None:
    """bitsandbytes' CPU library, without the import of bitsandbytes: that takes seconds and looks for CUDA."""
    spec = importlib.util.find_spec("bitsandbytes")
    for folder in spec.submodule_search_locations or () if spec else ():
        for suffix in ("so", "dylib", "dll"):
            path = Path(folder) / f"libbitsandbytes_cpu.{suffix}"
            if path.exists():
                return ctypes.CDLL(str(path))
    return None


def dequantize_on_cpu(weight: Nf4, dtype: torch.dtype) -> Tensor | None:
    """One plain matrix in float32 or bf16 by bitsandbytes' C function; None where there is none for it."""
    name = {torch.float32: "fp32", torch.bfloat16: "bf16"}.get(dtype)
    library = _library()
    if name is None or library is None or not weight.packed.is_contiguous():
        return None
    function = getattr(library, f"cdequantize_blockwise_cpu_nf4_{name}")
    out = torch.empty(weight.shape, dtype=dtype)
    absmax = weight.absmax.float().contiguous()
    rows = out.numel() // out.shape[-1]
    function(
        ctypes.c_void_p(weight.packed.data_ptr()),
        ctypes.c_void_p(absmax.data_ptr()),
        ctypes.c_void_p(out.data_ptr()),
        ctypes.c_longlong(BLOCK_WEIGHTS),
        ctypes.c_longlong(rows),
        ctypes.c_longlong(out.shape[-1]),
    )
    return out
