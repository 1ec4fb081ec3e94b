"""Join the lines that only the width of the paper has broken, so that a sentence is read as one."""

from __future__ import annotations

import re
from itertools import pairwise

_SHORTEST_FULL_LINE = 40
"""Characters; what is shorter is a line of a list, however narrow the page."""
_FULL, _LONG = 0.93, 0.4
"""Of the widest line: a line that could not have held the next word, as letters are not equally wide; one of text."""
_SURE_BREAKS = 3
"""So many full lines make a page of running text, on which a line may go on with a capital or a figure."""
_ENDS = (".", "!", "?", ":", ";")
_NEW_ITEM = re.compile(r"[-•▪◦‣*–·]\s|\(?\d{1,3}[.)]\s|\[")


def joined_lines(text: str) -> str:
    """`text` with a space for every line break that only the width of the paper made.

    The next word would not have fitted, or goes on in lower case. Every other character stays where it is; so do the
    breaks of lists, headings and tables, and behind a sentence.
    """
    lines = text.split("\n")
    width = max((len(line.rstrip()) for line in lines if "\t" not in line), default=0)
    full = {at for at, pair in enumerate(pairwise(lines)) if _goes_on(*pair, share=_FULL, width=width)}
    pieces = []
    for at, (line, following) in enumerate(pairwise(lines)):
        in_running_text = at in full and len(full) >= _SURE_BREAKS
        in_lower_case = following.lstrip()[:1].islower() and _goes_on(line, following, share=_LONG, width=width)
        is_soft = (in_running_text or in_lower_case) and not line.rstrip().endswith(_ENDS)
        pieces.append(line + (" " if is_soft else "\n"))
    return "".join([*pieces, lines[-1]])


def _goes_on(line: str, following: str, *, share: float, width: int) -> bool:
    """Whether the line is long enough, the first word of the next one counted, and the next begins nothing new."""
    return (
        len(line) >= _SHORTEST_FULL_LINE
        and bool(following.strip())
        and "\t" not in line + following
        and not _NEW_ITEM.match(following.lstrip())
        and not following.isupper()
        and not following.rstrip().endswith(":")
        and len(line.rstrip()) + 1 + len(following.split()[0]) > share * width
    )
