"""The documents of the open record: what is in it, what is being read, what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.domain import FileProblem, Record, SourceFile
from assistant.intake import FileProgress
from assistant.ui.dates import count
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Html, button, join, tag

_PERCENT = 100
_KINDS = {"pdf": "PDF", "text": "plain text", "markdown": "Markdown"}
_UNDER_WAY = ("reading", "indexing")


def files(
    record: Record | None, *, reading: Sequence[FileProgress] = (), problems: Mapping[str, FileProblem] | None = None
) -> Html:
    """The list under the drop zone. `reading` are the files of a batch under way, `problems` what failed."""
    if record is None:
        return NOTHING
    under_way = [progress for progress in reading if progress.stage in _UNDER_WAY]
    busy = {progress.file for progress in under_way}
    kept = [_file(file) for file in record.files if file.name not in busy]
    lost = [_lost(name, problem) for name, problem in (problems or {}).items() if not _holds(record, name)]
    rows = [*(_reading(progress) for progress in under_way[:1]), *lost, *kept, *map(_waiting, under_way[1:])]
    title = _title(len(under_way), len(reading))
    if not rows:
        return join(title, tag("p", "No document yet.", class_="soft hint"))
    return tag("div", title, *rows, data_reading=bool(under_way) or None)


def _holds(record: Record, name: str) -> bool:
    return any(file.name == name for file in record.files)


def _title(under_way: int, total: int) -> Html:
    if not under_way:
        return tag("h3", "Documents")
    ended = tag("span", f"{total - under_way} of {total}", class_="count", title="Documents read")
    cancel = button("cancel_reading", "cancel", class_="link", title="Stop reading; files already read stay")
    share = round(_PERCENT * (total - under_way) / total)
    return join(tag("h3", "Documents", ended, cancel), tag("i", tag("i", style=f"width:{share}%"), class_="bar whole"))


def _file(file: SourceFile) -> Html:
    if file.problem is not None:
        return _lost(file.name, file.problem)
    opens = button(
        "open_page",
        tag("b", tag("bdi", label(file.name).title)),
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
    if file.warnings:
        return file.warnings[0]
    return label(file.name).day or _KINDS.get(file.kind, file.kind)


def _reading(progress: FileProgress) -> Html:
    is_counted = progress.stage == "reading" and progress.total
    share = round(_PERCENT * progress.done / progress.total) if is_counted and progress.total else _PERCENT // 2
    bar = tag("i", tag("i", style=f"width:{share}%"), class_="bar" if is_counted else "bar unsure", aria_hidden="true")
    return tag(
        "div", tag("b", tag("bdi", label(progress.file).title)), tag("span", _said(progress)), bar, class_="doc busy"
    )


def _waiting(progress: FileProgress) -> Html:
    return tag(
        "div", tag("b", tag("bdi", label(progress.file).title)), tag("span", "waiting"), class_="doc busy waiting"
    )


def _said(progress: FileProgress) -> str:
    if not progress.done:
        return f"{progress.stage} …"
    of = f" of {progress.total:,}" if progress.total else ""
    if progress.stage == "reading":
        return f"reading page {progress.done:,}{of}"
    return f"indexing, {count(progress.done, 'passage')}{of}"


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
