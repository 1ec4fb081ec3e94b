"""Which pages an answer rests on, and which nobody has read for it."""

from __future__ import annotations

from itertools import groupby

from assistant.domain import Answer, PageRef
from assistant.ui.dates import count, page_ranges
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Html, button, tag


def pages_not_read(pages: tuple[PageRef, ...]) -> list[Html]:
    """The pages by document, each opening its first; nothing where all were read."""
    if not pages:
        return []
    rows = [
        button(
            "open_page",
            tag("bdi", label(file).title),
            tag("span", f"{'page' if len(numbers) == 1 else 'pages'} {page_ranges(numbers)}"),
            class_="entry",
            data_file=file,
            data_page=numbers[0],
        )
        for file, numbers in (
            (file, tuple(ref.page for ref in refs)) for file, refs in groupby(pages, key=lambda ref: ref.file)
        )
    ]
    return [tag("h3", "Pages not read"), *rows]


def answer_coverage(answer: Answer, turn: int) -> Html:
    """Under an answer: how much it had read, and the same question over the rest."""
    coverage = answer.coverage
    if not coverage.not_read:
        return NOTHING
    rest = button(
        "ask_rest", "Ask again over these pages", class_="quiet", data_turn=turn, data_question=answer.question
    )
    content = tag("div", *pages_not_read(coverage.not_read), tag("div", rest, class_="deeds"), class_="popover")
    said = f"{coverage.pages_read:,} of {count(coverage.pages_total, 'page')} read"
    return tag("details", tag("summary", said), content, class_="menu coverage")
