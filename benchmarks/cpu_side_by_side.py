"""Our CPU runtime beside llama.cpp in one run, alternating: shape `mini`, random 4-bit weights, medians of the rounds.

Run as `python -m benchmarks.cpu_side_by_side [--llama-python PYTHON]`, where PYTHON has llama-cpp-python and gguf (it
may be another environment than ours); without them our side runs alone, and the result says so. The GGUF file, 9 GB, is
made in a temporary folder and deleted, unless --gguf names where it is kept. Each side of each round is a process of
its own, so that peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.machine import describe_machine

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "cpu_side_by_side.json"
NEEDED_BYTES = 10 * 10**9
PROMPTS = (512, 2048)
WANTED_RATIOS = {"decode_at_512": 1.0, "prefill_512": 1.2, "prefill_2048": 2.0}
Line = Mapping[str, object]


def run(command: list[str], threads: int) -> str:
    """What the command prints. Raises CalledProcessError, after its error output was shown."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def ours(threads: int) -> list[Line]:
    """One round of our side."""
    command = [sys.executable, "-m", "model_runtime", "bench", "--shape", "mini", "--device", "cpu", "--json"]
    command += ["--quantize", "linears", "--prompt", ",".join(map(str, PROMPTS))]
    return [json.loads(line) for line in run(command, threads).splitlines()]


def llama(python: str, path: Path, threads: int, ubatch: int) -> list[Line]:
    """One round of llama.cpp's side."""
    command = [python, "-m", "benchmarks.llama_side", str(path), "--prompts", ",".join(map(str, PROMPTS))]
    command += ["--threads", str(threads), "--ubatch", str(ubatch)]
    return [json.loads(line) for line in run(command, threads).splitlines()]


def llama_version(python: str) -> str | None:
    """The version of llama-cpp-python, None where it or gguf cannot be imported."""
    command = [python, "-c", "import gguf, llama_cpp; print(llama_cpp.__version__)"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def why_alone(python: str, version: str | None, folder: Path) -> str | None:
    """The reason for which llama.cpp's side cannot run, None if it can."""
    if version is None:
        return f"{Path(python).name} cannot import llama_cpp and gguf; install llama-cpp-python and gguf there"
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        return f"the GGUF file takes up to {NEEDED_BYTES:,} bytes, {free:,} are free"
    return None


def speeds(lines: list[Line]) -> dict[str, float]:
    """The three numbers of one round in tokens a second."""
    short, long = lines
    return {
        "decode_at_512": round(_number(short, "decode_tokens_per_second"), 2),
        "prefill_512": round(_number(short, "prefill_tokens_per_second"), 2),
        "prefill_2048": round(_number(long, "prefill_tokens_per_second"), 2),
    }


def _number(line: Line, name: str) -> float:
    return float(str(line[name]))


def medians(rounds: list[list[Line]]) -> dict[str, float]:
    """The three numbers over all rounds."""
    each = [speeds(lines) for lines in rounds]
    return {name: statistics.median(one[name] for one in each) for name in WANTED_RATIOS}


def summary(rounds: list[list[Line]]) -> dict[str, object]:
    """Medians, each round beside them, and the highest peak."""
    return {
        "medians_tokens_per_second": medians(rounds),
        "rounds_tokens_per_second": [speeds(lines) for lines in rounds],
        "peak_memory_bytes": max(int(_number(line, "peak_memory_bytes")) for lines in rounds for line in lines),
    }


def side_by_side(arguments: argparse.Namespace) -> dict[str, object]:
    """Both sides in turn, `rounds` times; our side alone where llama.cpp's cannot run."""
    python, threads = arguments.llama_python, arguments.threads
    version = llama_version(python)
    ours_found: list[list[Line]] = []
    llama_found: list[list[Line]] = []
    loads = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        alone = why_alone(python, version, Path(folder))
        path = arguments.gguf or Path(folder) / "mini.gguf"
        if alone is None and not path.exists():
            run([python, "-m", "benchmarks.random_gguf", str(path)], threads)
        for _ in range(arguments.rounds):
            ours_found.append(ours(threads))
            if alone is None:
                llama_found.append(llama(python, path, threads, arguments.ubatch))
            loads.append([round(load, 1) for load in os.getloadavg()])
    result = {"threads": threads, "load_average_after_each_round": loads, "ours_linears": summary(ours_found)}
    if alone is not None:
        return {**result, "llama_cpp": {"skipped": alone}}
    settings = {"weights": "Q4_0, head too", "cache": "f16", "flash_attention": True, "ubatch": arguments.ubatch}
    llama_cpp = {"llama_cpp_python": version, **settings, **summary(llama_found)}
    return {**result, "llama_cpp": llama_cpp, **comparison(ours_found, llama_found)}


def comparison(ours_found: list[list[Line]], llama_found: list[list[Line]]) -> dict[str, object]:
    """Our medians over llama.cpp's, beside what is wanted."""
    our, its = medians(ours_found), medians(llama_found)
    return {"ratios": {name: round(our[name] / its[name], 2) for name in our}, "wanted_ratios": WANTED_RATIOS}


def main() -> None:
    """Measure, print, keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama-python", default=sys.executable, help="a Python with llama-cpp-python and gguf")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ubatch", type=int, default=512, help="tokens llama.cpp computes at once; its default is 512")
    parser.add_argument("--gguf", type=Path, help="the file that `benchmarks.random_gguf` made, or where to keep it")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    arguments = parser.parse_args()
    machine = describe_machine()
    result = {"machine": machine, "shape": "mini", **side_by_side(arguments)}
    print(json.dumps(result, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
