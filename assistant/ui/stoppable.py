"""Long work is an iterator; leaving the block closes it, which stops the work."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Event = TypeVar("Event")


@contextmanager
def stoppable(work: Iterator[Event]) -> Iterator[Iterator[Event]]:
    """`work`, closed at the end of the block if it can be closed."""
    try:
        yield work
    finally:
        if isinstance(work, Generator):
            work.close()
