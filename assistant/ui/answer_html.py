"""Questions and checked answers: each statement with its numbered proof, or a clear sign that it has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from assistant.conversation.marks import without_marks
from assistant.domain import Answer, Citation, Conversation, Statement, Support
from assistant.ui.answer_layout import Block, lay_out, lay_out_unchecked
from assistant.ui.coverage_html import answer_coverage
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Child, Html, button, join, tag

PROVEN = frozenset({Support.QUOTED, Support.SUPPORTED})
_CLAIMS = PROVEN | {Support.UNSUPPORTED}
_SIGNS = {
    Support.UNSUPPORTED: "⚑ not found in the record",
    Support.NOT_IN_RECORD: "○ no answer in the record",
    Support.GENERAL: "◇ general knowledge, not from the record",
}
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_MAX_TIP_CHARACTERS = 400


def turns(conversation: Conversation, *, up_to: int | None = None) -> Html:
    """The turns of a conversation, or those before `up_to`; only the last one can be asked again or edited."""
    last = len(conversation.turns) - 1
    shown = conversation.turns[:up_to]
    return join(*(_turn(answer, turn=turn, is_last=turn == last) for turn, answer in enumerate(shown)))


def _turn(answer: Answer, *, turn: int, is_last: bool) -> Html:
    return tag(
        "article",
        tag("h2", answer.question, class_="question"),
        tag("div", *checked(answer.text, answer.statements, answer.citations, place=str(turn)), class_="answer"),
        _contradictions(answer, place=str(turn)),
        _foot(answer, turn=turn, is_last=is_last),
        class_="turn",
    )


def checked(text: str, statements: tuple[Statement, ...], citations: tuple[Citation, ...], *, place: str) -> list[Html]:
    """Statements in the paragraphs of `text`. `place` says which answer a citation's number belongs to."""
    return _arranged(lay_out(text, statements), lambda statement: _statement(statement, citations, place))


def unchecked(text: str) -> list[Html]:
    """A text that is still being written, without numbers or signs: nothing of it has been checked."""
    return _arranged(lay_out_unchecked(text), lambda statement: join(*_emphasis(statement.text)))


def _arranged(blocks: Sequence[Block], drawn: Callable[[Statement], Html]) -> list[Html]:
    """Headings, paragraphs, and lists of the items that follow one another."""
    arranged: list[Html] = []
    for is_item, group in groupby(blocks, key=lambda block: block.is_item):
        contents = [_block(block, drawn) for block in group]
        arranged += [tag("ul", *(tag("li", content) for content in contents))] if is_item else contents
    return arranged


def _block(block: Block, drawn: Callable[[Statement], Html]) -> Html:
    if block.heading:
        return tag("h3", block.heading)
    spaced: list[Child] = []
    for statement in block.statements:
        spaced += [drawn(statement), " "]
    return join(*spaced[:-1]) if block.is_item else tag("p", *spaced[:-1])


def _statement(statement: Statement, citations: tuple[Citation, ...], place: str) -> Html:
    cited = [_chip(citation, place) for citation in citations if citation.n in statement.citations]
    sign = _SIGNS.get(statement.support)
    said = tag("span", *_emphasis(without_marks(statement.text)), class_=f"statement {statement.support.value}")
    if sign is None:
        return join(said, *cited)
    return join(
        said,
        *cited,
        " ",
        tag("span", sign, class_=f"sign {statement.support.value}", title=" ".join(statement.reasons) or None),
    )


def _emphasis(text: str) -> list[Child]:
    pieces = _BOLD.split(text)
    return [tag("b", piece) if at % 2 else piece for at, piece in enumerate(pieces)]


def _chip(citation: Citation, place: str) -> Html:
    return button(
        "open_citation",
        str(citation.n),
        class_="chip",
        data_turn=place,
        data_n=citation.n,
        data_quote=_shortened(citation.quote),
        data_where=where(citation),
        aria_label=f"Citation {citation.n}: {where(citation)}",
    )


