"""The page: its places, and which verb each event calls."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from assistant.errors import AnamnesisError
from assistant.ui import conversation_events, frame_html, reading_events, record_events, source_events, summary_events
from assistant.ui.drawing import notice, said
from assistant.ui.launch import ASSETS
from assistant.ui.markup import Html, join
from assistant.ui.occasions import Occasion
from assistant.ui.page_settings import PageSettings
from assistant.ui.verbs import Verbs
from assistant.ui.view import PLACES, View
from assistant.ui.visitors import visitor_of
from assistant.ui.visits import Visit, Visits

_log = logging.getLogger(__name__)

Handler = Callable[[Visit, Occasion], View]
LongHandler = Callable[[Visit, Occasion], Iterator[View]]

_SCRIPTS = ("sending.js", "page.js")
_LOCAL_VISITOR = "local"
_CACHE_SECONDS = (600, 3600)
_MAX_WAITING_EVENTS = 200
_UNFORESEEN = "Something went wrong inside the program; nothing of the record is lost. Try again, or reload the page."

_QUICK: dict[str, Handler] = {
    "open_record": record_events.open_record,
    "new_record": record_events.new_record,
    "rename_record": record_events.rename_record,
    "delete_record": record_events.delete_record,
    "remove_file": record_events.remove_file,
    "rename_file": record_events.rename_file,
    "accept_file": record_events.accept_file,
    "cancel_reading": reading_events.cancel_reading,
    "stop": conversation_events.stop,
    "open_conversation": conversation_events.open_conversation,
    "new_conversation": conversation_events.new_conversation,
    "delete_conversation": conversation_events.delete_conversation,
    "open_citation": source_events.open_citation,
    "open_page": source_events.open_page,
}
_LONG: dict[str, LongHandler] = {
    "open_sample": reading_events.open_sample,
    "unlock_file": reading_events.unlock_file,
    "recognize_file": reading_events.recognize_file,
    "ask": conversation_events.ask,
    "again": conversation_events.again,
    "ask_rest": conversation_events.ask_rest,
    "summarize": summary_events.summarize,
}


def build_page(service_for: Callable[[str], Verbs], settings: PageSettings) -> gr.Blocks:
    """The page over `service_for(visitor)`. Launch it with `page.launch(**launch_arguments(settings))`."""
    cache, intake = settings.upload_folder / "cache", settings.upload_folder / "intake"
    for folder in (cache, intake):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["GRADIO_TEMP_DIR"] = str(cache)  # Gradio takes it from nowhere else
    post = Post(visits=Visits(service_for), is_shared=settings.is_shared)
    page: gr.Blocks
    with gr.Blocks(title="Anamnesis", analytics_enabled=False, delete_cache=_CACHE_SECONDS, fill_width=True) as page:
        places, bus = _places(settings)
        outputs = [places[name] for name in PLACES]
        for name, handler in _QUICK.items():
            post.connect(bus, name, post.quick(handler), outputs)
        add_files = partial(reading_events.add_files, cache=cache, intake=intake)
        long_handlers: dict[str, LongHandler] = {**_LONG, "add_files": add_files}
        for name, long_handler in long_handlers.items():
            post.connect(bus, name, post.long(long_handler), outputs, limit=settings.answers_at_once)
        post.connect(bus, "arrive", post.quick(record_events.arrive), outputs)
        page.unload(post.leave)
    page.queue(max_size=_MAX_WAITING_EVENTS, api_open=False, default_concurrency_limit=None)
    return page


def _places(settings: PageSettings) -> tuple[dict[str, gr.HTML], gr.HTML]:
    """The components, outermost first. They are empty until a tab arrives: what is served is the same for everybody."""
    logo = Html((ASSETS / "logo.svg").read_text(encoding="utf-8"))
    places: dict[str, gr.HTML] = {}
    with gr.Column(elem_id="frame"):
        with gr.Row(elem_id="top"):
            _still(frame_html.brand(logo), "brand")
            places["header"] = _place("header")
            _still(frame_html.controls(), "controls")
        _still(frame_html.place_tabs(), "place-tabs")
        with gr.Row(elem_id="places"):
            with gr.Column(elem_id="record"):
                _still(frame_html.drop_zone(is_shared=settings.is_shared), "drop")
                places["files"] = _place("files")
                places["conversations"] = _place("conversations")
            with gr.Column(elem_id="thought"):
                _still(frame_html.thought_tabs(), "tabs")
                places["notice"] = _place("notice")
                with gr.Column(elem_id="feed"):
                    places["turns"] = _place("turns")
                    places["answering"] = _place("answering")
                places["summary"] = _place("summary")
                _still(frame_html.question_form(), "desk")
            with gr.Column(elem_id="proof"):
                places["source"] = _place("source")
        _still(frame_html.footer(version=settings.version, source_url=settings.source_url), "foot")
        places["status"] = gr.HTML(
            html_template='<div role="status" aria-live="polite">${value}</div>',
            elem_id="status",
            apply_default_css=False,
        )
        _still(frame_html.dialogs(), "dialogs")
        script = "".join((ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS)
        bus = gr.HTML(elem_id="bus", js_on_load=script, apply_default_css=False)
    return places, bus


def _place(name: str) -> gr.HTML:
    told = f"watch('value', () => document.dispatchEvent(new CustomEvent('anamnesis:{name}')))"
    return gr.HTML(elem_id=name, elem_classes="place", js_on_load=told, apply_default_css=False)


def _still(content: Html, name: str) -> gr.HTML:
    return gr.HTML(join(content), elem_id=name, js_on_load=None, apply_default_css=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Carries events to their handlers and what changed back; the one place where an error becomes a sentence."""

    visits: Visits
    is_shared: bool

    def connect(
        self,
        bus: gr.HTML,
        name: str,
        handler: Callable[..., Any],
        outputs: list[gr.HTML],
        *,
        limit: int | None = None,
    ) -> None:
        """Let the bus's event `name` call `handler`."""
        listen = getattr(bus, name)
        listen(
            handler,
            inputs=None,
            outputs=outputs,
            show_progress="hidden",
            concurrency_limit=limit,
            concurrency_id=name,
            trigger_mode="multiple",
            api_visibility="private",
        )

    def quick(self, handler: Handler) -> Callable[..., list[Any]]:
        """A handler with one answer."""

        def call(event: gr.EventData, request: gr.Request) -> list[Any]:
            try:
                return _updates(handler(*self._introduced(event, request)))
            except Exception as error:  # noqa: BLE001  whatever it was, it becomes a sentence
                return _updates(_apology(error))

        return call

    def long(self, handler: LongHandler) -> Callable[..., Iterator[list[Any]]]:
        """A handler that goes on answering."""

        def call(event: gr.EventData, request: gr.Request) -> Iterator[list[Any]]:
            try:
                for view in handler(*self._introduced(event, request)):
                    yield _updates(view)
            except Exception as error:  # noqa: BLE001  whatever it was, it becomes a sentence
                yield _updates(_apology(error))

        return call

    def leave(self, request: gr.Request) -> None:
        """A tab was closed."""
        self.visits.end(self._visitor(request), str(request.session_hash))

    def _introduced(self, event: gr.EventData, request: gr.Request) -> tuple[Visit, Occasion]:
        occasion = Occasion(event._data if isinstance(event._data, dict) else {})
        tab = str(request.session_hash)
        visit = self.visits.visit(
            self._visitor(request),
            tab,
            record_id=occasion.text("at_record") or None,
            conversation_id=occasion.text("at_conversation") or None,
        )
        return visit, occasion

    def _visitor(self, request: gr.Request) -> str:
        """The cookie's visitor; a browser that takes no cookie is a visitor for as long as its tab is open."""
        if not self.is_shared:
            return _LOCAL_VISITOR
        return visitor_of(dict(request.headers).get("cookie", "")) or f"tab-{request.session_hash}"


def _updates(view: View) -> list[Any]:
    return [gr.skip() if (content := getattr(view, name)) is None else str(content) for name in PLACES]


def _apology(error: Exception) -> View:
    if isinstance(error, AnamnesisError):
        return View(notice=notice(error.message), status=said(error.message))
    # The message of an unforeseen error may quote the record: only its kind and place are logged.
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "unknown"
    _log.error("unforeseen %s at %s", type(error).__name__, place)
    return View(notice=notice(_UNFORESEEN), status=said(_UNFORESEEN))
