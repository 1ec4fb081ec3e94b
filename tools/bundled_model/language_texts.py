"""Medical language that nobody here wrote: MedQuAD's answers and the dialogues and notes of EVAL_DATA's language/."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path

_ENDS = re.compile(r"(?<=[.!?])\s+")
_LONGEST_TEXT, _SHORTEST, _LONGEST = 1_500, 30, 160  # characters of a text, of a sentence
_EVERY_HELD_OUT = 10  # one text of so many is kept from training


def texts(folder: Path) -> Iterator[str]:
    """Every text, cut to a length that lets no source outweigh the others."""
    with lzma.open(folder / "language" / "medquad.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["answer"][:_LONGEST_TEXT]
    for name in ("mts_dialog.jsonl", "aci_bench.jsonl"):
        for line in (folder / "language" / name).read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            yield from (found["note"], found["dialogue"])


def sentences(folder: Path, *, held_out: bool) -> list[str]:
    """Sentences of a handy length, without quotation marks, each once, in a fixed order."""
    found: dict[str, None] = {}
    for index, text in enumerate(texts(folder)):
        if (index % _EVERY_HELD_OUT == 0) == held_out:
            pieces = (" ".join(piece.split()) for piece in _ENDS.split(text))
            found.update((piece, None) for piece in pieces if _SHORTEST <= len(piece) <= _LONGEST and _is_plain(piece))
    return list(found)


def _is_plain(sentence: str) -> bool:
    return sentence.isascii() and not set(sentence) & set('"[]<>') and sentence[-1] in ".!?"
