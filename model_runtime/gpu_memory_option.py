"""The option that limits what a model may take of a GPU, so that a large card can stand in for a small one."""

from __future__ import annotations

import argparse

from model_runtime.errors import RequestError
from model_runtime.planner import GIB


def add_gpu_memory(parser: argparse.ArgumentParser) -> None:
    """`--gpu-memory`."""
    parser.add_argument(
        "--gpu-memory",
        metavar="GIB",
        type=float,
        help="what may be taken of the GPU; experts beyond it stay in host memory (default: what is free). "
        "With --device cpu such a card is simulated",
    )


def gpu_memory_bytes(arguments: argparse.Namespace) -> int | None:
    """The limit in bytes, None for none."""
    gib: float | None = arguments.gpu_memory
    if gib is None:
        return None
    if not gib > 0:
        raise RequestError(f"a GPU with {gib} GiB holds nothing; leave --gpu-memory out to use what is free")
    return int(gib * GIB)
