"""Quantize a synthetic source of 9 GB: weights a second, peak memory, the same bytes after a SIGKILL.

Run as `python -m benchmarks.quantize [--folder DIR]`. The source is one mixture layer of AntAngelMed's shape with its
embeddings and head; it is made in DIR (default: a temporary folder), 15 GB in all, and deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.machine import describe_machine
from model_runtime.checkpoint import Role, expert_name, network_tensors
from model_runtime.config import parse_config
from model_runtime.nf4_encoding import quantize as quantize_weight
from model_runtime.shapes import Shape, shape_fields
from model_runtime.shard_writer import OutputTensor, index_json, sha256_of, shard_name, split_into_shards, write_shard

RESULTS = Path(__file__).parent / "results" / "quantize.json"
NEEDED_BYTES = 18 * 10**9
TARGET_WEIGHTS_PER_SECOND = 0.3e9
NOISE_WEIGHTS = 50_000_017  # a prime, so that no two matrices are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of `quantize`."""

    seconds: float
    peak_anonymous_bytes: int
    last_line: str


def write_source(folder: Path) -> int:
    """Write the source; gives the number of its weights."""
    fields = {**shape_fields(Shape.FLASH), "num_hidden_layers": 2}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(fields))
    tensors = []
    for spec in network_tensors(parse_config(fields)):
        dtype = torch.float32 if spec.role is Role.EXPERT_BIAS else torch.bfloat16
        if spec.role is Role.EXPERTS:
            names = [expert_name(spec.name, expert) for expert in range(spec.shape[0])]
            tensors += [OutputTensor(name=name, dtype=dtype, shape=spec.shape[1:]) for name in names]
        else:
            tensors.append(OutputTensor(name=spec.name, dtype=dtype, shape=spec.shape))
    shards = split_into_shards([[tensor] for tensor in tensors], 5 * 10**9)
    noise = (torch.randn(NOISE_WEIGHTS, generator=torch.Generator().manual_seed(1)) * 0.02).bfloat16()
    for at, shard in enumerate(shards):
        for _ in write_shard(folder / shard_name(at, len(shards)), shard, noise_pieces(shard, noise)):
            pass
    (folder / "model.safetensors.index.json").write_text(index_json(shards))
    return sum(torch.Size(tensor.shape).numel() for tensor in tensors)


def noise_pieces(shard: list[OutputTensor], noise: Tensor) -> Iterator[Tensor]:
    """Data for the tensors of a shard, going round and round the noise."""
    at = 0
    for tensor in shard:
        left = torch.Size(tensor.shape).numel()
        while left:
            piece = noise[at : at + left]
            yield piece.to(tensor.dtype)
            left -= len(piece)
            at = (at + len(piece)) % len(noise)


def quantize(source: Path, target: Path, *, kill_after_seconds: float | None = None) -> Run:
    """Run the command; its anonymous memory (what is not page cache) is read 20 times a second."""
    command = [sys.executable, "-m", "model_runtime", "quantize", str(source), str(target), "--quantize", "linears"]
    started = time.monotonic()
    peak = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            if kill_after_seconds is not None and time.monotonic() - started > kill_after_seconds:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.05)
        errors = process.stderr.read() if process.stderr else ""
    lines = errors.strip().splitlines() or [""]
    return Run(seconds=time.monotonic() - started, peak_anonymous_bytes=peak, last_line=lines[-1])


def quantizer_alone() -> float:
    """Weights a second of the quantizer in memory, without reading and writing files: the median of 5."""
    weight = torch.randn(16_384, 4096, generator=torch.Generator().manual_seed(1)).bfloat16()
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        quantize_weight(weight)
        seconds.append(time.perf_counter() - started)
    return weight.numel() / statistics.median(seconds[1:])  # the first compiles


def disk_speed(folder: Path) -> float:
    """Bytes a second that reach the disk: what the whole command cannot beat."""
    data = bytes(2**20)
    started = time.perf_counter()
    with (folder / "probe").open("wb") as file:
        for _ in range(1024):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    (folder / "probe").unlink()
    return 2**30 / seconds


def anonymous_bytes(process_id: int) -> int:
    """RssAnon of a process; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(found[0].split()[1]) * 1024 if found else 0


def hashes(folder: Path) -> Mapping[str, str]:
    """sha256 of every file."""
    return {path.name: sha256_of(path) for path in folder.iterdir()}


def main() -> None:
    """Make, measure, kill, compare, delete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where 15 GB may be written")
    parent = parser.parse_args().folder
    if shutil.disk_usage(parent).free < NEEDED_BYTES:
        sys.exit(f"{parent} has less than {NEEDED_BYTES / 1e9:.0f} GB free; name another --folder")
    with tempfile.TemporaryDirectory(dir=parent) as work:
        folder = Path(work)
        weights = write_source(folder / "source")
        os.sync()  # a source whose own bytes are still on their way to the disk would be measured with them
        written_per_second = disk_speed(folder)
        source_bytes = sum(path.stat().st_size for path in (folder / "source").iterdir())
        whole = quantize(folder / "source", folder / "whole")
        target_bytes = sum(path.stat().st_size for path in (folder / "whole").iterdir())
        expected = hashes(folder / "whole")
        shutil.rmtree(folder / "whole")
        killed = quantize(folder / "source", folder / "resumed", kill_after_seconds=whole.seconds * 0.7)
        absent = not (folder / "resumed").exists()
        resumed = quantize(folder / "source", folder / "resumed")
        same = hashes(folder / "resumed") == expected
    largest_group = 256 * 1024 * 4096 * 2
    result = {
        "machine": describe_machine(),
        "source_bytes": source_bytes,
        "weights": weights,
        "seconds": round(whole.seconds, 1),
        "weights_per_second_quantizer_alone": round(quantizer_alone()),
        "target_bytes": target_bytes,
        "disk_bytes_per_second": round(written_per_second),
        "weights_per_second_whole_command": round(weights / whole.seconds),
        "last_progress_line": whole.last_line.strip(),
        "target_weights_per_second": TARGET_WEIGHTS_PER_SECOND,
        "peak_anonymous_bytes": whole.peak_anonymous_bytes,
        "target_peak_bytes": largest_group + 2**30,
        "killed_after_seconds": round(killed.seconds, 1),
        "absent_after_the_kill": absent,
        "resumed_seconds": round(resumed.seconds, 1),
        "same_bytes_after_kill": same,
    }
    print(json.dumps(result, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
