"""What the browser sent with an event, read with care: anyone can send anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.errors import RecordNotFoundError


@dataclass(frozen=True, slots=True)
class Occasion:
    """The data-attributes of what was clicked, as page.js sends them."""

    data: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A text, "" where it is absent."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else "" if value is None else str(value)

    def wanted(self, name: str) -> str:
        """A text that must be there. Raises RecordNotFoundError."""
        if not (value := self.text(name)):
            raise RecordNotFoundError("that is no longer there; reload the page")
        return value

    def number(self, name: str) -> int:
        """A whole number that must be there. Raises RecordNotFoundError."""
        try:
            return int(self.wanted(name))
        except ValueError:
            raise RecordNotFoundError("that is no longer there; reload the page") from None

    def number_or_none(self, name: str) -> int | None:
        """A whole number, None where it is absent."""
        return self.number(name) if self.text(name) else None

    def items(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """A list of objects; anything else in it is left out."""
        value = self.data.get(name, ())
        return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()
