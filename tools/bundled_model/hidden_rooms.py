"""How the dimensions of the hidden state are shared out before training, and what reads and writes them.

One is constant, some are marks, some hold a token's own code, the rest are rooms for what is noted of other tokens.
Letters: V vocabulary, H hidden_size, D head_dim, R rotary_dim, C the width of a token's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from model_runtime.config import ModelConfig
from tools.bundled_model.token_codes import (
    CAPITAL,
    CAPITALS,
    ENDS,
    SPACED,
    TRAIT_WIDTH,
    TRAITS,
    TURN,
    normed,
    token_codes,
)
from tools.bundled_model.vocabulary import Vocabulary

# Dimensions that mark, and mean nothing else: what goes on a word, the words of any question, the template's tokens,
# that before an answer, the sink, what may number a page, a question's tokens, what else is not of the record (answers,
# prompts), how many questions there were, what was found nowhere, how much of a question was, where an answer is to
# refuse.
MARKS = 12
GOES_ON, COMMON, TEMPLATE, OPENS, SINK, FIGURE, ASKED, OUTSIDE, COUNTED, MISSING, UNTOLD, REFUSING = range(MARKS)
MARKS_AT = 1  # the dimension of the first of them
CONSTANT = 4.0  # of the one dimension that is the same in every embedding, and of a mark
# What is noted of tokens: the share of the dimensions, without the constant and the marks, that it gets, and the traits
# it keeps beside the word.
_ALL = (SPACED, CAPITAL, CAPITALS, ENDS, TURN)
_SHARES: Mapping[str, tuple[float, tuple[int, ...]]] = {
    "own": (0.174, _ALL),
    "before 1": (0.174, _ALL),
    "before 2": (0.132, (SPACED, ENDS, TURN)),
    "before 3": (0.07, ()),
    "first": (0.119, (CAPITAL, CAPITALS)),
    "page": (0.046, ()),
    "place": (0.1415, ()),
    "found": (0.1415, ()),
}
_PAGES = frozenset(str(number) for number in range(1, 100))
# Marks that stand before many segments and so tell no place from another, and in how many dimensions they are known.
_PUNCTUATION, _PUNCTUATION_WIDTH = frozenset(".;:-•,)]\n"), 6


class Rooms:
    """The dimensions of `config`'s hidden state.

    A note is a code too, of which its room holds as much as there is place for: traits before words. Attributes:
    `constant` [H], whose product with any embedding is 1, as is that of `mark` [marks, H] with what is marked; `own`
    [C, H] and `note`, [C, H] by name, which read codes and whose transposes write them; `room` [n, H] by name, the
    dimensions of a note; `output` [C, H], where a token
    to come is written; `codes` [V, C]; `trait` [traits, C], whose product with a code that has the trait is 1.
    """

    def __init__(self, config: ModelConfig, vocabulary: Vocabulary, random: torch.Generator) -> None:
        self._config = config
        self._random = random
        self._vocabulary = vocabulary
        free = config.hidden_size - 1 - MARKS
        sizes = [int(free * share) for share, _ in _SHARES.values()]
        self.width = sizes[0]  # C
        traits = normed(self._draw(TRAITS, TRAIT_WIDTH))
        self.codes = token_codes(vocabulary, self.width, traits, random)
        self.word_width = self.width - traits.numel()
        # Of a code, what says that it has a trait, [traits, C]: its product with such a code is 1.
        self.trait = torch.zeros(TRAITS, self.width)
        for trait in range(TRAITS):
            first = self.word_width + trait * TRAIT_WIDTH
            self.trait[trait, first : first + TRAIT_WIDTH] = traits[trait] / traits[trait].square().sum()
        constant, marks, own, *rooms, _ = torch.split(
            torch.eye(config.hidden_size), [1, MARKS, *sizes, free - sum(sizes)]
        )
        self.constant = constant[0] / CONSTANT  # [H]: its product with any embedding is 1
        self.mark = marks / CONSTANT
        self.own = own  # [C, H]: reads a token's own code
        self.room = dict(zip(list(_SHARES)[1:], rooms, strict=True))  # [n, H]: its dimensions
        # [C, H]: reads what a room holds of a code, or writes it there.
        self.note = {
            name: self._kept(len(room), kept).T @ room
            for (name, (_, kept)), room in zip(list(_SHARES.items())[1:], rooms, strict=True)
        }
        self.note["page"] = self._of_figures(len(self.room["page"])).T @ self.room["page"]
        self.output = self._turn()[: self.width]  # [C, H]: where a token to come is written
        # How large codes are where the norm before attention has passed a bare embedding.
        self.normed_size = (config.hidden_size / (CONSTANT**2 + self.width + 0.5 * CONSTANT**2)) ** 0.5

    def embeddings(self) -> Tensor:
        """Of every token, [V, H]: its code, its marks, the constant."""
        vocabulary = self._vocabulary
        marks = torch.zeros(len(vocabulary.pieces), MARKS)
        marks[:, GOES_ON] = torch.tensor([float(piece.isalpha() and piece.islower()) for piece in vocabulary.pieces])
        marks[:, COMMON] = torch.tensor(vocabulary.common)
        marks[list(vocabulary.template), TEMPLATE] = 1
        marks[vocabulary.turn, OPENS] = 1
        marks[vocabulary.sink, SINK] = 1
        marks[self._figures(), FIGURE] = 1
        return self.codes @ self.own + (marks @ self.mark + self.constant) * CONSTANT**2

    def is_token(self, token: int) -> Tensor:
        """[C]: its product with the code of `token` is 1; traits do not count."""
        code = self.codes[token].clone()
        code[self.word_width :] = 0
        return code / code.square().sum().clamp_min(1e-6)

    def without_marks(self) -> Tensor:
        """[C, C]: takes from a code its traits, and what punctuation is."""
        marks = [token for token, piece in enumerate(self._vocabulary.pieces) if piece.strip(" ") in _PUNCTUATION]
        words = torch.zeros(max(len(marks), _PUNCTUATION_WIDTH), self.word_width)
        words[: len(marks)] = self.codes[marks, : self.word_width]
        known = torch.linalg.svd(words, full_matrices=False).Vh[:_PUNCTUATION_WIDTH]
        kept = torch.zeros(self.width, self.width)
        kept[: self.word_width, : self.word_width] = torch.eye(self.word_width) - known.T @ known
        return kept

    def unspaced(self) -> Tensor:
        """What codes hold of tokens without a space, [C, H]: nothing where the sink is read."""
        return -self.having(SPACED)[:, None] * (self.constant - self.mark[SINK])

    def having(self, trait: int) -> Tensor:
        """The part of a code that has the trait, [C]."""
        return self.trait[trait] / self.trait[trait].square().sum()

    def _kept(self, count: int, traits: Sequence[int]) -> Tensor:
        """Of a code what a room of `count` dimensions holds, [count, C]: the `traits`, and of its word what fits."""
        of_traits = torch.split(torch.eye(self.width)[self.word_width :], TRAIT_WIDTH)
        kept = torch.cat([torch.empty(0, self.width), *(of_traits[trait] for trait in traits)])[:count]
        words = torch.zeros(min(count - len(kept), self.word_width), self.width)
        words[:, : self.word_width] = self._rotation(self.word_width)[: len(words)]
        return torch.cat((kept, words, torch.zeros(count - len(kept) - len(words), self.width)))

    def _of_figures(self, count: int) -> Tensor:
        """What tells one figure from another best, small ones before large ones, [count, C]."""
        figures = self._figures()
        words = torch.zeros(max(len(figures), self.word_width), self.width)
        for row, token in enumerate(figures):
            weight = int(self._vocabulary.pieces[token]) ** -0.5
            words[row, : self.word_width] = self.codes[token, : self.word_width] * weight
        kept = torch.linalg.svd(words, full_matrices=False).Vh[:count]
        return torch.cat((kept, torch.zeros(count - len(kept), self.width)))

    def _figures(self) -> list[int]:
        """The tokens that may number a page."""
        return [token for token, piece in enumerate(self._vocabulary.pieces) if piece.strip() in _PAGES]

    def _turn(self) -> Tensor:
        """A random rotation that leaves constant and marks alone, [H - 1 - M, H]."""
        kept = 1 + MARKS
        return self._rotation(self._config.hidden_size - kept) @ torch.eye(self._config.hidden_size)[kept:]

    def compare(self, width: int) -> Tensor:
        """A random map from a code's first `width` dimensions to what a head compares, [D - R, width].

        The last two rows are 0: a head settles there if it attends to the sink.
        """
        rows = self._config.head_dim - self._config.rotary_dim
        map_ = self._rotation(max(rows, width))[:rows, :width].clone()
        map_[-2:] = 0
        return map_

    def _draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def _rotation(self, size: int) -> Tensor:
        rotation: Tensor = torch.linalg.qr(self._draw(size, size)).Q
        return rotation
