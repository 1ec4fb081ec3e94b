"""Simulate on the CPU how often a token's experts lie in their slots, by policy, card and context.

    python -m benchmarks.slot_cache [--tokens 4000] [--out FILE]

The cache is the runtime's own, in its plain version; the slots are those of the plan for AntAngelMed's shape. The
traces are made up (slot_traces.py), and one layer stands for all. Bytes are counted, speeds are not measured.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.gpu_floors import routed_bytes
from benchmarks.machine import describe_machine
from benchmarks.slot_traces import CHOSEN, EXPERTS, Trace, tokens_of
from model_runtime.cache import CacheKind
from model_runtime.checkpoint import Quantize
from model_runtime.offload import Offload
from model_runtime.offloaded_experts import DEFAULT_POLICY
from model_runtime.planner import GIB, plan_on_gpu
from model_runtime.shapes import Shape, shape_config
from model_runtime.slot_cache import PlainSlotOperations, SlotCounters, SlotPolicy, SlotState

RESULTS = Path(__file__).parent / "results" / "slot_cache.json"
CARDS_GIB = (24, 48)
CONTEXTS = (32_768, 131_072)
SETUPS = ((Quantize.EXPERTS, CacheKind.BF16), (Quantize.LINEARS, CacheKind.INT8))
NOTE = (
    "The traces are synthetic; what a real router shares from token to token was not measured. Hit rates and bytes are "
    "of the tokens after the first half, when the slots are warm. Speeds are not measured."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A card and what the plan puts on it."""

    card_gib: int
    context: int
    quantize: str
    kv_cache: str
    slots: int
    chunk_tokens: int


def setups() -> Iterator[Setup]:
    """Every card, context and quantization."""
    for card_gib in CARDS_GIB:
        for context in CONTEXTS:
            for quantize, kv_cache in SETUPS:
                config = shape_config(Shape.FLASH).with_context(context)
                offload = plan_on_gpu(config, quantize, kv_cache, card_gib * GIB).offload
                assert offload is not None
                yield _setup(card_gib, context, quantize, kv_cache, offload)


def _setup(card_gib: int, context: int, quantize: Quantize, kv_cache: CacheKind, offload: Offload) -> Setup:
    return Setup(
        card_gib=card_gib,
        context=context,
        quantize=str(quantize),
        kv_cache=str(kv_cache),
        slots=offload.slots,
        chunk_tokens=offload.chunk_tokens,
    )


def simulate(policy: SlotPolicy, slots: int, trace: Trace, tokens: int) -> SlotCounters:
    """What a layer's cache did in the second half of so many tokens."""
    return replayed(policy, slots, EXPERTS, list(tokens_of(trace, tokens, seed=slots)))


def replayed(policy: SlotPolicy, slots: int, experts: int, tokens: Sequence[np.ndarray]) -> SlotCounters:
    """The same for the expert ids of each token."""
    state = SlotState.empty(slots, experts, torch.device("cpu"))
    operations = PlainSlotOperations()
    for number, ids in enumerate(tokens):
        if number == len(tokens) // 2:
            state.counters.zero_()
        operations.resolve(state, torch.from_numpy(ids), policy, ahead=False)
    return state.read_counters()


def token_bytes(counters: SlotCounters, tokens: int) -> int:
    """Host to device, in all layers, for one token."""
    config = shape_config(Shape.FLASH)
    return round(counters.copied / tokens * sum(routed_bytes(config, 1).values()) * len(config.moe_layers))


def rows_of(slots: int, tokens: int) -> Iterator[dict[str, object]]:
    """Hit rate and bytes of each trace and policy."""
    for trace in Trace:
        for policy in SlotPolicy:
            counters = simulate(policy, slots, trace, tokens)
            yield {
                "trace": str(trace),
                "policy": policy.name.lower(),
                "hit_rate": round(counters.hit_rate, 4),
                "host_to_device_bytes_per_token": token_bytes(counters, tokens - tokens // 2),
            }


def main() -> None:
    """Simulate, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    cards = []
    for setup in setups():
        found = list(rows_of(setup.slots, given.tokens))
        cards.append({**asdict(setup), "simulated": found})
        print(_text(setup, found), flush=True)
    result = {
        "note": NOTE,
        "shape": f"flash: {EXPERTS} experts, {CHOSEN} of a token",
        "tokens": given.tokens,
        "default_policy": DEFAULT_POLICY.name.lower(),
        "machine": describe_machine(),
        "seconds": round(time.perf_counter() - started, 1),
        "cards": cards,
    }
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")


def _text(setup: Setup, found: list[dict[str, object]]) -> str:
    head = f"{setup.card_gib} GiB, {setup.context:,} tokens, {setup.quantize}, {setup.kv_cache}: {setup.slots} slots"
    by_trace = [
        f"  {trace:30}"
        + "  ".join(
            f"{row['policy']} {row['hit_rate']:.3f} ({float(str(row['host_to_device_bytes_per_token'])) / 1e9:.3f} GB)"
            for row in found
            if row["trace"] == trace
        )
        for trace in Trace
    ]
    return "\n".join([head, *by_trace])


if __name__ == "__main__":
    main()
