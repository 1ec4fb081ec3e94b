"""Have stored values name a file by its new name, wherever they name it."""

from __future__ import annotations

from typing import Any


def with_file_renamed(value: Any, old: str, new: str) -> Any:
    """A value as JSON has it, with `new` wherever a `file` was `old`."""
    if isinstance(value, dict):
        return {
            key: new if (key, item) == ("file", old) else with_file_renamed(item, old, new)
            for key, item in value.items()
        }
    return [with_file_renamed(item, old, new) for item in value] if isinstance(value, list) else value
