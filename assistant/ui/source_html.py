"""The page behind a statement: its picture with the cited words boxed, or its text with them marked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from assistant.domain import Box, Citation, HidingPlace, Origin, Page, Role
from assistant.ui.dates import count
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Child, Html, join, tag

_PERCENT = 100
_BOX_MARGIN_POINTS = 1.0
DOUBTFUL = 0.6
"""Below this confidence a recognized word is underlined."""
_HIDDEN_SHOWN = 2_000
_PLACES = {
    HidingPlace.WHITE: "in the colour of the paper",
    HidingPlace.TINY: "too small to read",
    HidingPlace.OFF_PAGE: "outside the page",
    HidingPlace.COVERED: "covered",
    HidingPlace.INVISIBLE: "invisible",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page beside the conversation. `citation` is set where a number was clicked; `place` is its answer."""

    page: Page
    pages_total: int
    picture: bytes | None
    citation: Citation | None = None
    place: str = ""
    is_waiting: bool = False
    position: int = 0
    citations_total: int = 0

    @property
    def is_text(self) -> bool:
        """Whether the text is shown rather than the picture."""
        return self.picture is None


def nothing_shown() -> Html:
    """Before a number is clicked."""
    return tag(
        "div",
        tag("p", "Click a number in an answer: the page it comes from opens here, with the words boxed."),
        class_="empty source",
    )


def source(shown: Shown) -> Html:
    """Head line and page; the data-attributes let page.js ask for the neighbours."""
    page, citation = shown.page, shown.citation
    return tag(
        "section",
        _bar(shown),
        tag(
            "div",
            *notes(shown.page),
            _text(shown) if shown.picture is None else _sheet(shown, shown.picture),
            class_="desk",
            tabindex=0,
            aria_label="The page",
        ),
        class_="shown",
        data_file=page.file,
        data_page=page.number,
        data_pages=shown.pages_total,
        data_turn=shown.place if citation else None,
        data_n=citation.n if citation else None,
        data_view="text" if shown.is_text else "picture",
    )


def _bar(shown: Shown) -> Html:
    page, named = shown.page, label(shown.page.file)
    part = tag("span", f"in {page.part}", class_="soft") if page.part else None
    return tag(
        "div",
        tag("b", tag("bdi", named.title), title=page.file),
        tag("span", named.day, class_="day") if named.day else None,
        part,
        tag(
            "span",
            _step("step_page", -1, "‹", "Previous page", possible=page.number > 1),
            tag("span", f"page {page.number} of {shown.pages_total}"),
            _step("step_page", 1, "›", "Next page", possible=page.number < shown.pages_total),
            class_="steps",
        ),
        tag("span", class_="gap"),
        _citation_steps(shown) if shown.citation else None,
        _zoom() if not shown.is_text else None,
        tag(
            "button",
            "picture" if shown.is_text else "text",
            type="button",
            class_="link",
            data_toggle="view",
            title="Show the page's picture or the text read from it",
        ),
        class_="source-bar",
    )


def _citation_steps(shown: Shown) -> Html:
    return tag(
        "span",
        _step("step_citation", -1, "‹", "Previous citation, key [", possible=shown.position > 1),
        tag("span", tag("span", "citation ", class_="word"), f"{shown.position} of {shown.citations_total}"),
        _step("step_citation", 1, "›", "Next citation, key ]", possible=shown.position < shown.citations_total),
        class_="steps cited",
    )


def _step(kind: str, by: int, sign: str, label: str, *, possible: bool) -> Html:
    return tag(
        "button", sign, type="button", data_step=kind, data_by=by, aria_label=label, title=label, disabled=not possible
    )


def _zoom() -> Html:
    out = tag("button", "−", type="button", data_zoom=-1, aria_label="Smaller", title="Smaller")
    into = tag("button", "+", type="button", data_zoom=1, aria_label="Larger", title="Larger")
    return tag("span", out, tag("span", class_="percent"), into, class_="steps zoom")


