from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from assistant.domain import Box, FileProblem, Page
from tests.ui.browser import Visitor, new_visitor, opened_browser, served
from tests.ui.fake_service import FakeService

pytestmark = pytest.mark.browser

BOXES = """() => {
  const sheet = document.querySelector(".sheet img").getBoundingClientRect();
  const boxes = [...document.querySelectorAll(".sheet .evidence")].map((box) => box.getBoundingClientRect());
  const across = (x) => (x - sheet.left) / sheet.width, down = (y) => (y - sheet.top) / sheet.height;
  return boxes.map((box) => [across(box.left), down(box.top), across(box.right), down(box.bottom)]);
}"""
NAMELESS = """() => {
  const named = (e) => (e.innerText || e.textContent || "").trim() || e.getAttribute("aria-label") || e.title || e.alt;
  return [...document.querySelectorAll("#frame :is(button, summary, input, textarea, img)")]
    .filter((e) => !named(e) && !e.labels?.length).map((e) => e.outerHTML);
}"""
DROP = """() => {
  const carried = new DataTransfer();
  for (const name of ["dropped one.txt", "dropped two.txt"]) carried.items.add(new File(["Penicillin: rash."], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector("#feed").dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true }));
  }
}"""
OVERLAP = """() => {
  const parts = [...document.querySelectorAll("#top :is(.patient, .badge, .brand)")].filter((e) => e.offsetWidth);
  const places = parts.map((e) => e.getBoundingClientRect()).sort((a, b) => a.left - b.left);
  const covers = (place, at) => at > 0 && place.left < places[at - 1].right - 1;
  return places.some((place, at) => covers(place, at) || place.right > innerWidth + 1);
}"""
QUESTION = "Why was her ACE inhibitor stopped?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@dataclass(slots=True)
class OpenPage:
    """One page for all tests of this file; each puts a service of its own behind it."""

    folder: Path
    service: FakeService
    address: str = ""


@pytest.fixture(scope="module")
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    opened = OpenPage(folder=tmp_path_factory.mktemp("uploads"), service=FakeService())
    with served(lambda _: opened.service, opened.folder) as opened.address:
        yield opened


@pytest.fixture
def service(open_page: OpenPage) -> FakeService:
    open_page.service = FakeService()
    return open_page.service


@pytest.fixture
def visitor(browser: Browser, open_page: OpenPage, service: FakeService) -> Iterator[Visitor]:
    """On the page with the sample record read."""
    opened = new_visitor(browser, open_page.address)
    opened.page.click("text=Open the sample record")
    opened.page.wait_for_selector(".empty.ready .suggestion")
    yield opened
    assert opened.complaints == []
    assert opened.foreign_requests == []
    opened.page.context.close()


def evidence_boxes(visitor: Visitor) -> list[Box]:
    """The boxes on the screen, in shares of the picture that is shown."""
    found = visitor.page.evaluate(BOXES)
    return [Box(x0=x0, y0=y0, x1=x1, y1=y1) for x0, y0, x1, y1 in found]


def words_inside(page: Page, boxes: list[Box]) -> set[tuple[int, int]]:
    """The words of `page` whose middle lies in one of `boxes`, which are in shares of its size."""
    return {
        (word.start, word.end)
        for word in page.words
        for box in boxes
        if box.x0 <= (word.box.x0 + word.box.x1) / 2 / page.width <= box.x1
        and box.y0 <= (word.box.y0 + word.box.y1) / 2 / page.height <= box.y1
    }


def test_a_citation_boxes_exactly_the_quoted_words(visitor: Visitor, service: FakeService) -> None:
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)
    record = service.records()[0]
    answer = service.conversations(record.id)[0].turns[0]

    for citation in answer.citations:
        visitor.page.click(f'#turns .chip[data-n="{citation.n}"] >> nth=0')
        visitor.wait_for(f"document.querySelector('.shown')?.dataset.n === '{citation.n}'")
        page = service.page(record.id, citation.span.file, citation.span.page)
        quoted = {(w.start, w.end) for w in page.words if citation.span.start <= w.start and w.end <= citation.span.end}
        assert words_inside(page, evidence_boxes(visitor)) == quoted

    visitor.page.click('[data-zoom="1"] >> nth=0')
    assert words_inside(page, evidence_boxes(visitor)) == quoted


