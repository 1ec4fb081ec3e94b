"""Join the lines that only the width of the paper has broken, so that a sentence is read as one."""

from __future__ import annotations

import re
from itertools import pairwise

_SHORTEST_FULL_LINE = 40
"""Characters; what is shorter is a line of a list, however narrow the page."""
_FULL = 0.93
"""Of the widest line: letters are not equally wide."""
_SURE_BREAKS = 3
"""So many full lines make a page of running text, on which a line may go on with a capital or a figure."""
_ENDS = (".", "!", "?", ":", ";")
_NEW_ITEM = re.compile(r"[-•▪◦‣*–·]\s|\(?\d{1,3}[.)]\s|\[")


def joined_lines(text: str) -> str:
    """`text` with a space for every line break that stands where the next word would not have fitted.

    Every other character stays where it is; so do the breaks of lists, headings and tables, and behind a sentence.
    """
    lines = text.split("\n")
    breaks = _breaks_by_width(lines)
    is_running_text = len(breaks) >= _SURE_BREAKS
    pieces = []
    for at, line in enumerate(lines[:-1]):
        goes_on = at in breaks and not line.rstrip().endswith(_ENDS)
        is_soft = goes_on and (is_running_text or lines[at + 1].lstrip()[0].islower())
        pieces.append(line + (" " if is_soft else "\n"))
    return "".join([*pieces, lines[-1]])


def _breaks_by_width(lines: list[str]) -> set[int]:
    """Lines that could not have held the first word of the next one, by their place."""
    width = max((len(line.rstrip()) for line in lines if "\t" not in line), default=0)
    return {
        at
        for at, (line, following) in enumerate(pairwise(lines))
        if len(line) >= _SHORTEST_FULL_LINE
        and following.strip()
        and "\t" not in line + following
        and not _NEW_ITEM.match(following.lstrip())
        and not following.isupper()
        and not following.rstrip().endswith(":")
        and len(line.rstrip()) + 1 + len(following.split()[0]) > _FULL * width
    }
