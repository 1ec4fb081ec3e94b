"""What is trained, on what, for how long: the network's numbers and the curriculum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.bundled_model.conversations import Frame
from tools.bundled_model.records import RecordSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the curriculum, up to `until` of the budget (0 to 1): how long records are, what stands around them.

    A record is asked `questions`, in plain words to begin with; a step reads `batch_tokens`.
    """

    until: float
    size: RecordSize
    frames: Sequence[Frame]
    questions: int
    batch_tokens: int
    plain_words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One training. `budget_seconds`: processor time of all threads together, or time on the clock of a GPU."""

    name: str
    config: Mapping[str, object]
    stages: tuple[Stage, ...]
    budget_seconds: float
    learning_rate: float
    seed: int = 6


def config_fields(**changes: object) -> dict[str, object]:
    """config.json of the bundled model, with `changes`."""
    fields: dict[str, object] = {
        "architectures": ["BailingMoeV2ForCausalLM"],
        "model_type": "bailing_moe",
        "vocab_size": 8192,
        "hidden_size": 448,
        "intermediate_size": 256,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "num_experts": 16,
        "num_experts_per_tok": 2,
        "num_shared_experts": 1,
        "n_group": 4,
        "topk_group": 2,
        "moe_intermediate_size": 64,
        "moe_shared_expert_intermediate_size": 64,
        "first_k_dense_replace": 1,
        "routed_scaling_factor": 2.5,
        "norm_topk_prob": True,
        "score_function": "sigmoid",
        "moe_router_enable_expert_bias": True,
        "router_dtype": "fp32",
        "partial_rotary_factor": 0.125,
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6,
        "use_rmsnorm": True,
        "use_qk_norm": True,
        "use_bias": False,
        "use_qkv_bias": False,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "num_nextn_predict_layers": 0,
        "eos_token_id": 6,
        "pad_token_id": 1,
        "torch_dtype": "bfloat16",
    }
    return fields | changes


def _size(pages: tuple[int, int], facts: tuple[int, int], fillers: float) -> RecordSize:
    return RecordSize(pages=pages, facts=facts, fillers=fillers)


_BARE, _WHOLE, _PASSAGES = Frame.BARE, Frame.WHOLE_RECORD, Frame.PASSAGES

CPU_PLAN = Plan(
    name="cpu",
    config=config_fields(),
    stages=(
        Stage(
            until=0.03,
            size=_size((1, 2), (2, 5), 0.2),
            frames=(_BARE,),
            questions=10,
            batch_tokens=2_000,
            plain_words=True,
        ),
        Stage(until=0.15, size=_size((1, 2), (2, 5), 0.2), frames=(_BARE,), questions=10, batch_tokens=2_000),
        Stage(
            until=0.40,
            size=_size((1, 3), (2, 7), 0.3),
            frames=(_BARE, _WHOLE, _PASSAGES),
            questions=12,
            batch_tokens=2_000,
        ),
        Stage(
            until=0.85, size=_size((1, 4), (3, 8), 0.3), frames=(_WHOLE, _PASSAGES), questions=14, batch_tokens=2_500
        ),
        Stage(until=1.0, size=_size((2, 7), (3, 8), 0.4), frames=(_WHOLE, _PASSAGES), questions=16, batch_tokens=3_000),
    ),
    budget_seconds=7_200,
    learning_rate=3e-4,
)
# 39M weights in all, 12M of them active beside embeddings and head. Not trained yet: it wants a GPU.
GPU_PLAN = Plan(
    name="gpu",
    config=config_fields(
        vocab_size=7680,
        hidden_size=512,
        num_hidden_layers=8,
        num_experts=32,
        num_experts_per_tok=4,
    ),
    stages=(
        Stage(
            until=0.04,
            size=_size((1, 2), (2, 5), 0.2),
            frames=(_BARE,),
            questions=8,
            batch_tokens=32_000,
            plain_words=True,
        ),
        Stage(until=0.2, size=_size((1, 2), (2, 5), 0.2), frames=(_BARE,), questions=8, batch_tokens=32_000),
        Stage(until=0.4, size=_size((1, 3), (2, 7), 0.3), frames=(_BARE, _WHOLE), questions=10, batch_tokens=48_000),
        Stage(
            until=0.8, size=_size((1, 6), (3, 8), 0.3), frames=(_WHOLE, _PASSAGES), questions=12, batch_tokens=64_000
        ),
        Stage(
            until=1.0, size=_size((4, 24), (3, 8), 0.4), frames=(_WHOLE, _PASSAGES), questions=16, batch_tokens=64_000
        ),
    ),
    budget_seconds=1_200,
    learning_rate=3e-4,
)
SMOKE_PLAN = Plan(
    name="smoke",
    config=config_fields(vocab_size=1024, hidden_size=128, num_attention_heads=2, num_key_value_heads=1),
    stages=(
        Stage(until=1.0, size=_size((1, 1), (2, 3), 0.0), frames=(_BARE, _WHOLE), questions=3, batch_tokens=1_500),
    ),
    budget_seconds=4,
    learning_rate=1e-3,
)
PLANS = {plan.name: plan for plan in (CPU_PLAN, GPU_PLAN, SMOKE_PLAN)}
