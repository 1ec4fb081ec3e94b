"""Over random configurations the network equals transformers' Glm4MoeForCausalLM, the same under other names."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import Glm4MoeConfig, Glm4MoeForCausalLM

from model_runtime.config import parse_config
from tests.model_runtime.plain_weights import exact_cache, logits_in_pieces, plain_network
from tests.model_runtime.tiny_checkpoint import tiny_config, tiny_tensors

LAYER_NAMES = {
    "attention.dense.weight": "self_attn.o_proj.weight",
    "attention.query_layernorm.weight": "self_attn.q_norm.weight",
    "attention.key_layernorm.weight": "self_attn.k_norm.weight",
    "mlp.gate.expert_bias": "mlp.gate.e_score_correction_bias",
}


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, object]:
    """Fields of a config.json: every choice the family makes, varied."""
    groups = draw(st.sampled_from([1, 2, 4]))
    open_groups = draw(st.integers(1, groups))
    experts = groups * draw(st.sampled_from([2, 4]))
    layers = draw(st.integers(1, 3))
    keys = draw(st.sampled_from([1, 2]))
    head = draw(st.sampled_from([8, 16]))
    fields: dict[str, object] = {
        "vocab_size": 96,
        "hidden_size": 32,
        "intermediate_size": 48,
        "moe_intermediate_size": 24,
        "moe_shared_expert_intermediate_size": 24,
        "num_hidden_layers": layers,
        "first_k_dense_replace": draw(st.integers(0, layers)),
        "num_attention_heads": keys * draw(st.sampled_from([1, 2])),
        "num_key_value_heads": keys,
        "head_dim": head,
        "num_experts": experts,
        "n_group": groups,
        "topk_group": open_groups,
        "num_experts_per_tok": draw(st.integers(2, min(4, experts // groups * open_groups))),
        "num_shared_experts": draw(st.sampled_from([1, 2])),
        "routed_scaling_factor": draw(st.sampled_from([1.0, 2.5])),
        "use_qk_norm": draw(st.booleans()),
        "max_position_embeddings": 64,
    }
    turning = draw(st.sampled_from([head // 4, head // 2, head]))
    rope: dict[str, object] | None = None
    if draw(st.booleans()):
        rope = {
            "rope_type": "yarn",
            "factor": draw(st.sampled_from([2.0, 4.0])),
            "original_max_position_embeddings": 32,
        }
    if draw(st.booleans()):  # the spelling of transformers 5
        share = {"partial_rotary_factor": turning / head}
        fields |= {"rope_parameters": {"rope_theta": 600000.0, **share, **(rope or {"rope_type": "default"})}}
        return fields | {"partial_rotary_factor": None, "rope_theta": None, "rope_scaling": None}
    if draw(st.booleans()):
        fields |= {"partial_rotary_factor": None, "rotary_dim": turning}
    else:
        fields |= {"partial_rotary_factor": turning / head}
    return fields | {"rope_scaling": rope}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(changes=configurations(), seed=st.integers(0, 1000), piece_tokens=st.sampled_from([1, 5, 40]))
def test_logits_equal_those_of_glm4_moe(changes: dict[str, object], seed: int, piece_tokens: int) -> None:
    fields = tiny_config(**changes)
    config = parse_config(fields)
    tensors = {name: tensor.float() for name, tensor in tiny_tensors(fields, seed=seed).items()}
    token_ids = torch.randint(0, 96, (40,), generator=torch.Generator().manual_seed(seed))
    ours = logits_in_pieces(plain_network(config, tensors), exact_cache(config), token_ids, piece_tokens)
    with torch.inference_mode():
        theirs = glm4_moe(fields, config.rotary_dim, tensors)(token_ids[None]).logits[0]
    assert (ours - theirs).abs().max() < 2e-4 * max(1.0, float(theirs.abs().max()))


def glm4_moe(fields: dict[str, Any], rotary_dim: int, tensors: dict[str, Tensor]) -> Glm4MoeForCausalLM:
    """The oracle with the same weights: projections split, experts stacked, names changed."""
    rope = dict(fields.get("rope_parameters") or fields.get("rope_scaling") or {"rope_type": "default"})
    rope |= {"rope_theta": 600000.0, "partial_rotary_factor": rotary_dim / fields["head_dim"]}
    same = (
        "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim "
        "num_experts_per_tok n_group topk_group moe_intermediate_size first_k_dense_replace routed_scaling_factor "
        "norm_topk_prob max_position_embeddings rms_norm_eps use_qk_norm"
    )
    config = Glm4MoeConfig(
        **{name: fields[name] for name in same.split()},
        n_routed_experts=fields["num_experts"],
        n_shared_experts=fields["num_shared_experts"],
        rope_parameters=rope,
        tie_word_embeddings=False,
        attention_bias=False,
    )
    model: Glm4MoeForCausalLM = Glm4MoeForCausalLM(config)
    model.train(mode=False)
    model.load_state_dict(_renamed(fields, tensors), strict=True)
    return model


def _renamed(fields: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {
        "model.embed_tokens.weight": tensors["model.word_embeddings.weight"],
        "model.norm.weight": tensors["model.norm.weight"],
        "lm_head.weight": tensors["lm_head.weight"],
    }
    queries, keys = (fields[name] * fields["head_dim"] for name in ("num_attention_heads", "num_key_value_heads"))
    for layer in range(fields["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        parts = torch.split(own.pop("attention.query_key_value.weight"), [queries, keys, keys])
        for letter, part in zip("qkv", parts, strict=True):
            renamed[f"{prefix}self_attn.{letter}_proj.weight"] = part
        if "mlp.experts.0.gate_proj.weight" in own:
            stacks = {
                part: torch.stack(
                    [own.pop(f"mlp.experts.{e}.{part}_proj.weight") for e in range(fields["num_experts"])]
                )
                for part in ("gate", "up", "down")
            }
            renamed[f"{prefix}mlp.experts.gate_up_proj"] = torch.cat((stacks["gate"], stacks["up"]), dim=1)
            renamed[f"{prefix}mlp.experts.down_proj"] = stacks["down"]
        renamed |= {prefix + LAYER_NAMES.get(name, name): tensor for name, tensor in own.items()}
    return renamed
