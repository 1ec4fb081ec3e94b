"""A byte-level BPE tokenizer in the family's form whose words are cut alike with and without a space before them.

A quotation begins with a word that has a space before it in the record and none in the answer. Where both forms are
cut alike, the network needs to learn one thing to quote any word: to leave the space out. So merges are learned on bare
words, and every piece then gets a twin with a space.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from model_runtime.chat import LING_TEMPLATE

SPECIAL_TOKENS = ("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]", "<role>", "</role>", "<|role_end|>")
PAD_TOKEN, END_TOKEN = "<|endoftext|>", "<|role_end|>"
# The family's pre-tokenizer: contractions, words, single digits, punctuation, white space.
FAMILY_WORDS = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
_BARE = re.compile(r"[^\W\d_]+|[^\w\s]+[\r\n]*|\s*[\r\n]|[ ]{2,}")
_SPACE = "Ġ"  # how byte-level BPE writes a space


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of at most `vocabulary` tokens from `texts`; the same for the same texts."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    alone = sum(not _has_twin(byte) for byte in alphabet)
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=(vocabulary - len(SPECIAL_TOKENS) + alone) // 2,
        show_progress=False,
        initial_alphabet=alphabet,
        min_frequency=2,
    )
    learned.train_from_iterator(_bare_words(texts), trainer)
    model: dict[str, Any] = json.loads(learned.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    bare = sorted(model["vocab"], key=model["vocab"].__getitem__)
    twins = [piece for piece in bare if _has_twin(piece)]
    tokens = [*SPECIAL_TOKENS, *bare, *dict.fromkeys(_SPACE + piece for piece in twins if _SPACE + piece not in bare)]
    merges += [(_SPACE, piece) for piece in twins if _SPACE + piece not in bare]
    return _dressed({token: index for index, token in enumerate(tokens)}, merges)


def _has_twin(piece: str) -> bool:
    """Parts of characters, figures and white space stand alone: none comes behind a space in one token."""
    is_alone = len(piece) == 1 and (not piece.isascii() or piece.isdigit())
    return not is_alone and not piece.startswith(("Ċ", "č", _SPACE))


def _bare_words(texts: Iterable[str]) -> Iterator[list[str]]:
    """Words and marks without the space before them, each as often as it stands there."""
    counts = Counter(word for text in texts for word in _BARE.findall(text))
    for word, count in sorted(counts.items()):
        yield [word] * min(count, 5_000)


def _dressed(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(FAMILY_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<|startoftext|>",  # noqa: S106
        eos_token=END_TOKEN,
        pad_token=PAD_TOKEN,
        additional_special_tokens=["<role>", "</role>"],
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = LING_TEMPLATE
    return fast
