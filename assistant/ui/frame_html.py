"""What never changes on the page: drop zone, tabs, the question's form, dialogs, the footer."""

from __future__ import annotations

from assistant.domain import DocumentKind
from assistant.ui.document_names import kind_name
from assistant.ui.markup import Html, button, join, tag

_KEYS = (
    ("/", "write a question"),
    ("Enter", "ask; Shift+Enter begins a new line"),
    ("Esc", "stop the answer, close a window"),
    ("[ and ]", "previous and next citation"),
    ("+ and −", "zoom the page"),
    ("?", "this help"),
)


def brand(logo_svg: Html) -> Html:
    """Mark and name."""
    return tag("div", logo_svg, tag("span", "Ana", tag("i", "m"), "nesis"), class_="brand")


def controls() -> Html:
    """Light or dark, and help."""
    shade = tag(
        "button",
        "◐",
        type="button",
        data_theme_toggle=True,
        class_="badge",
        aria_label="Switch between light and dark",
        title="Light or dark",
    )
    helping = tag("button", tag("kbd", "?"), tag("span", " help"), type="button", data_dialog="help", class_="badge")
    return tag("div", shade, helping, class_="controls")


def place_tabs() -> Html:
    """The three places as tabs, on a narrow screen only."""
    names = (("record", "Record"), ("thought", "Conversation"), ("proof", "Source"))
    tabs = [
        tag("button", name, type="button", data_place=place, aria_pressed="true" if place == "thought" else "false")
        for place, name in names
    ]
    return tag("nav", *tabs, class_="place-tabs", aria_label="Places")


def thought_tabs() -> Html:
    """What can be thought about the record."""
    names = (("conversation", "Conversation"), ("summary", "Summary"))
    tabs = [
        tag(
            "button",
            name,
            type="button",
            role="tab",
            data_tab=tab,
            aria_selected="true" if tab == "conversation" else "false",
        )
        for tab, name in names
    ]
    return tag("div", *tabs, role="tablist", class_="tabs", aria_label="Views of the record")


def drop_zone(*, is_shared: bool) -> Html:
    """Where documents are dropped; the whole page takes them too."""
    chooser = tag(
        "input", type="file", multiple=True, id="chooser", class_="unseen", aria_label="Choose documents", tabindex=-1
    )
    drop = tag("button", "Drop files here, or ", tag("u", "browse"), type="button", data_browse=True, class_="drop")
    sending = tag("div", id="sending", class_="sending", role="status")
    shared = tag("p", "Shared page: your records are temporary, and no other visitor sees them.", class_="soft hint")
    return join(drop, chooser, sending, shared if is_shared else None)


def question_form() -> Html:
    """The question's box with Ask and Stop."""
    editing = tag(
        "div",
        tag("span", "Editing the last question; its answer will be replaced."),
        tag("button", "keep it", type="button", class_="link", data_edit_end=True),
        id="editing",
        hidden=True,
    )
    box = tag(
        "form",
        tag("label", "Question", for_="question", class_="unseen"),
        tag(
            "textarea",
            id="question",
            rows=1,
            placeholder="Ask about this record …",
            autocomplete="off",
            maxlength=8_000,
            spellcheck="true",
        ),
        tag("button", "Ask", type="submit", class_="act ask"),
        button("stop", "Stop", class_="act stop-main"),
        id="question-form",
        class_="asking",
    )
    keys = tag(
        "div",
        tag("kbd", "/"),
        " ask ",
        tag("kbd", "Esc"),
        " stop ",
        tag("kbd", "["),
        " ",
        tag("kbd", "]"),
        " citations",
        class_="keys",
    )
    return join(
        scopes(),
        editing,
        box,
        tag("div", tag("div", "Draft for clinician review."), keys, class_="hints"),
    )


