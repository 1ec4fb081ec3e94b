"""A byte-level BPE tokenizer in the family's form that cuts a word alike wherever it stands.

A quotation begins with a word that has a space before it in the record, or a capital, and neither in the question.
Where all forms are cut alike, the network has to learn one thing to look up and quote any word. So merges are
learned on words without space and capital, and every piece that can begin a word then gets its twins.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from model_runtime.chat import LING_TEMPLATE

SPECIAL_TOKENS = ("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]", "<role>", "</role>", "<|role_end|>")
PAD_TOKEN, END_TOKEN = "<|endoftext|>", "<|role_end|>"
# Bullets that begin a line, words, figures with the mark that leads on to them, single marks, line breaks, other white
# space. What is quoted is cut as it was in the record, whatever stands before and behind it, and a date is three or
# four tokens.
WORDS = r"(?<=\n)[-•*] | ?\p{L}+|[ .,:/-]?\p{N}{1,4}| ?[^\s\p{L}\p{N}]|[\r\n]|\s+(?!\S)|\s+"
_BARE = re.compile(r"[^\W\d_]+|[^\w\s]|[ ]{2,}")
_FIGURE_MARKS = (".", ",", ":", "/", "-")
_YEARS = range(1920, 2050)
BULLETS = ("-", "•", "*")
_MOST_COUNTED = 5_000  # a word counts no oftener: the prompts are in every question
_RARE_WORD_COUNT = 3
_SHORT_PIECE = 2  # letters; a word that no text holds may begin with it
Merge = tuple[str, str]
_SPACE = "Ġ"  # how byte-level BPE writes a space


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of at most `vocabulary` tokens from `texts`; the same for the same texts."""
    counts = Counter(_without_capital(word) for text in texts for word in _BARE.findall(text))
    learned = _bullets() + _figures()[: vocabulary // 8] + _learn(counts, vocabulary // 2)
    fewest, most = 0, len(learned)
    while fewest < most:  # the largest number of merges whose pieces and twins fit
        tried = (fewest + most + 1) // 2
        if len(_with_twins(learned[:tried], counts)[0]) <= vocabulary:
            fewest = tried
        else:
            most = tried - 1
    tokens, merges = _with_twins(learned[:fewest], counts)
    return _dressed({token: index for index, token in enumerate(tokens)}, merges)


def _learn(counts: Counter[str], size: int) -> list[Merge]:
    """The merges of a plain BPE over the words, first learned first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=2
    )
    words = ([word] * min(count, _MOST_COUNTED) for word, count in sorted(counts.items()))
    tokenizer.train_from_iterator(words, trainer)
    return [(left, right) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]


def _bullets() -> list[Merge]:
    """A bullet and the space behind it are one token, which no hyphen is."""
    merges: list[Merge] = []
    for bullet in BULLETS:
        written = _as_bytes(bullet + " ")
        first = written[0]
        for other in written[1:]:
            merges.append((first, other))
            first += other
    return merges


def _as_bytes(text: str) -> str:
    """`text` as byte-level BPE writes it."""
    split: list[tuple[str, tuple[int, int]]] = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    ).pre_tokenize_str(text)
    return "".join(piece for piece, _ in split)


def _figures() -> list[Merge]:
    """Two digits are one token, a year is one, and so are a mark and the one or two digits behind it."""
    digits = "0123456789"
    pairs = sorted((left + right for left in digits for right in digits), key=lambda pair: pair not in ("19", "20"))
    merges = [(pair[0], pair[1]) for pair in pairs]
    merges += [(str(year)[:2], str(year)[2:]) for year in _YEARS]
    return merges + [(mark, figure) for mark in _FIGURE_MARKS for figure in (*digits, *pairs)]


def _with_twins(learned: Sequence[Merge], counts: Counter[str]) -> tuple[list[str], list[Merge]]:
    """All tokens and merges: of the learned ones, with capitals right behind them, with spaces last of all."""
    first = _first_pieces(learned, counts)
    merges: list[Merge] = []
    for left, right in learned:
        merges.append((left, right))
        if left + right in first and left[0].islower() and left[0].isascii():
            merges.append((_with_capital(left), right))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bare = dict.fromkeys([*alphabet, *(left + right for left, right in merges)])
    beginning = {*first, *(_with_capital(piece) for piece in first)}
    spaced = [piece for piece in bare if piece in beginning and not piece.startswith(("Ċ", "č", _SPACE))]
    merges += [(_SPACE, piece) for piece in spaced]
    return [*SPECIAL_TOKENS, *bare, *(_SPACE + piece for piece in spaced)], merges


def _first_pieces(learned: Sequence[Merge], counts: Counter[str]) -> set[str]:
    """The pieces that words begin with, and those that they are merged from; letters, figures and marks always do."""
    vocabulary = {piece: index for index, piece in enumerate(_pieces(learned))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(learned)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = [word for word, count in counts.items() if count >= _RARE_WORD_COUNT]
    first = {encoding.tokens[0] for encoding in tokenizer.encode_batch(words) if encoding.tokens}
    parts = {left + right: left for left, right in learned}
    for piece in list(first):
        while piece in parts:
            piece = parts[piece]
            first.add(piece)
    first |= {piece for piece in vocabulary if len(piece) <= _SHORT_PIECE and piece.isascii() and piece.isalpha()}
    first |= {piece for piece in vocabulary if piece.isascii() and piece.isdigit()}
    return first | {byte for byte in pre_tokenizers.ByteLevel.alphabet() if byte.isascii()}


def _pieces(learned: Sequence[Merge]) -> list[str]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return list(dict.fromkeys([*alphabet, *(left + right for left, right in learned)]))


def _without_capital(word: str) -> str:
    """A word that only begins with a capital in small letters; acronyms and headings in capitals stay."""
    return word.lower() if word[1:].islower() else word


def _with_capital(piece: str) -> str:
    return piece[0].upper() + piece[1:] if piece[0].isascii() else piece


def _dressed(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
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
