"""Random checkpoints in every published form, small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from model_runtime.checkpoint import FP8_BLOCK, Role, TensorSpec, expert_name, network_tensors
from model_runtime.config import parse_config

CONFIG: dict[str, object] = {
    "architectures": ["BailingMoeV2ForCausalLM"],
    "model_type": "bailing_moe",
    "vocab_size": 256,
    "hidden_size": 128,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "num_shared_experts": 1,
    "n_group": 2,
    "topk_group": 1,
    "moe_intermediate_size": 64,
    "first_k_dense_replace": 1,
    "routed_scaling_factor": 2.5,
    "partial_rotary_factor": 0.5,
    "rope_theta": 600_000,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-6,
    "eos_token_id": 1,
}


def published_tensors(config: dict[str, object], seed: int = 1) -> dict[str, Tensor]:
    """Random weights under the published names: bf16, expert biases float32."""
    source = torch.Generator().manual_seed(seed)
    tensors = {}
    for spec in network_tensors(parse_config(config)):
        for name, shape in published_names(spec):
            dtype = torch.float32 if spec.role is Role.EXPERT_BIAS else torch.bfloat16
            scale = 1.0 if spec.role is Role.NORM else 0.1
            tensors[name] = (torch.randn(shape, generator=source) * scale).to(dtype)
    return tensors


def published_names(spec: TensorSpec) -> list[tuple[str, tuple[int, ...]]]:
    if spec.role is not Role.EXPERTS:
        return [(spec.name, spec.shape)]
    return [(expert_name(spec.name, expert), spec.shape[1:]) for expert in range(spec.shape[0])]


def write_checkpoint(
    folder: Path, tensors: dict[str, Tensor], *, shards: int = 3, config: dict[str, object] | None = None
) -> Path:
    """A folder as the hub has it: config, shards, index, tokenizer."""
    folder.mkdir(parents=True)
    names = list(tensors)
    places = {}
    for at in range(shards):
        file = f"model-{at + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name].contiguous() for name in names[at::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        places.update(dict.fromkeys(part, file))
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(config or CONFIG))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "generation_config.json").write_text('{"temperature": 0.6}')
    return folder


def fp8_tensors(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The FP8 form of a checkpoint, and the bf16 weights that it stands for."""
    stored, meant = {}, {}
    for name, weight in tensors.items():
        is_linear = weight.dim() == 2 and "mlp.gate." not in name
        if not is_linear or name.startswith(("lm_head", "model.word_embeddings")):
            stored[name] = meant[name] = weight
            continue
        rows, columns = weight.shape
        blocks = (-(-rows // FP8_BLOCK), -(-columns // FP8_BLOCK))
        scale = torch.rand(blocks, generator=torch.Generator().manual_seed(rows)) * 0.01 + 0.001
        wide = scale.repeat_interleave(FP8_BLOCK, 0)[:rows].repeat_interleave(FP8_BLOCK, 1)[:, :columns]
        codes = (weight.float() / wide).clamp(-448, 448).to(torch.float8_e4m3fn)
        stored[name], stored[f"{name}_scale_inv"] = codes, scale
        meant[name] = (codes.float() * wide).to(torch.bfloat16)
    return stored, meant


FP8_QUANTIZATION: dict[str, object] = {
    "quant_method": "fp8",
    "fmt": "e4m3",
    "activation_scheme": "dynamic",
    "weight_block_size": [128, 128],
}