def scopes() -> Html:
    """What the next question is asked of: a range of dates, kinds of documents. page.js keeps the choice."""
    days = [
        tag("label", said, tag("input", type="date", name=name, data_scope=name))
        for said, name in (("From", "first_date"), ("to", "last_date"))
    ]
    kinds = [
        tag("label", tag("input", type="checkbox", value=kind.value, data_scope="kinds"), kind_name(kind))
        for kind in DocumentKind
        if kind_name(kind)
    ]
    clear = tag("button", "Everything again", type="button", class_="quiet", data_scope_clear=True)
    hint = tag("p", "Documents without a known date or kind are left out of a narrowed question.", class_="soft hint")
    return tag(
        "div",
        _scope_menu("scope-dates", "All dates", *days),
        _scope_menu("scope-kinds", "All documents", *kinds, hint),
        clear,
        class_="scopes",
        role="group",
        aria_label="What to ask about",
    )


def _scope_menu(name: str, said: str, *content: Html) -> Html:
    opened = tag("div", *content, class_="popover")
    return tag("details", tag("summary", said, data_all=said), opened, class_="menu scope", id=name)


def footer(*, version: str, source_url: str) -> Html:
    """What this is not, and where its source is (AGPL section 13)."""
    name = f"Anamnesis {version}".strip()
    said = tag(
        "span", "Not a medical device. Every answer is a draft for clinician review: check the source before acting."
    )
    licence = tag(
        "span",
        f"{name} · AGPL-3.0-or-later · ",
        tag("a", "source code", href=source_url, target="_blank", rel="noopener noreferrer"),
    )
    return tag("footer", said, licence)


def dialogs() -> Html:
    """Help, rename, delete; page.js opens them."""
    return join(
        _help(),
        _rename(),
        _rename_file(),
        _delete(),
        tag("div", id="tip", role="tooltip", hidden=True),
        tag("div", tag("p", "Drop to add to the record"), id="drop-veil", hidden=True),
    )


def _help() -> Html:
    rows = [tag("div", tag("dt", tag("kbd", key)), tag("dd", meaning)) for key, meaning in _KEYS]
    signs = [
        tag(
            "div",
            tag("dt", tag("span", "3", class_="chip")),
            tag("dd", "proven: click to see the words boxed on their page"),
        ),
        tag(
            "div",
            tag("dt", tag("span", "⚑", class_="sign unsupported")),
            tag("dd", "not found in the record: the program could not prove this statement"),
        ),
        tag("div", tag("dt", tag("span", "○", class_="sign")), tag("dd", "the record holds no answer")),
    ]
    return _dialog(
        "help",
        "Help",
        tag("h3", "Keys"),
        tag("dl", *rows),
        tag("h3", "Signs"),
        tag("dl", *signs),
        tag("div", _close("Close"), class_="deeds"),
    )


def _rename() -> Html:
    field = tag("label", "Name", tag("input", id="rename-title", type="text", maxlength=120, autocomplete="off"))
    form = tag(
        "form",
        field,
        tag("div", _close("Cancel"), tag("button", "Rename", type="submit", class_="act"), class_="deeds"),
        id="rename-form",
    )
    return _dialog("rename", "Rename record", form)


def _rename_file() -> Html:
    field = tag("label", "Name", tag("input", id="rename-file-name", type="text", maxlength=120, autocomplete="off"))
    form = tag(
        "form",
        field,
        tag("div", _close("Cancel"), tag("button", "Rename", type="submit", class_="act"), class_="deeds"),
        id="rename-file-form",
    )
    return _dialog("rename-file", "Rename document", form)


def _delete() -> Html:
    words = tag(
        "p",
        "Delete ",
        tag("b", id="delete-name"),
        "? Its documents, pages, index and conversations are removed from this machine. This cannot be undone.",
    )
    deeds = tag(
        "div",
        _close("Keep it"),
        button("delete_record", "Delete record", class_="act danger", data_close=True),
        class_="deeds",
    )
    return _dialog("delete", "Delete record", words, deeds)


def _dialog(name: str, title: str, *content: Html) -> Html:
    return tag(
        "dialog",
        tag("h2", title, id=f"dialog-{name}-title"),
        *content,
        id=f"dialog-{name}",
        aria_labelledby=f"dialog-{name}-title",
    )


def _close(label: str) -> Html:
    return tag("button", label, type="button", data_close=True, class_="quiet")
