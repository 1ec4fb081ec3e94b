"""Judge an answer about an invented record: right, verbatim, rightly cited, rightly refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.conversation.marks import marks, quotes
from assistant.prompts import not_in_record
from tools.bundled_model.questions import Exchange, Task, plain
from tools.bundled_model.records import InventedRecord

# What a model must reach on held-out invented records to be shipped at all (issue G).
FLOORS: Mapping[str, float] = {"quotes_verbatim": 0.90, "absent_refused": 0.80, "one_fact_right": 0.75}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One answer. `is_right`: it holds what was wanted, quoted; or it refuses what the record does not say.

    `is_cited`: it is right and cites the pages that say so. Of its quotations, `verbatim` stand in the record and
    `placed` on a page that the answer cites.
    """

    task: Task
    is_right: bool
    is_refusal: bool
    is_cited: bool
    quotes: int
    verbatim: int
    placed: int


def is_right(written: str, exchange: Exchange) -> bool:
    """Whether the answer quotes what was wanted, or refuses what the record does not say."""
    if exchange.task is Task.ABSENT:
        return _is_refusal(written)
    quoted = [plain(quote) for quote in quotes(written)]
    return all(any(plain(wanted) in quote for quote in quoted) for wanted in exchange.wanted)


def judge(written: str, exchange: Exchange, record: InventedRecord) -> Judgement:
    """Judge what a model wrote, without any constraint, in answer to `exchange`."""
    quoted = quotes(written)
    numbers = {number for mark in marks(written) for number in mark.numbers}
    pages = [plain(page.text) for page in record.pages]
    cited = [page for n, page in enumerate(pages, start=1) if n in numbers]
    right = is_right(written, exchange)
    return Judgement(
        task=exchange.task,
        is_right=right,
        is_refusal=_is_refusal(written),
        is_cited=right and bool(exchange.pages) and numbers >= set(exchange.pages),
        quotes=len(quoted),
        verbatim=sum(any(plain(quote) in page for page in pages) for quote in quoted),
        placed=sum(any(plain(quote) in page for page in cited) for quote in quoted),
    )


def scores(judgements: Sequence[Judgement]) -> dict[str, float]:
    """Shares of 1, by name; a share of nothing is left out."""
    of_task = {task: [one for one in judgements if one.task is task] for task in Task}
    told = [one for one in judgements if one.task is not Task.ABSENT]
    found = {f"{task.replace(' ', '_')}_right": _share(one.is_right for one in of_task[task]) for task in Task}
    found["absent_refused"] = found.pop("absent_right")
    found["told_refused"] = _share(one.is_refusal for one in told)
    found["cited_right_of_right"] = _share(one.is_cited for one in told if one.is_right)
    quoted = sum(one.quotes for one in judgements)
    found["quotes_verbatim"] = sum(one.verbatim for one in judgements) / quoted if quoted else None
    found["quotes_on_the_cited_page"] = sum(one.placed for one in judgements) / quoted if quoted else None
    return {name: round(share, 4) for name, share in found.items() if share is not None}


def reaches_floors(found: Mapping[str, float]) -> bool:
    """Whether a model with these scores may be shipped."""
    return all(found.get(name, 0.0) >= floor for name, floor in FLOORS.items())


def _is_refusal(written: str) -> bool:
    return plain(written) == plain(not_in_record())


def _share(flags: Iterable[bool]) -> float | None:
    listed = list(flags)
    return sum(listed) / len(listed) if listed else None
