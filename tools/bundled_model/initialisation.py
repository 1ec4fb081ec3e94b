"""Weights to begin with: a network that can look words up, quote their line and copy, before it has seen any.

A small network spends most of its training on learning to look one token back and then to go on as an earlier place
went on (induction heads, arXiv 2209.11895). Here it begins with such heads and with those that find what is asked, in
the spirit of mimetic initialisation (arXiv 2305.09828); training bends the last of them to the task. Beside random
small weights:

layer 0: every token notes the three tokens before it, and whether it stands in a question or elsewhere outside the
record, in an answer or in the prompts; the words of questions come to mean those too in which records tell what they
ask for.
layer 1: a token notes whether its word stands anywhere before, with what its segment (the line or sentence it stands
in) begins, what stands before that, which is the segment's place, and the number of its page.
layer 2: a question's tokens find the places of the segments that hold their words, each as much as the others; every
token counts the questions so far.
layer 3: an answer's tokens add up what the telling words of the question found, so that the place that most of them
agree on weighs most, and how much of it was found nowhere.
layer 4: an answer begins as the segment of that place begins, or refuses; it goes on as the record went on where the
last tokens and that place stand, closes the quotation where the segment ends, and gives the page's number.

Letters: V vocabulary, H hidden_size, C the width of a token's code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from tools.bundled_model.attention_heads import LAST_QUESTION, LAST_TURN, NEAREST, NEAREST_PAGE, Head, Heads
from tools.bundled_model.hidden_rooms import (
    ASKED,
    COMMON,
    CONSTANT,
    COUNTED,
    FIGURE,
    GOES_ON,
    MARKS,
    MARKS_AT,
    MISSING,
    OPENS,
    OUTSIDE,
    REFUSING,
    SINK,
    TEMPLATE,
    UNTOLD,
    Rooms,
)
from tools.bundled_model.network import Attention, MixtureOfExperts, SwiGlu, TrainingNetwork
from tools.bundled_model.token_codes import ENDS, SPACED, TURN
from tools.bundled_model.vocabulary import Vocabulary

ANSWERING_LAYER = 4
"""From this layer on nothing is looked up: what was found is written."""
_SHARPNESS = 5.0  # weight of the query and key norms: scores reach head_dim^0.5 times its square
_ADDED = 0.01  # of the random products that add to the hidden state
_SPARSE = 2.0  # how much more what is seldom there counts
# How much surer it is that a page of a record has begun than a turn, which is nearer or much farther; what keys hold
# apart.
_PAGE_FIRST, _TURN_ASIDE = 0.08, 3.0
_PLACE_SIZE = 1.2  # of the note of a place, which holds several codes
# Where a question's word is known (1 for the word, 1 for the question), how steeply, how much of its meanings it adds.
_KNOWN, _KNOWING, _MEANING = 1.65, 30.0, 0.06
# Where a head is to look, the share of the same word that must fit, and more than any where it is not to look. What
# goes on a word must fit better by so much; what stands before it counts so much, less where lines are to share a vote.
_LOOKING_UP, _FINDING, _GOING_ON, _UNASKED, _IDLE = 0.57, 0.5, 0.2, 1.0, 2.0
_KNOWN_INSIDE, _FOUND_INSIDE, _KNOWN_BEFORE, _FOUND_BEFORE = 0.4, 0.3, 0.6, 0.2
_CALM = 30.0  # of the search for places: more would let what fits badly count
# Of votes: what keys hold apart from queries, and queries from keys, so that the rest counts less; how much more
# questions count than other text, the last one than those before it, and how much less words that name nothing.
_VOTE_ASIDE, _VOTE_CALM, _VOTE_ASKED, _VOTE_LATER, _VOTE_COMMON = 3.5, 3.4, 0.8, 8.0, 0.35
# Of counting questions: what keys hold apart, and how the beginning then draws as much attention as some 60 of them.
_COUNT_ASIDE, _BEGINNING = 3.0, 1.245
# Of beginning: how much votes count, how surely it is idle elsewhere and eager where it is due.
_VOTED, _NOT_DUE, _EAGER = 6.0, 12.0, 0.15
_REFUSAL, _OPENING = 60.0, 150.0  # how strongly an answer begins by refusing, and by either
_DOUBT = 0.35  # how much of a question must be found nowhere
# Of what an induction head compares: the last three tokens, the place, with what its segment begins; what keeps it from
# citing the page cited before.
_CONTEXT, _PLACE, _FIRST, _NOT_CITING = (1.0, 0.8, 0.6), 0.65, 0.6, 1.2
# Of what finds the page, beside the last token; how surely no page is given elsewhere.
_PAGE_BEFORE, _PAGE_PLACE, _NO_PAGE = 0.7, 0.7, 3.0
_CLOSING = 1.8  # how much likelier than the end of a segment the closing mark is
_ALIKE, _ALIKE_ASIDE = 0.3, 3.0  # of heads without a task: what stays random, what is held apart


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
            module.down_proj.weight.data[: MARKS_AT + MARKS] = 0
        elif isinstance(module, MixtureOfExperts):
            module.down_proj.data *= _ADDED / network.config.routed_scaling_factor
            module.down_proj.data[:, : MARKS_AT + MARKS] = 0
        elif isinstance(module, Attention):
            module.dense.weight.data *= _ADDED
            module.query_layernorm.weight.data.fill_(_SHARPNESS)
            module.key_layernorm.weight.data.fill_(_SHARPNESS)


class _Wiring:
    """Lays the circuits into the attention of `network`, and what questions mean into its dense layer."""

    def __init__(self, network: TrainingNetwork, vocabulary: Vocabulary, random: torch.Generator) -> None:
        self._network = network
        self._config = network.config
        self._vocabulary = vocabulary
        self._rooms = Rooms(network.config, vocabulary, random)

    def lay(self) -> None:
        """Embeddings and head, then layer after layer."""
        self._network.word_embeddings.weight.copy_(self._rooms.embeddings())
        self._network.lm_head.weight.copy_(self._head_rows() * self._config.hidden_size**-0.5)
        self._explain_questions(next(module for module in self._network.modules() if isinstance(module, SwiGlu)))
        roles: Sequence[Sequence[Callable[[], Head]]] = (
            (self._looks_up, self._notes_segment, self._notes_page),
            (self._finds_places, self._counts_questions),
            (self._counts_votes,),
            (self._begins, self._goes_on, self._gives_page, self._refuses),
        )
        layers = [module for module in self._network.modules() if isinstance(module, Attention)]
        self._look_back(Heads.of(layers[0], self._config))
        for index, attention in enumerate(layers[1:]):
            laid = roles[index] if index < len(roles) else ()
            heads = Heads.of(attention, self._config)
            for part in range(len(heads.key)):
                if part < len(laid):
                    heads.put(part, laid[part]())
                else:
                    self._look_for_alike(heads, part)

    def _head_rows(self) -> Tensor:
        """A row for every token, [V, H]: what is written to come next; how an answer begins."""
        rows = self._rooms.codes @ self._rooms.output
        is_turn = self._rooms.mark[OPENS] * _OPENING
        doubt = self._rooms.mark[REFUSING] - self._rooms.mark[OPENS] * _DOUBT
        rows[self._vocabulary.refusal] += is_turn + doubt * _REFUSAL
        rows[self._vocabulary.quotation] += is_turn
        return rows

    def _explain_questions(self, mlp: SwiGlu) -> None:
        """Let a question's word mean those too in which a record tells it: a unit for each knows it and adds them."""
        asked = self._rooms.mark[ASKED] - self._rooms.constant * _KNOWN
        for unit, (word, meant) in zip(
            range(len(mlp.gate_proj.weight)), self._vocabulary.meanings.items(), strict=False
        ):
            mlp.gate_proj.weight[unit] = (self._rooms.is_token(word) @ self._rooms.own + asked) * _KNOWING
            mlp.up_proj.weight[unit] = self._rooms.constant
            words = self._rooms.codes[list(meant), : self._rooms.word_width].sum(dim=0) / len(meant) ** 0.5
            mlp.down_proj.weight[:, unit] = words @ self._rooms.own[: self._rooms.word_width] * _MEANING

    def _head(self) -> Head:
        return Head(self._config, self._rooms)

    def _look_back(self, heads: Heads) -> None:
        """Heads attend to the tokens before and note them; one marks questions and answers."""
        looks = [self._looks(back) for back in (1, 2, 3)]
        laid = [*looks, self._marks_turns()]
        for head in laid:
            head.written /= self._rooms.normed_size
        for part, head in zip(range(len(heads.key)), laid, strict=False):
            heads.put(part, head)
        if len(heads.key) < len(laid):  # heads that share their keys look at different tokens all the same
            for query, head in zip(range(len(heads.query)), looks, strict=False):
                heads.query[query], heads.written[query] = head.query, head.written

    def _looks(self, back: int) -> Head:
        head = self._head()
        head.look_back(back)
        head.note(self._rooms.own, f"before {back}")
        return head

    def _marks_turns(self) -> Head:
        """Attends to where the last question, answer, instructions or page began; marks what is not of a record."""
        width, known = self._rooms.word_width, self._vocabulary
        beginnings = [known.question, known.answer, known.instructions, known.page_opening]
        # [4, H]: the product of each with its token is 1, and 0 with the others.
        which = torch.linalg.pinv(self._rooms.codes[beginnings, :width]).T @ self._rooms.own[:width]
        begins = torch.tensor([0.8, 0.8, 0.8, 0.8 + _PAGE_FIRST]) @ which
        begins += self._rooms.mark[SINK] * 0.7 - self._as_the_template_writes()
        head = self._head()
        head.nearest(begins * _SPARSE, LAST_TURN, aside=_TURN_ASIDE)
        head.query[-3] = head.key[-3] = 0
        self._mark(head, ASKED, which[0])
        self._mark(head, OUTSIDE, which[1] + which[2] + self._rooms.mark[SINK], row=1)
        return head

    def _as_the_template_writes(self) -> Tensor:
        """[H]: what tells the word that begins a part of the template from the same word of a sentence."""
        return 0.2 * self._rooms.trait[SPACED] @ self._rooms.own

    def _mark(self, head: Head, mark: int, read: Tensor, *, row: int = 0) -> None:
        """Let the head mark as much as `read`, [H], reads where it attends."""
        head.value[row] = read
        head.written[:, row] = self._rooms.mark[mark] * CONSTANT**2

    def _looks_up(self) -> Head:
        """Attends to the token behind another place of the same word, so none finds itself, or marks it as missing."""
        head = self._head()
        head.match(self._rooms.own, self._rooms.note["before 1"])
        words = self._rooms.without_marks()
        head.match(words @ self._rooms.note["before 1"], words @ self._rooms.note["before 2"], weight=_KNOWN_BEFORE)
        head.settle(self._rooms.constant * _LOOKING_UP + self._rooms.mark[GOES_ON] * _KNOWN_INSIDE)
        self._mark(head, MISSING, self._rooms.mark[SINK])
        return head

    def _notes_segment(self) -> Head:
        """Attends to the first token of the segment, the nearest behind an end; notes it and the segment's place.

        In an answer it is the first token of the quotation. The place is that token and the two before the end: hardly
        two are alike there.
        """
        head = self._head()
        begins = self._rooms.trait[ENDS] @ (self._rooms.note["before 1"] - self._rooms.own)
        begins_quotation = self._rooms.trait[TURN] @ self._rooms.note["before 2"]
        head.nearest(begins + begins_quotation, NEAREST)
        head.note(self._rooms.own, "first")
        place = self._rooms.without_marks() @ (
            self._rooms.own + self._rooms.note["before 2"] + self._rooms.note["before 3"]
        )
        head.note(place * _PLACE_SIZE, "place", after=len(self._rooms.room["first"]))
        return head

    def _notes_page(self) -> Head:
        """Attends to the number of the page: the nearest behind an opening bracket without a space before it."""
        is_opening = 0.45 * self._rooms.is_token(self._vocabulary.page_opening) - 0.25 * self._rooms.trait[SPACED]
        is_number = is_opening @ self._rooms.note["before 1"] + 0.3 * self._rooms.mark[FIGURE]
        head = self._head()
        head.nearest(is_number * _SPARSE, NEAREST_PAGE, near=0.5, aside=_SPARSE)
        head.note(self._rooms.own, "page")
        return head

    def _finds_places(self) -> Head:
        """In a question: the places of all segments that hold the word, a share of each."""
        head = self._head()
        head.match(self._rooms.own, self._rooms.own)
        before = self._rooms.without_marks() @ self._rooms.note["before 1"]
        head.match(before, before, weight=_FOUND_BEFORE)
        not_asked = self._rooms.constant - self._rooms.mark[ASKED]
        head.settle(
            self._rooms.constant * _FINDING + self._rooms.mark[GOES_ON] * _FOUND_INSIDE + not_asked * _UNASKED,
        )
        head.calm(_CALM)
        head.note(self._rooms.note["place"], "found")
        return head

    def _counts_questions(self) -> Head:
        """Attends to all questions so far, and to the beginning as to many: the share of questions counts them."""
        is_question = self._rooms.is_token(self._vocabulary.question) @ self._rooms.own
        head = self._head()
        head.query[-1] = self._rooms.constant
        head.key[-1] = is_question - self._as_the_template_writes() + self._rooms.mark[SINK] * _BEGINNING
        head.key[-2] = self._rooms.constant * _COUNT_ASIDE
        self._mark(head, COUNTED, is_question)
        return head

    def _counts_votes(self) -> Head:
        """Looks over the last question: the place that most of its telling words found weighs most."""
        head = self._head()
        head.near(LAST_QUESTION, 1)
        aside, calm, away = range(self._config.rotary_dim, self._config.rotary_dim + 3)
        head.key[aside] = self._rooms.constant * _VOTE_ASIDE
        head.query[calm] = self._rooms.constant * _VOTE_CALM
        head.query[away] = self._rooms.constant
        asks = (self._rooms.mark[ASKED] - self._rooms.mark[TEMPLATE]) * _VOTE_ASKED
        later = self._rooms.mark[COUNTED] * _VOTE_LATER
        head.key[away] = asks + later - self._rooms.mark[COMMON] * _VOTE_COMMON
        head.note(self._rooms.note["found"], "found")
        self._mark(head, UNTOLD, self._rooms.mark[MISSING] - self._rooms.mark[SINK], row=-1)
        return head

    def _begins(self) -> Head:
        """Behind an answer's opening mark: the first token of the segment with most votes."""
        head = self._head()
        head.match(self._rooms.note["found"], self._rooms.note["place"], urge=_VOTED)
        is_open = self._rooms.is_token(self._vocabulary.quotation) @ self._rooms.own
        is_first = self._rooms.trait[TURN] @ self._rooms.note["before 1"]
        head.settle(((2 - _EAGER) * self._rooms.constant - is_open - is_first) * _NOT_DUE)
        head.write(self._rooms.note["first"] + self._rooms.unspaced())
        return head

    def _goes_on(self) -> Head:
        """Finds where the last tokens stood before; writes what came then, or the closing mark at a segment's end."""
        head = self._head()
        reads = [self._rooms.own, *(self._rooms.note[f"before {back}"] for back in (1, 2, 3))]
        for weight, (now, then) in zip(_CONTEXT, pairwise(reads), strict=True):
            head.match(now, then, weight=weight)
        head.match(self._rooms.note["found"], self._rooms.note["place"], weight=_PLACE)
        head.match(self._rooms.note["first"], self._rooms.note["first"], weight=_FIRST)
        head.match_capitals(self._rooms.own, self._rooms.note["before 1"])
        # An answer does not begin as an earlier one did, nor does it cite the same page.
        begins = self._rooms.trait[TURN] @ (self._rooms.own + self._rooms.note["before 1"])
        is_citing = self._rooms.is_token(self._vocabulary.page_citing) @ self._rooms.own
        head.settle(self._rooms.constant * _GOING_ON + begins * _IDLE + is_citing * _NOT_CITING)
        head.write(self._rooms.own)
        closing = self._rooms.codes[self._vocabulary.quotation] * _CLOSING - self._rooms.having(ENDS)
        head.write_too(ENDS, closing)
        return head

    def _gives_page(self) -> Head:
        """Behind a citation's bracket: the number of the page where the last two tokens of the quotation stand."""
        head = self._head()
        head.match(self._rooms.note["before 2"], self._rooms.own)
        head.match(self._rooms.note["before 3"], self._rooms.note["before 1"], weight=_PAGE_BEFORE)
        head.match(self._rooms.note["found"], self._rooms.note["place"], weight=_PAGE_PLACE)
        is_citing = self._rooms.is_token(self._vocabulary.page_citing) @ self._rooms.own
        head.settle(self._rooms.constant * _GOING_ON + (self._rooms.constant - is_citing) * _NO_PAGE)
        head.write(self._rooms.note["page"] + self._rooms.unspaced())
        return head

    def _refuses(self) -> Head:
        """Before an answer: passes on how much was found nowhere; anywhere else nothing."""
        head = self._head()
        head.near(NEAREST, 6)
        head.query[-1], head.key[-1] = self._rooms.mark[OPENS] * 10, self._rooms.mark[OPENS]
        head.query[-2], head.key[-2] = self._rooms.constant, self._rooms.mark[SINK] * 4
        self._mark(head, REFUSING, self._rooms.mark[UNTOLD])
        return head

    def _look_for_alike(self, heads: Heads, part: int) -> None:
        """Queries near to the keys: a token attends to what is like it."""
        turning = self._config.rotary_dim
        compared = self._rooms.compare(self._rooms.width) @ self._rooms.own
        aside = torch.zeros(2, *compared.shape)
        aside[0, 0] = aside[1, 1] = self._rooms.constant * _ALIKE_ASIDE
        heads.key[part].zero_()
        heads.key[part, turning:] = compared + aside[0]
        for query in heads.queries_of(part):
            heads.query[query] *= _ALIKE
            heads.query[query, turning:] += compared + aside[1]
