"""Time a conversation of three turns over one long record: what the first turn read, the later ones do not read again.

    python -m benchmarks.prefix_reuse [--tokens 100000] [--kv-cache bf16|int8] [--out FILE]

A tiny random checkpoint (context 131,072 through YaRN) reads the invented record once. Reported a turn: seconds from
the messages to the first token (rendering and tokenizing included), tokens reused, and for the whole how many times
sooner the later turns began. `restored` is the last question in a new engine, with the prefix from disk.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.machine import describe_machine
from model_runtime.cache import CacheKind
from model_runtime.chat import Chat, Message, Role, TextPiece
from model_runtime.engine import Engine
from model_runtime.events import Finished, Request
from model_runtime.loader import Precision, load_model
from model_runtime.prefixes import SavedPrefixes
from model_runtime.sampling import SamplingSettings
from tests.model_runtime.tiny_checkpoint import write_tiny_checkpoint

RESULTS = Path(__file__).parent / "results" / "prefix_reuse.json"
CONTEXT_TOKENS = 131_072
TARGET_TIMES_SOONER = 20
ANSWER_TOKENS = 24
QUESTIONS = ("What is the creatinine?", "And which drugs does the patient take now?", "Summarize the last admission.")
_WORDS = """
patient reports chest pain dyspnoea oedema potassium creatinine furosemide bisoprolol apixaban clinic follow up stable
raised reduced mmol/L mg daily twice scan report normal abnormal left right renal cardiac hepatic review admitted 12 48
"""
WORDS = _WORDS.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question: how long until its first token, and what was not read again."""

    prompt_tokens: int
    reused_tokens: int
    first_token_seconds: float
    prefill_seconds: float


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--kv-cache", type=CacheKind, choices=[CacheKind.BF16, CacheKind.INT8], default=CacheKind.BF16)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), given.tokens, given.kv_cache)
    result["machine"] = {**describe_machine(), "threads": torch.get_num_threads()}
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measure(folder: Path, record_tokens: int, kv_cache: CacheKind) -> dict[str, object]:
    """Start, three turns, and one from disk."""
    checkpoint = write_tiny_checkpoint(
        folder / "model",
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32768,
    )
    started = time.perf_counter()
    engine = open_engine(checkpoint, kv_cache)
    ask(engine, [Message(role=Role.USER, content="Hello")], SavedPrefixes(folder=folder / "none"))
    ready_seconds = time.perf_counter() - started
    prefixes = SavedPrefixes(folder=folder / "prefixes")
    messages = [Message(role=Role.SYSTEM, content=invented_record(engine.chat, record_tokens))]
    turns = []
    for question in QUESTIONS:
        messages.append(Message(role=Role.USER, content=question))
        turn, answer = ask(engine, messages, prefixes)
        messages.append(Message(role=Role.ASSISTANT, content=answer))
        turns.append(turn)
    saved_bytes = sum(path.stat().st_size for path in prefixes.folder.iterdir())
    restored, _ = ask(open_engine(checkpoint, kv_cache), messages[:-1], prefixes)
    return {
        "kv_cache": str(kv_cache),
        "load_and_answer_seconds": ready_seconds,
        "turns": [asdict(turn) for turn in turns],
        "times_sooner": [turns[0].first_token_seconds / turn.first_token_seconds for turn in turns[1:]],
        "target_times_sooner": TARGET_TIMES_SOONER,
        "restored": asdict(restored),
        "saved_bytes": saved_bytes,
    }


def open_engine(checkpoint: Path, kv_cache: CacheKind) -> Engine:
    """Load as a user would."""
    model = load_model(checkpoint, precision=Precision.NF4, context_tokens=CONTEXT_TOKENS)
    return Engine(model, Chat.from_folder(checkpoint), kv_cache=kv_cache)


def ask(engine: Engine, messages: list[Message], prefixes: SavedPrefixes) -> tuple[Turn, str]:
    """One turn, timed from the messages on."""
    started = time.perf_counter()
    prompt = engine.chat.prompt(messages)
    request = Request(
        prompt_tokens=prompt.tokens,
        max_tokens=ANSWER_TOKENS,
        sampling=SamplingSettings(seed=0),
        saved_prefixes=prefixes,
    )
    first_token_seconds, text = 0.0, ""
    end: Finished | None = None
    for event in engine.generate(request):
        if isinstance(event, TextPiece):
            first_token_seconds = first_token_seconds or time.perf_counter() - started
            text += event.text
        elif isinstance(event, Finished):
            end = event
    assert end is not None
    turn = Turn(
        prompt_tokens=end.prompt_tokens,
        reused_tokens=end.reused_tokens,
        first_token_seconds=first_token_seconds or time.perf_counter() - started,
        prefill_seconds=end.prefill_seconds,
    )
    return turn, text


def invented_record(chat: Chat, tokens: int) -> str:
    """Lines of random words, of at least so many tokens and few more."""
    choice = random.Random(0)
    lines: list[str] = []
    counted = 0
    while counted < tokens:
        more = [" ".join(choice.choices(WORDS, k=12)) + "." for _ in range(200)]
        lines += more
        counted += chat.count_tokens("\n".join(more))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
