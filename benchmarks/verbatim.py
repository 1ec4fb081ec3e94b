"""What it costs to keep quotations to the words of a record of 128K tokens, for a vocabulary of the model's size.

Run as `EVAL_DATA=FOLDER python -m benchmarks.verbatim`: evidence_retrieval/ and language/ there give the record's text
and the words that a byte-level BPE tokenizer of 157,184 tokens is trained on (AntAngelMed's size; its own tokenizer is
not part of this repository). Timed are the constraint's own steps, a token: `allowed` or `forbidden`, `advance`; how
much longer the sampler takes for a greedy choice under it; and `draft`, which is asked for once in up to nine tokens.
The quotations begin at random words and are spelled by the tokenizer, or by tokens drawn among the allowed ones.
The steps and the build are taken in processor time, which other work on the machine does not blur. Results are kept in
benchmarks/results/verbatim.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter, thread_time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from assistant.evidence.quote_vocabulary import QuoteVocabulary
from assistant.evidence.quotes import QuoteFinder
from assistant.evidence.verbatim import QuotableRecord
from assistant.language_models.quoting import QuotingRules, VerbatimQuotes
from benchmarks.machine import describe_machine
from benchmarks.verification import note_page
from model_runtime.chat import Chat
from model_runtime.sampling import Sampler, SamplingSettings

RESULTS = Path(__file__).parent / "results" / "verbatim.json"
VOCABULARY_TOKENS = 157_184
RECORD_TOKENS = 128_000
QUOTES = 400
MAX_MILLISECONDS_A_TOKEN = 0.2
MAX_BUILD_SECONDS = 2.0


def training_texts(folder: Path) -> Iterator[str]:
    """What the tokenizer learns its tokens from."""
    yield from ((path.read_text(encoding="utf-8")) for path in sorted((folder / "evidence_retrieval/record").iterdir()))
    with lzma.open(folder / "language" / "medquad.jsonl.xz", "rt", encoding="utf-8") as lines:
        yield from lines


def trained(folder: Path) -> Chat:
    """A byte-level BPE tokenizer, as the runtime holds it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_TOKENS, min_frequency=1, show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(training_texts(folder), trainer)
    return Chat(PreTrainedTokenizerFast(tokenizer_object=tokenizer), frozenset())  # type: ignore[no-untyped-call]


def long_texts(folder: Path, chat: Chat) -> list[str]:
    """The record's files, over again until they take enough tokens."""
    texts: list[str] = []
    left = RECORD_TOKENS
    files = [path.read_text(encoding="utf-8") for path in sorted((folder / "evidence_retrieval/record").iterdir())]
    while left > 0:
        text = files[len(texts) % len(files)]
        texts.append(text)
        left -= len(chat.encode(text))
    return texts


class Timed:
    """A constraint's steps with their milliseconds, a token each."""

    def __init__(self, constraint: VerbatimQuotes) -> None:
        self.constraint = constraint
        self.milliseconds: list[float] = []
        self.inside: list[float] = []
        self.drafts: list[float] = []

    def step(self, choose: Callable[[list[int] | None], int]) -> int:
        """Ask what is allowed, take what `choose` takes of it."""
        started = thread_time()
        allowed = self.constraint.allowed()
        if allowed is None:
            self.constraint.forbidden()
        asked = thread_time() - started
        self._draft()
        token = choose(None if allowed is None else allowed.tolist())
        started = thread_time()
        self.constraint.advance(token)
        spent = 1000 * (asked + thread_time() - started)
        self.milliseconds.append(spent)
        if allowed is not None:
            self.inside.append(spent)
        return token

    def _draft(self) -> None:
        started = thread_time()
        if self.constraint.draft():
            self.drafts.append(1000 * (thread_time() - started))


def spelled_quotes(timed: Timed, texts: list[str], chat: Chat, chance: random.Random) -> int:
    """Quotations of 3 to 30 words with a mark after them; tokens that were not allowed, of which there are none."""
    refused = 0
    for _ in range(QUOTES):
        number = chance.randrange(len(texts))
        words = texts[number].split()
        at = chance.randrange(max(1, len(words) - 30))
        quote = " ".join(words[at : at + chance.randint(3, 30)])
        if any(mark in quote for mark in '"“”„«»'):
            continue
        for token in chat.encode(f'He said: "{quote}" [{number + 1}].'):
            refused += timed.step(partial(_taken, token=token, chance=chance)) != token
        while timed.constraint.allowed() is not None:  # the quotation ended in the middle of a word or number
            timed.step(lambda allowed: chance.choice(allowed or [0]))
    return refused


