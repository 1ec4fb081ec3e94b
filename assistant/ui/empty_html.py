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
        tag("p", "Drop its documents anywhere on this page, several at once: PDF, scans, Word, Excel, exports, ZIP."),
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
    """A record that is ready to be asked about. Pages on hold or not recognized yet are not ready."""
    asks = [button("ask", question, class_="suggestion", data_question=question) for question in suggested]
    ready = [file for file in record.files if file.hold is None and file.page_count > len(file.waiting_pages)]
    pages = count(sum(file.page_count - len(file.waiting_pages) for file in ready), "page")
    documents = count(len(ready), "document")
    return tag(
        "section",
        tag("h2", "Ask about this record."),
        tag("p", f"{pages} from {documents} are ready. Every answer names the page it comes from."),
        tag("div", *asks, class_="suggestions") if asks else None,
        class_="empty ready",
    )
