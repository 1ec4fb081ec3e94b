from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from assistant.errors import StorageError
from assistant.ui.occasions import Occasion
from assistant.ui.page import Post
from assistant.ui.view import PLACES, View
from assistant.ui.visitors import COOKIE
from assistant.ui.visits import Visit, Visits
from tests.ui.fake_service import FakeService

PATIENT = "Marsh, Eleanor"


def post(*, is_shared: bool = False, asked: list[str] | None = None) -> Post:
    def service_for(visitor: str) -> FakeService:
        if asked is not None:
            asked.append(visitor)
        return FakeService()

    return Post(visits=Visits(service_for), is_shared=is_shared)


def sent(data: object = None, *, cookie: str = "", tab: str = "tab") -> tuple[gr.EventData, gr.Request]:
    request = SimpleNamespace(session_hash=tab, headers={"cookie": cookie})
    return gr.EventData(None, data), cast(gr.Request, request)


def drawn(updates: list[Any], place: str) -> str:
    return str(updates[PLACES.index(place)])


def test_a_known_failure_is_shown_as_its_sentence() -> None:
    def handler(visit: Visit, occasion: Occasion) -> View:
        raise StorageError("the disk is full; free some space")

    updates = post().quick(handler)(*sent({}))

    assert "the disk is full; free some space" in drawn(updates, "notice")


def test_an_unforeseen_failure_shows_and_logs_nothing_of_the_patient(caplog: pytest.LogCaptureFixture) -> None:
    def handler(visit: Visit, occasion: Occasion) -> View:
        raise KeyError(PATIENT)

    with caplog.at_level(logging.DEBUG):
        updates = post().quick(handler)(*sent({}))

    assert "Something went wrong inside the program" in drawn(updates, "notice")
    assert PATIENT not in str(updates)
    assert "unforeseen KeyError at" in caplog.text
    assert PATIENT not in caplog.text


@pytest.mark.parametrize("data", [None, "text", 7, [], {"at_record": ["x"], "turn": {"a": 1}}])
def test_any_data_that_a_browser_sends_is_taken_with_care(data: object) -> None:
    def handler(visit: Visit, occasion: Occasion) -> View:
        assert isinstance(occasion.text("turn"), str)
        assert occasion.items("files") == ()
        return View()

    assert "went wrong" not in str(post().quick(handler)(*sent(data)))


def test_on_a_shared_page_the_cookie_says_who_asks() -> None:
    asked: list[str] = []
    call = post(is_shared=True, asked=asked).quick(lambda visit, occasion: View())

    call(*sent({}, cookie=f"{COOKIE}=first"))
    call(*sent({}, cookie=f"{COOKIE}=second"))
    call(*sent({}, tab="third"))

    assert set(asked) == {"first", "second", "tab-third"}


def test_on_this_machine_everybody_is_the_same_visitor() -> None:
    asked: list[str] = []
    call = post(asked=asked).quick(lambda visit, occasion: View())

    call(*sent({}, cookie=f"{COOKIE}=first"))

    assert set(asked) == {"local"}