def test_escape_stops_the_model_and_keeps_what_was_said(visitor: Visitor, service: FakeService) -> None:
    service.seconds_per_word = 0.1
    visitor.ask(QUESTION)
    visitor.page.wait_for_selector("#answering .answer")

    visitor.page.keyboard.press("Escape")
    visitor.wait_for_answers(1)
    written = service.words_written

    assert visitor.page.locator("#turns .stopped").count() == 1
    assert written < 20
    visitor.page.wait_for_timeout(300)
    assert service.words_written == written


def test_a_question_can_be_asked_again_and_edited(visitor: Visitor, service: FakeService) -> None:
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)
    visitor.page.click("text=edit question")
    assert visitor.page.input_value("#question") == QUESTION
    visitor.ask("What was the potassium?")
    visitor.page.wait_for_selector("#turns .question:has-text('potassium')")
    visitor.wait_for_answers(1)
    visitor.page.click('#turns >> text="again"')
    visitor.wait_for_answers(1)

    questions = [turn.question for turn in service.conversations(service.records()[0].id)[0].turns]
    assert questions == ["What was the potassium?"]


def test_everything_can_be_done_with_the_keyboard(visitor: Visitor) -> None:
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("What was the potassium?")
    visitor.page.keyboard.press("Enter")
    visitor.wait_for_answers(1)
    visitor.page.evaluate("document.activeElement.blur()")

    for expected in ("1", "2", "3", "3"):
        visitor.page.keyboard.press("]")
        visitor.wait_for(f"document.querySelector('.shown')?.dataset.n === '{expected}'")
    visitor.page.keyboard.press("[")
    visitor.wait_for("document.querySelector('.shown')?.dataset.n === '2'")
    visitor.page.keyboard.press("?")
    assert visitor.page.locator("#dialog-help").is_visible()
    visitor.page.keyboard.press("Escape")
    assert not visitor.page.locator("#dialog-help").is_visible()


def test_every_control_has_a_name(visitor: Visitor) -> None:
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)
    visitor.page.click("#turns .chip >> nth=0")
    visitor.page.wait_for_selector(".sheet .evidence")

    assert visitor.page.evaluate(NAMELESS) == []
    assert visitor.page.get_attribute("#status [role=status]", "aria-live") == "polite"
    assert visitor.page.locator("#feed [aria-live]").count() == 0


def test_a_reload_keeps_record_and_conversation(visitor: Visitor) -> None:
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)

    visitor.reload()
    visitor.wait_for_answers(1)

    assert QUESTION in visitor.page.inner_text("#turns")


def test_hover_shows_the_quote_and_the_text_view_marks_it(visitor: Visitor) -> None:
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)
    visitor.page.hover("#turns .chip >> nth=0")
    assert "Creatinine rose from 1.3 to 1.9" in visitor.page.inner_text("#tip")

    visitor.page.click("#turns .chip >> nth=0")
    visitor.page.wait_for_selector(".sheet .evidence")
    visitor.page.click('[data-toggle="view"]')

    visitor.page.wait_for_selector(".page-text mark")
    assert visitor.page.inner_text(".page-text mark").startswith("Creatinine rose")


def test_files_that_are_chosen_are_read_and_a_bad_one_is_explained(
    visitor: Visitor, open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"nonsense")
    (tmp_path / "2026-03-01_<img src=x onerror=alert(1)>.txt").write_text("Penicillin: rash in 1999.")
    visitor.page.set_input_files("#chooser", sorted(tmp_path.glob("*.*")))

    visitor.page.wait_for_selector(".lost")
    visitor.page.wait_for_selector("#files .doc:has-text('1 Mar 2026')")
    assert "This file is damaged" in visitor.page.inner_text(".lost")
    assert visitor.page.locator("#files img").count() == 0
    assert [path for path in (open_page.folder / "cache").rglob("*") if path.is_file()] == []
    assert list((open_page.folder / "intake").iterdir()) == []


