"""A code for every token before any training: which word it is, in all its forms, and the traits of the form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tools.bundled_model.meanings import stem
from tools.bundled_model.tokenizer import BULLETS
from tools.bundled_model.vocabulary import Vocabulary

# A token's code is its word, the same in all its forms, and these traits, of so many dimensions each.
TRAITS, TRAIT_WIDTH = 5, 3
SPACED, CAPITAL, CAPITALS, ENDS, TURN = range(TRAITS)
_BULLETS = frozenset(f"{bullet} " for bullet in BULLETS)
_SEGMENT_ENDS = frozenset({"\n", ".", ";", "!", "?"}) | _BULLETS
_WORD_SHARE, _STEM_SHARE, _LETTERS_SHARE = 0.5, 0.6, 0.4  # of a word's code: the word itself, its stem, its letters


def token_codes(vocabulary: Vocabulary, width: int, traits: Tensor, random: torch.Generator) -> Tensor:
    """A code for every token, float32 [V, width]: its word, rms 1, then its `traits`, float32 [traits, their width]."""
    pieces = vocabulary.pieces
    word_width = width - traits.numel()
    words = [piece if piece in _BULLETS else piece.strip().casefold() for piece in pieces]
    by_word = _shared([[word or f"<{index}>"] for index, word in enumerate(words)], word_width, random)
    by_stem = _shared([[stem(word) or f"<{index}>"] for index, word in enumerate(words)], word_width, random)
    by_letters = _shared([_trigrams(word) for word in words], word_width, random)
    word = normed(_WORD_SHARE * by_word + _STEM_SHARE * by_stem + _LETTERS_SHARE * by_letters)
    has = torch.tensor(
        [
            [
                1.0 if piece[:1] == " " else -1.0,
                1.0 if piece.strip()[:1].isupper() else -1.0,
                1.0 if len(piece.strip()) > 1 and piece.isupper() else -1.0,
                1.0 if piece in _SEGMENT_ENDS else 0.0,
                1.0 if token == vocabulary.turn else 0.0,
            ]
            for token, piece in enumerate(pieces)
        ]
    )  # [V, traits]
    codes = torch.cat((word, (has[:, :, None] * traits).flatten(1)), dim=1)
    codes[vocabulary.sink] = 0  # who finds nothing copies nothing
    return codes


def _trigrams(word: str) -> list[str]:
    """Of a word of letters, each once: "^po", "pot", ...; nothing for figures and punctuation."""
    if not word.isalpha() or len(word) < 3:
        return []
    framed = f"^{word}"
    return sorted({framed[at : at + 3] for at in range(len(framed) - 2)})


def _shared(keys: Sequence[Sequence[str]], width: int, random: torch.Generator) -> Tensor:
    """For every list of keys the sum of the keys' random codes, scaled to rms 1; 0 where there is none."""
    index = {key: n for n, key in enumerate(sorted({key for row in keys for key in row}))}
    table = torch.randn(len(index) + 1, width, generator=random)
    table[-1] = 0
    return normed(torch.stack([table[[index[key] for key in row] or [len(index)]].sum(dim=0) for row in keys]))


def normed(rows: Tensor) -> Tensor:
    """Rows scaled to rms 1; rows of 0 stay."""
    return rows / rows.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