def notes(page: Page) -> Iterator[Html]:
    """What to know before trusting the page's text: it was recognized, it hides words, it speaks to an AI."""
    recognized = [word.confidence for word in page.words if word.confidence is not None]
    if recognized or page.origin is Origin.OCR:
        what = "Scan: these words were" if page.origin is Origin.OCR else "Part of this page is a scan: its words were"
        doubtful = sum(confidence < DOUBTFUL for confidence in recognized)
        said = f"; {count(doubtful, 'word')} uncertain, underlined in the text" if doubtful else ""
        yield tag("p", f"{what} recognized{said}. Check numbers against the picture.", class_="note")
    if any(region.role is Role.INSTRUCTION for region in page.regions):
        yield tag("p", "This page has words addressed to an AI; no model is given them.", class_="note alarm")
    if page.hidden:
        words = " … ".join(hidden.text for hidden in page.hidden)[:_HIDDEN_SHOWN]
        places = ", ".join(dict.fromkeys(_PLACES[hidden.place] for hidden in page.hidden))
        summary = tag("summary", f"This page hides words ({places}); no model is given them")
        yield tag("details", summary, tag("p", words), class_="note alarm")


def _sheet(shown: Shown, picture: bytes) -> Html:
    page = shown.page
    image = tag(
        "img",
        src=f"data:image/png;base64,{b64encode(picture).decode()}",
        alt=f"Picture of page {page.number} of {page.file}",
        draggable="false",
    )
    boxes = [_box(box, page) for box in shown.citation.boxes] if _is_cited(shown) and shown.citation else []
    unread = NOTHING if page.was_read else _unread(shown)
    return join(unread, tag("div", image, *boxes, class_="sheet", style=f"aspect-ratio:{page.width:g}/{page.height:g}"))


def _unread(shown: Shown) -> Html:
    why = "its words are not recognized yet" if shown.is_waiting else "no text, not read"
    return tag("p", f"page {shown.page.number}: {why}", class_="unread")


def _is_cited(shown: Shown) -> bool:
    cited = shown.citation
    return cited is not None and cited.span.file == shown.page.file and cited.span.page == shown.page.number


def _box(box: Box, page: Page) -> Html:
    """The box in per cent of the page, so that it lies right at every width."""
    left, top = max(0.0, box.x0 - _BOX_MARGIN_POINTS), max(0.0, box.y0 - _BOX_MARGIN_POINTS)
    right, bottom = min(page.width, box.x1 + _BOX_MARGIN_POINTS), min(page.height, box.y1 + _BOX_MARGIN_POINTS)
    style = (
        f"left:{_PERCENT * left / page.width:.4f}%;top:{_PERCENT * top / page.height:.4f}%;"
        f"width:{_PERCENT * (right - left) / page.width:.4f}%;height:{_PERCENT * (bottom - top) / page.height:.4f}%"
    )
    return tag("i", class_="evidence", style=style, aria_hidden="true")


def _text(shown: Shown) -> Html:
    page = shown.page
    if not page.was_read:
        return _unread(shown)
    return tag("pre", *_marked(shown), class_="page-text")


def _marked(shown: Shown) -> list[Child]:
    text, citation = shown.page.text, shown.citation
    if citation is None or not _is_cited(shown):
        return list(_stretch(shown.page, 0, len(text)))
    start, end = citation.span.start, citation.span.end
    cited = tag("mark", *_stretch(shown.page, start, end), class_="evidence")
    return [*_stretch(shown.page, 0, start), cited, *_stretch(shown.page, end, len(text))]


def _stretch(page: Page, start: int, end: int) -> Iterator[Child]:
    """`text[start:end]` with uncertain words underlined and page furniture and words to an AI set apart."""
    at = start
    for mark in sorted(_marks(page)):
        if mark.end <= at or mark.start >= end:
            continue
        first, last = max(mark.start, at), min(mark.end, end)
        yield page.text[at:first]
        yield tag("span", page.text[first:last], class_=mark.name, title=mark.title)
        at = last
    yield page.text[at:end]


class _Mark(NamedTuple):
    start: int
    end: int
    name: str
    title: str


def _marks(page: Page) -> Iterator[_Mark]:
    for region in page.regions:
        title = "addressed to an AI; not given to it" if region.role is Role.INSTRUCTION else "page furniture"
        yield _Mark(region.start, region.end, region.role.value, title)
    for word in page.words:
        if word.confidence is not None and word.confidence < DOUBTFUL:
            yield _Mark(word.start, word.end, "doubtful", f"recognized with {word.confidence:.0%} confidence")
