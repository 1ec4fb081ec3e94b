"""Weights to begin with: a network that can look words up, quote their line and copy, before it has seen any.

A small network spends most of its training on learning to look one token back and then to go on as an earlier place
went on (induction heads, arXiv 2209.11895). Here it begins with such heads and with those that find what is asked, in
the spirit of mimetic initialisation (arXiv 2305.09828); training bends them to the task. Beside random small weights:

layer 0: every token notes the three tokens before it, and whether it stands in a question.
layer 1: it notes whether its word stands anywhere before, with what its segment (the line or sentence it stands in)
begins, what stands before that, which is the segment's place, and the number of its page.
layer 2: an answer's tokens look over the question for the most telling word that was found, which is the key, and for
the most telling word of all: if that was found nowhere, the answer is to refuse.
layer 3: an answer's tokens find the key in the record and note the place of its segment.
layer 4: an answer begins as the key's segment begins, goes on as the record went on where the last tokens and that
place stand, closes the quotation where the segment ends, and gives the page's number.

Letters: V vocabulary, H hidden_size, D head_dim, R rotary_dim, C the width of a token's code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from model_runtime.config import ModelConfig
from model_runtime.rotary import inverse_frequencies
from tools.bundled_model.hidden_rooms import (
    ASKED,
    COMMON,
    CONSTANT,
    GOES_ON,
    MISSING,
    OPENS,
    REFUSING,
    SAID,
    SINK,
    TEMPLATE,
    UNTOLD,
    Rooms,
)
from tools.bundled_model.network import Attention, MixtureOfExperts, SwiGlu, TrainingNetwork
from tools.bundled_model.token_codes import CAPITAL, CAPITALS, ENDS, SPACED, TURN, Vocabulary

# Of what an induction head compares: the last three tokens, the place of their segment.
_CONTEXT_WEIGHTS = (1.0, 0.8, 0.6)
_PLACE_WEIGHT = 0.65
_FORM_WEIGHT = 0.3
_SHARPNESS = 5.0  # weight of the query and key norms: scores reach head_dim^0.5 times its square
_FAST_PAIRS = (1.0, 1.0, 0.8, 0.6)  # weights of the fastest pairs, for a look at a fixed distance
# Cosines and sines of the pairs, such that the nearest of some places scores highest: within a segment, within pages;
# found by linear programming.
_NEAREST = ((0, 0, 0.018, 0.312, 0.205, 0.196, 0.157), (0, 0, -0.021, -0.051, -0.032, 0, 0))
_NEAREST_PAGE = ((0, 0, 0, 0, 0.012, 0.277, 0.264), (0, 0, 0, 0, -0.011, -0.143, -0.286))
_SPARSE = 2.0  # how much more what is seldom there counts
_SINK_KEY, _SINK_TO_SINK = 20.0, 10.0
# Of a query whose match counts 1, what it holds for the sink: while it seeks, and for what says not to.
_SEEKING, _IDLE = 0.2, 2.0
_NOT_CITING = 1.2  # for an induction head, which seeks nearly always
_SEEKING_WORD, _SEEKING_REST = 0.7, 0.3  # where any token is to be told from the same, and more of a word's rest
_WORD_CONTEXT, _WORD_CALM = 0.4, 0.0
_EAGER = 0.15
_VOTE_INSIDE = 0.0
_WITHIN = ((0.001, 0.007, -0.033, 0.244, 0.149, 0.023, 0.0), (-0.001, 0.014, 0.082, 0.0, 0.0, -0.445, 0.0))
_SINK_LOOKS = 400.0
_P2, _P3, _P0 = 1.0, 1.0, 1.0
_ASKING, _VOTES, _BEGINS, _SEEKING_PLACE, _PLACE_CALM = 2.0, 1.0, 6.0, 0.5, 8.0
_VOTE_ASIDE, _VOTE_CALM, _VOTE_ASKED, _VOTE_COMMON = 3.5, 3.4, 0.8, 0.25
_PAGE_PLACE = 0.7
_BEGINS_IDLE = 12.0
_TOLD = 4.0
_NOT_ASKED = 0.7  # what keeps such heads from the words of questions and answers
_NEARER, _ELSEWHERE, _PREFERENCE = 2.0, 0.8, 0.25  # of heads that look over a question
_ASKED_WORD = 1.0  # how much more they look at the words of questions
_ASIDE = 2.5  # of what keys hold apart from all queries, so that the rest of them counts less
_COMMON_WORD = 2.0  # how much less they look at words that any question holds
_INSIDE_WORD = 0.4  # and, where a found word is sought, at what does not begin it
_REFUSAL, _OPENING = 60.0, 150.0  # how strongly an answer then begins by refusing, and by either
_KNOWN, _KNOWING, _MEANING = 1.55, 30.0, 0.06
_DOUBT = 0.45
_CLOSING = 1.8  # how much likelier than the end of a segment the closing mark is
_ADDED = 0.01  # of the random products that add to the hidden state
_PLACE_SIZE = 1.2  # of the note of a place, which holds several codes
_GAIN = 4.0  # of what is written to be the next token
_ALIKE_ASIDE = 3.0  # of what queries and keys hold apart from each other, so that the rest of them counts less


def initialise(network: TrainingNetwork, vocabulary: Vocabulary, *, seed: int) -> None:
    """Fill every weight."""
    random = torch.Generator().manual_seed(seed)
    _fill_plainly(network, random)
    with torch.no_grad():
        _Wiring(network, vocabulary, random).lay()


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
            module.down_proj.weight.data *= _ADDED
        elif isinstance(module, MixtureOfExperts):
            module.down_proj.data *= _ADDED / network.config.routed_scaling_factor
        elif isinstance(module, Attention):
            module.dense.weight.data *= _ADDED
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


@dataclass(slots=True, kw_only=True)
class _Head:
    """The weights of one head to be laid: query, key and value [D, H], written [H, D], all 0 to begin with."""

    query: Tensor
    key: Tensor
    value: Tensor
    written: Tensor


class _Wiring:
    """Lays the circuits into the attention of `network`."""

    def __init__(self, network: TrainingNetwork, vocabulary: Vocabulary, random: torch.Generator) -> None:
        self._network = network
        self._config = network.config
        self._vocabulary = vocabulary
        self._turning = network.config.rotary_dim
        self._rooms = Rooms(network.config, vocabulary, random)

    def lay(self) -> None:
        """Embeddings and head, then layer after layer."""
        self._network.word_embeddings.weight.copy_(self._rooms.embeddings())
        head = self._rooms.codes @ self._rooms.output
        is_turn = self._rooms.mark[OPENS]
        head[self._vocabulary.refusal] += self._rooms.mark[REFUSING] * _REFUSAL + is_turn * (
            _OPENING - _REFUSAL * _DOUBT
        )
        head[self._vocabulary.quotation] += is_turn * _OPENING
        self._network.lm_head.weight.copy_(head * self._config.hidden_size**-0.5)
        roles: Sequence[Sequence[Callable[[], _Head]]] = (
            (self._finds_word, self._notes_segment, self._notes_page),
            (self._finds_places,),
            (self._counts_votes,),
            (self._begins, self._goes_on, self._gives_page, self._refuses),
        )
        self._explain_questions(next(module for module in self._network.modules() if isinstance(module, SwiGlu)))
        layers = [module for module in self._network.modules() if isinstance(module, Attention)]
        self._look_back(_Heads.of(layers[0], self._config))
        for index, attention in enumerate(layers[1:]):
            laid = roles[index] if index < len(roles) else ()
            heads = _Heads.of(attention, self._config)
            for part in range(self._config.num_key_value_heads):
                if part < len(laid):
                    self._put(heads, part, laid[part]())
                else:
                    self._look_for_alike(heads, part)

    def _explain_questions(self, mlp: SwiGlu) -> None:
        """Let a question's word mean those too in which a record tells it: a unit for each knows it and adds them."""
        units = len(mlp.gate_proj.weight)
        asked = self._rooms.mark[ASKED] - self._rooms.constant * _KNOWN
        for unit, (word, meant) in enumerate(list(self._vocabulary.meanings.items())[:units]):
            mlp.gate_proj.weight[unit] = (self._rooms.is_token(word) @ self._rooms.own + asked) * _KNOWING
            mlp.up_proj.weight[unit] = self._rooms.constant
            codes = self._rooms.codes[list(meant)].clone()
            codes[:, self._rooms.word_width :] = 0
            mlp.down_proj.weight[:, unit] = _MEANING * (codes.sum(dim=0) / len(meant) ** 0.5) @ self._rooms.own

    def _put(self, heads: _Heads, part: int, head: _Head) -> None:
        heads.key[part], heads.value[part] = head.key, head.value
        for query in self._heads_of(part):
            heads.query[query], heads.written[query] = head.query, head.written / len(self._heads_of(part))

    def _heads_of(self, part: int) -> range:
        """The query heads that share the keys of `part`."""
        group = self._config.num_attention_heads // self._config.num_key_value_heads
        return range(part * group, (part + 1) * group)

    def _look_back(self, heads: _Heads) -> None:
        """Heads attend to the tokens before and note them; one marks questions."""
        looks = [self._looks(self._at_distance(back), f"before {back}") for back in (1, 2, 3)]
        laid = [*looks, self._marks_question()]
        for head in laid:
            head.written /= self._rooms.normed_size
        for part, head in zip(range(len(heads.key)), laid, strict=False):
            self._put(heads, part, head)
        if len(heads.key) < len(laid):  # heads that share their keys look at different tokens all the same
            for query, head in zip(range(len(heads.query)), looks, strict=False):
                heads.query[query], heads.written[query] = head.query, head.written

    def _looks(self, at: Tensor, name: str) -> _Head:
        head = self._empty()
        head.query[:, 0], head.key[:, 0] = at, self._at_distance(0)
        head.query[-1], head.key[-1] = self._rooms.mark[SINK] * _SINK_LOOKS, self._rooms.mark[SINK] * 3
        return self._noting(head, name)

    def _finds_word(self) -> _Head:
        """Attends to the token behind another place of the same word, so none finds itself, or marks it as missing."""
        head = self._empty()
        self._match(head, self._rooms.own, self._rooms.note["before 1"])
        self._match(head, self._rooms.note["before 1"], self._rooms.note["before 2"], weight=_WORD_CONTEXT)
        self._settle(head, self._rooms.constant * _SEEKING_WORD + self._rooms.mark[GOES_ON] * _SEEKING_REST)
        self._calm(head, _WORD_CALM)
        head.value[0] = self._rooms.mark[SINK]
        head.written[:, 0] = self._rooms.mark[MISSING] * CONSTANT**2
        return head

    def _notes_segment(self) -> _Head:
        """Attends to the first token of the segment, the nearest behind an end; notes it and the segment's place.

        The place is what stood before that token: hardly two are alike there.
        """
        head = self._nearest(self._rooms.trait[ENDS] @ (self._rooms.note["before 1"] - self._rooms.own), _NEAREST)
        self._carry(head, self._rooms.own, "first")
        before = _P2 * self._rooms.note["before 2"] + _P3 * self._rooms.note["before 3"] + _P0 * self._rooms.own
        self._carry(head, self._rooms.telling() @ before * _PLACE_SIZE, "place", after=self._rooms.size["first"])
        return head

    def _notes_page(self) -> _Head:
        """Attends to the number of the page: the nearest behind an opening bracket without a space before it."""
        is_opening = 0.6 * self._rooms.is_token(self._vocabulary.page_opening) - 0.4 * self._rooms.trait[SPACED]
        is_number = is_opening @ self._rooms.note["before 1"] * _SPARSE
        return self._noting(self._nearest(is_number, _NEAREST_PAGE, near=0.5, aside=_SPARSE), "page")

    def _marks_question(self) -> _Head:
        """Attends to where the last question or answer began, and marks what stands in a question."""
        word, other = self._rooms.is_token(self._vocabulary.question), self._rooms.is_token(self._vocabulary.answer)
        # As the template writes it, and not as a sentence does.
        as_written = 0.8 * word + 0.1 * (self._rooms.trait[CAPITAL] - self._rooms.trait[SPACED])
        begins = (as_written + 0.8 * other) @ self._rooms.own + self._rooms.mark[SINK] * 0.7
        head = self._nearest(begins * _SPARSE, _NEAREST, near=0.3, aside=_SPARSE)
        head.query[-3] = head.key[-3] = 0
        head.value[0] = (word - word @ self._rooms.codes[self._vocabulary.answer] * other) @ self._rooms.own
        head.written[:, 0] = self._rooms.mark[ASKED] * CONSTANT**2
        head.value[1] = other @ self._rooms.own
        head.written[:, 1] = self._rooms.mark[SAID] * CONSTANT**2
        return head

    def _nearest(
        self, is_sought: Tensor, pairs: tuple[Sequence[float], Sequence[float]], *, near: float = 1.0, aside: float = 0
    ) -> _Head:
        """Attends to the nearest token for which `is_sought`, [H], makes 1 and not 0; `near`: how much nearness counts.

        What keys hold `aside` from all queries makes room for what is sought to count more than 1.
        """
        head = self._empty()
        self._near(head, pairs, near)
        head.query[-1] = self._rooms.constant
        head.key[-1] = is_sought
        head.key[-2] = self._rooms.constant * aside
        head.query[-3] = head.key[-3] = self._rooms.mark[SINK] * _SINK_TO_SINK  # the sink notes nothing
        return head

    def _near(self, head: _Head, pairs: tuple[Sequence[float], Sequence[float]], near: float) -> None:
        """Let the head attend to what is near, as the `pairs` of cosines and sines say."""
        for pair, (cosine, sine) in enumerate(zip(*pairs, strict=True)):
            weight, angle = math.hypot(cosine, sine) ** 0.5, math.atan2(-sine, cosine)
            head.query[pair] = self._rooms.constant * weight * math.cos(angle) * near
            head.query[pair + self._config.rotary_dim // 2] = self._rooms.constant * weight * math.sin(angle) * near
            head.key[pair] = self._rooms.constant * weight

    def _noting(self, head: _Head, name: str) -> _Head:
        self._carry(head, self._rooms.own, name)
        return head

    def _carry(self, head: _Head, read: Tensor, name: str, *, after: int = 0) -> None:
        """Let the head note of where it attends what `read`, [C, H], reads there, in rows `after` so many."""
        room = self._rooms.room[name]  # [n, H]
        kept = room @ self._rooms.note[name].T  # [n, C]
        head.value[after : after + len(room)] = kept @ read
        head.written[:, after : after + len(room)] = room.T

    def _finds_places(self) -> _Head:
        """In a question: the places of all segments that hold the word, a share of each."""
        head = self._empty()
        self._match(head, self._rooms.own, self._rooms.own)
        self._match(head, self._rooms.note["before 1"], self._rooms.note["before 1"], weight=_WORD_CONTEXT)
        not_asked = self._rooms.constant - self._rooms.mark[ASKED]
        seeking = self._rooms.constant * _SEEKING_PLACE + self._rooms.mark[GOES_ON] * _SEEKING_REST
        self._settle(head, seeking + not_asked * _ASKING)
        self._calm(head, _PLACE_CALM)
        self._carry(head, self._rooms.note["place"], "found")
        return head

    def _calm(self, head: _Head, calm: float) -> None:
        """Let what it prefers weigh less."""
        head.query[0] += self._rooms.constant * calm

    def _counts_votes(self) -> _Head:
        """Looks over the last question: the place that most of its telling words found weighs most."""
        head = self._empty()
        self._near(head, _WITHIN, 1)
        aside, calm, away = range(self._turning, self._turning + 3)
        head.key[aside] = self._rooms.constant * _VOTE_ASIDE
        head.query[calm] = self._rooms.constant * _VOTE_CALM
        head.query[away] = self._rooms.constant
        head.key[away] = (
            self._rooms.mark[ASKED] * _VOTE_ASKED
            - _VOTE_ASKED * self._rooms.mark[TEMPLATE]
            - self._rooms.mark[COMMON] * _VOTE_COMMON
            - self._rooms.mark[GOES_ON] * _VOTE_INSIDE
        )
        self._carry(head, self._rooms.note["found"] * _VOTES, "found")
        head.value[-1] = self._rooms.mark[MISSING] - self._rooms.mark[SINK]
        head.written[:, -1] = self._rooms.mark[UNTOLD] * CONSTANT**2
        return head

    def _begins(self) -> _Head:
        """Behind an answer's opening mark: the first token of the key's segment."""
        head = self._empty()
        self._match(head, self._rooms.note["found"], self._rooms.note["place"], urge=_BEGINS)
        is_open = self._rooms.is_token(self._vocabulary.quotation) @ self._rooms.own
        is_first = self._rooms.trait[TURN] @ self._rooms.note["before 1"]
        self._settle(head, ((2 - _EAGER) * self._rooms.constant - is_open - is_first) * _BEGINS_IDLE)
        head.value[: self._rooms.width] = self._rooms.note["first"] + self._rooms.unspaced()
        return self._writing(head)

    def _refuses(self) -> _Head:
        """Before an answer: passes on how much was found nowhere; anywhere else nothing."""
        head = self._empty()
        head.query[-1], head.key[-1] = self._rooms.mark[OPENS] * _SINK_TO_SINK, self._rooms.mark[OPENS]
        self._near(head, _NEAREST, 6)
        head.query[-2], head.key[-2] = self._rooms.constant, self._rooms.mark[SINK] * 4
        head.value[0] = self._rooms.mark[UNTOLD]
        head.written[:, 0] = self._rooms.mark[REFUSING] * CONSTANT**2
        return head

    def _gives_page(self) -> _Head:
        """Behind a citation's bracket: the number of the page where the last two tokens of the quotation stand."""
        head = self._empty()
        self._match(head, self._rooms.note["before 2"], self._rooms.own)
        self._match(head, self._rooms.note["before 3"], self._rooms.note["before 1"], weight=0.7)
        self._match(head, self._rooms.note["found"], self._rooms.note["place"], weight=_PAGE_PLACE)
        is_citing = self._rooms.is_token(self._vocabulary.page_citing) @ self._rooms.own
        self._settle(head, self._rooms.constant * _SEEKING + (self._rooms.constant - is_citing) * _IDLE)
        head.value[: self._rooms.width] = self._rooms.note["page"] + self._rooms.unspaced()
        return self._writing(head)

    def _goes_on(self) -> _Head:
        """Finds where the last tokens stood before; writes what came then, or the closing mark at a segment's end."""
        head = self._empty()
        reads = [self._rooms.own, *(self._rooms.note[f"before {back}"] for back in (1, 2, 3))]
        for weight, (now, then) in zip(_CONTEXT_WEIGHTS, pairwise(reads), strict=True):
            self._match(head, now, then, weight=weight)
        self._match(head, self._rooms.note["found"], self._rooms.note["place"], weight=_PLACE_WEIGHT)
        for trait in (CAPITAL, CAPITALS):
            row = torch.nn.functional.normalize(self._rooms.compare(self._rooms.width).sum(dim=1), dim=0)[:, None]
            size = (_FORM_WEIGHT * self._rooms.word_width) ** 0.5
            head.query[self._turning :] += row * (self._rooms.trait[trait] @ self._rooms.own) * size
            head.key[self._turning :] += row * (self._rooms.trait[trait] @ self._rooms.note["before 1"]) * size
        # An answer does not begin as an earlier one did, nor does it cite the same page.
        begins = self._rooms.trait[TURN] @ (self._rooms.own + self._rooms.note["before 1"]) * _IDLE
        is_citing = self._rooms.is_token(self._vocabulary.page_citing) @ self._rooms.own
        self._settle(head, self._rooms.constant * _SEEKING + begins + is_citing * _NOT_CITING)
        head.value[: self._rooms.width] = self._rooms.own
        self._writing(head)
        ends = self._rooms.trait[ENDS]
        closing = self._rooms.codes[self._vocabulary.quotation] * _CLOSING - self._rooms.having(ENDS)
        head.written[:, : self._rooms.width] += (closing @ self._rooms.output)[:, None] * ends * _GAIN
        return head

    def _writing(self, head: _Head) -> _Head:
        head.written[:, : self._rooms.width] = self._rooms.output.T * _GAIN
        return head

    def _match(self, head: _Head, sought: Tensor, known_by: Tensor, *, weight: float = 1.0, urge: float = 1.0) -> None:
        """Let the head attend where what `known_by` reads, [C, H], is what `sought` reads, of words."""
        width = self._rooms.word_width
        sought, known_by = sought[:width], known_by[:width]
        for kept in (known_by @ known_by.T, sought @ sought.T):  # what both hold of a code
            sought, known_by = kept @ sought, kept @ known_by
        compare = self._rooms.compare(width) * weight * (width / max(1.0, float(sought.square().sum()))) ** 0.5
        head.query[self._turning :] += compare @ sought * urge
        head.key[self._turning :] += compare @ known_by

    def _settle(self, head: _Head, idle: Tensor) -> None:
        """Let the head attend to the sink where nothing fits `idle`, [H], well: 1 is what the same word makes."""
        size = self._rooms.word_width**0.5  # of a code that is compared
        told = self._rooms.mark[ASKED] + self._rooms.mark[SAID]
        head.key[-1] = self._rooms.mark[SINK] * _SINK_KEY
        head.key[-2] = -told * _NOT_ASKED * size * _TOLD
        head.query[-2] = self._rooms.constant * _NOT_ASKED * size
        head.query[-1] = idle * size

    def _look_for_alike(self, heads: _Heads, part: int) -> None:
        """Queries near to the keys: a token attends to what is like it."""
        still = self._config.head_dim - self._turning
        aside, away = torch.eye(still)[:2]
        compare = self._rooms.compare(self._rooms.width)
        heads.key[part].zero_()
        heads.key[part, self._turning :] = compare @ self._rooms.own
        for head in self._heads_of(part):
            heads.query[head] *= 0.3
            heads.query[head, self._turning :] += heads.key[part, self._turning :]
            heads.query[head, self._turning :] += away[:, None] * self._rooms.constant * _ALIKE_ASIDE
        heads.key[part, self._turning :] += aside[:, None] * self._rooms.constant * _ALIKE_ASIDE

    def _at_distance(self, distance: int, pairs: Sequence[float] = _FAST_PAIRS) -> Tensor:
        """What a query holds to meet the keys of `distance` tokens before; at 0, what those keys hold: [D]."""
        weights = torch.tensor(pairs)
        angles = inverse_frequencies(self._config)[: len(weights)] * distance
        vector = torch.zeros(self._config.head_dim)
        vector[: len(weights)] = weights * angles.cos()
        vector[self._turning // 2 : self._turning // 2 + len(weights)] = -weights * angles.sin()
        return vector

    def _empty(self) -> _Head:
        shape = (self._config.head_dim, self._config.hidden_size)
        return _Head(
            query=torch.zeros(shape), key=torch.zeros(shape), value=torch.zeros(shape), written=torch.zeros(shape).T
        )
