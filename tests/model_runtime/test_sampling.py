"""Logits are processed as transformers processes them; a seed decides the text; constraints hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from model_runtime.errors import NumericalError, RequestError
from model_runtime.sampling import Constraint, Sampler, SamplingSettings, sampling_of

VOCABULARY = 200


def test_a_checkpoint_says_how_it_is_sampled(tmp_path: Path) -> None:
    assert sampling_of(tmp_path) == SamplingSettings()
    path = tmp_path / "generation_config.json"
    path.write_text('{"temperature": 0.3, "top_k": 5, "eos_token_id": [1], "repetition_penalty": null}')
    assert sampling_of(tmp_path) == SamplingSettings(temperature=0.3, top_k=5)
    path.write_text('{"do_sample": false, "temperature": 0.3, "repetition_penalty": 1.0}')
    assert sampling_of(tmp_path) == SamplingSettings(temperature=0, repetition_penalty=1.0)
    path.write_text('{"top_p": 0}')
    with pytest.raises(RequestError, match="top_p"):
        sampling_of(tmp_path)


def sampler(
    settings_: SamplingSettings, prompt: list[int] | None = None, constraint: Constraint | None = None
) -> Sampler:
    return Sampler(
        settings_,
        vocabulary=VOCABULARY,
        prompt_tokens=prompt or [1, 2, 3],
        device=torch.device("cpu"),
        constraint=constraint,
    )


def random_logits(seed: int) -> Tensor:
    return torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed)) * 4


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    temperature=st.sampled_from([0.3, 0.6, 1.0, 1.7]),
    top_k=st.sampled_from([0, 1, 20, 150, 500]),
    top_p=st.sampled_from([0.1, 0.8, 0.95, 1.0]),
    penalty=st.sampled_from([0.8, 1.0, 1.05, 1.5]),
    prompt=st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=40),
)
def test_processors_equal_those_of_transformers(
    seed: int, temperature: float, top_k: int, top_p: float, penalty: float, prompt: list[int]
) -> None:
    logits = random_logits(seed).round(decimals=1)  # ties happen
    processors = LogitsProcessorList([RepetitionPenaltyLogitsProcessor(penalty), TemperatureLogitsWarper(temperature)])
    if top_k:
        processors.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        processors.append(TopPLogitsWarper(top_p))
    theirs = processors(torch.LongTensor([prompt]), torch.FloatTensor(logits[None].clone()))[0]
    chosen = SamplingSettings(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty)
    ids, ours = sampler(chosen, prompt).candidates(logits)
    # Among equal logits at the edge of top-p the order of the sort decides, so the multisets must agree.
    assert torch.equal(ours.sort().values, theirs[theirs.isfinite()].sort().values)
    assert torch.equal(ours, logits_after_penalty(logits, prompt, penalty)[ids] / temperature)


def logits_after_penalty(logits: Tensor, prompt: list[int], penalty: float) -> Tensor:
    processor = RepetitionPenaltyLogitsProcessor(penalty)
    penalized: Tensor = processor(torch.LongTensor([prompt]), torch.FloatTensor(logits[None].clone()))[0]
    return penalized


def test_the_same_seed_draws_the_same_tokens() -> None:
    draws = []
    for seed in (7, 7, 8):
        one = sampler(SamplingSettings(seed=seed, temperature=1.5, top_k=0, top_p=1))
        draws.append([one.choose(random_logits(step)) for step in range(20)])
    assert draws[0] == draws[1] != draws[2]


def test_drawn_tokens_follow_their_probabilities() -> None:
    logits = torch.full((VOCABULARY,), -20.0)
    logits[[5, 9]] = torch.tensor([0.75, 0.25]).log()
    one = sampler(SamplingSettings(seed=0, temperature=1, top_k=0, top_p=1, repetition_penalty=1))
    share = sum(one.choose(logits) == 5 for _ in range(2000)) / 2000
    assert 0.70 < share < 0.80


def test_a_token_taken_once_is_penalized_from_then_on() -> None:
    logits = torch.zeros(VOCABULARY)
    logits[5], logits[9] = 2.0, 1.9
    one = sampler(SamplingSettings(temperature=0, repetition_penalty=1.1))
    assert one.choose(logits) == 5
    one.accept(5)
    assert one.choose(logits) == 9


class OnlyEven:
    """Allows even tokens until one was taken, then all."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def allowed(self) -> list[int] | None:
        return None if self.taken else list(range(0, VOCABULARY, 2))

    def forbidden(self) -> list[int]:
        return [11]

    def draft(self) -> list[int]:
        return []

    def advance(self, token: int) -> None:
        self.taken.append(token)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_constraint_is_kept_and_told(temperature: float) -> None:
    constraint = OnlyEven()
    one = sampler(SamplingSettings(temperature=temperature, seed=1), constraint=constraint)
    logits = torch.zeros(VOCABULARY)
    logits[7] = 50.0
    token = one.choose(logits)
    assert token % 2 == 0
    one.accept(token)
    assert constraint.taken == [token]
    assert one.choose(logits) == 7
    logits[11] = 99.0
    assert one.choose(logits) == 7  # 11 is forbidden where all others are allowed


def test_a_constraint_that_allows_nothing_is_named() -> None:
    class Nothing:
        def allowed(self) -> list[int]:
            return []

        def forbidden(self) -> list[int]:
            return []

        def draft(self) -> list[int]:
            return []

        def advance(self, token: int) -> None: ...

    with pytest.raises(RequestError, match="no token"):
        sampler(SamplingSettings(), constraint=Nothing()).choose(torch.zeros(VOCABULARY))


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_named(poison: float) -> None:
    logits = random_logits(0)
    logits[3] = poison
    with pytest.raises(NumericalError):
        sampler(SamplingSettings()).choose(logits)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"temperature": -1}, {"top_p": 0}, {"top_k": -1}, {"repetition_penalty": 0}):
        with pytest.raises(RequestError):
            SamplingSettings(**wrong)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    top_k=st.sampled_from([1, 20, 30]),
    top_p=st.sampled_from([0.1, 0.8, 1.0]),
    is_constrained=st.booleans(),
)
def test_the_shortlist_of_a_gpu_has_the_same_candidates(
    seed: int, top_k: int, top_p: float, is_constrained: bool
) -> None:
    logits = random_logits(seed).round(decimals=1)  # ties happen
    chosen = SamplingSettings(temperature=0.6, top_k=top_k, top_p=top_p)
    ours = sampler(chosen, constraint=OnlyEven() if is_constrained else None)
    ids, left = ours.candidates_of_shortlist(logits)
    expected_ids, expected_left = ours.candidates(logits)
    assert torch.equal(ids, expected_ids)
    torch.testing.assert_close(left, expected_left)


def test_a_shortlist_of_logits_that_are_not_finite_is_refused() -> None:
    logits = random_logits(0)
    logits[7] = float("nan")
    with pytest.raises(NumericalError):
        sampler(SamplingSettings(temperature=0.6, top_k=20)).candidates_of_shortlist(logits)
