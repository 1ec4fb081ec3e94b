"""The training form computes what the runtime computes, and so does transformers' twin of the family."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime.checkpoint import Checkpoint, Form, Quantize
from model_runtime.config import parse_config
from tests.model_runtime.plain_weights import exact_cache, logits_in_pieces, plain_network, read_tensors
from tests.model_runtime.test_same_as_glm4_moe import glm4_moe
from tests.tools.bundled_model.test_tokenizer import TOKENIZER
from tools.bundled_model.export import LARGEST_FILE_BYTES, published_tensors, write_checkpoint, write_four_bit
from tools.bundled_model.initialisation import initialise
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import CPU_PLAN, SMOKE_PLAN, config_fields
from tools.bundled_model.training import balance_experts

FIELDS = config_fields(vocab_size=1024, rope_theta=600000.0)  # that of the twin
SINK, REFUSAL, QUOTATION = 4, 10, 11
LETTERS = "abcdefghijklmnop"
PIECES = [f" {a}{b}{c}" for a in LETTERS for b in LETTERS for c in LETTERS][:1024]


def begun(seed: int = 0, **changes: object) -> TrainingNetwork:
    network = TrainingNetwork(parse_config(FIELDS | changes))
    initialise(network, PIECES, sink=SINK, template=(SINK,), asked={}, opening=(REFUSAL, QUOTATION), seed=seed)
    for mixture in network.mixtures:
        mixture.expert_bias.normal_(std=0.1, generator=torch.Generator().manual_seed(seed))
    return network


def some_tokens() -> Tensor:
    return torch.randint(0, 1024, (1, 60), generator=torch.Generator().manual_seed(1))


def test_logits_equal_the_runtime_s() -> None:
    network, tokens = begun(), some_tokens()
    tensors = {name: tensor.detach() for name, tensor in published_tensors(network)}
    theirs = logits_in_pieces(plain_network(network.config, tensors), exact_cache(network.config), tokens[0], 25)
    with torch.no_grad():
        assert (network(tokens)[0] - theirs).abs().max() < 2e-4 * float(theirs.abs().max())


def test_logits_equal_those_of_glm4_moe() -> None:
    network, tokens = begun(), some_tokens()
    tensors = {name: tensor.detach() for name, tensor in published_tensors(network)}
    with torch.inference_mode():
        oracle = glm4_moe(FIELDS, network.config.rotary_dim, tensors)
        theirs = oracle(tokens).logits[0]
        assert (network(tokens)[0] - theirs).abs().max() < 2e-4 * float(theirs.abs().max())


def test_it_copies_before_it_has_learned_anything() -> None:
    part = torch.randint(0, 1024, (4, 80), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        likeliest = begun()(torch.cat((part, part), dim=1)).argmax(dim=-1)
    assert (likeliest[:, 80:-1] == part[:, 1:]).float().mean() > 0.5  # by chance 0.001


def test_it_leans_to_refusing_what_stands_nowhere_before_it_has_learned_anything() -> None:
    words = torch.randperm(900, generator=torch.Generator().manual_seed(3)) + 100  # each once
    network, record, mark = begun(rope_theta=CPU_PLAN.config["rope_theta"]), words[:100], torch.tensor([SINK])

    def leaning(asked: Tensor) -> float:
        questions = torch.stack([torch.cat((mark, record, record[:60], word[None], mark)) for word in asked])
        with torch.no_grad():
            logits = network(questions)[:, -1]
        return float((logits[:, REFUSAL] - logits[:, QUOTATION]).mean())

    assert leaning(words[200:216]) > leaning(words[70:86]) + 1


def test_busy_experts_become_less_likely() -> None:
    network = begun()
    before = [mixture.expert_bias.clone() for mixture in network.mixtures]
    network.train()
    network(some_tokens())
    loads = [mixture.load.clone() for mixture in network.mixtures]
    balance_experts(network)
    for mixture, bias, load in zip(network.mixtures, before, loads, strict=True):
        assert load.sum() == 60 * network.config.num_experts_per_tok
        assert mixture.expert_bias[load.argmax()] < bias[load.argmax()]
        assert mixture.expert_bias[load.argmin()] > bias[load.argmin()]
        assert mixture.load.sum() == 0


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported")
    write_checkpoint(target / "bf16", begun(), FIELDS, TOKENIZER)
    return target


def test_it_is_exported_under_the_published_names(exported: Path) -> None:
    checkpoint = Checkpoint(exported / "bf16")
    assert checkpoint.form is Form.FULL
    assert checkpoint.stored_dtype("lm_head.weight") == torch.bfloat16
    assert checkpoint.stored_dtype("model.layers.1.mlp.gate.expert_bias") == torch.float32


@pytest.mark.parametrize("quantize", list(Quantize))
def test_it_fits_our_four_bit_form(exported: Path, quantize: Quantize) -> None:
    write_four_bit(exported / "bf16", exported / quantize.value, quantize)
    assert Checkpoint(exported / quantize.value).form is Form.NF4
    assert all(path.stat().st_size <= LARGEST_FILE_BYTES for path in (exported / quantize.value).iterdir())
    assert read_tensors(exported / quantize.value)


@pytest.mark.parametrize("plan", [CPU_PLAN, SMOKE_PLAN])
def test_every_plan_s_rows_fill_whole_blocks_of_four_bit_weights(plan: object) -> None:
    fields = plan.config  # type: ignore[attr-defined]
    for name in ("hidden_size", "intermediate_size", "moe_intermediate_size", "head_dim"):
        assert fields[name] % 64 == 0
    assert parse_config(fields).moe_layers
