"""Weights to begin with: a network that can copy, and look words up, before it has seen any.

A small network spends most of its training on learning to look one token back and then to go on as an earlier place
went on (induction heads, arXiv 2209.11895). Here it begins with such heads, in the spirit of mimetic initialisation
(arXiv 2305.09828); training bends them to the task. Beside random small weights it is laid out like this:

layer 0: four heads look one, two, three and four tokens back and note what stands there.
layer 1: two heads go on where the last four tokens stood before; the others find another place of the same word, or the
sink, and note that: so each token of a question knows whether the record holds it.
later layers: half of the heads look over the last tokens, one for a telling word that was found nowhere, the next for
one that was found, and bring it; the others look for what is alike.

Letters: V vocabulary, H hidden_size, D head_dim, R rotary_dim.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model_runtime.config import ModelConfig
from model_runtime.rotary import inverse_frequencies
from tools.bundled_model.network import Attention, MixtureOfExperts, SwiGlu, TrainingNetwork

# An induction head compares the last tokens, the latest counting most, and what stands around some tokens before them;
# one layer-0 head looks back at each of the former, one over the latter.
_CONTEXT_WEIGHTS = (1.0, 0.7, 0.5)
_AROUND_WEIGHT, _AROUND_DISTANCE = 1.0, 7
_CONTEXT_TOKENS = len(_CONTEXT_WEIGHTS) + 1
# Places of the hidden state that mark, and mean nothing else: what goes on a word, the words of any question, the
# template's tokens, the sink.
_MARKS = 4
_GOES_ON, _COMMON, _TEMPLATE, _SINK = range(_MARKS)
# Shares of the first half of a token's code: the word it is whatever its case and leading space, and its letters.
_WORD_SHARE, _LETTERS_SHARE = 0.75, 0.65
_SHARPNESS = 3.5  # weight of the query and key norms: scores reach head_dim^0.5 times its square
_FAST_PAIRS = (1.0, 1.0, 0.8, 0.6)  # weights of the fastest pairs, for a look at a fixed distance
_AROUND_PAIRS = (0.0, 0.0, 0.7, 0.7)  # of the pairs for a look at what is near that distance
_CONSTANT = 4.0  # of the one dimension that is the same in every embedding
# Between what a chance likeness and a true one score: the sink, for heads that find a word, for those that go on, for
# those at the beginning of an answer.
_SINK_KEY, _WORD_SINK, _GO_ON_SINK, _BEGINNING_SINK = 40.0, 5.0, 0.3, 7.0
_MISSING = 12.0  # what a token that was found nowhere notes of it
# Heads that look over the question: what the turns of the pairs count, so that the last 20 tokens are near and those
# more than 40 back are not (found by linear programming); how much more of it, and how sharp such heads are.
_NEAR_PAIRS = (0.0, 0.0, 0.0, 0.39, 0.23, 0.21, 0.17)
_ELSEWHERE, _OVER_SHARPNESS = 0.8, 5.0
_PREFERENCE = 0.25  # of such heads for what was found nowhere, or for what was found
_COMMON_WORD = 1.3  # how much less for words that any question holds
_REFUSAL = 0.1  # how strongly an answer then begins by refusing
_INSIDE_WORD = 0.4  # how much less, where a found word is sought, for what does not begin it
_ALIKE_ASIDE = 3.0  # of what queries and keys hold apart from each other, so that the rest of them counts less
_GAIN, _BROUGHT = 4.0, 1.0  # of what is written to be the next token: copied, or brought from the question


def initialise(
    network: TrainingNetwork,
    pieces: Sequence[str],
    *,
    sink: int,
    template: Sequence[int],
    asked: Mapping[int, int],
    opening: tuple[int, int],
    seed: int,
) -> None:
    """Fill every weight.

    `pieces`: the text of each token id; `sink`: the token that stands for "found nowhere"; `template`: those of the
    chat template, that no question is about; `asked`: how often questions hold a token, whatever they ask about;
    `opening`: the tokens with which a refusal and a quotation begin.
    """
    random = torch.Generator().manual_seed(seed)
    _fill_plainly(network, random)
    width = network.config.hidden_size // 2 - 1
    word_width = _word_width(network.config)
    codes = token_codes(pieces, width - _MARKS, word_width, random)
    alike = torch.randn(word_width, generator=random)  # what the template's tokens have in common
    codes[list(template), :word_width] = _normed(codes[list(template), :word_width] + 2 * alike)
    codes[sink] = 0  # who finds nothing copies nothing
    marks = torch.zeros(len(pieces), _MARKS)
    marks[:, _GOES_ON] = torch.tensor([float(piece.isalpha() and piece.islower()) for piece in pieces])
    marks[:, _COMMON] = _commonness(pieces, asked)
    marks[list(template), _TEMPLATE] = 1
    marks[sink, _SINK] = 1
    with torch.no_grad():
        _Wiring(network, codes, marks, alike, random).lay(opening)


def token_codes(pieces: Sequence[str], width: int, word_width: int, random: torch.Generator) -> Tensor:
    """A code for every token, rms 1, float32 [V, width]: first its word, which its other forms share, then its own."""
    words = [piece.strip().casefold() for piece in pieces]
    by_word = _shared([[word or f"<{index}>"] for index, word in enumerate(words)], word_width, random)
    by_letters = _shared([_trigrams(word) for word in words], word_width, random)
    word = _normed(_WORD_SHARE * by_word + _LETTERS_SHARE * by_letters)
    own = _normed(torch.randn(len(pieces), width - word_width, generator=random))
    return torch.cat((word, own), dim=1)


def _commonness(pieces: Sequence[str], asked: Mapping[int, int]) -> Tensor:
    """How common a token's word is in questions: 0 to 1, float32 [V]; figures and punctuation name nothing, so 1."""
    counts: Counter[str] = Counter()
    for token, count in asked.items():
        counts[pieces[token].strip().casefold()] += count
    logs = torch.tensor([math.log1p(counts[piece.strip().casefold()]) for piece in pieces])
    is_word = torch.tensor([piece.strip().isalpha() for piece in pieces])
    return torch.where(is_word, logs / max(1.0, float(logs.max())), 1.0)


