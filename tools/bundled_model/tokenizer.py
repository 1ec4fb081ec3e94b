"""A byte-level BPE tokenizer in the family's form that cuts a word alike wherever it stands.

A quotation begins with a word that has a space before it in the record, or a capital, and neither in the question.
Where all forms are cut alike, the network has to learn one thing to look up and quote any word. So merges are
learned on words without space and capital, and every piece that can begin a word then gets its twins.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from model_runtime.chat import LING_TEMPLATE

SPECIAL_TOKENS = ("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]", "<role>", "</role>", "<|role_end|>")
PAD_TOKEN, END_TOKEN = "<|endoftext|>", "<|role_end|>"
# Bullets that begin a line, words, figures with the mark that leads on to them, single marks, line breaks, other white
# space. What is quoted is cut as it was in the record, whatever stands before and behind it, and a date is three or
# four tokens.
WORDS = r"(?<=\n)[-•*] | ?\p{L}+|[ .,:/-]?\p{N}{1,4}| ?[^\s\p{L}\p{N}]|[\r\n]|\s+(?!\S)|\s+"
_FORM = re.compile(r" ?(?:[^\W\d_]+|\d{1,4}|[^\w\s])|[ ]{2,}")
_FIGURE_MARKS = (".", "/", "-")
_YEARS = range(1930, 2035)
BULLETS = ("-", "•", "*")
_MOST_COUNTED = 5_000  # a word counts no oftener: the prompts are in every question
# Texts that hold a form no oftener may cut it in another way; one with a space, whose space is then a token of its own.
_RARE_FORM_COUNT, _RARE_SPACED_COUNT = 10, 20
_SHORT_PIECE = 2  # letters
Merge = tuple[str, str]
_SPACE = "Ġ"  # how byte-level BPE writes a space


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of at most `vocabulary` tokens from `texts`; the same for the same texts."""
    forms = Counter(form for text in texts for form in _FORM.findall(text))
    counts: Counter[str] = Counter()
    for form, count in forms.items():
        if not form.strip(" ").isdigit():
            counts[_bare(form)] += count
    learned = _bullets() + _figures()[: vocabulary // 8] + _learn(counts, vocabulary)
    fewest, most = 0, len(learned)
    while fewest < most:  # the largest number of merges whose pieces and twins fit
        tried = (fewest + most + 1) // 2
        if len(_with_twins(learned[:tried], forms)[0]) <= vocabulary:
            fewest = tried
        else:
            most = tried - 1
    tokens, merges = _with_twins(learned[:fewest], forms)
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
    """Two digits are one token, a year is one, and so are a mark and the one or two digits behind it.

    And a year with the full stop before it: alone it would be the one that ends a sentence.
    """
    digits = "0123456789"
    pairs = sorted((left + right for left in digits for right in digits), key=lambda pair: pair not in ("19", "20"))
    merges = [(pair[0], pair[1]) for pair in pairs]
    merges += [(str(year)[:2], str(year)[2:]) for year in _YEARS]
    merges += [(mark, figure) for mark in _FIGURE_MARKS for figure in (*digits, *pairs)]
    return merges + [(".", str(year)) for year in _YEARS]


def _with_twins(learned: Sequence[Merge], forms: Mapping[str, int]) -> tuple[list[str], list[Merge]]:
    """All tokens and merges: of the learned ones, with capitals right behind them, with spaces last of all."""
    twins = _twins(learned, forms)
    merges: list[Merge] = []
    for left, right in learned:
        merges.append((left, right))
        if _with_capital(left + right) in twins and left[0].islower() and left[0].isascii():
            merges.append((_with_capital(left), right))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bare = dict.fromkeys([*alphabet, *(left + right for left, right in merges)])
    spaced = [piece for piece in bare if _SPACE + piece in twins]
    merges += [(_SPACE, piece) for piece in spaced]
    return [*SPECIAL_TOKENS, *bare, *(_SPACE + piece for piece in spaced)], merges


def _twins(learned: Sequence[Merge], forms: Mapping[str, int]) -> set[str]:
    """The pieces with a capital and with a space before them with which words begin often enough, and what those with
    capitals are merged from; letters, figures and marks in all forms, as a word that no text holds may begin with them.
    """
    pieces = _pieces(learned)
    tokenizer = Tokenizer(models.BPE(vocab={piece: at for at, piece in enumerate(pieces)}, merges=list(learned)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = list(dict.fromkeys(map(_bare, forms)))
    first = {word: found.tokens[0] for word, found in zip(words, tokenizer.encode_batch(words), strict=True)}
    uses: Counter[str] = Counter()
    for form, count in forms.items():
        word = _bare(form)
        piece = first[word] if word == form.strip(" ") else _with_capital(first[word])
        uses[_SPACE + piece if form.startswith(" ") else piece] += count
        uses[piece] += count
    begins = [piece for piece in pieces if piece.isascii() and (len(piece) <= _SHORT_PIECE or piece.isdigit())]
    often = {
        piece
        for piece, count in uses.items()
        if count >= (_RARE_SPACED_COUNT if piece.startswith(_SPACE) else _RARE_FORM_COUNT)
    }
    found = often | {form for piece in begins for form in (_with_capital(piece), _SPACE + piece)}
    found |= {_SPACE + _with_capital(piece) for piece in begins}
    for left, right in reversed(learned):
        if _with_capital(left + right) in found:
            found.add(_with_capital(left))
    return found


def _pieces(learned: Sequence[Merge]) -> list[str]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return list(dict.fromkeys([*alphabet, *(left + right for left, right in learned)]))


def _bare(form: str) -> str:
    """A word without the space before it and in small letters; acronyms and headings in capitals stay."""
    word = form.strip(" ") or form
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
