"""Measure prefill, decode, first token and peak memory, with synthetic 4-bit weights for a --shape."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from model_runtime.bench import Measurement, context_needed, measure
from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize, quantize_of
from model_runtime.config import ModelConfig
from model_runtime.errors import RequestError
from model_runtime.gpu_memory_option import add_gpu_memory, gpu_memory_bytes
from model_runtime.loader import Placement, load_model, place_experts
from model_runtime.model import LoadedModel
from model_runtime.plan_command import add_model_or_shape, named_config
from model_runtime.standard_output import StandardOutput
from model_runtime.synthetic import synthetic_model

SUMMARY = "measure speed and memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `bench`."""
    add_model_or_shape(parser)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--context",
        metavar="N,...",
        type=_token_counts,
        default=[0],
        help="tokens in the cache when decoding begins; those before the prompt are random (default: the prompt alone)",
    )
    parser.add_argument(
        "--prompt", metavar="N,...", type=_token_counts, default=[512], help="tokens to read (default: 512)"
    )
    parser.add_argument("--quantize", type=Quantize, choices=list(Quantize), help="which weights are kept in 4 bits")
    parser.add_argument("--kv-cache", type=CacheKind, choices=[CacheKind.BF16, CacheKind.INT8], default=CacheKind.BF16)
    add_gpu_memory(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace, output: StandardOutput) -> None:
    """Print a line for each pair of context and prompt, as soon as it is measured."""
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise RequestError("there is no CUDA device here; use --device cpu")
    config = named_config(arguments)
    pairs = [(context, prompt) for context in arguments.context for prompt in arguments.prompt]
    window = max(context_needed(context, prompt) for context, prompt in pairs)
    config = config.with_context(max(window, config.max_position_embeddings))
    quantize = arguments.quantize or quantize_of(config)
    model = _model(arguments, config, quantize)
    name = arguments.shape or Path(arguments.model).name
    for context, prompt in pairs:
        kv_cache = arguments.kv_cache
        found = measure(model, shape=name, quantize=quantize, kv_cache=kv_cache, context=context, prompt=prompt)
        output.write((json.dumps(found.as_json()) if arguments.json else _text(found)) + "\n")


def _model(arguments: argparse.Namespace, config: ModelConfig, quantize: Quantize) -> LoadedModel:
    device = torch.device(arguments.device)
    limit_bytes = gpu_memory_bytes(arguments)
    if arguments.shape is not None:
        placement = Placement(quantize=quantize, dtype=torch.bfloat16, device=device)
        return synthetic_model(config, place_experts(config, placement, arguments.kv_cache, limit_bytes))
    return load_model(
        arguments.model,
        quantize=arguments.quantize,
        device=device,
        context_tokens=config.context_tokens,
        kv_cache=arguments.kv_cache,
        gpu_memory_bytes=limit_bytes,
    )


def _token_counts(text: str) -> Sequence[int]:
    """argparse turns the ValueError of a part that is no number into exit code 2."""
    numbers = [int(part) for part in text.split(",")]
    if any(number < 0 for number in numbers):
        raise ValueError
    return numbers


def _text(found: Measurement) -> str:
    return (
        f"{found.shape} {found.device} {found.quantize} context {found.context:,} prompt {found.prompt:,}: "
        f"prefill {found.prefill_tokens_per_second:.1f} tok/s, decode {found.decode_tokens_per_second:.1f} tok/s, "
        f"first token {found.first_token_seconds:.2f} s, peak memory {found.peak_memory_bytes / 2**30:.2f} GiB"
    )
