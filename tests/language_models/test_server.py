from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from assistant.errors import ModelAnswerError, ModelError, ModelUnavailableError
from assistant.language_models import server
from assistant.language_models.answering import STILL_READING, AnswerPiece
from assistant.language_models.server import estimated_tokens, open_server
from assistant.settings import Settings
from tests.language_models.served_model import make_tiny_llama, served

MODELS = b'{"data": [{"id": "some-model", "max_model_len": 4096}]}'
Reply = Callable[[BaseHTTPRequestHandler], None]


def settings(url: str, tmp_path: Path, name: str | None = None) -> Settings:
    return Settings(data_dir=tmp_path, model_server=url, server_model=name)


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def misbehaving(reply: Reply, models: bytes = MODELS) -> Iterator[str]:
    """A server that lists its models and then does `reply` to every question."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            send(self, 200, models)

        def do_POST(self) -> None:
            if self.path.endswith("/tokenize"):
                send(self, 404, b"{}")
            else:
                reply(self)

        def log_message(self, *_: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()


def asked(url: str, tmp_path: Path) -> list[AnswerPiece]:
    return list(open_server(settings(url, tmp_path)).stream([HumanMessage("How is the potassium?")]))


def test_a_real_server_streams_an_answer_and_can_be_stopped(tmp_path: Path) -> None:
    make_tiny_llama(tmp_path / "model")
    with served(tmp_path / "model") as url:
        model = open_server(settings(url, tmp_path, str(tmp_path / "model")))
        pieces = model.stream([HumanMessage("How is the potassium?")])
        first = next(piece for piece in pieces if piece != STILL_READING)
        assert seconds_to_close(pieces) < 1
        assert first.text


def test_the_window_and_the_name_are_what_the_server_says(tmp_path: Path) -> None:
    with misbehaving(lambda handler: send(handler, 500, b"{}")) as url:
        description = open_server(settings(url, tmp_path)).description
    assert (description.name, description.context_tokens) == ("some-model", 4096)


def test_a_server_that_is_down_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="cannot be reached; start it"):
        open_server(settings("http://127.0.0.1:9", tmp_path))


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (500, b"{}", ModelUnavailableError, "status 500"),
        (503, b"busy", ModelUnavailableError, "status 503"),
        (401, b"{}", ModelUnavailableError, "ANAMNESIS_SERVER_KEY"),
        (404, b"{}", ModelUnavailableError, "does not know this model"),
        (400, b'{"error": {"message": "How is the potassium?"}}', ModelAnswerError, "set --context"),
    ],
)
def test_a_server_that_refuses_is_one_sentence(
    tmp_path: Path, status: int, body: bytes, error: type[ModelError], says: str
) -> None:
    with misbehaving(lambda handler: send(handler, status, body)) as url, pytest.raises(error, match=says) as raised:
        asked(url, tmp_path)
    assert "potassium" not in str(raised.value)


@pytest.mark.parametrize("body", [b"<html>rubbish</html>", b'data: {"choices": "rubbish"}\n\n', b"data: {]\n\n"])
def test_rubbish_in_place_of_an_answer_is_no_answer(tmp_path: Path, body: bytes) -> None:
    with misbehaving(lambda handler: send(handler, 200, body)) as url:
        assert _words(url, tmp_path) in ("", "the model server")  # the turn says that nothing was answered


def _words(url: str, tmp_path: Path) -> str:
    try:
        return "".join(piece.text for piece in asked(url, tmp_path))
    except ModelAnswerError as error:
        return error.message[: len("the model server")]


def test_a_server_that_goes_away_in_the_middle_is_one_sentence(tmp_path: Path) -> None:
    def cut_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b'data: {"choices": [{"index": 0, "delta": {"content": "The"}}]}\n\n')

    with misbehaving(cut_off) as url, pytest.raises(ModelError):
        asked(url, tmp_path)


def test_a_silent_server_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SILENCE_SECONDS", 0.3)
    with (
        misbehaving(lambda _: time.sleep(1.5)) as url,
        pytest.raises(ModelUnavailableError, match="has not answered for too long"),
    ):
        asked(url, tmp_path)


class SilentServer:
    """Begins with `words`, or with no reply at all; then is silent until the other side goes away, which it notes."""

    def __init__(self, words: str | None = None) -> None:
        self._words = words
        self.gone = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        if self._words is not None:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/event-stream")
            handler.end_headers()
            chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": self._words}}]}
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        handler.connection.settimeout(10)
        handler.rfile.read(1)  # returns at the end of the connection
        self.gone.set()
        handler.close_connection = True


@pytest.mark.parametrize("words", [None, ""])
def test_a_server_silent_from_the_start_can_be_stopped(tmp_path: Path, words: str | None) -> None:
    silent = SilentServer(words)
    with misbehaving(silent) as url:
        pieces = open_server(settings(url, tmp_path)).stream([HumanMessage("How is the potassium?")])
        assert (next(pieces), next(pieces)) == (STILL_READING, STILL_READING)
        assert seconds_to_close(pieces) < 1
        assert silent.gone.wait(1)


def test_a_server_silent_after_some_words_can_be_stopped(tmp_path: Path) -> None:
    silent = SilentServer("The potassium")
    with misbehaving(silent) as url:
        pieces = open_server(settings(url, tmp_path)).stream([HumanMessage("How is the potassium?")])
        words = next(piece for piece in pieces if piece.text)
        assert (words.text, next(pieces)) == ("The potassium", AnswerPiece())
        assert seconds_to_close(pieces) < 1
        assert silent.gone.wait(1)


def test_stopping_one_question_leaves_another_alone(tmp_path: Path) -> None:
    silent = SilentServer("The potassium")
    with misbehaving(silent) as url:
        model = open_server(settings(url, tmp_path))
        stopped, other = (model.stream([HumanMessage("How is the potassium?")]) for _ in range(2))
        for pieces in (stopped, other):
            next(piece for piece in pieces if piece.text)
        seconds_to_close(stopped)
        assert silent.gone.wait(1)
        assert next(other) == AnswerPiece()
        seconds_to_close(other)


def seconds_to_close(pieces: Iterator[AnswerPiece]) -> float:
    start = time.monotonic()
    pieces.close()  # type: ignore[attr-defined]
    return time.monotonic() - start


def well(handler: BaseHTTPRequestHandler) -> None:
    """Answer in one word."""
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "High"}}]}
    send(handler, 200, f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())


def test_no_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OPENAI_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with misbehaving(well) as url:
        assert "".join(piece.text for piece in asked(url, tmp_path)) == "High"


def test_a_password_in_the_address_reaches_the_server_and_no_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given: list[str | None] = []

    def refuse(handler: BaseHTTPRequestHandler) -> None:
        given.append(handler.headers["Authorization"])
        send(handler, 500, b"{}")

    with misbehaving(refuse) as url, pytest.raises(ModelUnavailableError, match="status 500") as failed:
        asked(url.replace("//", "//ward:secret@"), tmp_path)
    with pytest.raises(ModelUnavailableError, match="cannot be reached") as down:
        open_server(settings("http://ward:secret@127.0.0.1:9", tmp_path))
    assert given == ["Basic " + base64.b64encode(b"ward:secret").decode()]
    assert "secret" not in f"{failed.value} {down.value} {caplog.text}"


def test_a_server_that_lists_no_model_is_named_without_its_password(tmp_path: Path) -> None:
    with (
        misbehaving(well, b'{"data": []}') as url,
        pytest.raises(ModelUnavailableError, match="names no model") as raised,
    ):
        open_server(settings(url.replace("//", "//ward:secret@"), tmp_path))
    assert "secret" not in str(raised.value)


def test_rubbish_in_place_of_the_list_of_models_is_one_sentence(tmp_path: Path) -> None:
    for models in (b"<html>", b"[]", b'{"data": 3}'):
        with misbehaving(lambda _: None, models) as url, pytest.raises(ModelError, match="not an answer"):
            open_server(settings(url, tmp_path))


def test_tokens_are_never_estimated_at_less_than_an_ideograph_each() -> None:
    assert estimated_tokens("高血压") == 3
    assert estimated_tokens("hypertension") >= 4
