"""What happens at the right: a citation or a page is opened."""

from __future__ import annotations

from assistant.domain import Citation, SourceFile
from assistant.errors import RecordNotFoundError
from assistant.ui.drawing import open_conversation_of
from assistant.ui.markup import Html
from assistant.ui.occasions import Occasion
from assistant.ui.source_html import Shown, source
from assistant.ui.summary_html import PLACE as SUMMARY
from assistant.ui.view import View
from assistant.ui.visits import Visit

# Sharp at 100 % on a dense screen and legible at 200 %, and still under a quarter of a megabyte a page of text.
_PICTURE_WIDTH_PIXELS = 1_200


def open_citation(visit: Visit, occasion: Occasion) -> View:
    """A number was clicked: its page with the words boxed. `turn` and `n` are its address."""
    place, n = occasion.wanted("turn"), occasion.number("n")
    citations = _citations(visit, place)
    at = next((at for at, citation in enumerate(citations) if citation.n == n), None)
    if at is None:
        raise RecordNotFoundError("that citation is no longer there; reload the page")
    return _shown(
        visit,
        occasion,
        file=citations[at].span.file,
        number=citations[at].span.page,
        place=place,
        citations=citations,
        at=at,
    )


def _citations(visit: Visit, place: str) -> tuple[Citation, ...]:
    if place == SUMMARY and visit.summary is not None:
        return visit.summary.citations
    conversation = open_conversation_of(visit)
    turn = int(place) if place.isdecimal() else -1
    if conversation is None or not 0 <= turn < len(conversation.turns):
        raise RecordNotFoundError("that answer is no longer there; reload the page")
    return conversation.turns[turn].citations


def open_page(visit: Visit, occasion: Occasion) -> View:
    """A document or a neighbouring page was chosen; a citation of that answer stays marked if it stands on the page."""
    place, n = occasion.text("turn"), occasion.number_or_none("n")
    citations = _citations(visit, place) if place else ()
    at = next((at for at, citation in enumerate(citations) if citation.n == n), None)
    return _shown(
        visit,
        occasion,
        file=occasion.wanted("file"),
        number=occasion.number("page"),
        place=place,
        citations=citations,
        at=at,
    )


def first_page(visit: Visit, record_id: str, file: str) -> Html:
    """The first page of a document that has just been read."""
    picture = visit.service.page_picture(record_id, file, 1, _PICTURE_WIDTH_PIXELS)
    page = visit.service.page(record_id, file, 1)
    known = _file(visit, record_id, file)
    return source(Shown(page=page, pages_total=known.page_count, picture=picture, is_waiting=1 in known.waiting_pages))


def _shown(
    visit: Visit,
    occasion: Occasion,
    *,
    file: str,
    number: int,
    place: str,
    citations: tuple[Citation, ...],
    at: int | None,
) -> View:
    if visit.record_id is None:
        raise RecordNotFoundError("no record is open; open one first")
    page = visit.service.page(visit.record_id, file, number)
    is_text = occasion.text("view") == "text"
    known = _file(visit, visit.record_id, file)
    shown = Shown(
        page=page,
        pages_total=known.page_count,
        is_waiting=number in known.waiting_pages,
        picture=None if is_text else visit.service.page_picture(visit.record_id, file, number, _PICTURE_WIDTH_PIXELS),
        citation=None if at is None else citations[at],
        place=place,
        position=0 if at is None else at + 1,
        citations_total=len(citations),
    )
    return View(source=source(shown))


def _file(visit: Visit, record_id: str, name: str) -> SourceFile:
    for file in visit.service.record(record_id).files:
        if file.name == name:
            return file
    raise RecordNotFoundError("that document is no longer there; reload the page")
