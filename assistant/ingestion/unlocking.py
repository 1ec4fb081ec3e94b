"""Open a file with the password that its user gave."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from assistant.errors import FileRefusedError
from assistant.ingestion.child import ChildError
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import Refused, Unlocked, UnlockRequest
from assistant.ingestion.pool import Pool
from assistant.ingestion.problems import refusal


def unlocked(path: Path, password: str, limits: Limits) -> bytes:
    """The bytes of the PDF without its password. Raises FileRefusedError, `wrong_password` among others."""
    try:
        with _pool().lend(limits) as child:
            child.ask(UnlockRequest(path=str(path.resolve()), password=password))
            received = child.receive(limits.file_seconds)
    except ChildError as error:
        raise refusal(error.code) from error
    match received.message:
        case Unlocked():
            return received.payload
        case Refused(code=code, message=message):
            raise FileRefusedError(code, message)
        case _:
            raise refusal("reader_crashed")


@cache
def _pool() -> Pool:
    return Pool(1)
