"""What somebody has to look at before the record can be trusted: each problem once, with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from assistant.domain import FileProblem, Record, SourceFile
from assistant.ui.dates import count
from assistant.ui.file_names import label
from assistant.ui.markup import NOTHING, Html, button, join, tag

_LOCKED = "password_protected"
_LONGEST_PASSWORD = 200
_PAGE = re.compile(r"\bpages? (\d+)")


def attention(record: Record, problems: Mapping[str, FileProblem], busy: Sequence[str]) -> Html:
    """The list; nothing where nothing is wrong. `problems` are of files that did not join the record."""
    held = {file.name for file in record.files}
    kept = [file for file in record.files if file.name not in busy]
    items = [
        *(_held(file) for file in kept if file.hold),
        *(_locked(file) for file in kept if file.problem and file.problem.code == _LOCKED),
        *(_lost(name, problem) for name, problem in problems.items() if name not in held),
        *(_lost(file.name, file.problem) for file in kept if file.problem and file.problem.code != _LOCKED),
        *(_waiting(file) for file in kept if file.waiting_pages),
        *_warnings(kept),
    ]
    return tag("div", tag("h3", "To look at"), *items, class_="attention") if items else NOTHING


def _held(file: SourceFile) -> Html:
    """A document that may be another patient's: nothing of it is read until somebody has decided."""
    problem = file.hold
    see = [
        button("open_page", said, class_="quiet", data_file=place.file, data_page=place.page)
        for said, place in zip(("See the record", "See this page"), file.hold_places, strict=False)
    ]
    keep = button("accept_file", "It is this patient's", class_="quiet", data_file=file.name)
    remove = button("remove_file", "Remove it", class_="quiet danger", data_file=file.name)
    words = problem.message if problem else ""
    return _item(file.name, words, tag("div", *see, keep, remove, class_="deeds"))


def _locked(file: SourceFile) -> Html:
    field = tag(
        "input",
        type="password",
        name="password",
        maxlength=_LONGEST_PASSWORD,
        autocomplete="off",
        aria_label=f"Password of {file.name}",
        placeholder="Password",
    )
    opens = tag("button", "Open", type="submit", class_="act")
    form = tag("form", field, opens, class_="password", data_sends="unlock_file", data_file=file.name)
    return _item(file.name, "protected by a password, not read", form, removable=True)


def _lost(name: str, problem: FileProblem | None) -> Html:
    return _item(name, problem.message if problem else "", removable=True)


def _waiting(file: SourceFile) -> Html:
    words = f"{count(len(file.waiting_pages), 'scanned page')} not recognized yet, not read"
    return _item(file.name, words, tag("div", _go_on(file), class_="deeds"))


def _go_on(file: SourceFile) -> Html:
    return button("recognize_file", "Recognize them", class_="quiet", data_file=file.name)


def _warnings(files: Sequence[SourceFile]) -> Iterator[Html]:
    """What was said about documents that are otherwise in order, folded away."""
    told = [(file, warning) for file in files if not file.problem for warning in file.warnings]
    if not told:
        return
    rows = [_warning(file, warning) for file, warning in told]
    documents = len({file.name for file, _ in told})
    summary = f"{count(len(told), 'note')} on {count(documents, 'document')}"
    yield tag("details", tag("summary", summary), tag("ul", *rows), class_="notes")


def _warning(file: SourceFile, warning: str) -> Html:
    page = _PAGE.search(warning)
    opens = button(
        "open_page",
        tag("b", tag("bdi", label(file.name).title)),
        f": {warning}",
        data_file=file.name,
        data_page=page.group(1) if page else 1,
    )
    return tag("li", opens)


def _item(name: str, words: str, *more: Html, removable: bool = False) -> Html:
    remove = button(
        "remove_file", "×", class_="remove", data_file=name, aria_label=f"Remove {name}", title="Remove from the record"
    )
    return tag(
        "div",
        tag("div", tag("b", tag("bdi", name)), tag("span", words, class_="warn"), *more, class_="entry"),
        join(remove) if removable else NOTHING,
        class_="doc lost",
    )
