"""An answer under way: the question, how far the work is, and the words so far."""

from __future__ import annotations

from assistant.conversation.turns import AnswerProgress
from assistant.ui.answer_html import unchecked
from assistant.ui.markup import NOTHING, Html, button, tag

_PERCENT = 100
_STAGES = {"searching": "Searching the record", "reading": "Reading", "writing": "Writing"}


def answering(question: str, *, progress: AnswerProgress | None = None, text: str = "") -> Html:
    """Shown below the earlier turns until the checked answer takes its place."""
    paragraphs = unchecked(text)
    return tag(
        "article",
        tag("h2", question, class_="question"),
        tag("div", *paragraphs, class_="answer unchecked") if paragraphs else NOTHING,
        tag(
            "div",
            _bar(progress),
            tag("span", _said(progress, has_text=bool(text)), class_="soft"),
            button("stop", "stop", class_="stop"),
            class_="foot",
        ),
        class_="turn",
        data_answering=True,
    )


def _said(progress: AnswerProgress | None, *, has_text: bool) -> str:
    if progress is None:
        return "Writing; checked when complete …" if has_text else "Starting …"
    amount = f" {progress.done:,} of {progress.total:,}" if progress.total else ""
    left = f" · about {_duration(progress.seconds_left)} left" if progress.seconds_left else ""
    return f"{_STAGES[progress.stage]}{amount}{left} …"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _bar(progress: AnswerProgress | None) -> Html:
    if progress is None or not progress.total:
        return tag("i", class_="pulse", aria_hidden="true")
    share = round(_PERCENT * progress.done / progress.total)
    return tag("i", tag("i", style=f"width:{share}%"), class_="bar", aria_hidden="true")


def failed(question: str, message: str) -> Html:
    """A question that got no answer: why, and a way to ask again."""
    again = button("ask", "Ask again", class_="quiet", data_question=question)
    return tag(
        "article",
        tag("h2", question, class_="question"),
        tag("div", tag("p", message), again, class_="problem", role="alert"),
        class_="turn",
    )