def _word_width(config: ModelConfig) -> int:
    """How much of a token's code says which word it is: what a head can hold of it."""
    return min(config.head_dim, config.hidden_size // 4)


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
    return _normed(torch.stack([table[[index[key] for key in row] or [len(index)]].sum(dim=0) for row in keys]))


def _normed(rows: Tensor) -> Tensor:
    """Rows scaled to rms 1; rows of 0 stay."""
    return rows / rows.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)


def _fill_plainly(network: TrainingNetwork, random: torch.Generator) -> None:
    """Random products, small where a block adds to the hidden state; norms of one."""
    for module in network.modules():
        if isinstance(module, nn.RMSNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5, generator=random)
        elif isinstance(module, MixtureOfExperts):
            for stack in (module.gate_proj, module.up_proj, module.down_proj):
                nn.init.normal_(stack, std=stack.shape[-1] ** -0.5, generator=random)
    for module in network.modules():
        if isinstance(module, SwiGlu):
            module.down_proj.weight.data *= 0.2
        elif isinstance(module, MixtureOfExperts):
            module.down_proj.data *= 0.2 / network.config.routed_scaling_factor
        elif isinstance(module, Attention):
            module.dense.weight.data *= 0.2
            module.query_layernorm.weight.data.fill_(_SHARPNESS)
            module.key_layernorm.weight.data.fill_(_SHARPNESS)


