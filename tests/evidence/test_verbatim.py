"""Whatever is written between quotation marks stands in the record, whichever tokens spell it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from assistant.domain import Page
from assistant.evidence.quote_vocabulary import QuoteVocabulary, cut_at_mark
from assistant.evidence.quotes import QuoteFinder
from assistant.evidence.verbatim import LONGEST_QUOTE, OpenQuote, QuotableRecord
from tests.pages import page

TEXTS = (
    "Allergies: penicillin (rash).\nNo known latex allergy. He’s well; “feels fine” and  weighs\t82.5 kg.",
    "Non-smoker. Hyper-\ntension since 2009, COVID-\n19 in 2021. Dose 2.5 mg, then 5 mg.\n\n"
    "Plan: 12 weeks –\u00a0review.",
    "患者因胸痛入院，\n既往有高血压病史。血压132/84mmHg。",
    "x",
)
SINGLE_BYTES = [bytes([byte]) for byte in range(256)]
PIECES = [
    *(
        b" penicillin",
        b"penicillin",
        b"in (r",
        b"(rash).",
        b' "',
        b'"p',
        b' "All',
        b'."',
        b'").',
        b'" [',
        b'" "',
        b'""',
    ),
    *(b" mg", b"2.", b".5", b" weighs 82", b"  ", b"\n", b" \n", b"He's", "He’s".encode(), "’s".encode(), b"well;"),
    *("患者".encode(), "胸痛".encode(), "患者".encode()[:4], "”".encode(), "“患".encode(), "“".encode(), b"tension"),
    *(b"Hyper", b"hyper", b"-t", b"-19", b"19 in 2021", b"feels", b" fine", b"x", b'x"', "–".encode(), "« ".encode()),
]


@pytest.fixture(scope="module")
def vocabulary() -> QuoteVocabulary:
    return QuoteVocabulary([b"", *SINGLE_BYTES, *PIECES])


@pytest.fixture(scope="module")
def record(vocabulary: QuoteVocabulary) -> QuotableRecord:
    return QuotableRecord(TEXTS, vocabulary)


@pytest.fixture(scope="module")
def finder() -> QuoteFinder:
    return QuoteFinder(pages())


def pages() -> list[Page]:
    return [page(text, number=2 * number + 1) for number, text in enumerate(TEXTS)]


def walk(record: QuotableRecord, chance: random.Random, most: int = 60) -> str | None:
    """A quotation of tokens taken at random among the allowed ones; None if it was not closed in time."""
    quote, written = OpenQuote(record), b""
    for _ in range(most):
        token = int(chance.choice(quote.allowed()))
        cut = cut_at_mark(record.vocabulary.tokens[token])
        assert cut is not None
        written += record.vocabulary.tokens[token] if not cut.mark else cut.before
        if cut.mark:
            return written.decode()
        quote.write(cut.before)
    return None


def test_whatever_is_taken_at_random_stands_in_the_record(record: QuotableRecord, finder: QuoteFinder) -> None:
    chance = random.Random(1)
    quotes = {quote for _ in range(800) if (quote := walk(record, chance))}
    assert len(quotes) > 100
    assert not [quote for quote in quotes if not finder.locate(quote)]
    assert any("患" in quote for quote in quotes)
    assert any("mg" in quote for quote in quotes)


def spell(text: bytes, pieces: Sequence[bytes], chance: random.Random) -> list[bytes]:
    """The text cut into pieces of the vocabulary at random: many ways lead to it."""
    spelled: list[bytes] = []
    while text:
        fitting = [piece for piece in pieces if piece and text.startswith(piece)]
        spelled.append(chance.choice(fitting))
        text = text[len(spelled[-1]) :]
    return spelled


@pytest.mark.parametrize(
    "quote",
    [
        *("penicillin (rash).", "Allergies: penicillin", "(rash)", "He's well", "weighs 82.5 kg."),
        *("82.5 kg", "Hypertension since 2009", "COVID-19 in 2021.", "Non-smoker", "feels fine", "– review."),
        *("患者因胸痛入院，既往有高血压病史", "胸痛", "132/84mmHg", "Dose 2.5 mg, then 5 mg. Plan: 12 weeks"),
    ],
)
def test_every_spelling_of_the_record_s_words_is_allowed(record: QuotableRecord, quote: str) -> None:
    chance = random.Random(quote)
    ids = {token: at for at, token in enumerate(record.vocabulary.tokens)}
    for _ in range(30):
        open_quote = OpenQuote(record)
        for piece in spell(quote.encode(), record.vocabulary.tokens, chance):
            cut = cut_at_mark(piece)
            assert cut is not None
            assert ids[piece] in open_quote.allowed()
            open_quote.write(cut.before)
        assert ids[b'"'] in open_quote.allowed()


@pytest.mark.parametrize(
    "not_there",
    [
        *("Penicillin", "penicillin rash", "enicillin", "5 kg", "well; feels", "fine and", "tension since"),
        *("Dose 2.", "Dose 5", "smoker", "review. 患者", "x", " penicillin", "82. ", "\nNo", "Allergies:\n", "  "),
    ],
)
def test_words_that_do_not_stand_so_cannot_be_quoted(record: QuotableRecord, not_there: str) -> None:
    quote = OpenQuote(record)
    ids = {token: at for at, token in enumerate(record.vocabulary.tokens)}
    for byte in not_there.encode():
        if ids[bytes([byte])] not in quote.allowed():
            return
        quote.write(bytes([byte]))
    assert ids[b'"'] not in quote.allowed()


def test_an_empty_quotation_cannot_be_closed(record: QuotableRecord) -> None:
    first = OpenQuote(record).allowed()
    assert len(first)
    assert not set(record.vocabulary.closing.tolist()) & set(first.tolist())


def test_a_mark_with_letters_behind_it_opens_only_on_words_of_the_record(record: QuotableRecord) -> None:
    forbidden = {record.vocabulary.tokens[token] for token in record.forbidden_outside}
    assert {b'""', b'" "', "”".encode(), b'").', b'" ['} <= forbidden
    assert not {b' "', b'"p', b' "All', "“患".encode(), b'"', "“".encode()} & forbidden


def test_only_the_end_is_left_of_a_very_long_quotation(vocabulary: QuoteVocabulary) -> None:
    record = QuotableRecord(["word " * 1_000], vocabulary)
    quote = OpenQuote(record)
    quote.write(b"word " * (LONGEST_QUOTE // 5) + b"word")
    assert set(quote.allowed().tolist()) == set(vocabulary.closing.tolist())


def test_what_goes_on_in_one_way_only_is_known(record: QuotableRecord) -> None:
    quote = OpenQuote(record)
    assert quote.continuation() == b""
    quote.write(b"penicillin (")
    assert quote.continuation().startswith(b"rash). No known latex")
    assert quote.continuation().endswith(b"well;")  # the record's own quotation marks part it


def test_nothing_can_be_quoted_of_nothing(vocabulary: QuoteVocabulary) -> None:
    assert QuotableRecord(["", " \n", '"', "-"], vocabulary).is_empty
