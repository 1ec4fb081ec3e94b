"""The rows and sentences that stand under the headings of a topic: what a broad question asks to see all of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.evidence.coverage import topic_stem
from assistant.evidence.sentences import is_heading
from assistant.language_models.candidates import Candidate, NumberedPassage, candidates

MOST_ROWS = 12
_PROSE_LINE_WORDS = 14
_WORD = re.compile(r"[^\W_]+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_LABEL = re.compile(r"[A-Z][\w /()'&-]{1,38}(?=:\s+\S)")


def topical_rows(headings: frozenset[str], passages: Sequence[NumberedPassage]) -> tuple[Candidate, ...]:
    """The first dozen, in the order of `passages`; `headings` are stems of the words that head the topic."""
    sections = {passage.n: " ".join(_under(headings, passage.text)) for passage in passages}
    found = candidates([passage for passage in passages if sections[passage.n]])
    rows = (each for each in found if not each.is_heading and each.terms)
    return tuple(each for each in rows if each.text in sections[each.n])[:MOST_ROWS]


def _under(headings: frozenset[str], text: str) -> Iterator[str]:
    """The words from each heading of the topic to where it ends: at a blank line, and a list at a line of prose."""
    is_open = is_list = False
    for block in _BLANK_LINE.split(text):
        for line in block.split("\n"):
            is_short = len(line.split()) < _PROSE_LINE_WORDS
            if is_heading(line):
                is_open, is_list = _names(headings, line), False
            elif (is_open and (is_short or not is_list)) or _is_marked(headings, line):
                is_list = is_short
                yield from line.split()
            else:
                is_open = False
        is_open = is_open and is_heading(block.strip())


def _is_marked(headings: frozenset[str], line: str) -> bool:
    label = _LABEL.match(line)
    return label is not None and _names(headings, label.group())


def _names(headings: frozenset[str], heading: str) -> bool:
    return not headings.isdisjoint(topic_stem(word) for word in _WORD.findall(heading.lower()))