def test_files_can_be_dropped_anywhere_on_the_page(visitor: Visitor) -> None:
    visitor.page.evaluate(DROP)

    visitor.page.wait_for_selector("#files .doc:has-text('Dropped one')")
    visitor.page.wait_for_selector("#files .doc:has-text('Dropped two')")
    assert not visitor.page.locator("#drop-veil").is_visible()


def test_records_are_made_named_and_deleted(visitor: Visitor, service: FakeService) -> None:
    visitor.page.click(".patient > button")
    visitor.page.wait_for_selector("text=This record is empty.")
    visitor.page.click(".switch summary")
    visitor.page.click("text=Rename")
    visitor.page.fill("#rename-title", "Okafor, <b>Ada</b>")
    visitor.page.press("#rename-title", "Enter")
    visitor.page.wait_for_selector(".switch summary:has-text('Okafor, <b>Ada</b>')")

    visitor.page.click(".switch summary")
    visitor.page.click(".switch >> text=Delete record")
    visitor.page.click("#dialog-delete >> text=Keep it")
    assert len(service.records()) == 2
    visitor.page.click(".switch summary")
    visitor.page.click(".switch >> text=Delete record")
    visitor.page.click("#dialog-delete button:has-text('Delete record')")
    visitor.page.wait_for_selector("#files .doc")

    assert len(service.records()) == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(visitor: Visitor, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)

    for place in ("record", "thought", "proof") if width < 1000 else ("thought",):
        if width < 1000:
            visitor.page.click(f'.place-tabs [data-place="{place}"]')
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not visitor.page.evaluate(OVERLAP)


@pytest.mark.parametrize("menu", ["#scope-dates", "#scope-kinds"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_scope_of_a_question_opens_on_the_screen(visitor: Visitor, width: int, menu: str) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 844})
    visitor.page.click(f"{menu} > summary")
    box = visitor.page.locator(f"{menu} .popover").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 844


