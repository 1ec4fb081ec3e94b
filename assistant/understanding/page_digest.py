"""What is kept of a page while the pages of its file go by: a few lines of its text and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.domain import DocumentKind, Origin, Page, Region
from assistant.understanding.identities import PageIdentity, identity_of
from assistant.understanding.instructions import instruction_regions
from assistant.understanding.kinds import SURE_POINTS, Title, cues, title_of
from assistant.understanding.lines import TextLine, line_key, lines_of
from assistant.understanding.page_labels import PageLabel, is_fax_line, lone_number, page_label

_HEAD_LINES, _TAIL_LINES = 24, 18
# Of the page's height. Page numbers stand in these bands, and what is printed on every page.
_TOP_BAND, _BOTTOM_BAND = 0.15, 0.87
_MARGIN_LINES = 8
_RUNNING_LINES = 4
# What the readers of coded files write above the sections.
_STRUCTURED_LINES = 14
_DOCUMENT_TYPE = "Document type"
_ANY_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDigest:
    """A page without most of its text. `top` and `bottom` are the lines in its margins, from the edge inwards,
    `keys` what compares each of them with those of other pages, by where the line begins.

    `label` is the page number that it states, `alone` a number alone on a line of a margin; both without what a fax
    machine wrote.
    """

    file: str
    number: int
    part: str | None
    origin: Origin
    size: tuple[float, float]
    was_read: bool
    head: tuple[TextLine, ...]
    tail: tuple[TextLine, ...]
    top: tuple[TextLine, ...]
    bottom: tuple[TextLine, ...]
    keys: Mapping[int, str]
    fax: tuple[TextLine, ...]
    labels: tuple[PageLabel, ...]
    alone: tuple[PageLabel, ...]
    title: Title | None
    cues: tuple[tuple[DocumentKind, int], ...]
    identity: PageIdentity
    instructions: tuple[Region, ...]

    @property
    def label(self) -> PageLabel | None:
        """The page number: the one nearest to the page's text, where a print of many documents adds its own."""
        return self.labels[-1] if self.labels else None


def digest(page: Page) -> PageDigest:
    """Read a page once."""
    lines = lines_of(page)
    top, bottom = _margins(lines, page.height) if len(page.words) else ([], [])
    margin = [*top, *bottom]
    fax = [line for line in margin if is_fax_line(line.text)]
    numbered = [line for line in margin if line not in fax and _ANY_DIGIT.search(line.text)]
    labels = [label for line in numbered if (label := page_label(line.text, line.start))]
    alone = [label for line in numbered if (label := lone_number(line.text, line.start))]
    body = [line for line in lines if line not in fax]
    head, tail = tuple(body[:_HEAD_LINES]), tuple(body[-_TAIL_LINES:])
    goes_on = any(label.page > 1 for label in labels)
    # A coded record has something of every kind: what it is its title says, or nothing.
    is_structured = page.origin is Origin.STRUCTURED
    if is_structured:
        head = head[:_STRUCTURED_LINES] if page.number == 1 or page.part else ()
        titles = [line for line in head if line is head[0] or line.text.startswith(_DOCUMENT_TYPE)]
    else:
        titles = list(head[:_RUNNING_LINES] if goes_on else head)
    title = title_of(titles)
    return PageDigest(
        file=page.file,
        number=page.number,
        part=page.part,
        origin=page.origin,
        size=(page.width, page.height),
        was_read=bool(lines),
        head=head,
        tail=tail,
        top=tuple(top),
        bottom=tuple(bottom),
        keys={line.start: line_key(line.text) for line in margin},
        fax=tuple(fax),
        labels=tuple(labels),
        alone=tuple(alone),
        title=title,
        cues=() if goes_on or is_structured or (title and title.points >= SURE_POINTS) else cues(page.text),
        identity=identity_of(page),
        instructions=instruction_regions(page.text),
    )


def _margins(lines: list[TextLine], height: float) -> tuple[list[TextLine], list[TextLine]]:
    """The lines in the top and the bottom margin, each from the edge of the page inwards."""
    top = [line for line in lines if line.y0 + line.y1 < 2 * _TOP_BAND * height]
    bottom = [line for line in lines if line.y0 + line.y1 > 2 * _BOTTOM_BAND * height]
    top.sort(key=lambda line: line.y0)
    bottom.sort(key=lambda line: -line.y0)
    return top[:_MARGIN_LINES], bottom[:_MARGIN_LINES]
