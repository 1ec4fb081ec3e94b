"""The main job as a visitor does it: open the sample record, ask, click a citation, find the words boxed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.parts import open_service
from assistant.service import Service
from assistant.settings import Settings
from tests.ui.browser import new_visitor, opened_browser, served
from tests.ui.test_page_browser import evidence_boxes, words_inside

pytestmark = pytest.mark.browser

QUESTIONS = (
    "What was the most recent creatinine?",
    "Which allergies are recorded?",
    "Why was the patient last in hospital?",
)


@pytest.fixture(params=["extractive", "bundled"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    opened = open_service(Settings(data_dir=tmp_path / "data", model=request.param))
    try:
        yield opened
    finally:
        opened.close()


def test_from_the_sample_record_to_the_boxed_words(service: Service, tmp_path: Path) -> None:
    with opened_browser() as browser, served(lambda _: service, tmp_path / "uploads") as address:
        visitor = new_visitor(browser, address)
        assert visitor.page.text_content("#frame .badge.model summary b") == service.model.name
        visitor.page.click("text=Open the sample record")
        visitor.page.wait_for_selector("[data-reading]")
        visitor.wait_for("!document.querySelector('[data-reading]')", seconds=240)
        for asked, question in enumerate(QUESTIONS, start=1):
            visitor.ask(question)
            visitor.wait_for_answers(asked, seconds=60)

        record = service.records()[0]
        answers = service.conversations(record.id)[0].turns
        assert [answer.question for answer in answers] == list(QUESTIONS)
        turn, citation = next((turn, answer.citations[0]) for turn, answer in enumerate(answers) if answer.citations)
        visitor.page.click(f'#turns .chip[data-turn="{turn}"][data-n="{citation.n}"] >> nth=0')
        visitor.page.wait_for_selector(".sheet .evidence", timeout=30_000)
        page = service.page(record.id, citation.span.file, citation.span.page)
        quoted = {(w.start, w.end) for w in page.words if citation.span.start < w.end and w.start < citation.span.end}
        assert quoted
        assert words_inside(page, evidence_boxes(visitor)) == quoted

        visitor.reload()
        visitor.wait_for_answers(len(QUESTIONS))
        assert all(question in visitor.page.inner_text("#turns") for question in QUESTIONS)
        assert visitor.foreign_requests == []
        assert visitor.complaints == []
