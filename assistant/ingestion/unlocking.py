"""Open a file with the password that its user gave."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import Unlocked, UnlockRequest
from assistant.ingestion.pool import Pool
from assistant.ingestion.problems import refusal


def unlocked(path: Path, password: str, limits: Limits) -> bytes:
    """The bytes of the PDF without its password. Raises FileRefusedError, `wrong_password` among others."""
    received = _pool().answer(UnlockRequest(path=str(path.resolve()), password=password), limits)
    if not isinstance(received.message, Unlocked):
        raise refusal("reader_crashed")
    return received.payload


@cache
def _pool() -> Pool:
    return Pool(1)
