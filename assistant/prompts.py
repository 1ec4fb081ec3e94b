"""The prompt texts of prompts/: each a file with named blanks, every blank filled or an error."""

from __future__ import annotations

import re
from pathlib import Path

PROMPTS = Path(__file__).resolve().parents[1] / "prompts"

# A blank is {{name}}; it is filled in one pass, so braces in the record's own text stay as they are.
_BLANK = re.compile(r"\{\{([a-z_]+)\}\}")


def blanks(name: str) -> frozenset[str]:
    """The blanks of the prompt `name`."""
    return frozenset(_BLANK.findall(_text(name)))


def fill(name: str, **values: str) -> str:
    """The prompt `name` with its blanks filled. Raises ValueError if a blank is left or a value has no blank."""
    wanted, given = blanks(name), frozenset(values)
    if wanted != given:
        raise ValueError(f"prompt {name}: the blanks are {sorted(wanted)}, the values {sorted(given)}")
    return _BLANK.sub(lambda blank: values[blank.group(1)], _text(name))


def not_in_record() -> str:
    """The one sentence that says that the record does not hold the answer."""
    return fill("not_in_record").strip()


def _text(name: str) -> str:
    return (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")
