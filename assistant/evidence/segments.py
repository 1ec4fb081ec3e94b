"""What the index keeps of one file on disk: its passages and their vectors, written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.domain import DocumentKind, Passage, Span
from assistant.evidence.encoder import Vectors
from assistant.evidence.passage_context import PassageContext

_PASSAGES = "passages.json"
_VECTORS = "vectors.npy"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """The passages of one file. `contexts[i]`, `terms[i]` and row i of `vectors` belong to `passages[i]`.

    `sign` tells what was known of the file when it was indexed; with another sign it is to be indexed again.
    """

    name: str
    file: str
    sign: str
    passages: tuple[Passage, ...]
    contexts: tuple[PassageContext, ...]
    terms: tuple[tuple[str, ...], ...]
    vectors: Vectors


def new_name() -> str:
    """A name that says nothing of the file."""
    return secrets.token_hex(6)


def save(folder: Path, segment: Segment) -> None:
    """Write `segment` under `folder`; a crash leaves it out."""
    draft = folder / f".{segment.name}"
    draft.mkdir(mode=0o700)
    rows = [
        [p.span.page, p.span.start, p.span.end, p.text, " ".join(terms), *_packed(context)]
        for p, terms, context in zip(segment.passages, segment.terms, segment.contexts, strict=True)
    ]
    content = {"file": segment.file, "sign": segment.sign, "passages": rows}
    with (draft / _PASSAGES).open("w", encoding="utf-8") as target:
        json.dump(content, target, ensure_ascii=False)
        target.flush()
        os.fsync(target.fileno())
    with (draft / _VECTORS).open("wb") as packed:
        np.save(packed, segment.vectors, allow_pickle=False)
        packed.flush()
        os.fsync(packed.fileno())
    draft.rename(folder / segment.name)


def load(folder: Path, name: str) -> Segment | None:
    """The segment called `name`, or None if it is not there or not whole."""
    try:
        content = json.loads((folder / name / _PASSAGES).read_text(encoding="utf-8"))
        vectors = np.load(folder / name / _VECTORS, allow_pickle=False)
        file, rows = str(content["file"]), content["passages"]
        passages = tuple(
            Passage(span=Span(file=file, page=row[0], start=row[1], end=row[2]), text=row[3]) for row in rows
        )
        terms = tuple(tuple(row[4].split(" ")) if row[4] else () for row in rows)
        contexts = tuple(_unpacked(row[5:]) for row in rows)
        if len(vectors) != len(passages):
            return None
        sign = str(content["sign"])
        return Segment(
            name=name, file=file, sign=sign, passages=passages, contexts=contexts, terms=terms, vectors=vectors
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError):
        return None


def discard(folder: Path, names: Sequence[str]) -> None:
    """Delete what lies under `folder` by these names."""
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)


def _packed(context: PassageContext) -> list[object]:
    return [
        context.document,
        context.kind,
        context.date,
        context.section,
        list(context.headings),
        context.table,
        context.label,
    ]


def _unpacked(row: Sequence[Any]) -> PassageContext:
    document, kind, date, section, headings, table, label = row
    return PassageContext(
        document=document,
        kind=None if kind is None else DocumentKind(kind),
        date=date,
        section=section,
        headings=tuple(headings),
        table=table,
        label=label,
    )
