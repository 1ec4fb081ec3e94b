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
    ENDS,
    SPACED,
    TRAIT_WIDTH,
    TRAITS,
    TURN,
    Vocabulary,
    commonness,
    normed,
    token_codes,
)

# Dimensions that mark, and mean nothing else: what goes on a word, the words of any question, the template's tokens,
# that before an answer, the sink, a question's tokens, what was found nowhere, where an answer is to refuse.
MARKS = 8
GOES_ON, COMMON, TEMPLATE, OPENS, SINK, ASKED, MISSING, REFUSING = range(MARKS)
CONSTANT = 4.0  # of the one dimension that is the same in every embedding, and of a mark
# What is noted beside a token's own code: the share of the dimensions left to notes that it gets, the traits it keeps.
_NOTES: Mapping[str, tuple[float, tuple[int, ...]]] = {
    "before 1": (0.2058, (SPACED, CAPITAL, ENDS, TURN)),
    "before 2": (0.168, (SPACED, ENDS)),
    "before 3": (0.1061, ()),
    "first": (0.1222, (CAPITAL,)),
    "key": (0.109, ()),
    "page": (0.0708, ()),
    "place": (0.109, ()),
    "key's place": (0.109, ()),
}


class Rooms:
    """The dimensions of `config`'s hidden state.

    A note is a code too, of which its room holds as much as there is place for: traits before words. Attributes:
    `constant` [H], whose product with any embedding is 1, as is that of `mark` [marks, H] with what is marked; `own`
    [C, H] and `note`, [C, H] by name, which read codes and whose transposes write them; `output` [C, H], where a token
    to come is written; `codes` [V, C]; `trait` [traits, C], whose product with a code that has the trait is 1.
    """

    def __init__(self, config: ModelConfig, vocabulary: Vocabulary, random: torch.Generator) -> None:
        self._config = config
        self._random = random
        self._vocabulary = vocabulary
        self.width = min(config.head_dim, config.hidden_size // 4)  # C
        traits = normed(self._draw(TRAITS, TRAIT_WIDTH))
        self.codes = token_codes(vocabulary, self.width, traits, random)
        self.word_width = self.width - traits.numel()
        # Of a code, what says that it has a trait, [traits, C]: its product with such a code is 1.
        self.trait = torch.zeros(TRAITS, self.width)
        for trait in range(TRAITS):
            first = self.word_width + trait * TRAIT_WIDTH
            self.trait[trait, first : first + TRAIT_WIDTH] = traits[trait] / traits[trait].square().sum()
        sizes = [1, MARKS, self.width]
        free = config.hidden_size - sum(sizes)
        rooms = [min(self.width, int(free * share)) for share, _ in _NOTES.values()]
        constant, marks, own, *notes, _ = torch.split(
            torch.eye(config.hidden_size), [*sizes, *rooms, free - sum(rooms)]
        )
        self.constant = constant[0] / CONSTANT  # [H]: its product with any embedding is 1
        self.mark = marks / CONSTANT
        self.own = own  # [C, H]: reads a token's own code
        # [C, H]: reads what a room holds of a code, or writes it there.
        self.note = {
            name: self._kept(len(room), kept).T @ room
            for (name, (_, kept)), room in zip(_NOTES.items(), notes, strict=True)
        }
        self.output = self._turn()[: self.width]  # [C, H]: where a token to come is written
        # How large codes are where the norm before attention has passed a bare embedding.
        self.normed_size = (config.hidden_size / (CONSTANT**2 + self.width + 0.5 * CONSTANT**2)) ** 0.5

    def embeddings(self) -> Tensor:
        """Of every token, [V, H]: its code, its marks, the constant."""
        vocabulary = self._vocabulary
        marks = torch.zeros(len(vocabulary.pieces), MARKS)
        marks[:, GOES_ON] = torch.tensor([float(piece.isalpha() and piece.islower()) for piece in vocabulary.pieces])
        marks[:, COMMON] = commonness(vocabulary.pieces, vocabulary.asked)
        marks[list(vocabulary.template), TEMPLATE] = 1
        marks[vocabulary.turn, OPENS] = 1
        marks[vocabulary.sink, SINK] = 1
        return self.codes @ self.own + (marks @ self.mark + self.constant) * CONSTANT**2

    def is_token(self, token: int) -> Tensor:
        """[C]: its product with the code of `token` is 1; traits do not count."""
        code = self.codes[token].clone()
        code[self.word_width :] = 0
        return code / code.square().sum().clamp_min(1e-6)

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
