"""The small cards of the GPU benchmark, over a tiny model in the interpreter, against the plain simulation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmarks import gpu_cards
from benchmarks.imposed_choices import ImposedChoices
from benchmarks.slot_cache import replayed
from benchmarks.slot_traces import Trace
from model_runtime import decode_step, decoding, offloaded_experts
from model_runtime.cache import KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig, parse_config
from model_runtime.decode_step import DecodeStep, runs_on
from model_runtime.held_weights import HeldWeights
from model_runtime.kernels import slot_cache
from model_runtime.kernels.slot_cache import SlotKernels
from model_runtime.loader import Placement
from model_runtime.model import LoadedModel, Network
from model_runtime.offload import Offload
from model_runtime.offloaded_experts import DEFAULT_POLICY
from model_runtime.planner import GIB, plan_on_gpu
from model_runtime.shapes import Shape, shape_config
from model_runtime.synthetic import SyntheticWeights
from tests.model_runtime.kernels.interpreted_step import InterpretedStep
from tests.model_runtime.tiny_checkpoint import tiny_config

CPU = torch.device("cpu")
TOKENS = 6


def config() -> ModelConfig:
    """Two mixture layers of 16 experts, 4 of a token."""
    return parse_config(tiny_config(vocab_size=64, intermediate_size=64)).with_context(128)


def offload_of(card_gib: float) -> Offload:
    offload = plan_on_gpu(config(), gpu_cards.QUANTIZE, gpu_cards.KV_CACHE, int(card_gib * GIB)).offload
    assert offload is not None
    return offload


def card_gib(experts_short: int) -> float:
    """A card on which so many experts, of both layers together, do not fit."""
    plan = plan_on_gpu(config(), gpu_cards.QUANTIZE, gpu_cards.KV_CACHE, 2**40)
    expert_bytes = 3 * 64 * 64 // 64 * 34
    return (plan.device_bytes - experts_short * expert_bytes) / GIB


def model_as_on_a_gpu(config: ModelConfig, placement: Placement) -> LoadedModel:
    weights = SyntheticWeights(config, placement)
    held = HeldWeights(weights)
    network = Network(config, held)
    return LoadedModel(
        network=network, config=config, fingerprint="", quantization="", held=held, offloaded=weights.offloaded
    )


def interpreted_step(model: LoadedModel, cache: KeyValueCache) -> InterpretedStep:
    assert model.held is not None
    assert runs_on(model.config, model.held)
    return InterpretedStep(DecodeStep(model.config, model.held, attention_splits=1), cache)


@pytest.fixture
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(Placement, "packed", lambda *_: False)
    monkeypatch.setattr(slot_cache, "_COPYING_PROGRAMS", 2)  # the interpreter runs one after the other
    monkeypatch.setattr(offloaded_experts, "slot_operations", lambda *_: SlotKernels())
    monkeypatch.setattr(decoding, "recorded_step", interpreted_step)
    monkeypatch.setattr(gpu_cards, "synthetic_model", model_as_on_a_gpu)
    monkeypatch.setattr(gpu_cards, "QUANTIZE", Quantize.EXPERTS)  # other linears by PyTorch, much faster here
    monkeypatch.setattr(gpu_cards, "CACHED_TOKENS", 20)
    monkeypatch.setattr(gpu_cards, "TRACE_TOKENS", TOKENS)
    monkeypatch.setattr(gpu_cards, "CARDS_GIB", (card_gib(experts_short=14), card_gib(experts_short=3)))


@pytest.fixture
def _without_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where experts lie does not depend on what is computed, and the interpreter takes seconds for it."""
    for name in ("gate_up", "down", "mix", "combine", "place_heads", "choose"):
        monkeypatch.setattr(decode_step, name, lambda *_: None)


@pytest.mark.usefixtures("_as_on_a_gpu", "_without_arithmetic")
def test_every_card_and_level_is_measured_and_hits_as_the_simulation_says(capsys: pytest.CaptureFixture[str]) -> None:
    rows = gpu_cards.measured_cards(config(), CPU)
    assert isinstance(rows, list)
    assert [row["trace"] for row in rows] == [str(trace) for trace in gpu_cards.LEVELS] * 2
    assert rows[0]["slots_per_layer"] < rows[3]["slots_per_layer"] < 16
    for row in rows:
        slots = row["slots_per_layer"]
        assert slots == offload_of(row["card_gib"]).slots
        ids = gpu_cards.imposed_ids(config(), Trace(row["trace"]), TOKENS)
        simulated = [replayed(DEFAULT_POLICY, slots, 16, layer) for layer in ids]
        missed, looked_up = (sum(getattr(layer, name) for layer in simulated) for name in ("missed", "looked_up"))
        assert row["hit_rate"] == pytest.approx(1 - missed / looked_up)
        assert row["host_to_device_bytes_per_token"] == round(missed * 3 * 64 * 34 / (TOKENS // 2))
        assert row["first_layer_as_simulated"]
        assert row["decode_tokens_per_second"] > 0
    assert capsys.readouterr().out.count("no target") == 6


@pytest.mark.usefixtures("_as_on_a_gpu")
def test_all_kernels_of_the_step_run_behind_the_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_cards, "CARDS_GIB", (card_gib(experts_short=14),))
    monkeypatch.setattr(gpu_cards, "LEVELS", gpu_cards.LEVELS[:1])
    monkeypatch.setattr(gpu_cards, "TRACE_TOKENS", 2)
    rows = gpu_cards.measured_cards(config(), CPU)
    assert isinstance(rows, list)
    assert [row["first_layer_as_simulated"] for row in rows] == [True]


@pytest.mark.usefixtures("_as_on_a_gpu")
def test_a_step_that_cannot_be_recorded_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "recorded_step", lambda *_: None)
    rows = gpu_cards.measured_cards(config(), CPU)
    assert isinstance(rows, list)
    assert len(rows) == 2
    assert all(row.startswith("not measured") and "could not be recorded" in row for row in rows)


def test_a_host_without_room_for_the_experts_is_told_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_cards, "free_memory_bytes", lambda device: 20 * GIB if device == CPU else 2**40)
    monkeypatch.setattr(gpu_cards, "synthetic_model", lambda *_: pytest.fail("memory was taken"))
    flash = shape_config(Shape.FLASH)
    rows = gpu_cards.measured_cards(flash, CPU)
    assert rows == [
        f"not measured: a card of {gib} GiB needs 49.7 GiB of host memory for the experts, and 20.0 GiB are free"
        for gib in (24, 48)
    ]


def test_a_gpu_smaller_than_the_card_does_not_stand_in_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_cards, "free_memory_bytes", lambda device: 30 * GIB if device.type == "cuda" else 2**40)
    cuda, flash = torch.device("cuda"), shape_config(Shape.FLASH)
    assert gpu_cards.why_not(flash, cuda, 24) is None
    assert "this one has 30.0 GiB" in str(gpu_cards.why_not(flash, cuda, 48))


def test_every_layer_of_a_step_gets_its_own_ids_of_the_same_tokens() -> None:
    choices = ImposedChoices(layers=2, tokens=5, chosen=3, device=CPU)
    ids: Tensor = torch.arange(30).view(2, 5, 3)
    choices.begin(ids)
    for tokens in ([0], [1, 2], [3, 4, 0]):
        assert [choices.of_layer(layer, len(tokens)).tolist() for layer in (0, 1)] == ids[:, tokens].tolist()
    assert choices.tokens_asked() == 6
