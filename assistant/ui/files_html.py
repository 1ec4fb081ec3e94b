"""The documents of the open record: what is in it, what is being read, what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.domain import FileProblem, Record, SourceFile
from assistant.intake import FileProgress
from assistant.ui.dates import count
from assistant.ui.markup import NOTHING, Html, button, join, tag

_PERCENT = 100
_STAGES = {"reading": "reading page", "indexing": "indexing"}


def files(
    record: Record | None, *, reading: Sequence[FileProgress] = (), problems: Mapping[str, FileProblem] | None = None
) -> Html:
    """The list under the drop zone. `reading` are the files under way, `problems` what failed and was not kept."""
    if record is None:
        return NOTHING
    under_way = [progress for progress in reading if progress.stage in _STAGES]
    busy = {progress.file for progress in under_way}
    kept = [_file(file) for file in record.files if file.name not in busy]
    lost = [_lost(name, problem) for name, problem in (problems or {}).items() if not _holds(record, name)]
    rows = [*kept, *(_reading(progress) for progress in under_way), *lost]
    title = tag("h3", "Documents", _cancel(under_way, reading))
    if not rows:
        return join(title, tag("p", "No document yet.", class_="soft hint"))
    return tag("div", title, *rows, data_reading=bool(under_way) or None)


def _holds(record: Record, name: str) -> bool:
    return any(file.name == name for file in record.files)


def _cancel(under_way: Sequence[FileProgress], reading: Sequence[FileProgress]) -> Html:
    if not under_way:
        return NOTHING
    ended = len(reading) - len(under_way)
    return join(
        tag("span", f"{ended} of {len(reading)} read", class_="count"),
        button("cancel_reading", "cancel", class_="link", title="Stop reading; files already read stay"),
    )


def _file(file: SourceFile) -> Html:
    if file.problem is not None:
        return _lost(file.name, file.problem)
    opens = button(
        "open_page",
        tag("b", tag("bdi", file.name)),
        tag("em", f"{file.page_count} p", title=count(file.page_count, "page")),
        tag("span", _state(file), class_="warn" if file.unread_pages or file.warnings else None),
        class_="entry",
        data_file=file.name,
        data_page=1,
        title=file.name,
    )
    return tag("div", opens, _remove(file.name), class_="doc")


def _state(file: SourceFile) -> str:
    unread = file.unread_pages
    if len(unread) == 1:
        return f"page {unread[0]}: no text, not read"
    if unread:
        return f"{count(len(unread), 'page')} without text, not read"
    return file.warnings[0] if file.warnings else file.kind.upper() if file.kind == "pdf" else file.kind


def _reading(progress: FileProgress) -> Html:
    of = f" of {progress.total}" if progress.total else ""
    said = f"{_STAGES[progress.stage]} {progress.done}{of}" if progress.done else f"{_STAGES[progress.stage]} …"
    share = round(_PERCENT * progress.done / progress.total) if progress.total else 0
    return tag(
        "div",
        tag("b", tag("bdi", progress.file)),
        tag("span", said),
        tag("i", tag("i", style=f"width:{share}%"), class_="bar", aria_hidden="true"),
        class_="doc busy",
    )


def _lost(name: str, problem: FileProblem) -> Html:
    return tag(
        "div",
        tag("div", tag("b", tag("bdi", name)), tag("span", problem.message, class_="warn"), class_="entry"),
        _remove(name),
        class_="doc lost",
    )


def _remove(name: str) -> Html:
    return button(
        "remove_file", "×", class_="remove", data_file=name, aria_label=f"Remove {name}", title="Remove from the record"
    )
