"""Lay checked statements out as the headings, list items and paragraphs in which the model wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.conversation.marks import without_marks
from assistant.domain import Statement, Support

_BULLET = re.compile(r"\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+)")
_HEADING = re.compile(r"\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?\s*)$")
_DECORATION = re.compile(r"^[\s#*_]+|[\s:*_]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One line of an answer: the statements that begin in it, or a heading that states nothing."""

    statements: tuple[Statement, ...] = ()
    heading: str = ""
    is_item: bool = False


def lay_out(text: str, statements: Sequence[Statement]) -> tuple[Block, ...]:
    """The lines of `text` with their statements in place.

    Every statement appears exactly once, whatever its offsets say: how an answer looks must never decide what is shown.
    """
    placed = [statement for statement in statements if 0 <= statement.start < statement.end <= len(text)]
    adrift = [statement for statement in statements if statement not in placed]
    return (*_lines(text, placed), *(Block(statements=(statement,)) for statement in adrift))


def lay_out_unchecked(text: str) -> tuple[Block, ...]:
    """The lines of a text that is still being written; nothing of it is a statement yet."""
    return tuple(_unchecked(line) for line in text.splitlines() if line.strip())


def _unchecked(line: str) -> Block:
    if _HEADING.match(line):
        return Block(heading=_DECORATION.sub("", line))
    bare = without_marks(_BULLET.sub("", line, count=1))
    said = Statement(text=bare, support=Support.UNSUPPORTED)
    return Block(statements=(said,), is_item=bool(_BULLET.match(line)))


def _lines(text: str, placed: Sequence[Statement]) -> Iterator[Block]:
    at = 0
    for line in text.splitlines(keepends=True):
        held = tuple(statement for statement in placed if at <= statement.start < at + len(line))
        heading = "" if held else _DECORATION.sub("", line)
        goes_on = any(statement.start < at < statement.end for statement in placed)
        if held or (heading and not goes_on):
            yield Block(statements=held, heading=heading, is_item=bool(held and _BULLET.match(line)))
        at += len(line)
