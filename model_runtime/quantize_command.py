"""Write a checkpoint as a 4-bit folder: killed at any moment, started again it goes on where it stopped."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from model_runtime.checkpoint import Quantize
from model_runtime.conversion import QuantizeProgress, quantize_checkpoint
from model_runtime.hub import model_folder
from model_runtime.standard_output import StandardOutput

SUMMARY = "write a checkpoint (folder or hub id) as a 4-bit folder"
_SECONDS_BETWEEN_LINES = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `quantize`."""
    parser.add_argument("source", metavar="SOURCE", help="a bf16 or FP8 checkpoint: a folder or a hub id")
    parser.add_argument("target", metavar="TARGET", type=Path, help="the folder to write; it must not be there yet")
    parser.add_argument(
        "--quantize",
        type=Quantize,
        choices=list(Quantize),
        default=Quantize.EXPERTS,
        help="experts: the routed experts (default); linears: attention, dense layers, shared experts, lm_head too",
    )


def run(arguments: argparse.Namespace, output: StandardOutput) -> None:
    """Quantize, with a line of progress on standard error every few seconds."""
    source = model_folder(arguments.source)
    printed = time.monotonic()
    last = None
    for last in quantize_checkpoint(source, arguments.target, arguments.quantize):
        if time.monotonic() - printed >= _SECONDS_BETWEEN_LINES:
            printed = time.monotonic()
            sys.stderr.write(_line(last))
    if last is not None:
        sys.stderr.write(_line(last))
    output.write(f"{arguments.target}\n")


def _line(progress: QuantizeProgress) -> str:
    done = progress.weights_done / progress.weights_total
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return (
        f"{done:6.1%} of {progress.weights_total / 1e9:.2f} billion weights, "
        f"{progress.weights_per_second / 1e9:.2f} billion/s, {minutes}:{seconds:02} left\n"
    )
