"""The model card: what the exported weights are, on what they were trained, what they score."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from model_runtime.checkpoint import network_tensors
from model_runtime.config import parse_config
from tools.bundled_model.judging import FLOORS
from tools.bundled_model.plan import Plan
from tools.bundled_model.word_pools import TEXTS

_BLANK = re.compile(r"\{\{([a-z]+)\}\}")


def write_card(folder: Path, plan: Plan, seconds: float, tokens: int, held_out: Mapping[str, float]) -> None:
    """Write README.md to `folder`: of weights trained for `seconds` on `tokens`, with these `held_out` scores."""
    texts = {
        "network": _network(plan),
        "training": f"plan {plan.name}, seed {plan.seed}, {tokens:,} tokens in {seconds / 60:.1f} minutes of "
        + ("a GPU" if plan.name == "gpu" else "one core's time"),
        "scores": "\n".join(_row(name, share) for name, share in held_out.items()),
    }
    card = (TEXTS / "model_card.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(_BLANK.sub(lambda blank: texts[blank.group(1)], card), encoding="utf-8")


def _network(plan: Plan) -> str:
    config = parse_config(plan.config)
    weights = sum(spec.weights for spec in network_tensors(config))
    return (
        f"{weights / 1e6:.1f}M weights, {config.num_hidden_layers} layers of width {config.hidden_size}, "
        f"{config.num_experts} experts of which {config.num_experts_per_tok} read a token, "
        f"{config.vocab_size:,} tokens, a context of {config.max_position_embeddings:,}"
    )


def _row(name: str, share: float) -> str:
    floor = f"{FLOORS[name]:.2f}" if name in FLOORS else ""
    return f"| {name.replace('_', ' ')} | {share:.3f} | {floor} |"
