"""AntAngelMed's shape on one GPU, with synthetic 4-bit weights made on the device: correctness first, then speed.

Run as `python -m benchmarks.gpu [--parts kernels decode ...]`; each part takes a few minutes and is added to
results/gpu.json. What was not run is written "not measured". Needs a CUDA device and Triton, and refuses without.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmarks import gpu_cards
from benchmarks.gpu_floors import NOT_MEASURED, table, timed, with_gaps
from benchmarks.machine import describe_machine
from benchmarks.slot_traces import Trace
from model_runtime.bench import Measurement, measure
from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig
from model_runtime.decoding import Decoder
from model_runtime.loader import Placement, Precision, load_model
from model_runtime.model import LoadedModel
from model_runtime.shapes import Shape, shape_config
from model_runtime.synthetic import synthetic_model

RESULTS = Path(__file__).parent / "results" / "gpu.json"
GOLDEN = Path(__file__).parents[1] / "tests" / "model_runtime" / "golden" / "tiny_bailing_moe_v2"
CONTEXT_TOKENS = 131_072
CONTEXTS = (0, 4096, 32_768, CONTEXT_TOKENS - 64)
PROMPTS = (4096, 32_768, CONTEXT_TOKENS - 64)
TARGETS = {
    "decode at 4K, linears, tok/s": 400,
    "decode at 4K, experts, tok/s": 300,
    "decode at 128K, tok/s": 200,
    "prefill of 128K, s": 15,
    "follow-up after 100K, first token, s": 0.3,
    "peak memory at 128K, GiB": 72,
    "24 GB card at 75 % reuse, tok/s": gpu_cards.TARGETS_TOKENS_PER_SECOND[24, Trace.THREE_QUARTERS],
}


def refusal() -> str | None:
    """Why nothing can be measured here; None if it can."""
    if not torch.cuda.is_available():
        return "benchmarks.gpu measures a CUDA device and there is none here; nothing was measured"
    if importlib.util.find_spec("triton") is None:
        return "benchmarks.gpu measures Triton kernels and Triton is missing; install PyTorch's CUDA build"
    return None


def correctness() -> object:
    """Relative error of each kernel against float32, and the recorded step against the network."""
    kernels = importlib.import_module("benchmarks.gpu_kernel_times")
    errors = kernels.relative_errors(kernels.bench_on(_config(), _device()))
    errors["tiny golden logits, bf16"] = _golden_error()
    small = replace(_config(), num_hidden_layers=4)
    for quantize in Quantize:
        errors[f"recorded step against network, 4 layers, {quantize}"] = _step_error(small, quantize)
    return errors


def kernels() -> object:
    """Microseconds of each kernel against its byte floor."""
    module = importlib.import_module("benchmarks.gpu_kernel_times")
    bench = module.bench_on(_config(), _device())
    rows = [row for tokens in (1, 2, 4, 8) for row in module.kernel_times(bench, tokens)]
    rows += module.dequantizer_times(bench)
    print(table(rows))
    return [asdict(row) for row in rows]


def decode(quantize: Quantize) -> object:
    """Tokens a second at several contexts, bf16 and 8-bit cache; peak memory."""
    model = _model(quantize)
    lines = []
    for kind in (CacheKind.BF16, CacheKind.INT8):
        for context in CONTEXTS:
            lines.append(asdict(_measured(model, quantize, kind, context=context, prompt=16)) | {"kv_cache": kind})
            print(lines[-1])
    return lines


def prefill() -> object:
    """Prompts of several lengths, and the chunk that they are read in."""
    model = _model(Quantize.LINEARS)
    return [asdict(_measured(model, Quantize.LINEARS, CacheKind.BF16, context=0, prompt=prompt)) for prompt in PROMPTS]


def follow_up() -> object:
    """The first token after a question of 64 tokens behind a record of 100,000."""
    model = _model(Quantize.LINEARS)
    return asdict(_measured(model, Quantize.LINEARS, CacheKind.BF16, context=100_064, prompt=64))


def verify() -> object:
    """Milliseconds of a pass over 1 to 16 tokens at 4K; above 8 by the network, without the recorded step."""
    model = _model(Quantize.LINEARS)
    cache = KeyValueCache(model.config, CacheKind.BF16, device=_device(), dtype=torch.bfloat16)
    decoder = Decoder(model, cache)
    model.network.read(torch.randint(model.config.vocab_size, (4096,), device=_device()), cache)
    return {str(tokens): _pass_ms(decoder, cache, tokens) for tokens in range(1, 17)}


def cards() -> object:
    """Simulated cards of 24 and 48 GiB at stated levels of reuse: slots, hit rate, bytes copied, tokens a second."""
    return gpu_cards.measured_cards(shape_config(Shape.FLASH).with_context(gpu_cards.CONTEXT_TOKENS), _device())


def beside() -> object:
    """The same network through bitsandbytes operations in a Python loop, and grouped-nf4-gemm for the experts."""
    module = importlib.import_module("benchmarks.gpu_beside")
    found: dict[str, object] = {}
    for quantize in Quantize:
        placement = Placement(quantize=quantize, dtype=torch.bfloat16, device=_device())
        model = module.looped_model(_config(), placement)
        measured = _measured(model, quantize, CacheKind.BF16, context=4096, prompt=16)
        found[f"bitsandbytes in a loop, decode at 4K, {quantize}, tok/s"] = measured.decode_tokens_per_second
        del model
        _free()
    found["grouped-nf4-gemm, experts of one token"] = _grouped_nf4_gemm(module)
    return found


PARTS: dict[str, Callable[[], object]] = {
    "correctness": correctness,
    "kernels": kernels,
    "decode_linears": lambda: decode(Quantize.LINEARS),
    "decode_experts": lambda: decode(Quantize.EXPERTS),
    "prefill": prefill,
    "follow_up": follow_up,
    "verify": verify,
    "cards": cards,
    "beside": beside,
}


def _config() -> ModelConfig:
    return shape_config(Shape.FLASH).with_context(CONTEXT_TOKENS)


def _device() -> torch.device:
    return torch.device("cuda")


def _model(quantize: Quantize) -> LoadedModel:
    return synthetic_model(_config(), Placement(quantize=quantize, dtype=torch.bfloat16, device=_device()))


def _measured(model: LoadedModel, quantize: Quantize, kind: CacheKind, *, context: int, prompt: int) -> Measurement:
    torch.cuda.reset_peak_memory_stats()
    return measure(model, shape="flash", quantize=quantize, kv_cache=kind, context=context, prompt=prompt)


def _golden_error() -> float:
    """Against the logits of the reference implementation, by the network in bf16."""
    golden = load_file(GOLDEN / "expected.safetensors")
    model = load_model(GOLDEN, precision=Precision.BFLOAT16, device=_device())
    cache = KeyValueCache(model.config, CacheKind.BF16, device=_device(), dtype=torch.bfloat16)
    found = model.network.logits(model.network.read(golden["input_ids"].to(_device()), cache)).cpu()
    return float((found - golden["logits"]).norm() / golden["logits"].norm())


def _step_error(config: ModelConfig, quantize: Quantize) -> float:
    model = synthetic_model(config, Placement(quantize=quantize, dtype=torch.bfloat16, device=_device()))
    caches = [KeyValueCache(config, CacheKind.BF16, device=_device(), dtype=torch.bfloat16) for _ in range(2)]
    prompt = torch.randint(config.vocab_size, (512,), device=_device())
    for cache in caches:
        model.network.read(prompt, cache)
    expected = model.network.logits(model.network.read(prompt[:4], caches[0]))
    found = Decoder(model, caches[1]).logits(prompt[:4].tolist())
    return float((found - expected).norm() / expected.norm())


def _pass_ms(decoder: Decoder, cache: KeyValueCache, tokens: int) -> float:
    length, times = cache.length, []
    for _ in range(12):
        torch.cuda.synchronize()
        started = time.perf_counter()
        decoder.logits(list(range(1, tokens + 1))).argmax(dim=1).cpu()
        times.append((time.perf_counter() - started) * 1000)
        cache.truncate(length)
    return round(statistics.median(times[2:]), 3)


def _grouped_nf4_gemm(module: object) -> object:
    times = importlib.import_module("benchmarks.gpu_kernel_times")
    bench = times.bench_on(_config(), _device())
    stack = times.random_stack(bench)
    run = module.grouped_nf4_gemm(stack)  # type: ignore[attr-defined]
    if run is None:
        return NOT_MEASURED + ": grouped-nf4-gemm is not installed"
    hidden = torch.randn(1, bench.config.hidden_size, device=_device()).bfloat16()
    choices = [times.random_choice(bench, 1)[0][0].tolist() for _ in range(times.REPEATS)]
    floor = sum(times.routed_bytes(bench.config, bench.config.num_experts_per_tok).values())
    return asdict(
        timed("grouped-nf4-gemm", times.times_us(bench, lambda n: run(hidden, choices[n])), floor, bench.peak)
    )


def _free() -> None:
    gc.collect()
    torch.cuda.empty_cache()


def main() -> int:
    """Run the parts that are asked for and add them to the kept result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    arguments = parser.parse_args()
    reason = refusal()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 1
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"measured": {}}
    measured: dict[str, object] = kept["measured"]
    for part in arguments.parts:
        started = time.perf_counter()
        measured[part] = PARTS[part]()
        _free()
        print(f"{part}: {time.perf_counter() - started:.0f} s\n{json.dumps(measured[part], indent=1)}", flush=True)
        result = {"machine": describe_machine(), "targets": TARGETS, "measured": with_gaps(measured, list(PARTS))}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
