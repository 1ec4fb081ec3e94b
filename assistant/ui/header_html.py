"""The top line: which record is open, which model answers, how much of the record it has read."""

from __future__ import annotations

from assistant.domain import Coverage, ReadingMode, Record
from assistant.language_models.answering import ModelDescription
from assistant.ui.coverage_html import pages_not_read
from assistant.ui.dates import count, tokens
from assistant.ui.markup import NOTHING, Html, button, join, tag

_UNTITLED = "Untitled record"
_PERCENT = 100


def record_name(record: Record) -> str:
    """What the page calls a record."""
    return record.title.strip() or _UNTITLED


def header(
    *,
    records: tuple[Record, ...],
    record: Record | None,
    conversation_id: str | None,
    model: ModelDescription,
    coverage: tuple[ReadingMode, Coverage] | None,
) -> Html:
    """The whole line; its data-attributes tell page.js what a reload must open again."""
    return tag(
        "div",
        _switcher(records, record),
        tag("span", class_="gap"),
        _model_badge(model),
        _reading_badge(*coverage) if coverage and record and record.files else NOTHING,
        class_="line",
        data_record=record.id if record else "",
        data_conversation=conversation_id or "",
    )


def _switcher(records: tuple[Record, ...], record: Record | None) -> Html:
    new = button("new_record", "New record", class_="quiet", title="Start an empty record")
    if record is None:
        return tag(
            "div",
            tag("span", "No record open", class_="soft") if not records else _menu(records, None),
            class_="patient",
        )
    return tag("div", _menu(records, record), new, class_="patient")


def _menu(records: tuple[Record, ...], record: Record | None) -> Html:
    name = (
        join(tag("b", tag("bdi", record_name(record))), tag("span", _size(record), class_="soft size"))
        if record
        else join("Records")
    )
    rows = [_row(each, is_open=record is not None and each.id == record.id) for each in records]
    return tag(
        "details",
        tag("summary", name, tag("span", "▾", class_="soft", aria_hidden="true"), aria_label="Switch record"),
        tag("div", tag("h3", "Records"), *rows, _deeds(record) if record else NOTHING, class_="popover"),
        class_="menu switch",
    )


def _row(record: Record, *, is_open: bool) -> Html:
    return button(
        "open_record",
        tag("b", tag("bdi", record_name(record))),
        tag("span", _size(record)),
        data_record=record.id,
        class_="entry on" if is_open else "entry",
        aria_current="true" if is_open else None,
    )


def _deeds(record: Record) -> Html:
    name = record_name(record)
    return tag(
        "div",
        button("new_record", "New record", class_="quiet narrow"),
        tag("button", "Rename", type="button", data_dialog="rename", data_title=record.title, class_="quiet"),
        tag("button", "Delete record", type="button", data_dialog="delete", data_title=name, class_="quiet danger"),
        class_="deeds",
    )


def _size(record: Record) -> str:
    return f"{count(len(record.files), 'document')}, {count(record.pages_total, 'page')}"


def _model_badge(model: ModelDescription) -> Html:
    summary = tag(
        "summary", tag("span", class_="dot", aria_hidden="true"), tag("b", model.name), tag("span", model.badge)
    )
    return tag(
        "details",
        summary,
        tag("div", tag("h3", "What this model is good for"), tag("p", model.limits), class_="popover"),
        class_="menu badge model",
    )


def _reading_badge(mode: ReadingMode, coverage: Coverage) -> Html:
    window = max(coverage.context_tokens, 1)
    used = coverage.prompt_tokens or (coverage.record_tokens if mode is ReadingMode.FULL_CONTEXT else 0)
    amount = f"{tokens(used)} of {tokens(window)}" if used else f"window {tokens(window)}"
    share = min(_PERCENT, round(_PERCENT * used / window))
    meter = tag(
        "span",
        tag("i", style=f"width:{share}%"),
        class_="meter",
        role="meter",
        aria_label="Share of the model's window in use",
        aria_valuemin=0,
        aria_valuemax=_PERCENT,
        aria_valuenow=share,
    )
    summary = tag("summary", tag("span", f"{_reading_mode(mode, coverage)} · {amount}"), meter)
    details = tag("div", *_reading_words(mode, coverage), class_="popover")
    return tag("details", summary, details, class_="menu badge reading")


def _reading_mode(mode: ReadingMode, coverage: Coverage) -> str:
    if mode is ReadingMode.RETRIEVAL:
        return "found passages"
    return _read_share(mode, coverage) if coverage.not_read else "whole record read"


def _read_share(mode: ReadingMode, coverage: Coverage) -> str:
    done = "read" if mode is ReadingMode.FULL_CONTEXT else "searched"
    return f"{coverage.pages_read:,} of {count(coverage.pages_total, 'page')} {done}"


def _reading_words(mode: ReadingMode, coverage: Coverage) -> list[Html]:
    if mode is ReadingMode.FULL_CONTEXT:
        why = "The record fits the model's window: every page with text is read for every question."
    else:
        why = "For each question the model is given the passages that search finds, not the whole record."
    words = [
        tag("h3", "Whole record" if mode is ReadingMode.FULL_CONTEXT else "Retrieval"),
        tag("p", why),
        tag(
            "p",
            f"The record takes {coverage.record_tokens:,} tokens; the model's window is {coverage.context_tokens:,}.",
        ),
        tag("p", f"{_read_share(mode, coverage)}."),
    ]
    return [*words, *pages_not_read(coverage.not_read)]
