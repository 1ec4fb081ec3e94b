"""The picture of a page, made in a child process that stays warm and keeps the file open."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import DrawRequest, PictureMessage
from assistant.ingestion.pool import Pool
from assistant.ingestion.problems import refusal

_LIMITS = Limits()
_WIDEST_PIXELS = 8_000


def warm_up(limits: Limits = _LIMITS) -> None:
    """Start the drawing process before the first picture is asked for."""
    _pool().warm(limits)


def page_picture(path: Path, kind: str, number: int, *, width_pixels: int, limits: Limits = _LIMITS) -> bytes:
    """Page `number` of the file as displayed, a PNG `width_pixels` wide. Raises FileRefusedError if it cannot be."""
    request = DrawRequest(
        path=str(path.resolve()), kind=kind, number=number, width_pixels=min(max(width_pixels, 1), _WIDEST_PIXELS)
    )
    received = _pool().answer(request, limits)
    if not isinstance(received.message, PictureMessage):
        raise refusal("reader_crashed")
    return received.payload


@cache
def _pool() -> Pool:
    """One drawing process of its own: pages are turned while files are being read."""
    return Pool(1)
