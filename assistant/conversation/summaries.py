"""A summary of the record: each heading is a question of its own, answered and checked like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from assistant.domain import Answer, Citation, Record, Span, Statement, Summary, SummarySection, Support
from assistant.errors import SettingsError
from assistant.prompts import PROMPTS

KINDS = ("brief", "discharge", "referral", "soap", "handover")
_BUILT = ("brief",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryQuestion:
    """One heading of a summary and the question that fills it."""

    heading: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryProgress:
    """Headings answered so far."""

    done: int
    total: int
    heading: str


def summary_questions(kind: str) -> tuple[SummaryQuestion, ...]:
    """The headings of `kind`, from prompts/summary_KIND.txt: a line each, "Heading: question". Raises SettingsError."""
    if kind not in KINDS:
        raise SettingsError(f"no such kind of summary; the kinds are {', '.join(KINDS)}")
    if kind not in _BUILT:
        raise SettingsError(f"the kind {kind} is not built yet; use {', '.join(_BUILT)}")
    lines = (PROMPTS / f"summary_{kind}.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return tuple(SummaryQuestion(heading=heading.strip(), question=question.strip()) for heading, question in pairs)


def summarize(record: Record, kind: str, ask: Callable[[str], Answer]) -> Iterator[SummaryProgress | Summary]:
    """Ask for each heading in turn; the last value is the summary. `ask` answers one question about the record."""
    questions = summary_questions(kind)
    answers: list[Answer] = []
    for done, question in enumerate(questions):
        yield SummaryProgress(done=done, total=len(questions), heading=question.heading)
        answers.append(ask(question.question))
    yield _summary(record, kind, questions, answers)


def _summary(record: Record, kind: str, questions: tuple[SummaryQuestion, ...], answers: list[Answer]) -> Summary:
    numbers: dict[Span, Citation] = {}
    sections: list[SummarySection] = []
    missing: list[str] = []
    for question, answer in zip(questions, answers, strict=True):
        statements = tuple(_renumbered(statement, answer, numbers) for statement in answer.statements)
        said = tuple(s for s in statements if s.support is not Support.NOT_IN_RECORD)
        if said:
            sections.append(SummarySection(heading=question.heading, statements=said))
        else:
            missing.append(question.heading)
    title = f"Summary of {record.title}" if record.title else "Summary of the record"
    citations = tuple(numbers.values())
    return Summary(kind=kind, title=title, sections=tuple(sections), citations=citations, missing=tuple(missing))


def _renumbered(statement: Statement, answer: Answer, numbers: dict[Span, Citation]) -> Statement:
    """The statement with the numbers that its citations have in the whole summary."""
    cited = [citation for citation in answer.citations if citation.n in statement.citations]
    for citation in cited:
        numbers.setdefault(citation.span, replace(citation, n=len(numbers) + 1))
    return replace(statement, citations=tuple(numbers[citation.span].n for citation in cited))
