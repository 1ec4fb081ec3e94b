"""Time llama.cpp on a GGUF file as `model_runtime bench` times ours: the same warm-up, prompts and decoded tokens.

Run as `python -m benchmarks.llama_side FILE` under a Python that has llama-cpp-python; it needs no torch. Prints one
JSON line for each prompt, under the names that `bench --json` uses.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from typing import Any

import llama_cpp
import numpy as np

DECODED_TOKENS = 24
WARM_UP_TOKENS = 16


def measure(model: Any, prompt: int) -> dict[str, object]:
    """Read a random prompt, then decode behind it; decode speed is the median's."""
    vocabulary = model.n_vocab()
    tokens = np.random.default_rng(prompt).integers(vocabulary, size=prompt).tolist()
    model.reset()
    _next_token(model, tokens[:WARM_UP_TOKENS], vocabulary)
    model.reset()
    started = time.perf_counter()
    token = _next_token(model, tokens, vocabulary)
    prefill_seconds = time.perf_counter() - started
    times = []
    for _ in range(DECODED_TOKENS):
        started = time.perf_counter()
        token = _next_token(model, [token], vocabulary)
        times.append(time.perf_counter() - started)
    return {
        "prompt": prompt,
        "context": prompt,
        "prefill_tokens_per_second": prompt / prefill_seconds,
        "decode_tokens_per_second": 1 / statistics.median(times),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _next_token(model: Any, tokens: list[int], vocabulary: int) -> int:
    model.eval(tokens)
    logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits(model.ctx), shape=(vocabulary,))
    if not np.isfinite(logits).all():
        raise SystemExit("llama.cpp computed logits that are not finite; its speed on them would mean nothing")
    return int(logits.argmax())


def main() -> None:
    """Load the file once, measure each prompt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--prompts", default="512,2048")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ubatch", type=int, default=512, help="tokens computed at once; llama.cpp's default")
    parser.add_argument("--flash-attention", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    prompts = [int(prompt) for prompt in arguments.prompts.split(",")]
    model = llama_cpp.Llama(
        arguments.path,
        n_ctx=max(prompts) + DECODED_TOKENS,
        n_batch=max(prompts),
        n_ubatch=arguments.ubatch,
        n_threads=arguments.threads,
        n_threads_batch=arguments.threads,
        flash_attn=arguments.flash_attention,
        use_mmap=False,  # resident from the start, as our weights are
        verbose=False,
    )
    for prompt in prompts:
        print(json.dumps(measure(model, prompt)), flush=True)


if __name__ == "__main__":
    main()
