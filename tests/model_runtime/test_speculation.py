"""Drafts copied from the prompt change nothing but the time, and only where they pay."""

from __future__ import annotations

import pytest
import torch

from model_runtime.events import Request
from model_runtime.sampling import SamplingSettings
from model_runtime.speculation import DRAFT_TOKENS, Payoff, PromptLookup
from tests.model_runtime.tiny_engine import finished, text_of, tiny_engine, tiny_model


def test_a_draft_is_what_followed_the_last_tokens_before() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 6, 7, 9, 9, 2, 3, 4, 5])
    assert lookup.draft() == [6, 7, 9, 9, 2, 3, 4, 5][:DRAFT_TOKENS]
    lookup.extend([8])
    assert lookup.draft() == []
    lookup.extend([2, 3, 4, 5])
    assert lookup.draft()[0] == 8  # the most recent place wins
    assert PromptLookup([1, 2]).draft() == []


@pytest.mark.parametrize("penalty", [1.0, 1.02])
def test_greedy_text_is_the_same_with_drafts_as_without(penalty: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Payoff, "may_draft", property(lambda payoff: True))
    drafted = 0
    for seed in range(3):
        model = tiny_model(seed=seed)
        sampling = SamplingSettings(temperature=0, repetition_penalty=penalty)
        prompt = torch.randint(7, 600, (30,), generator=torch.Generator().manual_seed(seed)).tolist()
        plain = Request(prompt_tokens=prompt, max_tokens=80, sampling=sampling, speculate=False)
        first = tiny_engine(model)
        tokens = text_of(first.generate(plain))
        # The second time the first answer stands in the prompt, so that there is something to copy.
        longer = [*prompt, *first._cache.tokens[30:].tolist(), *prompt]
        expected = text_of(tiny_engine(model).generate(_asking(longer, sampling, speculate=False)))
        events = list(tiny_engine(model).generate(_asking(longer, sampling, speculate=True)))
        assert tokens
        assert text_of(events) == expected
        drafted += finished(events).drafted_tokens
    assert drafted > 0


def _asking(prompt: list[int], sampling: SamplingSettings, *, speculate: bool) -> Request:
    return Request(prompt_tokens=prompt, max_tokens=80, sampling=sampling, speculate=speculate)


def test_drafts_pause_where_they_do_not_pay_and_are_tried_again_ever_more_rarely() -> None:
    payoff = Payoff()
    payoff.single(1.0)
    pauses = []
    for _ in range(3):
        while payoff.may_draft:
            payoff.checked(kept=1, seconds=3.0)  # two tokens for the time of three
        pauses.append(_plain_tokens_until_drafting(payoff))
    assert pauses == [32, 64, 128]


def _plain_tokens_until_drafting(payoff: Payoff) -> int:
    for count in range(10_000):
        if payoff.may_draft:
            return count
        payoff.single(1.0)
    raise AssertionError("drafting never came back")


def test_one_plain_token_is_measured_before_the_first_draft() -> None:
    assert not Payoff().may_draft


def test_drafts_go_on_where_they_pay() -> None:
    payoff = Payoff()
    payoff.single(1.0)
    for _ in range(50):
        payoff.checked(kept=5, seconds=3.0)
    assert payoff.may_draft
    assert payoff.pays
