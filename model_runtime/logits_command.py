"""`python -m model_runtime logits`: the logits after every token of a file, to compare with another implementation."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.errors import RequestError
from model_runtime.generate_command import default_device
from model_runtime.loader import Precision, load_model
from model_runtime.model import LoadedModel
from model_runtime.standard_output import StandardOutput

SUMMARY = "write the logits after every token of a file"

_CHUNK_TOKENS = 1024
_CACHE = {torch.float32: CacheKind.FLOAT32, torch.bfloat16: CacheKind.BF16}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a checkpoint: its folder, or a hub id, which is downloaded")
    parser.add_argument(
        "--ids-file", type=Path, required=True, metavar="F", help="safetensors with input_ids, int64 [T]"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="G", help="safetensors to write, logits float32 [T, vocab]"
    )
    parser.add_argument(
        "--precision",
        type=Precision,
        choices=list(Precision),
        default=Precision.FLOAT32,
        help="float32 and bfloat16 throughout, or nf4: routed experts in 4 bits, the rest float32 (float32)",
    )
    parser.add_argument("--context", type=int, metavar="N", help="context in tokens; beyond the trained one with YaRN")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda where there is one")


def run(arguments: argparse.Namespace, output: StandardOutput) -> None:
    """Read the ids, write the logits."""
    token_ids = _read_ids(arguments.ids_file)
    model = load_model(
        arguments.model,
        precision=arguments.precision,
        dtype=torch.float32 if arguments.precision is Precision.NF4 else None,
        device=arguments.device or default_device(),
        context_tokens=arguments.context,
    )
    logits = all_logits(model, token_ids)
    try:
        save_file({"logits": logits}, arguments.out)
    except (OSError, SafetensorError) as error:
        raise RequestError(f"{arguments.out} cannot be written: {error}") from error
    output.write(f"logits of {len(token_ids):,} tokens are in {arguments.out}\n")


def all_logits(model: LoadedModel, token_ids: Tensor) -> Tensor:
    """Logits after each of int64 [T]: float32 [T, V] on the host."""
    network = model.network
    if len(token_ids) and not 0 <= int(token_ids.min()) <= int(token_ids.max()) < model.config.vocab_size:
        raise RequestError(f"a token is outside the vocabulary of {model.config.vocab_size:,}")
    kind = _CACHE[network.dtype]
    cache = KeyValueCache(model.config, kind, device=network.device, dtype=network.dtype)
    cache.reserve(len(token_ids))
    logits = torch.empty(len(token_ids), model.config.vocab_size)
    for start in range(0, len(token_ids), _CHUNK_TOKENS):
        chunk = token_ids[start : start + _CHUNK_TOKENS].to(network.device)
        logits[start : start + len(chunk)] = network.logits(network.read(chunk, cache))
    return logits


def _read_ids(path: Path) -> Tensor:
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RequestError(f"{path} cannot be read as safetensors: {error}") from error
    token_ids = tensors.get("input_ids")
    if token_ids is None or token_ids.dtype != torch.int64 or token_ids.dim() != 1:
        raise RequestError(f"{path} must hold input_ids, int64 [T]")
    return token_ids