def _contradictions(answer: Answer, *, place: str) -> Html:
    """The citations that cannot both be right, two and two side by side, each with its words."""
    cited = {citation.n: citation for citation in answer.citations}
    pairs = [
        (pair.reason, cited[pair.first], cited[pair.second])
        for pair in answer.contradictions
        if pair.first in cited and pair.second in cited
    ]
    if not pairs:
        return NOTHING
    drawn = (
        tag("div", tag("b", f"⚑ The record disagrees: {reason}"), _side(one, place), _side(other, place), class_="pair")
        for reason, one, other in pairs
    )
    return tag("section", *drawn, class_="contradictions", aria_label="Contradictions in the record")


def _side(citation: Citation, place: str) -> Html:
    return tag(
        "blockquote",
        _shortened(citation.quote),
        " ",
        _chip(citation, place),
        tag("small", where(citation)),
        class_="side",
    )


def where(citation: Citation) -> str:
    """The file, its date and the page, in words."""
    named = label(citation.span.file)
    return ", ".join(part for part in (named.title, named.day, f"page {citation.span.page}") if part)


def _shortened(quote: str) -> str:
    one_line = " ".join(quote.split())
    return one_line if len(one_line) <= _MAX_TIP_CHARACTERS else f"{one_line[:_MAX_TIP_CHARACTERS]} …"


def proven_count(statements: tuple[Statement, ...]) -> tuple[int, int]:
    """How many of the statements that claim something of the patient are proven, and how many claim."""
    claims = [statement for statement in statements if statement.support in _CLAIMS]
    return sum(statement.support in PROVEN for statement in claims), len(claims)


def verdict(statements: tuple[Statement, ...]) -> str:
    """The line under an answer, also read out by screen readers."""
    proven, claims = proven_count(statements)
    if not claims:
        return "○ The record holds no answer" if statements else "○ Nothing was said"
    mark = "✓" if proven else "⚑"
    return (
        f"{mark} {proven} of {claims} statements proven"
        if claims > 1
        else f"{mark} {'1' if proven else '0'} of 1 statement proven"
    )


def _foot(answer: Answer, *, turn: int, is_last: bool) -> Html:
    proven, claims = proven_count(answer.statements)
    return tag(
        "div",
        tag("b", verdict(answer.statements), class_="verdict proven" if proven else "verdict") if claims else None,
        tag("span", "stopped", class_="stopped") if answer.stopped else NOTHING,
        _incomplete(answer.files_waiting),
        answer_coverage(answer, turn),
        tag("button", "copy", type="button", class_="link", data_copy=copied(answer)),
        button("again", "again", class_="link", data_turn=turn, data_question=answer.question) if is_last else NOTHING,
        tag("button", "edit question", type="button", class_="link", data_edit=turn, data_question=answer.question)
        if is_last
        else NOTHING,
        _reasoning(answer.reasoning),
        class_="foot",
    )


def _incomplete(files_waiting: int) -> Html:
    """The warning under an answer that was given before the record was whole."""
    if not files_waiting:
        return NOTHING
    files = "1 file had" if files_waiting == 1 else f"{files_waiting} files had"
    return tag("span", f"⚑ {files} not been read yet: ask again", class_="incomplete")


def _reasoning(reasoning: str) -> Html:
    if not reasoning.strip():
        return NOTHING
    return tag("details", tag("summary", "reasoning"), tag("p", reasoning), class_="reasoning")


def copied(answer: Answer) -> str:
    """The answer as plain text with its numbers, its unproven statements marked, and its sources below."""
    lines = [answer.question, ""]
    for statement in answer.statements:
        numbers = "".join(f" [{n}]" for n in statement.citations)
        sign = _SIGNS.get(statement.support)
        lines.append(f"{without_marks(statement.text)}{numbers}{f' ({sign})' if sign else ''}")
    lines += [
        f"⚑ The record disagrees, {pair.reason}: [{pair.first}] and [{pair.second}]" for pair in answer.contradictions
    ]
    if answer.citations:
        lines += ["", "Sources"]
        lines += [f"[{c.n}] {c.span.file}, page {c.span.page}: “{' '.join(c.quote.split())}”" for c in answer.citations]
    return "\n".join([*lines, "", "Draft for clinician review. Check the source before acting."])
