"""What a reader of one format offers: an open file gives pages by number, and pictures of them.

To add a format: a file with a class like this one, a line in `formats.READERS`, and how to know it in
`formats.recognize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from assistant.coded import CodedEntry
from assistant.domain import HiddenText, Origin
from assistant.ingestion.layout.page_text import ComposedText
from assistant.ingestion.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a reader finds its bytes: a file on disk, or in `data` the member of an archive."""

    name: str
    path: Path | None = None
    data: bytes | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return len(self.data) if self.data is not None else self._path.stat().st_size

    def read_bytes(self) -> bytes:
        """All bytes."""
        return self.data if self.data is not None else self._path.read_bytes()

    def open(self) -> BinaryIO:
        """The bytes as a stream that can be sought."""
        return BytesIO(self.data) if self.data is not None else self._path.open("rb")

    @property
    def _path(self) -> Path:
        assert self.path is not None, "a source has a path or data"
        return self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """A page as its reader gives it. `part` names the member of an archive; warnings speak about this page alone.

    `needs_recognition`: its words stand in a picture (or its text layer is bad) and are still to be recognized.
    """

    width: float
    height: float
    composed: ComposedText
    origin: Origin = Origin.TEXT
    part: str | None = None
    warnings: tuple[str, ...] = ()
    entries: tuple[CodedEntry, ...] = ()
    hidden: tuple[HiddenText, ...] = ()
    needs_recognition: bool = False


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

    def __call__(self, source: Source, limits: Limits) -> OpenFile:
        """Raises FileRefusedError where the file cannot be read at all."""
