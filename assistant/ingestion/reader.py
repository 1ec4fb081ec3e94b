"""What a reader of one format offers: an open file gives pages by number, and pictures of them.

To add a format: a file with a class like this one, a line in `formats.READERS`, and how to know it in
`formats.recognize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.domain import Origin
from assistant.ingestion.limits import Limits
from assistant.ingestion.page_text import ComposedText


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """A page as its reader gives it. `part` names the member of an archive; warnings speak about this page alone."""

    width: float
    height: float
    composed: ComposedText
    origin: Origin = Origin.TEXT
    part: str | None = None
    warnings: tuple[str, ...] = ()


class OpenFile(Protocol):
    """A file that its reader has opened, in the child process."""

    @property
    def page_count(self) -> int:
        """How many pages it has. May be above the limit; then nothing is read."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the file as a whole; may grow while pages are read."""

    def read(self, number: int) -> ReadPage:
        """Page `number`, from 1."""

    def draw(self, number: int, width_pixels: int) -> bytes:
        """Page `number` as displayed, as a PNG picture."""

    def close(self) -> None:
        """Let go of the file."""


class Reader(Protocol):
    """Opens files of one format."""

    def __call__(self, path: Path, limits: Limits) -> OpenFile:
        """Raises FileRefusedError where the file cannot be read at all."""