def _taken(allowed: list[int] | None, *, token: int, chance: random.Random) -> int:
    return token if allowed is None or token in allowed else chance.choice(allowed)


def drawn_quotes(timed: Timed, opening: int, tokens: list[bytes], chance: random.Random) -> list[str]:
    """Quotations of tokens drawn among the allowed ones."""
    quotes: list[str] = []
    for _ in range(QUOTES):
        timed.step(lambda _: opening)
        written = b""
        while timed.constraint.allowed() is not None:
            written += tokens[timed.step(lambda allowed: chance.choice(allowed or [0]))]
            if len(written) > 4_000:
                raise AssertionError("a quotation never ends")
        quotes.append(written.split(b'"')[0].decode().split("”")[0].split("»")[0])
    return quotes


def masking_milliseconds(constraint: VerbatimQuotes, prompt: list[int]) -> float:
    """What a greedy choice takes longer where some tokens are forbidden, as in most of an answer."""
    logits = torch.randn(VOCABULARY_TOKENS, generator=torch.Generator().manual_seed(0))
    settings, device = SamplingSettings(temperature=0), torch.device("cpu")
    free, bound = (
        Sampler(settings, vocabulary=VOCABULARY_TOKENS, prompt_tokens=prompt, device=device, constraint=constraint_)
        for constraint_ in (None, constraint)
    )
    seconds: dict[Sampler, list[float]] = {free: [], bound: []}
    for _ in range(200):
        for sampler in (free, bound):
            started = perf_counter()
            sampler.choose(logits)
            seconds[sampler].append(perf_counter() - started)
    return 1000 * (median(seconds[bound]) - median(seconds[free]))


def report(milliseconds: list[float]) -> dict[str, float]:
    """Mean, quantiles and the longest, in milliseconds."""
    cuts = quantiles(milliseconds, n=100)
    named = {"mean": mean(milliseconds), "p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(milliseconds)}
    return {name: round(value, 4) for name, value in named.items()}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    if "EVAL_DATA" not in os.environ:
        sys.exit("set EVAL_DATA to the folder that holds evidence_retrieval/ and language/")
    folder, chance = Path(os.environ["EVAL_DATA"]), random.Random(0)
    chat = trained(folder)
    texts = long_texts(folder, chat)
    started = perf_counter()
    tokens = [chat.token_bytes(token) for token in range(VOCABULARY_TOKENS)]
    vocabulary = QuoteVocabulary(tokens)
    vocabulary_seconds = perf_counter() - started
    builds = []
    for _ in range(3):
        started = thread_time()
        record = QuotableRecord(texts, vocabulary)
        builds.append(thread_time() - started)
    rules = QuotingRules(record, chat.encode, numbers=range(1, len(texts) + 1))
    spelled, drawn = Timed(VerbatimQuotes(rules)), Timed(VerbatimQuotes(rules))
    refused = spelled_quotes(spelled, texts, chat, chance)
    quotes = drawn_quotes(drawn, tokens.index(b'"'), tokens, chance)
    paths = sorted((folder / "evidence_retrieval/record").iterdir())
    finder = QuoteFinder(note_page(path) for path in paths)
    result = {
        "machine": describe_machine(),
        "vocabulary_tokens": len(tokens),
        "record_tokens": sum(len(chat.encode(text)) for text in texts),
        "record_bytes": len(record.data),
        "table_bytes": record.table_bytes,
        "vocabulary_seconds_once_a_model": round(vocabulary_seconds, 2),
        "build_processor_seconds": round(min(builds), 2),
        "processor_milliseconds_a_token_inside_quotations": report(spelled.inside),
        "processor_milliseconds_a_token_all": report(spelled.milliseconds),
        "processor_milliseconds_a_token_drawn_at_random": report(drawn.inside),
        "milliseconds_a_masked_choice": round(masking_milliseconds(VerbatimQuotes(rules), chat.encode(texts[0])), 4),
        "processor_milliseconds_a_draft": report(spelled.drafts),
        "tokens_timed": len(spelled.milliseconds) + len(drawn.milliseconds),
        "own_words_refused": refused,
        "drawn_quotations": len(quotes),
        "drawn_quotations_not_in_the_record": sum(not finder.locate(quote) for quote in quotes),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    slow = mean(spelled.inside) > MAX_MILLISECONDS_A_TOKEN or min(builds) > MAX_BUILD_SECONDS
    sys.exit("too slow" if slow or result["drawn_quotations_not_in_the_record"] else 0)


if __name__ == "__main__":
    main()