def test_a_citation_turns_a_narrow_screen_to_the_source(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.ask(QUESTION)
    visitor.wait_for_answers(1)

    visitor.page.click("#turns .chip >> nth=0")

    visitor.page.wait_for_selector(".sheet .evidence")
    assert visitor.page.locator("#proof").is_visible()
    assert not visitor.page.locator("#thought").is_visible()


def test_dark_follows_the_system_and_the_switch(visitor: Visitor) -> None:
    ground = "getComputedStyle(document.querySelector('#frame')).color"
    light = visitor.page.evaluate(ground)
    visitor.page.click("[data-theme-toggle]")
    dark = visitor.page.evaluate(ground)
    visitor.reload()
    visitor.page.wait_for_selector("#files .doc")

    assert light != dark
    assert visitor.page.evaluate(ground) == dark


def test_a_long_answer_does_not_keep_another_tab_waiting(
    visitor: Visitor, service: FakeService, tmp_path: Path
) -> None:
    service.seconds_per_word = 0.2
    visitor.ask(QUESTION)
    visitor.page.wait_for_selector("#answering .answer")
    other = visitor.page.context.new_page()
    other.goto(visitor.address)
    other.wait_for_selector("#files .doc")
    (tmp_path / "note.txt").write_text("Penicillin: rash in 1999.")

    other.set_input_files("#chooser", tmp_path / "note.txt")
    other.wait_for_selector("#files .doc:has-text('Note')")

    assert visitor.page.locator("[data-answering]").count() > 0
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_answers(1)


def test_closing_the_tab_stops_the_model(visitor: Visitor, service: FakeService) -> None:
    service.seconds_per_word = 0.2
    visitor.ask(QUESTION)
    visitor.page.wait_for_selector("#answering .answer")

    visitor.page.close()

    deadline = time.monotonic() + 10
    while not service.conversations(service.records()[0].id):
        assert time.monotonic() < deadline, "the model goes on for nobody"
        time.sleep(0.1)
    assert service.conversations(service.records()[0].id)[0].turns[0].stopped


def test_visitors_of_a_shared_page_see_nothing_of_each_other(browser: Browser, tmp_path: Path) -> None:
    services: dict[str, FakeService] = defaultdict(FakeService)
    with served(lambda visitor: services[visitor], tmp_path, is_shared=True) as address:
        first = new_visitor(browser, address)
        first.page.click("text=Open the sample record")
        first.page.wait_for_selector(".empty.ready .suggestion")
        first.page.set_input_files(
            "#chooser", {"name": "own.txt", "mimeType": "text/plain", "buffer": b"Penicillin: rash."}
        )
        first.page.wait_for_selector("#files .doc:has-text('Own')")
        first.page.click("#files .entry >> nth=0")
        first.page.wait_for_selector(".sheet img")

        second = new_visitor(browser, f"{address}{_query(first.page.url)}")

        assert "Open the sample record" in second.page.inner_text("#turns")
        assert "Discharge" not in second.page.content()
        assert len({cookie["value"] for each in (first, second) for cookie in each.page.context.cookies()}) == 2
        (tmp_path / "cache" / "held.txt").write_text("Penicillin: rash.")
        uploads = [f"{address}/gradio_api/file={path}" for path in tmp_path.rglob("*.txt")]
        assert uploads
        reachable = [url for url in [*uploads, *_addresses(first)] if b"Penicillin" in httpx.get(url).content]
        assert reachable == []
        first.reload()
        first.page.wait_for_selector("#files .doc:has-text('Own')")


def _query(url: str) -> str:
    found = re.search(r"\?record=[^&]+.*$", url)
    assert found is not None
    return f"/{found.group()}"


def _addresses(visitor: Visitor) -> list[str]:
    """Every address that this visitor's page asked for, its streams too."""
    return [
        url for url in dict.fromkeys(visitor.requests) if url.startswith(visitor.address) and "heartbeat" not in url
    ]


def test_a_document_on_hold_a_locked_one_and_a_scan_are_settled_on_the_page(
    visitor: Visitor, service: FakeService
) -> None:
    visitor.wait_for("!document.querySelector('[data-reading]')")
    record = service.records()[0]
    names = [file.name for file in record.files]
    service.hold(record.id, names[0], hold=FileProblem(code="other_patient", message="Another name, page 1."))
    locked = FileProblem(code="password_protected", message="locked")
    service.hold(record.id, names[1], problem=locked, page_count=0)
    service.hold(record.id, names[2], waiting_pages=(1,))
    visitor.reload()
    visitor.page.wait_for_selector(".attention")
    assert "on hold: not read" in visitor.page.inner_text("#files")

    visitor.page.click('[data-do="accept_file"]')
    visitor.page.wait_for_selector('[data-do="accept_file"]', state="detached")
    visitor.page.click('[data-do="recognize_file"]')
    visitor.page.wait_for_selector('[data-do="recognize_file"]', state="detached")
    visitor.page.fill(".password input", "wrong")
    visitor.page.press(".password input", "Enter")
    visitor.page.wait_for_selector("text=The password does not open the PDF")
    visitor.page.fill(".password input", "open")
    visitor.page.press(".password input", "Enter")
    visitor.page.wait_for_selector(".password", state="detached")
    assert service.record(record.id).files[1].problem is None


def test_a_document_is_renamed(visitor: Visitor, service: FakeService) -> None:
    visitor.wait_for("!document.querySelector('[data-reading]')")
    visitor.page.hover("#files .doc >> nth=0")
    visitor.page.click("#files .about summary >> nth=0")
    visitor.page.click('#files [data-dialog="rename-file"] >> nth=0')
    visitor.page.fill("#rename-file-name", "Letter of June.pdf")
    visitor.page.press("#rename-file-name", "Enter")
    visitor.page.wait_for_selector("text=Letter of June")
    assert "Letter of June.pdf" in [file.name for file in service.records()[0].files]
