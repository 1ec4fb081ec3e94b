"""Questions and statements from JSON Lines files, every line checked before any work begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import SettingsError

_Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A line of `verify --statements`: a statement, and what of the record it cites."""

    id: object
    text: str
    file: str | None
    page: int | None
    quote: str | None


def read_queries(path: Path) -> tuple[str, ...]:
    """The queries of `search --queries`. Raises SettingsError naming the line that is not one."""
    return tuple(entry["query"] for entry in _entries(path, {"query": _is_text}))


def read_statements(path: Path) -> tuple[StatementLine, ...]:
    """The statements of `verify --statements`. Raises SettingsError naming the line that is not one."""
    return tuple(StatementLine(**entry) for entry in _entries(path, _STATEMENT_FIELDS))


def _entries(path: Path, fields: Mapping[str, _Check]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            # A lone surrogate (the escape \\ud800) is no character: nothing could print it.
            json.dumps(entry, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise SettingsError(f"{path.name}, line {number}: is not JSON, or not in UTF-8") from None
        yield _checked(entry, fields, f"{path.name}, line {number}")


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines(): JSON may hold U+2028 and its like, which that takes for the ends of lines.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsError(f"{path.name} cannot be read: {type(failure).__name__}") from None


def _checked(entry: object, fields: Mapping[str, _Check], place: str) -> dict[str, Any]:
    """The wanted fields of a line; what else it holds is the caller's own."""
    required = [field for field in fields if field in _REQUIRED]
    if not isinstance(entry, dict) or not entry.keys() >= set(required):
        raise SettingsError(f"{place}: wants a JSON object with {', '.join(required)}")
    for field, is_right in fields.items():
        if not is_right(entry.get(field)):
            raise SettingsError(f"{place}: {field} is of the wrong type")
    return {field: entry.get(field) for field in fields}


def _is_anything(_: object) -> bool:
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_left_out(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_page_or_left_out(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


_REQUIRED = ("id", "text", "query")
_STATEMENT_FIELDS: Mapping[str, _Check] = {
    "id": _is_anything,
    "text": _is_text,
    "file": _is_text_or_left_out,
    "page": _is_page_or_left_out,
    "quote": _is_text_or_left_out,
}
