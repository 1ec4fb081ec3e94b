"""What an event changed on the page, place by place."""

from __future__ import annotations

from dataclasses import dataclass, fields

from assistant.ui.markup import Html


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """New content for the places of the page; None leaves a place as it is."""

    header: Html | None = None
    files: Html | None = None
    conversations: Html | None = None
    turns: Html | None = None
    answering: Html | None = None
    summary: Html | None = None
    source: Html | None = None
    notice: Html | None = None
    status: Html | None = None


PLACES: tuple[str, ...] = tuple(field.name for field in fields(View))
