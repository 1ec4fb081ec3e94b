"""Domain values as the JSON objects that the command line promises to other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.domain import (
    Answer,
    Box,
    Citation,
    Coverage,
    Hit,
    Page,
    PageRef,
    Record,
    SourceFile,
    Span,
    Statement,
    Summary,
    Word,
)
from assistant.evidence.boxes import boxes
from assistant.evidence.verification import Verification

Json = dict[str, Any]


def file_json(file: SourceFile, pages: Iterable[Page]) -> Json:
    """One entry of `read`."""
    problem = file.problem
    return {
        "name": file.name,
        "kind": file.kind,
        "sha256": file.sha256,
        "error": {"code": problem.code, "message": problem.message} if problem else None,
        "warnings": list(file.warnings),
        "pages": [page_json(page) for page in pages],
    }


def page_json(page: Page) -> Json:
    """A page of `read`."""
    return {
        "number": page.number,
        "part": page.part,
        "text": page.text,
        "width": page.width,
        "height": page.height,
        "origin": page.origin.value,
        "words": [_word_json(word) for word in page.words],
    }


def search_json(query: str, hits: Sequence[Hit]) -> Json:
    """A line of `search`."""
    return {"query": query, "results": [_hit_json(hit) for hit in hits]}


def answer_json(answer: Answer) -> Json:
    """A turn of `ask`."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "mode": answer.mode.value,
        "statements": [_statement_json(statement) for statement in answer.statements],
        "citations": [_citation_json(citation) for citation in answer.citations],
        "coverage": _coverage_json(answer.coverage),
    }


def summary_json(summary: Summary) -> Json:
    """The object of `summarize`."""
    return {
        "kind": summary.kind,
        "title": summary.title,
        "sections": [
            {"heading": section.heading, "statements": [_statement_json(s) for s in section.statements]}
            for section in summary.sections
        ],
        "citations": [_citation_json(citation) for citation in summary.citations],
        "missing": list(summary.missing),
    }


def record_json(record: Record) -> Json:
    """A record of `records list` and `records show`."""
    return {
        "id": record.id,
        "title": record.title,
        "created": record.created,
        "pages": record.pages_total,
        "files": [
            {
                "name": file.name,
                "kind": file.kind,
                "sha256": file.sha256,
                "pages": file.page_count,
                "unread_pages": list(file.unread_pages),
                "warnings": list(file.warnings),
            }
            for file in record.files
        ],
    }


def place_json(span: Span, quote: str, boxes: Sequence[Box]) -> Json:
    """Where cited words stand, without a number: the form of `verify` and `overview`."""
    return {
        "file": span.file,
        "page": span.page,
        "start": span.start,
        "end": span.end,
        "quote": quote,
        "boxes": [box.as_list() for box in boxes],
    }


def verification_json(statement_id: object, found: Verification, pages: Mapping[PageRef, Page]) -> Json:
    """A line of `verify`; `pages` holds the pages of the words found."""
    placed = ((span, pages[span.page_ref]) for span in found.spans)
    return {
        "id": statement_id,
        "support": found.support.value,
        "reasons": list(found.reasons),
        "citations": [
            place_json(span, page.text[span.start : span.end], boxes(page, span.start, span.end))
            for span, page in placed
        ],
    }


def _citation_json(citation: Citation) -> Json:
    return {"n": citation.n, **place_json(citation.span, citation.quote, citation.boxes)}


def _statement_json(statement: Statement) -> Json:
    return {"text": statement.text, "support": statement.support.value, "citations": list(statement.citations)}


def _coverage_json(coverage: Coverage) -> Json:
    return {
        "record_tokens": coverage.record_tokens,
        "context_tokens": coverage.context_tokens,
        "pages_read": coverage.pages_read,
        "pages_total": coverage.pages_total,
    }


def _hit_json(hit: Hit) -> Json:
    span = hit.passage.span
    return {
        "rank": hit.rank,
        "score": hit.score,
        "file": span.file,
        "page": span.page,
        "start": span.start,
        "end": span.end,
        "text": hit.passage.text,
    }


def _word_json(word: Word) -> Json:
    entry: Json = {"start": word.start, "end": word.end, "box": word.box.as_list()}
    return entry if word.confidence is None else {**entry, "confidence": word.confidence}
