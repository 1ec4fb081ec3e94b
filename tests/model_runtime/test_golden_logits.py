"""The network gives the logits of the official reference implementation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from model_runtime.config import read_config
from tests.model_runtime.plain_weights import exact_cache, logits_in_pieces, plain_network, read_tensors

GOLDEN = Path(__file__).parent / "golden" / "tiny_bailing_moe_v2"
TOLERANCE = 2e-3


@pytest.mark.parametrize(("context", "expected"), [(256, "logits"), (1024, "logits_yarn_factor_4")])
@pytest.mark.parametrize("piece_tokens", [1, 7, 64, 160])
def test_logits_equal_those_of_the_reference(context: int, expected: str, piece_tokens: int) -> None:
    config = read_config(GOLDEN).with_context(context)
    golden = load_file(GOLDEN / "expected.safetensors")
    network = plain_network(config, read_tensors(GOLDEN))
    logits = logits_in_pieces(network, exact_cache(config), golden["input_ids"], piece_tokens)
    assert (logits - golden[expected]).abs().max() < TOLERANCE


def test_bfloat16_stays_near_the_reference() -> None:
    config = read_config(GOLDEN)
    golden = load_file(GOLDEN / "expected.safetensors")
    network = plain_network(config, read_tensors(GOLDEN), torch.bfloat16)
    logits = network.logits(network.read(golden["input_ids"], exact_cache(config, torch.bfloat16)))
    error = (logits - golden["logits"]).norm() / golden["logits"].norm()
    assert 1e-5 < error < 0.1  # random weights: a flipped expert costs much
