"""One attention head of the weights to begin with, and the ways it is told where to look and what to take from there.

Letters: H hidden_size, D head_dim, R rotary_dim, Q and K query and key heads, C the width of a token's code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model_runtime.config import ModelConfig
from model_runtime.rotary import inverse_frequencies
from tools.bundled_model.hidden_rooms import ASKED, OUTSIDE, SINK, Rooms
from tools.bundled_model.network import Attention
from tools.bundled_model.token_codes import CAPITAL, CAPITALS

Nearness = tuple[Sequence[float], Sequence[float]]
# Cosines and sines of the rotary pairs, found by linear programming. The first two let the nearest of some places score
# highest, within a segment and within pages. Then the nearest of turns, and the page over any turn before it, but not
# over the turn of tokens that stand far behind it; and everything within 25 tokens alike, far above what is behind 45.
NEAREST: Nearness = ((0, 0, 0.018, 0.312, 0.205, 0.196, 0.157), (0, 0, -0.021, -0.051, -0.032, 0, 0))
NEAREST_PAGE: Nearness = ((0, 0, 0, 0, 0.012, 0.277, 0.264), (0, 0, 0, 0, -0.011, -0.143, -0.286))
LAST_TURN: Nearness = ((0, 0.001, 0.008, 0.055, 0.131, 0.243, 0.219), (0, 0, -0.002, -0.01, -0.106, -0.088, -0.136))
LAST_QUESTION: Nearness = ((0.001, 0.007, -0.033, 0.244, 0.149, 0.023, 0), (-0.001, 0.014, 0.082, 0, 0, -0.445, 0))
_FAST_PAIRS = (1.0, 1.0, 0.8, 0.6)  # weights of the fastest pairs, for a look at a fixed distance
_SINK_KEY, _SINK_TO_SINK = 20.0, 10.0
_SINK_LOOK, _SINK_LOOKED_AT = 400.0, 3.0  # likewise where the look is at a fixed distance
_SINK_MARKED = 1.76  # how much the sink is marked as not of the record itself
_OUTSIDE, _OUTSIDE_KEY = 0.7, 2.8  # what keeps a head that settles from what is not of the record
_FORM = 0.3  # of a word, what its capitals count
_GAIN = 4.0  # of what is written to be the next token


@dataclass(slots=True, kw_only=True)
class Heads:
    """Views of an attention's weights: query [Q, D, H], key and value [K, D, H], written [Q, H, D]."""

    query: Tensor
    key: Tensor
    value: Tensor
    written: Tensor

    @classmethod
    def of(cls, attention: Attention, config: ModelConfig) -> Heads:
        """The heads of `attention`."""
        sizes = [config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads]
        rows = attention.query_key_value.weight.data.view(-1, config.head_dim, config.hidden_size)
        query, key, value = torch.split(rows, sizes)
        columns = attention.dense.weight.data.view(config.hidden_size, -1, config.head_dim)
        return cls(query=query, key=key, value=value, written=columns.transpose(0, 1))

    def queries_of(self, part: int) -> range:
        """The query heads that share the keys of `part`."""
        group = len(self.query) // len(self.key)
        return range(part * group, (part + 1) * group)

    def put(self, part: int, head: Head) -> None:
        """Make `head` what all query heads of `part` are."""
        self.key[part], self.value[part] = head.key, head.value
        for query in self.queries_of(part):
            self.query[query], self.written[query] = head.query, head.written / len(self.queries_of(part))


