"""`python -m model_runtime generate`: one answer to one prompt."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field

import torch

from model_runtime.cache import CacheKind
from model_runtime.chat import Chat, Message, Role, TextPiece
from model_runtime.engine import Engine
from model_runtime.events import Finished, Progress, Request
from model_runtime.gpu_memory_option import add_gpu_memory, gpu_memory_bytes
from model_runtime.hub import model_folder
from model_runtime.loader import Precision, load_model
from model_runtime.sampling import SamplingSettings
from model_runtime.standard_output import StandardOutput

SUMMARY = "answer one prompt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a checkpoint: its folder, or a hub id, which is downloaded")
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what is asked, as one message of a user")
    parser.add_argument("--system", metavar="TEXT", help="a system message before it")
    parser.add_argument("--thinking", action="store_true", help="let the model reason before it answers")
    parser.add_argument("--max-tokens", type=int, default=1024, metavar="N", help="longest answer (1024)")
    parser.add_argument("--temperature", type=float, default=0.6, metavar="T", help="0 takes the likeliest token (0.6)")
    parser.add_argument("--seed", type=int, metavar="S", help="the same seed gives the same text")
    parser.add_argument("--context", type=int, metavar="N", help="context in tokens; beyond the trained one with YaRN")
    parser.add_argument("--kv-cache", type=CacheKind, choices=[CacheKind.BF16, CacheKind.INT8], default=CacheKind.BF16)
    parser.add_argument("--precision", type=Precision, choices=list(Precision), default=Precision.NF4)
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda where there is one")
    add_gpu_memory(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace, output: StandardOutput) -> None:
    """Answer; the text as it comes, or one JSON object at the end."""
    folder = model_folder(arguments.model)
    model = load_model(
        folder,
        precision=arguments.precision,
        device=arguments.device or default_device(),
        context_tokens=arguments.context,
        kv_cache=arguments.kv_cache,
        gpu_memory_bytes=gpu_memory_bytes(arguments),
    )
    engine = Engine(model, Chat.from_folder(folder), kv_cache=arguments.kv_cache)
    answer = _Answer()
    for event in engine.generate(_request(engine.chat, arguments)):
        if isinstance(event, Finished):
            answer.end = event
        elif isinstance(event, TextPiece):
            (answer.reasoning if event.is_reasoning else answer.text).append(event.text)
            if not arguments.json:
                output.write(event.text)
        else:
            _show(event)
    output.write(json.dumps(answer.as_json(), ensure_ascii=False) + "\n" if arguments.json else "\n")


def default_device() -> str:
    """cuda where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(slots=True)
class _Answer:
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    end: Finished | None = None

    def as_json(self) -> dict[str, object]:
        assert self.end is not None
        end = self.end
        return {
            "text": "".join(self.text),
            "reasoning": "".join(self.reasoning),
            "reason": str(end.reason),
            "prompt_tokens": end.prompt_tokens,
            "tokens": end.tokens,
            "reused_tokens": end.reused_tokens,
            "prefill_seconds": end.prefill_seconds,
            "decode_seconds": end.decode_seconds,
            "peak_memory_bytes": end.peak_memory_bytes,
        }


def _request(chat: Chat, arguments: argparse.Namespace) -> Request:
    system = [Message(role=Role.SYSTEM, content=arguments.system)] if arguments.system else []
    prompt = chat.prompt([*system, Message(role=Role.USER, content=arguments.prompt)], thinking=arguments.thinking)
    return Request(
        prompt_tokens=prompt.tokens,
        opens_reasoning=prompt.opens_reasoning,
        max_tokens=arguments.max_tokens,
        sampling=SamplingSettings(temperature=arguments.temperature, seed=arguments.seed),
    )


def _show(progress: Progress) -> None:
    """Reading long prompts takes time: say how far it is, where a person looks."""
    if not sys.stderr.isatty():
        return
    line = ""
    if progress.tokens_done < progress.tokens_total:
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        line = f"read {progress.tokens_done:,} of {progress.tokens_total:,} tokens{left}"
    sys.stderr.write(f"\r\033[K{line}")
    sys.stderr.flush()
