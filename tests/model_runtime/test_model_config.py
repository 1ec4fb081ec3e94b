"""config.json is read in both spellings, and what would change the computation unnoticed is refused by name."""

from __future__ import annotations

import pytest

from model_runtime.config import parse_config
from model_runtime.errors import ConfigError
from tests.model_runtime.tiny_checkpoint import tiny_config


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"clamp_swiglu": 7.0}, "clamp_swiglu"),
        ({"score_function": "softmax"}, "score_function"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"use_qkv_bias": True}, "use_qkv_bias"),
        ({"tie_word_embeddings": True}, "tie_word_embeddings"),
        ({"architectures": ["BailingMoeForCausalLM"]}, "BailingMoeForCausalLM"),
        ({"model_type": "bailing_hybrid"}, "model_type"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 2.0}}, "llama3"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0, "twist": 1}}, "twist"),
        ({"partial_rotary_factor": 0.5, "rotary_dim": 8}, "rotary_dim"),
        ({"n_group": 16}, "groups"),
        ({"topk_group": 1, "num_experts_per_tok": 8}, "num_experts_per_tok"),
        ({"routed_scaling_factor": None}, "routed_scaling_factor"),
        ({"num_key_value_heads": 3}, "heads"),
    ],
)
def test_another_computation_is_refused_by_name(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse_config(tiny_config(**changes))


def test_both_spellings_say_the_same() -> None:
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}
    old = parse_config(tiny_config(rope_scaling=yarn))
    share = {"rope_theta": 600000.0, "partial_rotary_factor": 0.5}
    new = parse_config(tiny_config(rope_parameters=yarn | share, rope_theta=None, partial_rotary_factor=None))
    by_dimensions = parse_config(tiny_config(rope_scaling=yarn, partial_rotary_factor=None, rotary_dim=16))
    assert old == new == by_dimensions


def test_a_context_above_the_trained_length_turns_yarn_on() -> None:
    plain = parse_config(tiny_config())
    assert plain.with_context(4096).yarn is None
    stretched = plain.with_context(16384)
    assert stretched.yarn is not None
    assert stretched.yarn.factor == 4.0
    assert stretched.yarn.original_max_position_embeddings == 4096
    assert stretched.context_tokens == 16384


def test_a_configured_yarn_is_kept_and_never_weakened() -> None:
    # As Ling's card says to write it: only rope_scaling, max_position_embeddings left at the trained length.
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096}
    config = parse_config(tiny_config(rope_scaling=yarn))
    longer = config.with_context(8192)
    assert config.yarn is not None
    assert longer.yarn is not None
    assert config.yarn.factor == longer.yarn.factor == 4.0


def test_a_context_beyond_every_measurement_is_refused() -> None:
    with pytest.raises(ConfigError, match="131,072"):
        parse_config(tiny_config()).with_context(131_073)
