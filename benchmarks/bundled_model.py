"""The bundled model and the extractive reader beside it, asked through the service as the page asks them.

Run as `python -m benchmarks.bundled_model MODEL`, MODEL being bundled or a checkpoint folder (an export of
tools.bundled_model). Asked are the sample record's questions, held-out invented records, and, with EVAL_DATA set,
visit_notes/ there by rule: about a word that a note holds once, and about one that only another note holds. An answer
about an invented record is right when a citation's words hold what was wanted; one about a note, when a citation holds
the word. Answers are as the product gives them: quotations are kept to the record's words, statements are checked. The
share of statements that the checker calls quoted or supported is `proven`. Of each invented record a brief summary is
written too: `covered` are the facts, of all kinds that records have, whose words its citations hold; what is not proven
would be invented. Results are kept in benchmarks/results/bundled_model.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

from assistant.domain import Answer, Summary, Support
from assistant.ingestion.reading import Upload
from assistant.parts import open_service
from assistant.service import Service
from assistant.settings import from_process_environment
from benchmarks.extractive_reader import QUESTIONS, outcomes
from benchmarks.machine import describe_machine
from tools.bundled_model.evaluation import trials
from tools.bundled_model.job import natural_sentences
from tools.bundled_model.questions import Task, plain
from tools.bundled_model.records import RecordGenerator

RESULTS = Path(__file__).parent / "results" / "bundled_model.json"
_PROVEN = (Support.QUOTED, Support.SUPPORTED)
_RARE_WORD = re.compile(r"\b[a-z]{8,}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One answer: of what group the question was, whether it was right, its statements, those proven, seconds."""

    group: str
    right: bool
    statements: int
    proven: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """A summary: of the facts of its record those covered, its statements, those proven."""

    facts: int
    covered: int
    statements: int
    proven: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Texts of a record, and questions with the words that a right citation holds; () where a refusal is right.

    `facts`: the words of what a summary may tell.
    """

    texts: tuple[tuple[str, str], ...]  # file name and text
    questions: tuple[tuple[str, str, tuple[str, ...]], ...]  # group, question, wanted words
    facts: tuple[str, ...] = ()


def invented(count: int) -> Iterator[Asked]:
    """Held-out invented records."""
    for trial in trials(RecordGenerator(natural_sentences(held_out=True)), count, seed=1):
        texts = tuple((f"{n}_{Path(page.file).stem}.txt", page.text) for n, page in enumerate(trial.record.pages, 1))
        alone = [exchange for exchange in trial.exchanges if exchange.task is not Task.FOLLOW_UP]
        yield Asked(
            texts=texts,
            questions=tuple((exchange.task.value, exchange.question, exchange.wanted) for exchange in alone),
            facts=tuple(plain(fact.stated.marked) for fact in trial.record.facts),
        )


def visit_notes(folder: Path, count: int) -> Iterator[Asked]:
    """Notes, each with a question about a word that it holds once and one about a word that it does not hold."""
    paths = sorted((folder / "visit_notes").glob("*.txt"))[:count]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    for index, (path, text) in enumerate(zip(paths, texts, strict=True)):
        dice = random.Random(index)
        told = [word for word in _RARE_WORD.findall(text) if text.lower().count(word) == 1]
        other = [word for word in _RARE_WORD.findall(texts[index - 1]) if word[:6] not in text.lower()]
        if told and other:
            word, absent = dice.choice(told), dice.choice(other)
            ask = "What does the note say about {}?"
            yield Asked(
                texts=((path.name, text),),
                questions=(("told", ask.format(word), (word,)), ("absent", ask.format(absent), ())),
            )


def measure(model: str, records: int, notes: int, context_tokens: int | None = None) -> dict[str, object]:
    """Every question, asked of `model`."""
    found: dict[str, object] = {"context_tokens": context_tokens}
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(from_process_environment(), data_dir=Path(folder), model=model)
        service = open_service(replace(settings, context_tokens=context_tokens))
        try:
            found["sample_record"] = _sample_record(service)
            found["invented"], found["summaries_of_invented"] = _invented(service, records)
            if data := os.environ.get("EVAL_DATA"):
                found["visit_notes"] = _notes(service, Path(data), notes)
        finally:
            service.close()
    return found


def _sample_record(service: Service) -> dict[str, object]:
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    record = service.create_record()
    for _ in service.add_files(record.id, service.sample_record_uploads()):
        pass
    found = list(outcomes(service, record.id, questions))
    told = [one for one in found if one.answerable]
    absent = [one for one in found if not one.answerable]
    return {
        "answered_right": f"{sum(one.right for one in told)} of {len(told)}",
        "answer_in_the_quotation": f"{sum(one.quoted for one in told)} of {len(told)}",
        "refused_right": f"{sum(one.right for one in absent)} of {len(absent)}",
        "seconds_median": round(median(one.seconds for one in found), 2),
    }


def _invented(service: Service, records: int) -> tuple[dict[str, object], dict[str, object]]:
    """What is found of the questions about invented records, and of their summaries."""
    answered: list[Outcome] = []
    summed: list[Summed] = []
    for asked in invented(records):
        with _uploaded(service, asked) as record_id:
            answered += _ask(service, record_id, asked)
            summed.append(_summed(service, record_id, asked.facts))
    summaries: dict[str, object] = {
        "covered": f"{sum(one.covered for one in summed)} of {sum(one.facts for one in summed)}",
        "proven": f"{sum(one.proven for one in summed)} of {sum(one.statements for one in summed)}",
    }
    return _report(answered), summaries


def _notes(service: Service, data: Path, count: int) -> dict[str, object]:
    answered: list[Outcome] = []
    for asked in visit_notes(data, count):
        with _uploaded(service, asked) as record_id:
            answered += _ask(service, record_id, asked)
    return _report(answered)


@contextmanager
def _uploaded(service: Service, asked: Asked) -> Iterator[str]:
    """The id of a record with the texts, which is deleted afterwards."""
    record = service.create_record()
    with tempfile.TemporaryDirectory() as folder:
        paths = [(name, Path(folder) / name, text) for name, text in asked.texts]
        for _, path, text in paths:
            path.write_text(text, encoding="utf-8")
        for _ in service.add_files(record.id, tuple(Upload(name=name, path=path) for name, path, _ in paths)):
            pass
        yield record.id
    service.delete_record(record.id)


def _ask(service: Service, record_id: str, asked: Asked) -> Iterator[Outcome]:
    """Each question in a conversation of its own."""
    for group, question, wanted in asked.questions:
        began = perf_counter()
        answer = service.answer(record_id, None, question).conversation.turns[-1]
        yield _outcome(group, answer, wanted, perf_counter() - began)


def _summed(service: Service, record_id: str, facts: Sequence[str]) -> Summed:
    *_, summary = service.summarize(record_id, "brief")
    assert isinstance(summary, Summary)
    cited = " ".join(plain(citation.quote) for citation in summary.citations)
    statements = [statement for section in summary.sections for statement in section.statements]
    return Summed(
        facts=len(facts),
        covered=sum(fact in cited for fact in facts),
        statements=len(statements),
        proven=sum(statement.support in _PROVEN for statement in statements),
    )


def _outcome(group: str, answer: Answer, wanted: Sequence[str], seconds: float) -> Outcome:
    is_refusal = {statement.support for statement in answer.statements} == {Support.NOT_IN_RECORD}
    cited = " ".join(plain(citation.quote) for citation in answer.citations)
    told = [statement for statement in answer.statements if statement.support is not Support.NOT_IN_RECORD]
    return Outcome(
        group=group,
        right=all(plain(words) in cited for words in wanted) if wanted else is_refusal,
        statements=len(told),
        proven=sum(statement.support in _PROVEN for statement in told),
        seconds=seconds,
    )


def _report(found: Sequence[Outcome]) -> dict[str, object]:
    groups = {one.group: [other for other in found if other.group == one.group] for one in found}
    return {
        **{name: f"{sum(one.right for one in group)} of {len(group)}" for name, group in sorted(groups.items())},
        "proven": f"{sum(one.proven for one in found)} of {sum(one.statements for one in found)}",
        "seconds_median": round(median(one.seconds for one in found), 2),
    }


def main() -> None:
    """Measure both, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a checkpoint folder, or bundled")
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--notes", type=int, default=60)
    parser.add_argument("--context", type=int, help="tokens to read at most; default: the model's own window")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    result: dict[str, object] = {"machine": describe_machine()}
    result["extractive"] = measure("extractive", arguments.records, arguments.notes)
    result["bundled"] = measure(arguments.model, arguments.records, arguments.notes, arguments.context)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
