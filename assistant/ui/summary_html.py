"""A summary of the record: headings, checked statements, and what nothing was found about."""

from __future__ import annotations

from assistant.conversation.summaries import SummaryProgress
from assistant.domain import Summary
from assistant.export.markdown import NOTHING_FOUND
from assistant.ui.answer_html import checked, proven_count, verdict
from assistant.ui.markup import Html, button, join, tag

PLACE = "summary"  # stands where a turn's number stands, in the address of a citation
_PERCENT = 100


def summary(written: Summary | None) -> Html:
    """The summary, or the button that asks for one."""
    if written is None:
        return tag(
            "section",
            tag("h2", "A brief summary of this record."),
            tag("p", "Each heading is asked like a question, and each statement is checked against the record."),
            button("summarize", "Write the summary", class_="act"),
            class_="empty ready",
        )
    statements = tuple(statement for section in written.sections for statement in section.statements)
    return tag(
        "article",
        tag("h2", written.title, class_="title"),
        *(
            join(tag("h3", section.heading), *checked("", section.statements, written.citations, place=PLACE))
            for section in written.sections
        ),
        tag("p", NOTHING_FOUND, " ", ", ".join(written.missing), ".", class_="soft") if written.missing else None,
        tag(
            "div",
            tag("b", verdict(statements), class_="verdict proven" if proven_count(statements)[0] else "verdict"),
            button("summarize", "again", class_="link"),
            class_="foot",
        ),
        class_="turn answer",
    )


def under_way(progress: SummaryProgress | None) -> Html:
    """How many headings are written."""
    share = round(_PERCENT * progress.done / progress.total) if progress and progress.total else 0
    words = f"{progress.heading}: {progress.done + 1} of {progress.total} …" if progress else "Starting …"
    bar = tag("i", tag("i", style=f"width:{share}%"), class_="bar", aria_hidden="true")
    return tag(
        "div",
        bar,
        tag("span", words, class_="soft"),
        button("stop", "stop", class_="stop"),
        class_="foot",
        data_answering=True,
    )
