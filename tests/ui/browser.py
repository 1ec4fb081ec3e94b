"""A real browser on a real page: chromium from the system, watched for requests to other hosts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from assistant.ui.launch import launch_arguments
from assistant.ui.page import build_page
from assistant.ui.page_settings import PageSettings
from assistant.ui.verbs import Verbs

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_or_skip() -> str:
    """The path of chromium. On CI its absence is a failure, elsewhere a reason to skip."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("chromium is not installed; install Debian's package chromium")
    if path is None:
        pytest.skip("chromium is not installed; install Debian's package chromium")
    return path


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Chromium without a window."""
    path = chromium_or_skip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(service_for: Callable[[str], Verbs], folder: Path, *, is_shared: bool = False) -> Iterator[str]:
    """The address of a page over `service_for`, on a free port of this machine."""
    before = os.environ.get("GRADIO_TEMP_DIR")
    settings = PageSettings(upload_folder=folder, is_shared=is_shared, open_browser=False)
    page: gr.Blocks = build_page(service_for, settings)
    arguments = {**launch_arguments(settings), "server_port": None, "prevent_thread_lock": True}
    _, address, _ = page.launch(**arguments)
    try:
        yield address.rstrip("/")
    finally:
        page.close(verbose=False)
        _put_back(before)


def _put_back(folder: str | None) -> None:
    """Building a page names its upload folder in the environment; the next test must not find it there."""
    os.environ.pop("GRADIO_TEMP_DIR", None)
    if folder is not None:
        os.environ["GRADIO_TEMP_DIR"] = folder


@dataclass(slots=True)
class Visitor:
    """One browser profile on the page and everything that it asked for or complained about."""

    address: str
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def foreign_requests(self) -> list[str]:
        """Requests that left for another host."""
        return [url for url in self.requests if not url.startswith((self.address, "data:", "blob:"))]

    def reload(self) -> None:
        """Leave the page and open it anew; what the one that is left says of streams cut off is no complaint."""
        address, before = self.page.url, len(self.complaints)
        self.page.goto("about:blank")
        del self.complaints[before:]
        self.page.goto(address)

    def wait_for(self, script: str, *, seconds: float = 30) -> None:
        """Wait until a JavaScript expression is true."""
        self.page.wait_for_function(script, timeout=seconds * 1000)

    def ask(self, question: str) -> None:
        """Type a question and press Enter."""
        self.page.fill("#question", question)
        self.page.press("#question", "Enter")

    def wait_for_answers(self, number: int, *, seconds: float = 30) -> None:
        """Wait until so many answers stand and none is under way."""
        answered = f"document.querySelectorAll('#turns .turn').length >= {number}"
        self.wait_for(f"{answered} && !document.querySelector('[data-answering]')", seconds=seconds)


def new_visitor(browser: Browser, address: str, *, width: int = 1280, height: int = 800) -> Visitor:
    """A browser profile of its own with the page open."""
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height})
    visitor = Visitor(address=address, page=context.new_page())
    visitor.page.on("request", lambda request: visitor.requests.append(request.url))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on(
        "console", lambda message: visitor.complaints.append(message.text) if message.type == "error" else None
    )
    visitor.page.goto(address)
    visitor.page.wait_for_selector("#turns > *", state="attached")
    visitor.wait_for("document.querySelector('#turns').innerText.trim() !== ''")
    return visitor
