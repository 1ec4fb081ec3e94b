"""Say what fits where, from config.json alone: weights, cache, workspace; on a GPU, with its host, or on a CPU."""

from __future__ import annotations

import argparse
import json
import os

import torch

from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize, quantize_of
from model_runtime.config import ModelConfig, read_config
from model_runtime.errors import RequestError
from model_runtime.hub import config_folder
from model_runtime.planner import GIB, Plan, plan_on_cpu, plan_on_gpu
from model_runtime.shapes import Shape, shape_config
from model_runtime.standard_output import StandardOutput

SUMMARY = "say what fits where: GPU, host memory, context length"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `plan`."""
    add_model_or_shape(parser)
    parser.add_argument("--gpu-memory", metavar="GIB", type=float, help="of the GPU (default: this machine's, if any)")
    parser.add_argument("--context", metavar="N", type=int, help="tokens (default: max_position_embeddings)")
    parser.add_argument("--quantize", type=Quantize, choices=list(Quantize), help="which weights are kept in 4 bits")
    parser.add_argument("--kv-cache", type=CacheKind, choices=[CacheKind.BF16, CacheKind.INT8], default=CacheKind.BF16)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_model_or_shape(parser: argparse.ArgumentParser) -> None:
    """MODEL or --shape, one of them."""
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("model", metavar="MODEL", nargs="?", help="a checkpoint: a folder or a hub id")
    one.add_argument("--shape", type=Shape, choices=list(Shape), help="a published shape instead of a MODEL")


def run(arguments: argparse.Namespace, output: StandardOutput) -> None:
    """Print the plan. That something does not fit is an answer, no failure."""
    config = named_config(arguments)
    quantize = arguments.quantize or quantize_of(config)
    if arguments.context is not None:
        config = config.with_context(arguments.context)
    plan = _plan(config, quantize, arguments.kv_cache, arguments.gpu_memory)
    output.write((json.dumps(plan.as_json()) if arguments.json else _text(plan)) + "\n")


def named_config(arguments: argparse.Namespace) -> ModelConfig:
    """The config of MODEL or of --shape."""
    if arguments.shape is not None:
        return shape_config(arguments.shape)
    return read_config(config_folder(arguments.model))


def _plan(config: ModelConfig, quantize: Quantize, kv_cache: CacheKind, gpu_memory_gib: float | None) -> Plan:
    if gpu_memory_gib is not None:
        if not gpu_memory_gib > 0:
            raise RequestError(f"a GPU with {gpu_memory_gib} GiB holds nothing; leave --gpu-memory out to plan without")
        return plan_on_gpu(config, quantize, kv_cache, int(gpu_memory_gib * GIB))
    if torch.cuda.is_available():
        return plan_on_gpu(config, quantize, kv_cache, torch.cuda.get_device_properties(0).total_memory)
    return plan_on_cpu(config, quantize, kv_cache, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _text(plan: Plan) -> str:
    rows = {
        "weights": plan.weights_bytes,
        "cache": plan.cache_bytes,
        "workspace": plan.workspace_bytes,
        "on the GPU": plan.device_bytes,
        "on the host": plan.host_bytes,
    }
    lines = [f"{name:12} {count:>16,} bytes" for name, count in rows.items()]
    return "\n".join([*lines, f"{'experts':12} {plan.expert_slots_per_layer:>16,} of each layer ready", plan.message])
