"""Words inside quotation marks come from the record: the constraint under which the bundled runtime writes.

Reasoning is free. Outside of quotations everything may come but what opens one on words that stand nowhere, and but the
number of a source behind a quotation that it does not hold. A quotation's marks come whole: none is put together from
parts of characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from assistant.evidence.quote_vocabulary import QuoteVocabulary
from assistant.evidence.verbatim import OpenQuote, QuotableRecord
from assistant.language_models.quote_marks import NumberTokens, QuoteMark
from model_runtime.chat import THINK_CLOSE, THINK_OPEN

_OPEN_TAG, _CLOSE_TAG = THINK_OPEN.encode(), THINK_CLOSE.encode()
# What may follow the first bytes of a character so that it becomes a quotation mark.
_COMPLETIONS: Mapping[bytes, tuple[bytes, ...]] = {
    head: tuple(mark.encode()[len(head) :] for mark in "“”„«»" if mark.encode().startswith(head))
    for head in (b"\xe2\x80", b"\xe2", b"\xc2")
}
_TAG_THEN_MARK = re.compile(rb">.*(?:" + "|".join('"“”„«»').encode() + rb")", re.DOTALL)


class QuotingRules:
    """What holds for every answer about one record by one model; kept between questions.

    `numbers` are those by which the answer cites the record's texts, in their order.
    """

    def __init__(
        self,
        record: QuotableRecord,
        encode: Callable[[str], list[int]],
        *,
        numbers: Sequence[int] = (),
        number_tokens: NumberTokens | None = None,
    ) -> None:
        vocabulary: QuoteVocabulary = record.vocabulary
        self.record = record
        self.encode = encode
        self._numbers = tuple(numbers)
        self._number_tokens = number_tokens or NumberTokens(vocabulary.tokens)
        self.in_reasoning = torch.from_numpy(vocabulary.matching(_TAG_THEN_MARK))
        self.outside = torch.from_numpy(record.forbidden_outside)
        self.completing = {
            head: torch.cat((self.outside, torch.from_numpy(vocabulary.starting_with(tails))))
            for head, tails in _COMPLETIONS.items()
        }

    def mark_after(self, quote: OpenQuote, written: bytes) -> QuoteMark:
        """The mark that may follow the quotation, of which `written` stands already."""
        numbers = [self._numbers[text] for text in quote.texts()] if self._numbers else []
        return QuoteMark(numbers, self._number_tokens, written)


class QuotingDesk:
    """One model's tokens made ready once, and the rules for the texts that were asked about last."""

    def __init__(self, vocabulary: Sequence[bytes], encode: Callable[[str], list[int]]) -> None:
        self._vocabulary = QuoteVocabulary(vocabulary)
        self._number_tokens = NumberTokens(vocabulary)
        self._encode = encode
        self._latest: tuple[dict[int, str], QuotingRules] | None = None

    def rules(self, texts: Mapping[int, str]) -> QuotingRules | None:
        """What may be quoted of `texts`, each under the number that cites it.

        None where there is nothing, or no token that could end a quotation.
        """
        latest = self._latest
        if latest is None or latest[0] != texts:
            record = QuotableRecord(texts.values(), self._vocabulary)
            rules = QuotingRules(record, self._encode, numbers=tuple(texts), number_tokens=self._number_tokens)
            latest = (dict(texts), rules)
            self._latest = latest
        is_usable = not latest[1].record.is_empty and len(self._vocabulary.closing)
        return latest[1] if is_usable else None

    def forget(self) -> None:
        """Drop the texts."""
        self._latest = None


class VerbatimQuotes:
    """A `model_runtime.sampling.Constraint` for one answer."""

    def __init__(self, rules: QuotingRules, *, opens_reasoning: bool = False) -> None:
        self._rules = rules
        self._quote: OpenQuote | None = None
        self._allowed: Tensor | None = None
        self._is_reasoning = opens_reasoning
        self._beginning: bytes | None = None if opens_reasoning else b""  # None once it is clear if it opens reasoning
        self._tail = b""
        self._mark: QuoteMark | None = None  # behind a quotation, until its mark is written

    def allowed(self) -> Tensor | None:
        """Inside a quotation, what stands in the record there; None outside, but where a number is half written."""
        if self._quote is not None and self._allowed is None:
            self._allowed = torch.from_numpy(self._quote.allowed())
        elif self._mark is not None and self._allowed is None:
            self._allowed = self._mark.allowed()
        return self._allowed

    def forbidden(self) -> Tensor:
        """Outside of quotations: what would open one wrongly, or cite the last one wrongly."""
        if self._is_reasoning:
            return self._rules.in_reasoning
        head = next((head for head in _COMPLETIONS if self._tail.endswith(head)), None)
        forbidden = self._rules.outside if head is None else self._rules.completing[head]
        return forbidden if self._mark is None else torch.cat((forbidden, self._mark.forbidden()))

    def draft(self) -> list[int]:
        """How the quotation goes on, where it goes on in one way only."""
        ahead = self._quote.continuation() if self._quote is not None else b""
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(ahead)
        except UnicodeDecodeError:  # in the middle of a character
            return []
        return self._rules.encode(text)[:-1] if text else []  # the last one may be longer in truth

    def advance(self, token: int) -> None:
        """A token was taken."""
        vocabulary = self._rules.record.vocabulary
        self._allowed = None
        text = vocabulary.tokens[token] if token < len(vocabulary.tokens) else b""
        if not text:
            return
        if self._beginning is not None:
            self._begin(self._beginning + text)
        if self._is_reasoning:
            self._think(text)
        else:
            self._speak(token, text)

    def _begin(self, text: bytes) -> None:
        begun = text.lstrip()
        self._is_reasoning = begun.startswith(_OPEN_TAG)
        self._beginning = text if _OPEN_TAG.startswith(begun) and not self._is_reasoning else None

    def _think(self, text: bytes) -> None:
        self._tail += text
        self._is_reasoning = _CLOSE_TAG not in self._tail
        self._tail = self._tail[1 - len(_CLOSE_TAG) :] if self._is_reasoning else b""

    def _speak(self, token: int, text: bytes) -> None:
        cut = self._rules.record.vocabulary.cut(token)
        assert cut is not None, "a token with several quotation marks was taken, which is forbidden"
        if self._quote is None:
            self._tail = (self._tail + text)[-2:]
            self._follow_mark(text)
            if cut.mark:
                self._quote = OpenQuote(self._rules.record)
                self._quote.write(cut.after)
            return
        self._quote.write(cut.before)
        if cut.mark:
            self._mark = self._rules.mark_after(self._quote, cut.after)
            self._quote, self._tail = None, cut.after[-2:]
            self._follow_mark(b"")

    def _follow_mark(self, text: bytes) -> None:
        if self._mark is not None:
            self._mark.write(text)
            self._mark = self._mark if self._mark.is_watched else None