@dataclass(slots=True, kw_only=True)
class _Heads:
    """Views of an attention's weights: query [Q, D, H], key and value [K, D, H], written [Q, H, D]."""

    query: Tensor
    key: Tensor
    value: Tensor
    written: Tensor

    @classmethod
    def of(cls, attention: Attention, config: ModelConfig) -> _Heads:
        sizes = [config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads]
        rows = attention.query_key_value.weight.data.view(-1, config.head_dim, config.hidden_size)
        query, key, value = torch.split(rows, sizes)
        columns = attention.dense.weight.data.view(config.hidden_size, -1, config.head_dim)
        return cls(query=query, key=key, value=value, written=columns.transpose(0, 1))


class _Wiring:
    """Lays the circuits into the attention of `network`.

    The hidden dimensions are shared out: one is constant, half hold a token's own code, the rest what stood before it.
    """

    def __init__(
        self, network: TrainingNetwork, codes: Tensor, marks: Tensor, alike: Tensor, random: torch.Generator
    ) -> None:
        self._network = network
        self._config = network.config
        self._codes = codes
        self._marks = marks
        self._random = random
        config = network.config
        self._turning, self._still = config.rotary_dim, config.head_dim - config.rotary_dim
        own = codes.shape[1]
        self._own = self._basis(1, own)  # [codes, H]
        self._mark = self._basis(1 + own, _MARKS)  # [marks, H]
        self._room = self._basis(1 + own + _MARKS, config.hidden_size - 1 - own - _MARKS)
        self._output = self._turn()  # where a token to come is written
        self._found = self._turn()  # where a token notes what it was found as
        # What layer 0 reads of a token, [D, H], and what it leaves.
        word = _word_width(config)
        self._look = _padded(self._rotation(word) @ self._own[:word], config.head_dim)
        self._rest = _padded((self._rotation(own - word) @ self._own[word:])[: config.head_dim], config.head_dim)
        self._alike = self._look @ self._own[: len(alike)].T @ torch.nn.functional.normalize(alike, dim=0)
        self._missing = self._look @ self._look.T @ torch.nn.functional.normalize(self._draw(config.head_dim), dim=0)
        # What stood so many tokens before: as layer 0 writes it and as later layers read it, [D, H]. Of the token just
        # before all is kept, of the others as much as there is room for.
        kept = min(config.head_dim, len(self._room))
        share = (len(self._room) - kept) // (_CONTEXT_TOKENS - 1)
        rooms = torch.split(
            self._room, [kept, *[share] * (_CONTEXT_TOKENS - 1), (len(self._room) - kept) % (_CONTEXT_TOKENS - 1)]
        )
        self._before = [self._rotation(config.head_dim)[: len(room)].T @ room for room in rooms[:_CONTEXT_TOKENS]]

    def lay(self, opening: tuple[int, int]) -> None:
        """Embeddings and head, then layer after layer."""
        constant = torch.zeros(self._config.hidden_size)
        constant[0] = _CONSTANT
        marks = self._marks @ self._mark * _CONSTANT
        self._network.word_embeddings.weight.copy_(self._codes @ self._own + marks + constant)
        head = self._codes @ self._own @ self._output.T
        self._network.lm_head.weight.copy_(head * self._config.hidden_size**-0.5)
        layers = [module for module in self._network.modules() if isinstance(module, Attention)]
        heads = [_Heads.of(attention, self._config) for attention in layers]
        self._look_back(heads[0])
        parts = range(self._config.num_key_value_heads)
        for layer in heads[1:2]:
            for part, value in zip(parts, (self._look, self._rest), strict=False):
                self._go_on(layer, part, value)
            for part in parts[2:]:
                self._find_word(layer, part, words=1 + part % 2)
        for attention in layers[2:]:
            attention.query_layernorm.weight.fill_(_OVER_SHARPNESS)
            attention.key_layernorm.weight.fill_(_OVER_SHARPNESS)
        for layer in heads[2:]:
            for part in parts[: len(parts) // 2]:
                self._look_over(layer, part, opening)
            for part in parts[len(parts) // 2 :]:
                self._look_for_alike(layer, part)

    def _look_back(self, heads: _Heads) -> None:
        """Head n attends to the token n + 1 before and writes it where nothing else stands; the last looks around."""
        heads.query.zero_()
        heads.key.zero_()
        for part in range(len(heads.key)):
            heads.key[part, :, 0] = self._at_distance(0)
            heads.value[part] = self._look
        for head in range(min(len(_CONTEXT_WEIGHTS), len(heads.query))):
            heads.query[head, :, 0] = self._at_distance(head + 1)
            heads.written[head] = self._before[head].T
        if len(heads.query) >= _CONTEXT_TOKENS:
            around = _CONTEXT_TOKENS - 1
            heads.query[around, :, 0] = self._at_distance(_AROUND_DISTANCE, _AROUND_PAIRS)
            heads.written[around] = self._before[around].T

    def _heads_of(self, part: int) -> range:
        """The query heads that share the keys of `part`."""
        group = self._config.num_attention_heads // self._config.num_key_value_heads
        return range(part * group, (part + 1) * group)

    def _go_on(self, heads: _Heads, part: int, value: Tensor) -> None:
        """A head finds where the last tokens stood before; its value is what came then, or nothing at the sink."""
        head = self._heads_of(part)[0]
        heads.query[head].zero_()
        heads.key[part].zero_()
        for back, weight in enumerate(_CONTEXT_WEIGHTS):
            compare = self._compare(weight)  # [D - R, D]
            now = self._look if back == 0 else self._before[back - 1]
            heads.query[head, self._turning :] += compare @ now
            heads.key[part, self._turning :] += compare @ self._before[back]
        compare = self._compare(_AROUND_WEIGHT) @ self._before[-1]
        heads.query[head, self._turning :] += compare
        heads.key[part, self._turning :] += compare
        self._settle(heads, part, (head,), _GO_ON_SINK)
        # An answer does not begin as an earlier one did.
        heads.query[head, -1] += self._alike @ self._before[0] * (_BEGINNING_SINK * self._config.head_dim**-0.5)
        heads.value[part] = value
        heads.written[head] = self._output @ value.T * _GAIN

    def _find_word(self, heads: _Heads, part: int, *, words: int) -> None:
        """Heads find another place of the same word, or of it and the one before, or else the sink.

        They attend to the token behind it, which knows what stood before: so no token finds itself.
        """
        own, last = self._compare(1.0), self._compare(0.5)
        key = heads.key[part]
        key.zero_()
        key[self._turning :] = own @ self._before[0] + last @ self._before[1]
        for head in self._heads_of(part):
            query = heads.query[head]
            query.zero_()
            query[self._turning :] = own @ self._look + (last @ self._before[0] if words > 1 else 0)
            heads.written[head] = self._found @ self._look.T * (1.0 if words == 1 else 0.5)
        self._settle(heads, part, self._heads_of(part), _WORD_SINK)
        heads.value[part] = self._before[0] + self._missing[:, None] * self._mark[_SINK] * (_MISSING / _CONSTANT)

    def _settle(self, heads: _Heads, part: int, which: Sequence[int] | range, sought: float) -> None:
        """Let heads attend to the sink where nothing fits better."""
        heads.key[part, -1] = self._mark[_SINK] * (_SINK_KEY / _CONSTANT)
        for head in which:
            heads.query[head, -1] = 0
            heads.query[head, -1, 0] = sought / _CONSTANT

    def _look_over(self, heads: _Heads, part: int, opening: tuple[int, int]) -> None:
        """Heads that look over the last tokens, one for what was found nowhere, the next for what was found.

        They write what such a token is and was found as, and where it was found nowhere, that the answer refuses.
        """
        near = torch.zeros(self._config.head_dim)
        near[: len(_NEAR_PAIRS)] = torch.tensor(_NEAR_PAIRS).sqrt()
        aside, away = torch.eye(self._still)[:2]
        heads.key[part].zero_()
        heads.key[part, :, 0] = near
        heads.key[part, self._turning :, 0] += aside
        noted = self._found @ self._look.T @ self._missing
        sought = away * (_PREFERENCE if part % 2 == 0 else -_PREFERENCE)
        heads.key[part, self._turning :] += sought[:, None] * noted / _MISSING
        unsought = 2 * self._mark[_TEMPLATE] + self._mark[_COMMON] * _COMMON_WORD
        unsought += self._mark[_GOES_ON] * _INSIDE_WORD * (part % 2)
        heads.key[part, self._turning :] -= away[:, None] * unsought / _CONSTANT
        heads.value[part] = 0.4 * self._look + self._look @ self._found.T
        for head in self._heads_of(part):
            heads.query[head].zero_()
            heads.query[head, :, 0] = near
            heads.query[head, self._turning :, 0] += away * _ELSEWHERE
            heads.written[head] = self._output @ self._look.T * _BROUGHT
            if part % 2 == 0:
                refused, quoted = (self._output @ self._own.T @ self._codes[token] for token in opening)
                heads.written[head] += (refused - quoted)[:, None] * self._missing * _REFUSAL

    def _look_for_alike(self, heads: _Heads, part: int) -> None:
        """Queries near to the keys: a token attends to what is like it."""
        aside, away = torch.eye(self._still)[:2]
        heads.key[part].zero_()
        heads.key[part, self._turning :] = self._projection(self._own, self._still)
        for head in self._heads_of(part):
            heads.query[head] *= 0.3
            heads.query[head, self._turning :] += heads.key[part, self._turning :]
            heads.query[head, self._turning :, 0] += away * _ALIKE_ASIDE
        heads.key[part, self._turning :, 0] += aside * _ALIKE_ASIDE

    def _at_distance(self, distance: int, pairs: Sequence[float] = _FAST_PAIRS) -> Tensor:
        """What a query holds to meet the keys of `distance` tokens before; at 0, what those keys hold: [D]."""
        weights = torch.tensor(pairs)
        angles = inverse_frequencies(self._config)[: len(weights)] * distance
        vector = torch.zeros(self._config.head_dim)
        vector[: len(weights)] = weights * angles.cos()
        vector[self._turning // 2 : self._turning // 2 + len(weights)] = -weights * angles.sin()
        return vector

    def _basis(self, first: int, dimensions: int) -> Tensor:
        """Rows that pick out `dimensions` hidden dimensions, [dimensions, H]."""
        return torch.eye(self._config.hidden_size)[first : first + dimensions]

    def _turn(self) -> Tensor:
        """A random rotation of what codes and rooms hold; constant and marks stay out of it, [H, H]."""
        turned = torch.cat((self._own, self._room))
        return turned.T @ self._rotation(len(turned)) @ turned

    def _projection(self, of: Tensor, rows: int) -> Tensor:
        """Orthonormal rows in the space of `of`, [rows, H]; the rest 0 where it has fewer."""
        return _padded(self._rotation(len(of))[:rows] @ of, rows)

    def _compare(self, weight: float) -> Tensor:
        """A random map from what layer 0 reads to the still part of a head, but for what meets the sink, [D - R, D]."""
        rows = self._rotation(self._config.head_dim)[: self._still] * weight
        rows[-1] = 0
        return rows

    def _draw(self, size: int) -> Tensor:
        return torch.randn(size, generator=self._random)

    def _rotation(self, size: int) -> Tensor:
        rotation: Tensor = torch.linalg.qr(torch.randn(size, size, generator=self._random)).Q
        return rotation


def _padded(rows: Tensor, count: int) -> Tensor:
    """`rows` with rows of 0 up to `count`."""
    return torch.cat((rows, torch.zeros(count - len(rows), rows.shape[1])))
