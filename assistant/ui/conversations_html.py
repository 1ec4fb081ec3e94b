"""The conversations about the open record."""

from __future__ import annotations

from datetime import datetime

from assistant.domain import Conversation
from assistant.ui.dates import count, day
from assistant.ui.markup import Html, button, join, tag


def conversations(listed: tuple[Conversation, ...], open_id: str | None, *, now: datetime) -> Html:
    """The list, newest first, with a way to begin another."""
    title = tag(
        "h3", "Conversations", button("new_conversation", "new", class_="link", title="Begin another conversation")
    )
    return join(title, *(_row(each, is_open=each.id == open_id, now=now) for each in listed))


def _row(conversation: Conversation, *, is_open: bool, now: datetime) -> Html:
    opens = button(
        "open_conversation",
        tag("b", tag("bdi", conversation.title or "Conversation")),
        tag("span", f"{day(conversation.created, now=now)}, {count(len(conversation.turns), 'question')}"),
        class_="entry on" if is_open else "entry",
        data_conversation=conversation.id,
        aria_current="true" if is_open else None,
        title=conversation.title,
    )
    gone = button(
        "delete_conversation",
        "×",
        class_="remove",
        data_conversation=conversation.id,
        aria_label="Delete this conversation",
        title="Delete this conversation",
    )
    return tag("div", opens, gone, class_="doc")
