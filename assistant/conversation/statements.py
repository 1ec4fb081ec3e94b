"""An answer's text falls into statements: one sentence, list item or quotation each, with the marks that follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.conversation.marks import Mark, marks, quotes, without_marks
from assistant.evidence.sentences import sentences

_QUOTED = re.compile(r"[\"“„«][^\"“”„«»]{2,2000}[\"”»]")
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+)")
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
_QUOTED_OR_EMPHASIS = re.compile(rf"(?P<quoted>{_QUOTED.pattern})|{_EMPHASIS.pattern}")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?|[^\n]{1,80}:)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenStatement:
    """A statement as the model wrote it, at `start:end` of the answer; its marks have offsets into the answer too."""

    start: int
    end: int
    text: str
    marks: tuple[Mark, ...]
    quotes: tuple[str, ...]


def written_statements(answer: str) -> tuple[WrittenStatement, ...]:
    """The statements of `answer` in order. Headings, and lines that only lead to a list, state nothing."""
    found = marks(answer)
    extents = _extents(_masked(answer, found))
    ends = [start for start, _ in extents[1:]] + [len(answer)]
    statements = (_statement(answer, start, end, found) for (start, _), end in zip(extents, ends, strict=True))
    return tuple(s for s in statements if s.text and not (_HEADING.match(answer[s.start : s.end]) and not s.marks))


def _masked(answer: str, found: tuple[Mark, ...]) -> str:
    """`answer`, as long as before, where no mark and no quotation can end or begin a sentence."""
    masked = _QUOTED.sub(lambda quoted: "X" + "x" * (len(quoted.group()) - 1), answer)
    for mark in found:
        masked = masked[: mark.start] + " " * (mark.end - mark.start) + masked[mark.end :]
    return masked


def _extents(masked: str) -> list[tuple[int, int]]:
    """Sentences, line by line: a line break always ends a statement in an answer."""
    extents: list[tuple[int, int]] = []
    at = 0
    for line in masked.splitlines(keepends=True):
        extents += [(at + extent.start, at + extent.end) for extent in sentences(line)]
        at += len(line)
    return extents


def _statement(answer: str, start: int, end: int, found: tuple[Mark, ...]) -> WrittenStatement:
    written = answer[start:end].rstrip()
    end = start + len(written)
    bare = _without_emphasis(_BULLET.sub("", without_marks(written))).strip()
    return WrittenStatement(
        start=start,
        end=end,
        text=" ".join(bare.split()),
        marks=tuple(mark for mark in found if start <= mark.start < end),
        quotes=quotes(written),
    )


def _without_emphasis(text: str) -> str:
    """`text` without Markdown's emphasis; the stars inside a quotation are the record's: "Hb 10.2* g/L"."""
    return _QUOTED_OR_EMPHASIS.sub(lambda match: match["quoted"] or "", text)
