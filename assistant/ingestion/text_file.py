"""Read plain text and Markdown: decoded, laid out on pages of our own, and drawn from the same layout."""

from __future__ import annotations

from functools import cached_property

from assistant.ingestion import typesetting
from assistant.ingestion.drawing import draw_blocks
from assistant.ingestion.encoding import DecodedText, decode
from assistant.ingestion.layout.page_text import compose
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage, Source

# A character can take four bytes; what is longer than this would be cut off anyway.
_BYTES_PER_CHARACTER = 4


class TextFile:
    """A text file cut into pages. Markdown keeps its marks: they are what the file says."""

    def __init__(self, source: Source, limits: Limits) -> None:
        if source.size_bytes > limits.file_characters * _BYTES_PER_CHARACTER:
            raise refusal("too_much_text", limit=f"{limits.file_characters:,}")
        self._source = source
        self._limits = limits

    @property
    def page_count(self) -> int:
        return len(self._pages)

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._decoded.warnings

    def read(self, number: int) -> ReadPage:
        blocks = typesetting.typeset(self._pages[number - 1])
        height = typesetting.page_height(blocks)
        width = typesetting.PAGE_WIDTH
        composed = compose(blocks, width=width, height=height, characters=self._limits.page_characters)
        return ReadPage(width=width, height=height, composed=composed)

    def draw(self, number: int, width_pixels: int) -> bytes:
        blocks = typesetting.typeset(self._pages[number - 1])
        return draw_blocks(
            blocks,
            width=typesetting.PAGE_WIDTH,
            height=typesetting.page_height(blocks),
            width_pixels=width_pixels,
            pixels=self._limits.picture_pixels,
        )

    def close(self) -> None:
        """Nothing is held open."""

    @cached_property
    def _decoded(self) -> DecodedText:
        return decode(self._source.read_bytes())

    @cached_property
    def _pages(self) -> list[list[str]]:
        return list(typesetting.page_sources(self._decoded.text))
