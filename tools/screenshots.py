"""Photograph the page: `python tools/screenshots.py FOLDER` opens the sample record in chromium, every state once.

The picture in the README is `answer.png` of that folder. Nothing is kept of the record.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import FilePayload, Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assistant.parts import open_service
from assistant.settings import from_process_environment

_WIDE = ViewportSize(width=1400, height=860)
_NARROW = ViewportSize(width=390, height=844)
_READ_SECONDS = 600
_QUESTIONS = (
    "Which allergies are recorded?",
    "What is her blood group?",
    "Why was the patient last in hospital?",
)


def main(folder: Path) -> None:
    """Write the pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; install Debian's package chromium")
    with tempfile.TemporaryDirectory() as data, _served(Path(data)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=_WIDE, device_scale_factor=2)
        page.goto(address)
        _Camera(page=page, folder=folder).photograph_all()
        browser.close()


@contextmanager
def _served(data: Path) -> Iterator[str]:
    from assistant.ui.launch import launch_arguments
    from assistant.ui.page import build_page
    from assistant.ui.page_settings import PageSettings

    service = open_service(replace(from_process_environment(), data_dir=data / "records"))
    settings = PageSettings(upload_folder=data / "uploads", open_browser=False)
    page = build_page(lambda _: service, settings)
    arguments = {**launch_arguments(settings), "server_port": None, "prevent_thread_lock": True}
    try:
        yield page.launch(**arguments)[1]
    finally:
        page.close(verbose=False)
        service.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Camera:
    page: Page
    folder: Path

    def photograph_all(self) -> None:
        """Empty, reading, answer, text, error, summary, dark, narrow."""
        self.page.wait_for_selector("#turns .empty h2")
        self._take("empty")
        self.page.click("text=Open the sample record")
        self.page.wait_for_selector(".sheet img", timeout=120_000)
        self._take("reading")
        self.page.wait_for_function("!document.querySelector('[data-reading]')", timeout=_READ_SECONDS * 1000)
        self._take("ready")
        self._ask_and_open()
        self._take("answer")
        self.page.click('[data-toggle="view"]')
        self.page.wait_for_selector(".page-text")
        self._take("text")
        self.page.click('[data-toggle="view"]')
        self.page.wait_for_selector(".sheet img")
        self._photograph_the_rest()

    def _ask_and_open(self) -> None:
        for asked, question in enumerate(_QUESTIONS, start=1):
            self.page.fill("#question", question)
            self.page.press("#question", "Enter")
            answered = f"document.querySelectorAll('#turns .turn').length === {asked}"
            self.page.wait_for_function(f"{answered} && !document.querySelector('[data-answering]')", timeout=60_000)
        self.page.click("#turns .turn:last-child .chip >> nth=0")
        self.page.wait_for_selector(".sheet .evidence")
        self.page.mouse.move(0, 0)

    def _photograph_the_rest(self) -> None:
        damaged = FilePayload(name="damaged.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 nonsense")
        self.page.set_input_files("#chooser", damaged)
        self.page.wait_for_selector(".lost", timeout=60_000)
        self._take("error")
        self.page.click("[data-theme-toggle]")
        self._take("dark")
        self.page.click("[data-theme-toggle]")
        self.page.set_viewport_size(_NARROW)
        for place in ("record", "thought", "proof"):
            self.page.click(f'.place-tabs [data-place="{place}"]')
            self._take(f"narrow-{place}")

    def _take(self, name: str) -> None:
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=self.folder / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/screenshots.py FOLDER")
    main(Path(sys.argv[1]))
