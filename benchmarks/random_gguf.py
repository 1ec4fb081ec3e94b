"""Write a GGUF file of the shape `mini` with random Q4_0 weights, about 9 GB, for llama.cpp to be timed on.

Run as `python -m benchmarks.random_gguf FILE` under a Python that has gguf; it needs no torch. Tensor names and
metadata are those that llama.cpp's converter gives BailingMoeV2. Every matrix is Q4_0, the head among them:
llama-quantize would give the head the larger Q6_K, so that this file is the faster one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf  # type: ignore[import-not-found, unused-ignore]
import numpy as np
from numpy.typing import NDArray

from model_runtime.config import ModelConfig
from model_runtime.shapes import Shape, shape_config

BLOCK_WEIGHTS = 32  # Q4_0: a float16 scale, then 32 nibbles
BLOCK_BYTES = 18
BLOCK_SCALE = np.float16(0.0043)  # nibbles are even over -8 to 7: weights of deviation 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One tensor of the file: float32 where it has `values`, else random Q4_0."""

    name: str
    shape: tuple[int, ...]
    values: NDArray[np.float32] | None = None


def tensors_of(config: ModelConfig) -> list[Stored]:
    """What src/models/bailingmoe2.cpp asks for, outermost dimension first."""
    vocabulary, hidden = config.vocab_size, config.hidden_size
    found = [
        Stored(name="token_embd.weight", shape=(vocabulary, hidden)),
        _ones("output_norm.weight", hidden),
        Stored(name="output.weight", shape=(vocabulary, hidden)),
    ]
    for layer in range(config.num_hidden_layers):
        found += _attention(config, f"blk.{layer}")
        found += _experts(config, layer) if layer in config.moe_layers else _dense(config, layer)
    return found


def _attention(config: ModelConfig, block: str) -> list[Stored]:
    hidden, queries = config.hidden_size, config.query_size
    return [
        _ones(f"{block}.attn_norm.weight", hidden),
        Stored(name=f"{block}.attn_qkv.weight", shape=(queries + 2 * config.key_value_size, hidden)),
        _ones(f"{block}.attn_q_norm.weight", config.head_dim),
        _ones(f"{block}.attn_k_norm.weight", config.head_dim),
        Stored(name=f"{block}.attn_output.weight", shape=(hidden, queries)),
        _ones(f"{block}.ffn_norm.weight", hidden),
    ]


def _dense(config: ModelConfig, layer: int) -> list[Stored]:
    return _gated(f"blk.{layer}.ffn", "", (), config.intermediate_size, config.hidden_size)


def _experts(config: ModelConfig, layer: int) -> list[Stored]:
    block, count, hidden = f"blk.{layer}", config.num_experts, config.hidden_size
    # Router logits of deviation 1, as in our synthetic weights: tokens choose their experts apart from each other.
    router = np.random.default_rng(layer).standard_normal((count, hidden), dtype=np.float32) * np.float32(hidden**-0.5)
    return [
        Stored(name=f"{block}.ffn_gate_inp.weight", shape=router.shape, values=router),
        Stored(name=f"{block}.exp_probs_b.bias", shape=(count,), values=np.zeros(count, np.float32)),
        *_gated(f"{block}.ffn", "_exps", (count,), config.moe_intermediate_size, hidden),
        *_gated(f"{block}.ffn", "_shexp", (), config.shared_expert_intermediate_size, hidden),
    ]


def _gated(prefix: str, suffix: str, stacked: tuple[int, ...], width: int, hidden: int) -> list[Stored]:
    return [
        Stored(name=f"{prefix}_gate{suffix}.weight", shape=(*stacked, width, hidden)),
        Stored(name=f"{prefix}_down{suffix}.weight", shape=(*stacked, hidden, width)),
        Stored(name=f"{prefix}_up{suffix}.weight", shape=(*stacked, width, hidden)),
    ]


def _ones(name: str, size: int) -> Stored:
    return Stored(name=name, shape=(size,), values=np.ones(size, np.float32))


def write_gguf(config: ModelConfig, path: Path) -> None:
    """Write the file tensor by tensor: about 9 GB, of which one tensor at a time is held."""
    writer = gguf.GGUFWriter(path, "bailingmoe2")
    _add_metadata(writer, config)
    tensors = tensors_of(config)
    for tensor in tensors:
        if tensor.values is None:
            weights = int(np.prod(tensor.shape))
            packed = (*tensor.shape[:-1], tensor.shape[-1] // BLOCK_WEIGHTS * BLOCK_BYTES)
            stored = weights // BLOCK_WEIGHTS * BLOCK_BYTES
            kind = gguf.GGMLQuantizationType.Q4_0
            writer.add_tensor_info(tensor.name, packed, np.dtype(np.uint8), stored, kind)
        else:
            writer.add_tensor_info(tensor.name, tensor.shape, tensor.values.dtype, tensor.values.nbytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    source = np.random.default_rng(0)
    for tensor in tensors:
        writer.write_tensor_data(_random_blocks(source, tensor.shape) if tensor.values is None else tensor.values)
    writer.close()


def _add_metadata(writer: Any, config: ModelConfig) -> None:
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(config.rotary_dim)
    writer.add_vocab_size(config.vocab_size)
    writer.add_leading_dense_block_count(config.first_k_dense_replace)
    writer.add_expert_count(config.num_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_expert_group_count(config.n_group)
    writer.add_expert_group_used_count(config.topk_group)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    writer.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)
    writer.add_expert_shared_count(config.shared_expert_intermediate_size // config.moe_intermediate_size)
    writer.add_expert_weights_scale(config.routed_scaling_factor)
    writer.add_expert_weights_norm(config.norm_topk_prob)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_tokenizer_model("none")  # tokens are fed as numbers


def _random_blocks(source: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    count = int(np.prod(shape)) // BLOCK_WEIGHTS
    blocks = np.frombuffer(bytearray(source.bytes(count * BLOCK_BYTES)), np.uint8).reshape(count, BLOCK_BYTES)
    blocks[:, :2] = np.frombuffer(BLOCK_SCALE.tobytes(), np.uint8)
    return blocks


def main() -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    write_gguf(shape_config(Shape.MINI), parser.parse_args().path)


if __name__ == "__main__":
    main()
