"""The published shapes of the family by name, so that a plan or a benchmark needs no download."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from model_runtime.config import ModelConfig, parse_config


class Shape(StrEnum):
    """flash: Ling-flash-2.0 and AntAngelMed. mini: Ling-mini-2.0."""

    FLASH = "flash"
    MINI = "mini"


_FAMILY: Mapping[str, object] = {
    "architectures": ["BailingMoeV2ForCausalLM"],
    "model_type": "bailing_moe",
    "vocab_size": 157_184,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 256,
    "num_experts_per_tok": 8,
    "num_shared_experts": 1,
    "n_group": 8,
    "topk_group": 4,
    "first_k_dense_replace": 1,
    "routed_scaling_factor": 2.5,
    "partial_rotary_factor": 0.5,
    "rope_theta": 600_000,
    "max_position_embeddings": 32_768,
    "rms_norm_eps": 1e-6,
    "eos_token_id": 156_895,
    "pad_token_id": 156_892,
}

_SIZES: Mapping[Shape, Mapping[str, object]] = {
    Shape.FLASH: {
        "hidden_size": 4096,
        "intermediate_size": 9216,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "moe_intermediate_size": 1024,
    },
    Shape.MINI: {
        "hidden_size": 2048,
        "intermediate_size": 5120,
        "num_hidden_layers": 20,
        "num_attention_heads": 16,
        "moe_intermediate_size": 512,
    },
}


def shape_fields(shape: Shape) -> Mapping[str, object]:
    """The fields of its config.json. Source: the published files, whose parameter counts these numbers give."""
    return {**_FAMILY, **_SIZES[shape]}


def shape_config(shape: Shape) -> ModelConfig:
    """The config of that shape."""
    return parse_config(shape_fields(shape))
