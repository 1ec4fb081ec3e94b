"""The runtime quotes nothing but the record, whatever its weights are, however its tokens are cut."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import torch
from langchain_core.messages import HumanMessage

from assistant.conversation.marks import quotes
from assistant.evidence.quote_vocabulary import QuoteVocabulary
from assistant.evidence.quotes import QuoteFinder
from assistant.evidence.support import _QUOTATION
from assistant.evidence.verbatim import QuotableRecord
from assistant.language_models.bundled_runtime import BundledRuntime
from assistant.language_models.quoting import QuotingDesk, VerbatimQuotes
from model_runtime.chat import Chat
from model_runtime.engine import Engine
from model_runtime.events import Request
from model_runtime.sampling import Constraint, SamplingSettings
from model_runtime.speculation import Payoff
from tests.model_runtime.tiny_checkpoint import tiny_tokenizer
from tests.model_runtime.tiny_engine import finished, text_of, tiny_engine, tiny_model
from tests.pages import page

RECORD = (
    "Discharge letter. The patient takes metformin 500 mg twice a day and 2.5 mg of bisoprolol.\nNo known allergies.",
    "He’s a non-smoker; hyper-\ntension since 2009. Sodium 138 mmol/L, potassium 4.1 mmol/L, eGFR 62.",
    "患者因胸痛入院，既往有高血压病史。",
)
NUMBERED = {3: RECORD[0], 12: RECORD[1], 14: RECORD[2]}
FINDER = QuoteFinder([page(text, number=2 * number + 1) for number, text in enumerate(RECORD)])
MARKS = '"“”„«»'


class Urged:
    """A constraint that also makes quotation marks likely, as a model that cites does; random weights hardly would."""

    def __init__(self, constraint: VerbatimQuotes, vocabulary: list[bytes], seed: int) -> None:
        self._constraint = constraint
        self._marked = [at for at, token in enumerate(vocabulary) if any(mark.encode() in token for mark in MARKS)]
        self._chance = random.Random(seed)
        self._now: list[int] | torch.Tensor | None = None
        self.draft = constraint.draft
        self._decide()

    def allowed(self) -> list[int] | torch.Tensor | None:
        return self._now

    def forbidden(self) -> torch.Tensor:
        return self._constraint.forbidden()

    def advance(self, token: int) -> None:
        self._constraint.advance(token)
        self._decide()

    def _decide(self) -> None:
        allowed = self._constraint.allowed()
        self._now = allowed
        if allowed is None and self._chance.random() < 0.3:
            self._now = sorted(set(self._marked) - set(self._constraint.forbidden().tolist()))
        elif allowed is not None and self._chance.random() < 0.15:
            self._now = sorted(set(self._marked) & set(allowed.tolist())) or allowed


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny products are over before a second thread has begun; on a busy machine waiting for it takes minutes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def desk() -> QuotingDesk:
    engine = tiny_engine(tiny_model())
    return QuotingDesk(engine.vocabulary(), engine.chat.encode)


def constraint(desk: QuotingDesk, seed: int) -> Constraint:
    rules = desk.rules(NUMBERED)
    assert rules is not None
    return Urged(VerbatimQuotes(rules), list(rules.record.vocabulary.tokens), seed)


def asked(desk: QuotingDesk, seed: int, *, speculate: bool = True, temperature: float = 1.0) -> Request:
    return Request(
        prompt_tokens=tiny_engine().chat.encode("\n".join(RECORD)),
        max_tokens=150,
        sampling=SamplingSettings(temperature=temperature, top_k=0, top_p=1, seed=seed),
        constraint=constraint(desk, seed),
        speculate=speculate,
    )


def closed_quotations(text: str) -> list[str]:
    """The quotations of an answer as its readers find them, but one that the end of the answer cuts off."""
    return [*quotes(text), *_QUOTATION.findall(text)]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_whatever_random_weights_say_every_quotation_stands_in_the_record(
    desk: QuotingDesk, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Payoff, "may_draft", property(lambda payoff: True))
    found: list[str] = []
    drafted = 0
    for seed in range(4):
        engine = tiny_engine(tiny_model(seed=seed))
        for again in range(2):  # the second time over a prefix that was read before
            events = list(engine.generate(asked(desk, 10 * seed + again, temperature=temperature)))
            found += closed_quotations(text_of(events))
            drafted += finished(events).drafted_tokens
            assert bool(again) == (finished(events).reused_tokens > 0)
    assert len(set(found)) > 20
    assert not [quote for quote in found if not FINDER.locate(quote)]
    assert drafted > 0


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_drafts_change_nothing_of_what_is_quoted(
    desk: QuotingDesk, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Payoff, "may_draft", property(lambda payoff: True))
    model = tiny_model(seed=3)
    for seed in range(4):
        plain, drafting = (
            list(tiny_engine(model).generate(asked(desk, seed, speculate=speculate, temperature=temperature)))
            for speculate in (False, True)
        )
        assert text_of(plain) == text_of(drafting)


def test_the_record_s_words_alone_can_be_quoted_through_langchain() -> None:
    model = BundledRuntime(engine=tiny_engine(tiny_model()), temperature=1.5, top_k=0, top_p=1, max_tokens=400)
    found: list[str] = []
    for seed in range(3):
        answer = model.invoke([HumanMessage("\n".join(RECORD))], quotable=NUMBERED, seed=seed)
        found += closed_quotations(str(answer.content))
    assert found
    assert not [quote for quote in found if not FINDER.locate(quote)]


def test_deleting_a_record_drops_its_words_here_too() -> None:
    model = BundledRuntime(engine=tiny_engine(tiny_model()), max_tokens=2)
    model.invoke("x", quotable=NUMBERED)
    assert model._desk is not None
    assert model._desk._latest is not None
    model.forget()
    assert model._desk._latest is None


def spoken(constraint: VerbatimQuotes, vocabulary: list[bytes], *pieces: bytes) -> None:
    for piece in pieces:
        constraint.advance(vocabulary.index(piece))


def free_desk(extra: tuple[bytes, ...]) -> tuple[QuotingDesk, list[bytes]]:
    vocabulary = [b"", *(bytes([byte]) for byte in range(256)), *extra]
    return QuotingDesk(vocabulary, lambda text: []), vocabulary


def test_reasoning_quotes_what_it_likes() -> None:
    desk, vocabulary = free_desk((b"<think>", b"</think>", b'>"No', b'"no"'))
    rules = desk.rules(NUMBERED)
    assert rules is not None
    for opens, first in ((True, ()), (False, (b"\n", b"<think>"))):
        quotes_ = VerbatimQuotes(rules, opens_reasoning=opens)
        spoken(quotes_, vocabulary, *first, b'"', b"x", b'"no"')
        assert quotes_.allowed() is None
        assert vocabulary.index(b'>"No') in quotes_.forbidden()
        spoken(quotes_, vocabulary, b"</think>", b"x", b'"')
        assert quotes_.allowed() is not None


def test_no_quotation_mark_is_put_together_from_parts_of_a_character() -> None:
    desk, vocabulary = free_desk((b"\xe2\x80", b"\x9cx", b"\x80\x9c"))
    rules = desk.rules(NUMBERED)
    assert rules is not None
    quotes_ = VerbatimQuotes(rules)
    spoken(quotes_, vocabulary, b"\xe2")
    assert vocabulary.index(b"\x80\x9c") in quotes_.forbidden()
    spoken(quotes_, vocabulary, b"\x80")
    assert {vocabulary.index(b"\x9c"), vocabulary.index(b"\x9cx")} <= set(quotes_.forbidden().tolist())
    assert vocabulary.index(b"\x93") not in quotes_.forbidden()
    spoken(quotes_, vocabulary, b"\x93")
    assert vocabulary.index(b"\x9cx") not in quotes_.forbidden()


def test_after_the_closing_mark_everything_is_free_again() -> None:
    desk, vocabulary = free_desk((b'."', b"No known"))
    rules = desk.rules(NUMBERED)
    assert rules is not None
    quotes_ = VerbatimQuotes(rules)
    spoken(quotes_, vocabulary, b'"', b"No known", b" ", *(bytes([byte]) for byte in b"allergies"))
    allowed = quotes_.allowed()
    assert allowed is not None
    assert {vocabulary.index(b'."'), vocabulary.index(b'"'), vocabulary.index(b".")} == set(allowed.tolist())
    spoken(quotes_, vocabulary, b'."', b" ")
    assert quotes_.allowed() is None


def test_the_number_behind_a_quotation_names_a_source_that_holds_it() -> None:
    desk, vocabulary = free_desk(
        (b" [", b"[3", b" [1", b"12", b"14", b"12].", b"12)", b'." [', b" 3", b"],", b" ;", "–".encode(), b"-5")
    )
    rules = desk.rules(NUMBERED)
    assert rules is not None
    quotes_ = VerbatimQuotes(rules)
    spoken(quotes_, vocabulary, b'"', *(bytes([byte]) for byte in b"eGFR 62"), b'"')
    assert not quotes_.allowed()
    assert named(quotes_, vocabulary, b"[3", b" [1", b"3", b"x") == {b"[3"}
    spoken(quotes_, vocabulary, b" [")
    allowed = quotes_.allowed()
    assert allowed is not None
    assert {vocabulary[token] for token in allowed} == {b"1", b"12", b"12]."}  # nor a word: it cites or nothing
    wrong = {b"3", b"14", b"2", b"12)"}
    assert named(quotes_, vocabulary, *wrong, b"1", b"12", b"12].") == wrong
    spoken(quotes_, vocabulary, b"1")
    allowed = quotes_.allowed()
    assert allowed is not None
    assert [vocabulary[token] for token in allowed] == [b"2"]
    spoken(quotes_, vocabulary, b"2")
    allowed = quotes_.allowed()
    assert allowed is not None
    assert {vocabulary[token] for token in allowed} == {b"]", b"],", b",", b";", b" ;", b"-", b"-5", "–".encode()}
    assert named(quotes_, vocabulary, b"3", b"]", b",") == {b"3"}
    spoken(quotes_, vocabulary, b"]", b"3")  # behind the mark everything is free
    assert named(quotes_, vocabulary, b"3", b"14") == set()


def named(constraint: VerbatimQuotes, vocabulary: list[bytes], *pieces: bytes) -> set[bytes]:
    """Which of the pieces are forbidden now."""
    forbidden = set(constraint.forbidden().tolist())
    return {piece for piece in pieces if vocabulary.index(piece) in forbidden}


def test_a_quotation_of_two_sources_may_cite_either() -> None:
    desk, vocabulary = free_desk((b" [",))
    rules = desk.rules({1: "Seen again. Penicillin allergy.", 2: "Nothing.", 30: "Penicillin allergy"})
    assert rules is not None
    quotes_ = VerbatimQuotes(rules)
    spoken(quotes_, vocabulary, b'"', *(bytes([byte]) for byte in b"Penicillin allergy"), b'"', b" [")
    assert named(quotes_, vocabulary, b"1", b"2", b"3") == {b"2"}


def test_texts_without_words_put_no_constraint_on_an_answer() -> None:
    desk, _ = free_desk(())
    assert desk.rules({1: " ", 2: ""}) is None
    assert QuotableRecord(["No"], QuoteVocabulary([b"", b"N", b"o"])).opening.tolist() == [1]


def test_a_constraint_goes_with_a_chat_template_that_opens_reasoning() -> None:
    template = "{{ messages[0].content }}<think>"
    engine = Engine(tiny_model(), Chat(tiny_tokenizer(chat_template=template), frozenset()))
    model = BundledRuntime(engine=engine, temperature=0, max_tokens=12)
    message = model.invoke("x", quotable=NUMBERED)
    assert message.additional_kwargs["reasoning_content"]