class Head:
    """The weights of one head: query, key and value [D, H], written [H, D], all 0 to begin with.

    A query's and a key's first R rows turn with the distance between them; of the rest the last two are never compared
    by `match`, and a query's first row meets nothing in the keys of a head that does not look for what is near.
    """

    def __init__(self, config: ModelConfig, rooms: Rooms) -> None:
        self._config = config
        self._rooms = rooms
        self._turning = config.rotary_dim
        shape = (config.head_dim, config.hidden_size)
        self.query, self.key, self.value = torch.zeros(shape), torch.zeros(shape), torch.zeros(shape)
        self.written = torch.zeros(shape).T

    def look_back(self, distance: int) -> None:
        """Attend to the token so many before; the sink to sinks."""
        self.query[:, 0], self.key[:, 0] = self._at_distance(distance), self._at_distance(0)
        self.query[-1] = self._rooms.mark[SINK] * _SINK_LOOK
        self.key[-1] = self._rooms.mark[SINK] * _SINK_LOOKED_AT

    def near(self, pairs: Nearness, weight: float) -> None:
        """Attend to what is near, as `pairs` say."""
        constant, half = self._rooms.constant, self._turning // 2
        for pair, (cosine, sine) in enumerate(zip(*pairs, strict=True)):
            size, angle = math.hypot(cosine, sine) ** 0.5, math.atan2(-sine, cosine)
            self.query[pair] = constant * size * math.cos(angle) * weight
            self.query[pair + half] = constant * size * math.sin(angle) * weight
            self.key[pair] = constant * size

    def nearest(self, is_sought: Tensor, pairs: Nearness, *, near: float = 1.0, aside: float = 0) -> None:
        """Attend to the nearest token for which `is_sought`, [H], makes 1 and not 0; `near`: how much nearness counts.

        What keys hold `aside` from all queries makes room for what is sought to count more than 1.
        """
        self.near(pairs, near)
        self.query[-1] = self._rooms.constant
        self.key[-1] = is_sought
        self.key[-2] = self._rooms.constant * aside
        self.query[-3] = self.key[-3] = self._rooms.mark[SINK] * _SINK_TO_SINK  # the sink notes nothing

    def match(self, sought: Tensor, known_by: Tensor, *, weight: float = 1.0, urge: float = 1.0) -> None:
        """Attend where what `known_by` reads, [C, H], is what `sought` reads, of words.

        `weight` beside other matches of this head; `urge` beside what says that it is not to look.
        """
        width = self._rooms.word_width
        sought, known_by = sought[:width], known_by[:width]
        for kept in (known_by @ known_by.T, sought @ sought.T):  # what both hold of a code
            sought, known_by = kept @ sought, kept @ known_by
        compare = self._rooms.compare(width) * weight * (width / max(1.0, float(sought.square().sum()))) ** 0.5
        self.query[self._turning :] += compare @ sought * urge
        self.key[self._turning :] += compare @ known_by

    def match_capitals(self, sought: Tensor, known_by: Tensor) -> None:
        """The same of capitals, which count less than the word."""
        size = (_FORM * self._rooms.word_width) ** 0.5
        for trait in (CAPITAL, CAPITALS):
            row = torch.nn.functional.normalize(self._rooms.compare(self._rooms.width).sum(dim=1), dim=0)[:, None]
            self.query[self._turning :] += row * (self._rooms.trait[trait] @ sought) * size
            self.key[self._turning :] += row * (self._rooms.trait[trait] @ known_by) * size

    def settle(self, idle: Tensor) -> None:
        """Attend to the sink where nothing fits as well as `idle`, [H], makes; 1 is what the same word makes.

        Nor does it look at questions, answers and prompts.
        """
        size = self._rooms.word_width**0.5  # of a code that is compared
        outside = self._rooms.mark[ASKED] + self._rooms.mark[OUTSIDE] - self._rooms.mark[SINK] * _SINK_MARKED
        self.key[-1] = self._rooms.mark[SINK] * _SINK_KEY
        self.key[-2] = -outside * _OUTSIDE_KEY * size
        self.query[-2] = self._rooms.constant * _OUTSIDE * size
        self.query[-1] = idle * size

    def calm(self, weight: float) -> None:
        """Prefer less sharply, so that what fits alike is attended to alike."""
        self.query[0] += self._rooms.constant * weight

    def note(self, read: Tensor, name: str, *, after: int = 0) -> None:
        """Note what `read`, [C, H], reads where it attends, in rows `after` so many."""
        room = self._rooms.room[name]  # [n, H]
        kept = room @ self._rooms.note[name].T  # [n, C]
        self.value[after : after + len(room)] = kept @ read
        self.written[:, after : after + len(room)] = room.T

    def write(self, read: Tensor) -> None:
        """Write what `read`, [C, H], reads where it attends, to be the next token."""
        self.value[: self._rooms.width] = read
        self.written[:, : self._rooms.width] = self._rooms.output.T * _GAIN

    def write_too(self, trait: int, code: Tensor) -> None:
        """Beside what is written of a token with the trait, `code`, [C]."""
        self.written[:, : self._rooms.width] += (code @ self._rooms.output)[:, None] * self._rooms.trait[trait] * _GAIN

    def _at_distance(self, distance: int) -> Tensor:
        """What a query holds to meet the keys of `distance` tokens before; at 0, what those keys hold: [D]."""
        weights = torch.tensor(_FAST_PAIRS)
        angles = inverse_frequencies(self._config)[: len(weights)] * distance
        vector = torch.zeros(self._config.head_dim)
        vector[: len(weights)] = weights * angles.cos()
        vector[self._turning // 2 : self._turning // 2 + len(weights)] = -weights * angles.sin()
        return vector
