"""How many questions about the sample record the extractive reader answers right, and how many it rightly refuses.

Run as `python -m benchmarks.extractive_reader`; every question begins a conversation of its own through the service. An
answer is right when a citation stands on a page that holds the answer, with the answer's words in the quotation or in a
passage that it stands in. With EVAL_DATA set, questions about encounters are asked too (evidence_retrieval/ there) of a
record that holds every second file: a question whose file is not loaded should be refused, unless another encounter
tells of the same complaint. Results are kept in benchmarks/results/extractive_reader.json with the machine they ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from assistant.domain import Answer, Citation, Support
from assistant.evidence.passages import passages
from assistant.ingestion.reading import Upload
from assistant.parts import open_service
from assistant.service import AnswerDone, Service
from assistant.settings import from_process_environment
from benchmarks.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "extractive_reader.json"
QUESTIONS = Path(__file__).parents[1] / "assets" / "sample_record" / "questions.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question: whether it has an answer, whether the reader was right, whether the quotation itself holds it."""

    id: str
    answerable: bool
    right: bool
    quoted: bool
    seconds: float


def outcomes(service: Service, record_id: str, questions: Sequence[dict[str, Any]]) -> Iterator[Outcome]:
    """Ask every question and judge its answer."""
    for question in questions:
        started = perf_counter()
        *_, done = service.ask(record_id, None, question["question"])
        seconds = perf_counter() - started
        assert isinstance(done, AnswerDone)
        answer = done.conversation.turns[-1]
        yield Outcome(
            id=question["id"],
            answerable=question["answerable"],
            right=_is_right(service, record_id, answer, question),
            quoted=any(_holds(citation.quote, citation, question) for citation in answer.citations),
            seconds=round(seconds, 3),
        )


def _is_right(service: Service, record_id: str, answer: Answer, question: dict[str, Any]) -> bool:
    if not question["answerable"]:
        return {statement.support for statement in answer.statements} == {Support.NOT_IN_RECORD}
    return any(
        _holds(text, citation, question)
        for citation in answer.citations
        for text in _passages_of(service, record_id, citation)
    )


def _passages_of(service: Service, record_id: str, citation: Citation) -> Iterator[str]:
    """The passages of the cited page that the quotation stands in."""
    span = citation.span
    for passage in passages(service.page(record_id, span.file, span.page)):
        if passage.span.start < span.end and span.start < passage.span.end:
            yield passage.text


def _holds(text: str, citation: Citation, question: dict[str, Any]) -> bool:
    """Whether the citation is on the page of an answer whose words stand in `text`."""
    place = (citation.span.file, citation.span.page)
    return any(
        (answer["file"], answer["page"]) == place and _plain(answer["words"]) in _plain(text)
        for answer in question.get("answers", ())
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def measure() -> list[Outcome]:
    """Every question of the sample record, asked of the service as the page asks it."""
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        service = open_service(replace(from_process_environment(), data_dir=Path(folder), model="extractive"))
        try:
            record = service.create_record()
            for _ in service.add_files(record.id, service.sample_record_uploads()):
                pass
            return list(outcomes(service, record.id, questions))
        finally:
            service.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A question about an encounter: whether its file is loaded, its complaint stands in a loaded one, it was refused.

    `found`: a citation stands in the encounter's own file.
    """

    loaded: bool
    told_elsewhere: bool
    refused: bool
    found: bool


def refusals(folder: Path) -> list[Refusal]:
    """Questions about encounters, half of which are not loaded."""
    files = sorted((folder / "evidence_retrieval" / "record").iterdir())[::2]
    texts = {path.name: path.read_text(encoding="utf-8").lower() for path in files}
    lines = (folder / "evidence_retrieval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as data_dir:
        service = open_service(replace(from_process_environment(), data_dir=Path(data_dir), model="extractive"))
        try:
            record = service.create_record()
            for _ in service.add_files(record.id, tuple(Upload(name=path.name, path=path) for path in files)):
                pass
            return [_refusal(service, record.id, json.loads(line), texts) for line in lines]
        finally:
            service.close()


def _refusal(service: Service, record_id: str, question: dict[str, Any], texts: dict[str, str]) -> Refusal:
    answer = service.answer(record_id, None, question["question"]).conversation.turns[-1]
    reason = question["reason"].lower()
    return Refusal(
        loaded=question["file"] in texts,
        told_elsewhere=any(reason in text for name, text in texts.items() if name != question["file"]),
        refused={statement.support for statement in answer.statements} == {Support.NOT_IN_RECORD},
        found=any(citation.span.file == question["file"] for citation in answer.citations),
    )


def refusal_report(found: Sequence[Refusal]) -> dict[str, str]:
    """Shares refused, by whether the encounter, or its complaint, is in the record."""
    loaded = [one for one in found if one.loaded]
    absent = [one for one in found if not one.loaded]
    nowhere = [one for one in absent if not one.told_elsewhere]
    return {
        "not_loaded_refused": _of([one.refused for one in absent]),
        "not_loaded_and_complaint_told_nowhere_refused": _of([one.refused for one in nowhere]),
        "loaded_refused": _of([one.refused for one in loaded]),
        "loaded_and_its_file_cited": _of([one.found for one in loaded]),
    }


def _of(flags: Sequence[bool]) -> str:
    return f"{sum(flags)} of {len(flags)}"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found = measure()
    answerable = [outcome for outcome in found if outcome.answerable]
    others = [outcome for outcome in found if not outcome.answerable]
    result = {
        "machine": describe_machine(),
        "answered_right": f"{sum(outcome.right for outcome in answerable)} of {len(answerable)}",
        "answer_in_the_quotation": f"{sum(outcome.quoted for outcome in answerable)} of {len(answerable)}",
        "refused_right": f"{sum(outcome.right for outcome in others)} of {len(others)}",
        "seconds_median": median(outcome.seconds for outcome in found),
        "seconds_longest": max(outcome.seconds for outcome in found),
        "missed": [outcome.id for outcome in found if not outcome.right],
    }
    if "EVAL_DATA" in os.environ:
        result["encounters"] = refusal_report(refusals(Path(os.environ["EVAL_DATA"])))
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
