from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from assistant.ui.visitors import COOKIE, KeepVisitorsApart, visitor_of


async def _anything(request: Request) -> PlainTextResponse:
    return PlainTextResponse("reached")


def client(base_url: str = "http://testserver", *, is_shared: bool = True) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", _anything, methods=["GET", "POST"])])
    return TestClient(KeepVisitorsApart(app, is_shared=is_shared), base_url=base_url)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/tmp/x.pdf",
        "/file=/tmp/x.pdf",
        "/gradio_api/proxy=http://x",
        "/gradio_api/runs",
        "/gradio_api/call/ask",
        "/monitoring",
        "/gradio_api/info",
    ],
)
def test_addresses_that_hand_out_files_or_runs_are_closed(path: str) -> None:
    assert client().get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/upload", "/gradio_api/queue/join", "/assets/index.js", "/theme.css"]
)
def test_addresses_that_the_page_needs_are_open(path: str) -> None:
    assert client().get(path).text == "reached"


def test_a_new_visitor_gets_a_cookie_that_scripts_cannot_read() -> None:
    answered = client().get("/")

    cookie = answered.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert len(visitor_of(cookie.split(";")[0]) or "") >= 40
    assert "Partitioned" not in cookie


def test_the_cookie_reaches_a_page_inside_a_frame_over_https() -> None:
    cookie = client("https://testserver").get("/").headers["set-cookie"]

    assert "Secure; SameSite=None; Partitioned" in cookie


def test_a_known_visitor_keeps_their_cookie() -> None:
    assert "set-cookie" not in client().get("/", headers={"cookie": f"{COOKIE}=abc"}).headers


def test_a_tabs_stream_is_kept_to_the_visitor_who_opened_it() -> None:
    browser = client()
    stream = "/gradio_api/queue/data?session_hash=tab1"

    assert browser.get(stream, headers={"cookie": f"{COOKIE}=first"}).status_code == 200
    assert browser.get(stream, headers={"cookie": f"{COOKIE}=second"}).status_code == 404
    assert browser.get(stream, headers={"cookie": f"{COOKIE}=first"}).status_code == 200


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:7860", "http://localhost:7860", "http://[::1]:7860", "http://localhost"]
)
def test_a_local_page_answers_to_the_names_of_this_machine(address: str) -> None:
    answered = client(address, is_shared=False).get("/")

    assert answered.text == "reached"
    assert "frame-ancestors 'self'" in answered.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address", ["http://elsewhere.example:7860", "http://127.0.0.1.elsewhere.example", "http://10.0.0.5"]
)
def test_a_local_page_does_not_answer_to_another_name(address: str) -> None:
    answered = client(address, is_shared=False).get("/")

    assert answered.status_code == 421
    assert "--host" in answered.text


def test_nothing_may_be_fetched_from_another_host() -> None:
    policy = client().get("/").headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert "https:" not in policy


@pytest.mark.parametrize("header", ["", "other=1", f"{COOKIE}=", "bad cookie;;=", f'{COOKIE}"'])
def test_a_cookie_header_without_a_visitor_names_none(header: str) -> None:
    assert visitor_of(header) is None
