"""Decode and prefill of the shape `mini` on the CPU, synthetic 4-bit weights, beside the targets.

Run as `python -m benchmarks.cpu_decode`. Each run is a process of its own through `python -m model_runtime bench`, so
that peak memory is that of one load. The targets come from llama.cpp Q4_0 on two cores with AMX: decode 16.6 tok/s,
prefill of 512 tokens 90 tok/s; wanted is as fast a decode, 1.2 times the prefill at 512 tokens and twice at 2,048.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import describe_machine
from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize
from model_runtime.planner import plan_on_cpu
from model_runtime.shapes import Shape, shape_config

RESULTS = Path(__file__).parent / "results" / "cpu_decode.json"
TARGETS = {"decode": 16.6, "prefill 512": 108.0, "prefill 2048": 180.0}
PEAK_FLOPS_NOTE = "decode reads 0.77 GB of weights a token; prefill computes 1.58 GFLOP a token without the head"


def bench(quantize: Quantize, prompts: str) -> list[dict[str, object]]:
    """The lines of one run."""
    command = [sys.executable, "-m", "model_runtime", "bench", "--shape", "mini", "--device", "cpu", "--json"]
    command += ["--quantize", quantize, "--prompt", prompts]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def main() -> None:
    """Measure, compare memory with the plan, keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", default="512,2048,512,2048", help="prompt lengths; repeats show how steady it is")
    parser.add_argument("--quantize", type=Quantize, choices=list(Quantize), nargs="+", default=list(Quantize))
    arguments = parser.parse_args()
    before = describe_machine()
    runs = {}
    for quantize in arguments.quantize:
        lines = bench(quantize, arguments.prompts)
        config = shape_config(Shape.MINI).with_context(2048 + 24)
        plan = plan_on_cpu(config, quantize, CacheKind.BF16, 2**40)
        peak = max(int(str(line["peak_memory_bytes"])) for line in lines)
        runs[str(quantize)] = {
            "lines": lines,
            "planned_bytes": plan.host_bytes,
            "planned_weights_and_cache_bytes": plan.weights_bytes + plan.cache_bytes,
            "peak_memory_bytes": peak,
            "planned_over_peak": round(plan.host_bytes / peak, 3),
            "peak_above_weights_and_cache_gib": round((peak - plan.weights_bytes - plan.cache_bytes) / 2**30, 2),
        }
    result = {"machine": before, "targets_tokens_per_second": TARGETS, "note": PEAK_FLOPS_NOTE, "runs": runs}
    print(json.dumps(result, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
