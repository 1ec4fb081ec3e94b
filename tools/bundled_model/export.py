"""Write the trained network as an ordinary checkpoint folder of the family, and its 4-bit form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from model_runtime.checkpoint import Quantize
from model_runtime.conversion import quantize_checkpoint
from tools.bundled_model.network import Attention, MixtureOfExperts, SwiGlu, TrainingNetwork

LARGEST_FILE_BYTES = 8 * 10**6  # of a shipped file
_PROJECTIONS = ("gate_proj", "up_proj", "down_proj")


def write_checkpoint(
    folder: Path, network: TrainingNetwork, fields: Mapping[str, object], tokenizer: PreTrainedTokenizerFast
) -> None:
    """The bf16 checkpoint: weights under the published names, config, tokenizer, stop tokens and sampling."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: _stored(name, tensor) for name, tensor in published_tensors(network)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    generation = {
        "eos_token_id": [fields["pad_token_id"], fields["eos_token_id"]],
        "pad_token_id": fields["pad_token_id"],
        "do_sample": False,  # it copies: the likeliest word is the one that stands there
        "repetition_penalty": 1.0,
    }
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n", encoding="utf-8")
    tokenizer.save_pretrained(folder)


def write_four_bit(source: Path, target: Path, quantize: Quantize) -> None:
    """The 4-bit form of `source`, in files small enough for the repository."""
    for _ in quantize_checkpoint(source, target, quantize, largest_shard_bytes=LARGEST_FILE_BYTES):
        pass


def published_tensors(network: TrainingNetwork) -> Iterator[tuple[str, Tensor]]:
    """Every weight under the name that the published checkpoints give it."""
    yield "model.word_embeddings.weight", network.word_embeddings.weight
    for index, layer in enumerate(network.layers):
        name = f"model.layers.{index}"
        yield f"{name}.input_layernorm.weight", layer.get_parameter("input_layernorm.weight")
        yield f"{name}.post_attention_layernorm.weight", layer.get_parameter("post_attention_layernorm.weight")
        for module in layer.children():
            if isinstance(module, Attention):
                yield from ((f"{name}.attention.{part}", weight) for part, weight in module.named_parameters())
            elif isinstance(module, MixtureOfExperts):
                yield from _mixture(f"{name}.mlp", module)
            elif isinstance(module, SwiGlu):
                yield from ((f"{name}.mlp.{part}", weight) for part, weight in module.named_parameters())
    yield "model.norm.weight", network.norm.weight
    yield "lm_head.weight", network.lm_head.weight


def _mixture(name: str, mixture: MixtureOfExperts) -> Iterator[tuple[str, Tensor]]:
    yield f"{name}.gate.weight", mixture.gate.weight
    yield f"{name}.gate.expert_bias", mixture.expert_bias
    for projection in _PROJECTIONS:
        for expert, weight in enumerate(mixture.get_parameter(projection)):
            yield f"{name}.experts.{expert}.{projection}.weight", weight
    for part, weight in mixture.shared_experts.named_parameters():
        yield f"{name}.shared_experts.{part}", weight


def _stored(name: str, tensor: Tensor) -> Tensor:
    dtype = torch.float32 if name.endswith("expert_bias") else torch.bfloat16
    return tensor.detach().to(dtype).contiguous()
