"""A large GPU stands in for small ones: experts in host memory behind the plan's slots, at stated levels of reuse.

What the process may take of the GPU is limited; the decode step is recorded, its expert ids come from the made-up
traces of slot_traces.py, another for each layer. Of N tokens the first half fills the slots, the second is measured.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from benchmarks.gpu_floors import NOT_MEASURED, routed_bytes
from benchmarks.imposed_choices import ImposedChoices, ImposedWeights
from benchmarks.slot_cache import CARDS_GIB, replayed
from benchmarks.slot_traces import Trace, tokens_of
from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig
from model_runtime.decoding import Decoder
from model_runtime.held_weights import HeldWeights
from model_runtime.loader import Placement, free_memory_bytes, limit_process_memory, place_experts
from model_runtime.model import LoadedModel
from model_runtime.offloaded_experts import DEFAULT_POLICY, OffloadedExperts
from model_runtime.planner import GIB, plan_on_gpu
from model_runtime.slot_cache import SlotState
from model_runtime.synthetic import synthetic_model

QUANTIZE, KV_CACHE, CONTEXT_TOKENS = Quantize.LINEARS, CacheKind.INT8, 32_768  # what the plan is asked for
CACHED_TOKENS = 4096  # before the first token that is decoded
TRACE_TOKENS = 512
LEVELS = (Trace.UNIFORM, Trace.HALF, Trace.THREE_QUARTERS)
TARGETS_TOKENS_PER_SECOND = {(24, Trace.THREE_QUARTERS): 40}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMeasurement:
    """One card at one level of reuse. Rates and bytes are of all layers together, for one token."""

    card_gib: float
    trace: str
    slots_per_layer: int
    hit_rate: float
    first_layer_as_simulated: bool  # the kernels counted there what the plain slots count for the same trace
    host_to_device_bytes_per_token: int
    decode_tokens_per_second: float
    target_tokens_per_second: float | None
    peak_memory_bytes: int | None  # None without a GPU

    def text(self) -> str:
        """A line for a person."""
        target = self.target_tokens_per_second
        aim = "no target" if target is None else f"target {target:g}"
        return (
            f"{self.card_gib:g} GiB, {self.trace}: {self.slots_per_layer} slots a layer, hit rate {self.hit_rate:.3f}, "
            f"{self.host_to_device_bytes_per_token / 1e9:.3f} GB copied a token, "
            f"decode {self.decode_tokens_per_second:.1f} tok/s ({aim})"
        )


def measured_cards(config: ModelConfig, device: torch.device) -> object:
    """A row for each card and level; a card that cannot be measured here says why."""
    found: list[object] = []
    try:
        for card_gib in CARDS_GIB:
            _free(device)
            reason = why_not(config, device, card_gib)
            rows = _rows(config, device, card_gib) if reason is None else reason
            found += [rows] if isinstance(rows, str) else [asdict(row) for row in rows]
            print(rows if isinstance(rows, str) else "\n".join(row.text() for row in rows), flush=True)
    finally:
        _free(device)
        if device.type == "cuda":
            limit_process_memory(device, torch.cuda.get_device_properties(device).total_memory)
    return found


def why_not(config: ModelConfig, device: torch.device, card_gib: float) -> str | None:
    """Why this machine cannot stand in for the card, with the numbers; None if it can. Nothing is allocated."""
    plan = plan_on_gpu(config, QUANTIZE, KV_CACHE, int(card_gib * GIB))
    opening = f"{NOT_MEASURED}: a card of {card_gib:g} GiB"
    if plan.offload is None:  # too small, or large enough for all experts
        return f"{opening} runs no slots: {plan.message}"
    free_host_bytes = free_memory_bytes(torch.device("cpu"))
    if plan.host_bytes > free_host_bytes:
        return (
            f"{opening} needs {plan.host_bytes / GIB:.1f} GiB of host memory for the experts, "
            f"and {free_host_bytes / GIB:.1f} GiB are free"
        )
    free_bytes = free_memory_bytes(device) if device.type == "cuda" else 2**63
    if free_bytes < card_gib * GIB:
        return f"{opening} needs a GPU with as much free, and this one has {free_bytes / GIB:.1f} GiB"
    return None


def imposed_ids(config: ModelConfig, trace: Trace, tokens: int) -> np.ndarray:
    """int64 [layers, tokens, k]."""
    experts, chosen = config.num_experts, config.num_experts_per_tok
    layers = [list(tokens_of(trace, tokens, seed=layer, experts=experts, chosen=chosen)) for layer in config.moe_layers]
    return np.array(layers)


def _rows(config: ModelConfig, device: torch.device, card_gib: float) -> list[CardMeasurement] | str:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    placement = Placement(quantize=QUANTIZE, dtype=torch.bfloat16, device=device)
    try:
        model = synthetic_model(config, place_experts(config, placement, KV_CACHE, int(card_gib * GIB)))
        return _measured_levels(model, card_gib)
    except torch.OutOfMemoryError:
        return f"{NOT_MEASURED}: the plan for {card_gib:g} GiB did not fit into {card_gib:g} GiB"


def _measured_levels(model: LoadedModel, card_gib: float) -> list[CardMeasurement] | str:
    config, network = model.config, model.network
    choices = ImposedChoices(
        layers=len(config.moe_layers),
        tokens=TRACE_TOKENS,
        chosen=config.num_experts_per_tok,
        device=network.device,
    )
    cache = KeyValueCache(config, KV_CACHE, device=network.device, dtype=network.dtype)
    network.read(torch.randint(config.vocab_size, (CACHED_TOKENS,), device=network.device), cache)
    cache.reserve(CACHED_TOKENS + TRACE_TOKENS)  # if it moved on the way, the step would be recorded again
    decoder = _imposed_decoder(model, cache, choices)
    if decoder.most_tokens is None:
        return f"{NOT_MEASURED}: the step of a card of {card_gib:g} GiB could not be recorded; the log says why"
    found = []
    for trace in LEVELS:
        cache.truncate(CACHED_TOKENS)
        found.append(_measured(model, decoder, choices, card_gib, trace))
    return found


def _imposed_decoder(model: LoadedModel, cache: KeyValueCache, choices: ImposedChoices) -> Decoder:
    assert model.held is not None
    imposed = ImposedWeights(model.held, choices, list(model.config.moe_layers))
    return Decoder(replace(model, held=HeldWeights(imposed)), cache)


def _measured(
    model: LoadedModel, decoder: Decoder, choices: ImposedChoices, card_gib: float, trace: Trace
) -> CardMeasurement:
    config, offloaded, device = model.config, model.offloaded, model.network.device
    assert offloaded is not None
    ids = imposed_ids(config, trace, TRACE_TOKENS)
    choices.begin(torch.from_numpy(ids))
    seconds = _second_half_seconds(decoder, offloaded)
    assert choices.tokens_asked() == TRACE_TOKENS, "the step was recorded again on the way and asked for more"
    counters, measured_tokens = offloaded.read_counters(), TRACE_TOKENS - TRACE_TOKENS // 2
    slots = len(offloaded.layers[0].slots)
    copied_bytes = sum(layer.copied for layer in counters) * sum(routed_bytes(config, 1).values())
    return CardMeasurement(
        card_gib=card_gib,
        trace=str(trace),
        slots_per_layer=slots,
        hit_rate=1 - sum(layer.missed for layer in counters) / sum(layer.looked_up for layer in counters),
        first_layer_as_simulated=counters[0] == replayed(DEFAULT_POLICY, slots, config.num_experts, ids[0]),
        host_to_device_bytes_per_token=round(copied_bytes / measured_tokens),
        decode_tokens_per_second=measured_tokens / seconds,
        target_tokens_per_second=TARGETS_TOKENS_PER_SECOND.get((int(card_gib), trace)),
        peak_memory_bytes=torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None,
    )


def _second_half_seconds(decoder: Decoder, offloaded: OffloadedExperts) -> float:
    for state in _states(offloaded):
        state.forget_slots()
        for tensor in (state.frequency, state.step):
            tensor.zero_()
    _decode(decoder, TRACE_TOKENS // 2)
    for state in _states(offloaded):
        state.counters.zero_()
    started = time.perf_counter()
    _decode(decoder, TRACE_TOKENS - TRACE_TOKENS // 2)
    return time.perf_counter() - started


def _decode(decoder: Decoder, tokens: int) -> None:
    token = 0
    for _ in range(tokens):
        token = int(decoder.logits([token]).argmax(dim=1))  # waits for the device, as the next token needs this one


def _states(offloaded: OffloadedExperts) -> Iterator[SlotState]:
    return (layer.cache.state for layer in offloaded.layers)


def _free(device: torch.device) -> None:
    """The model before, the pinned memory of its experts too."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.accelerator.empty_host_cache()
