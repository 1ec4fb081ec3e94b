"""A summary or an answer as Markdown, with its sources listed below it."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.domain import Answer, Citation, Statement, Summary, Support

DRAFT = "*Draft for clinician review. Check the source before acting.*"
# A summary that found nothing proves no absence.
NOTHING_FOUND = "Nothing was found, which does not mean that the record is silent:"
_SIGNS = {
    Support.UNSUPPORTED: " ⚑ not found in the record",
    Support.GENERAL: " (general knowledge)",
}


def summary_markdown(summary: Summary) -> str:
    """The summary as Markdown."""
    lines = [f"# {_plain(summary.title)}", "", DRAFT, ""]
    for section in summary.sections:
        lines += [f"## {_plain(section.heading)}", "", *map(_item, section.statements), ""]
    if summary.missing:
        lines += [f"{NOTHING_FOUND} {', '.join(map(_plain, summary.missing))}.", ""]
    return "\n".join(lines + _sources(summary.citations))


def answer_markdown(answer: Answer) -> str:
    """One question and its answer as Markdown."""
    lines = [f"**{_plain(answer.question)}**", "", *map(_item, answer.statements), ""]
    return "\n".join([*lines, DRAFT, "", *_sources(answer.citations)])


def _item(statement: Statement) -> str:
    marks = "".join(f"[{n}]" for n in statement.citations)
    return f"- {_plain(statement.text)}{' ' + marks if marks else ''}{_SIGNS.get(statement.support, '')}"


def _sources(citations: Sequence[Citation]) -> list[str]:
    if not citations:
        return []
    return ["## Sources", "", *(f"{citation.n}. {_source(citation)}" for citation in citations), ""]


def _source(citation: Citation) -> str:
    quote = " ".join(citation.quote.split())
    return f"{_plain(citation.span.file)}, page {citation.span.page}: “{_plain(quote)}”"


def _plain(text: str) -> str:
    """Text of the record must not become Markdown or HTML."""
    return "".join(f"\\{character}" if character in "\\`*_[]<>#|" else character for character in text)
