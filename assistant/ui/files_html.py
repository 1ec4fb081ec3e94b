"""The documents of the open record: what is in it, what is being read, what has to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.domain import FileProblem, Record, SourceDocument, SourceFile
from assistant.intake import FileProgress
from assistant.ui.attention_html import attention
from assistant.ui.dates import count, time_left
from assistant.ui.document_names import description, document_line
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Html, button, join, tag

_PERCENT = 100
_UNDER_WAY = ("reading", "recognizing", "indexing")


def files(
    record: Record | None, *, reading: Sequence[FileProgress] = (), problems: Mapping[str, FileProblem] | None = None
) -> Html:
    """The list under the drop zone. `reading` are the files of a batch under way, `problems` what failed."""
    if record is None:
        return NOTHING
    under_way = [progress for progress in reading if progress.stage in _UNDER_WAY]
    busy = [progress.file for progress in under_way]
    kept = [_file(file) for file in record.files if file.problem is None and file.name not in busy]
    begun = [progress for progress in under_way if progress.done or progress.stage != "reading"] or under_way[:1]
    waiting = [progress for progress in under_way if progress not in begun]
    title = _title(len(under_way), len(reading))
    to_look_at = attention(record, problems or {}, busy)
    if under_way:  # before what has to be looked at: progress and its cancel stay in sight
        progress = tag("div", title, *map(_reading, begun), data_reading=True)
        return join(progress, to_look_at, tag("div", *kept, *map(_waiting, waiting)))
    rows = kept or [tag("p", "No document yet.", class_="soft hint")]
    return join(to_look_at, tag("div", title, *rows))


def _title(under_way: int, total: int) -> Html:
    if not under_way:
        return tag("h3", "Documents")
    ended = tag("span", f"{total - under_way} of {total}", class_="count", title="Documents read")
    cancel = button("cancel_reading", "cancel", class_="link", title="Stop reading; files already read stay")
    share = round(_PERCENT * (total - under_way) / total)
    return join(tag("h3", "Documents", ended, cancel), tag("i", tag("i", style=f"width:{share}%"), class_="bar whole"))


def _file(file: SourceFile) -> Html:
    state, needs_care = _state(file)
    opens = button(
        "open_page",
        tag("b", tag("bdi", label(file.name).title)),
        tag("em", f"{file.page_count} p", title=count(file.page_count, "page")),
        tag("span", state, class_="warn" if needs_care else None),
        class_="entry",
        data_file=file.name,
        data_page=1,
        title=file.name,
    )
    return tag("div", opens, _about(file), class_="doc")


def _state(file: SourceFile) -> tuple[str, bool]:
    """The line under the name, and whether somebody has to look at the file."""
    if file.hold is not None:
        return "on hold: not read", True
    if file.waiting_pages:
        return f"{count(len(file.waiting_pages), 'scanned page')} not read yet", True
    unread = file.unread_pages
    if len(unread) == 1:
        return f"page {unread[0]}: no text, not read", True
    if unread:
        return f"{count(len(unread), 'page')} without text, not read", True
    return description(file), False


def _about(file: SourceFile) -> Html:
    """What a file holds and what can be done with it, folded away."""
    documents = [_document(file, document) for document in file.documents if len(file.documents) > 1]
    author = file.documents[0].author if len(file.documents) == 1 else None
    rename = tag("button", "Rename", type="button", class_="quiet", data_dialog="rename-file", data_file=file.name)
    remove = button("remove_file", "Remove", class_="quiet danger", data_file=file.name)
    content = tag(
        "div",
        tag("p", tag("bdi", file.name), class_="soft"),
        tag("p", author, class_="soft") if author else None,
        *documents,
        tag("div", rename, remove, class_="deeds"),
        class_="popover",
    )
    return tag("details", tag("summary", "⋯", aria_label=f"About {file.name}"), content, class_="menu about")


def _document(file: SourceFile, document: SourceDocument) -> Html:
    return button(
        "open_page", document_line(document), class_="entry", data_file=file.name, data_page=document.first_page
    )


def _reading(progress: FileProgress) -> Html:
    is_counted = progress.stage in ("reading", "recognizing") and progress.total
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
    of = f" of {progress.total:,}" if progress.total else ""
    left = f", {time_left(progress.seconds_left)}" if progress.seconds_left is not None else ""
    match progress.stage:
        case "recognizing":
            return f"scan: page {progress.done:,}{of}{left}"
        case "indexing" if progress.done:
            return f"indexing, {count(progress.done, 'passage')}{of}"
        case "reading" if progress.done:
            return f"reading page {progress.done:,}{of}{left}"
        case stage:
            return f"{stage} …"
