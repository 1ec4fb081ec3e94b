"""The page before there is anything to show: no record, no document, no question."""

from __future__ import annotations

from assistant.domain import Record
from assistant.ui.dates import count
from assistant.ui.markup import Html, button, tag


def no_record() -> Html:
    """One button and a drop zone."""
    return tag(
        "section",
        tag("h2", "Read a whole record, with the page behind every sentence."),
        tag("p", "Drop a patient's documents anywhere on this page, or look at an invented patient first."),
        button("open_sample", "Open the sample record", class_="act"),
        tag("p", "Everything stays on the machine that runs this page.", class_="soft"),
        class_="empty",
    )


def no_document() -> Html:
    """A new record."""
    return tag(
        "section",
        tag("h2", "This record is empty."),
        tag("p", "Drop its documents anywhere on this page: PDF, plain text or Markdown, several at once."),
        tag("button", "Choose files", type="button", data_browse=True, class_="act"),
        class_="empty",
    )


def being_read(documents: int) -> Html:
    """Documents are on their way in."""
    return tag(
        "section",
        tag("h2", f"Reading {count(documents, 'document')} …"),
        tag("p", "Each one can be looked at as soon as it is read. Questions can begin when the first is ready."),
        class_="empty",
    )


def no_question(record: Record, suggested: tuple[str, ...]) -> Html:
    """A record that is ready to be asked about."""
    asks = [button("ask", question, class_="suggestion", data_question=question) for question in suggested]
    pages, documents = count(record.pages_total, "page"), count(len(record.files), "document")
    return tag(
        "section",
        tag("h2", "Ask about this record."),
        tag("p", f"{pages} from {documents} are ready. Every answer names the page it comes from."),
        tag("div", *asks, class_="suggestions") if asks else None,
        class_="empty ready",
    )
