"""What is said about any office document that holds more than its text shows."""

from __future__ import annotations

from collections.abc import Iterator

TRACKED_CHANGES = "the document has tracked changes; it is read as if all were accepted"


def not_read(count: int, what: str) -> Iterator[str]:
    """A warning that so many things of a kind are in the document and are not read; nothing for none."""
    if count:
        yield f"{count} {what}{'' if count == 1 else 's'} in the document: not read, only shown as [{what}]"
