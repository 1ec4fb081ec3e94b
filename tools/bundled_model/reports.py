"""What a trained model scores: held-out invented records in three forms of its weights, speed, expert loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.machine import describe_machine
from model_runtime.loader import Precision
from tools.bundled_model.card import write_card
from tools.bundled_model.conversations import Example, Frame
from tools.bundled_model.evaluation import held_out_scores, open_engine, speed, trials
from tools.bundled_model.job import natural_sentences
from tools.bundled_model.judging import FLOORS, reaches_floors
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import PLANS
from tools.bundled_model.records import RecordGenerator

# Folder of an export and the precision in which its weights are computed with.
TRAINING, SCORES = "training.json", "scores.json"  # what export says of the training, what evaluate found
FORMS = {"bf16": Precision.BFLOAT16, "experts": Precision.NF4, "linears": Precision.NF4}


def expert_shares(network: TrainingNetwork, examples: Sequence[Example]) -> list[list[float]]:
    """For each layer of experts the share of choices that each got while `network` read `examples`."""
    network.train()  # in which it counts
    with torch.no_grad():
        for one in examples:
            network.hidden_states(torch.tensor([one.tokens], device=network.norm.weight.device))
    shares = [(mixture.load / mixture.load.sum()).tolist() for mixture in network.mixtures]
    for mixture in network.mixtures:
        mixture.load.zero_()
    return [[round(share, 4) for share in layer] for layer in shares]


def evaluate(exported: Path, *, records: int, seed: int, answer_tokens: int = 200) -> dict[str, object]:
    """The scores of every form that `exported` holds, and whether it may be shipped."""
    generator = RecordGenerator(natural_sentences(held_out=True))
    held_out = trials(generator, records, seed=seed)
    alike = trials(RecordGenerator(natural_sentences(held_out=False)), records // 2, seed=seed, held_out=False)
    found: dict[str, object] = {"machine": describe_machine(), "records": records, "floors": dict(FLOORS)}
    path = exported / TRAINING
    training = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found["training"] = training
    for form, precision in FORMS.items():
        if not (exported / form).is_dir():
            continue
        engine = open_engine(exported / form, precision)
        measured = held_out_scores(engine, held_out, Frame.WHOLE_RECORD, answer_tokens=answer_tokens)
        scored: dict[str, object] = {"held_out": measured, "reaches_floors": reaches_floors(measured)}
        if form == "experts":
            asked = {"held_out_passages": (held_out, Frame.PASSAGES), "like_training": (alike, Frame.WHOLE_RECORD)}
            for name, (trials_, frame) in asked.items():
                scored[name] = held_out_scores(engine, trials_, frame, answer_tokens=answer_tokens)
            scored["speed"] = speed(engine, held_out[0], answer_tokens=answer_tokens)
        found[form] = scored
        if training:
            write_card(exported / form, PLANS[training["plan"]], training["seconds"], training["tokens"], measured)
    return found
