"""The pages of one file on disk: written as they come, read back as a stream or one by one.

pages.bin holds one block a page: the length and the checksum of what follows, then, compressed, the page's numbers as
JSON, its text and its packed words. pages.index holds where each block begins, eight bytes a page.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from assistant.domain import Origin, Page, Words
from assistant.errors import RecordDamagedError, RecordNotFoundError
from assistant.library.disk import write_all, write_new

_BLOCK_HEAD = struct.Struct("<II")
_PAGE_HEAD = struct.Struct("<II")
_PAGES = "pages.bin"
_INDEX = "pages.index"
# Words repeat their coordinates, so the quickest level already halves them.
_COMPRESSION = 1


class PageWriter:
    """Appends pages to a folder that nobody reads yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts: array[int] = array("Q")
        self._at = 0
        self._descriptor = os.open(folder / _PAGES, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    @property
    def count(self) -> int:
        """Pages written so far."""
        return len(self._starts)

    def add(self, page: Page) -> None:
        """Write the next page; numbers run from 1 without a gap."""
        assert page.number == self.count + 1, "pages come in order"
        packed = zlib.compress(_pack(page), _COMPRESSION)
        block = _BLOCK_HEAD.pack(len(packed), zlib.crc32(packed)) + packed
        write_all(self._descriptor, block)
        self._starts.append(self._at)
        self._at += len(block)

    def finish(self) -> None:
        """Bring everything down to the disk."""
        os.fsync(self._descriptor)
        self.close()
        write_new(self._folder / _INDEX, self._starts.tobytes())

    def close(self) -> None:
        """Let go of the file; twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_pages(folder: Path, file: str) -> Iterator[Page]:
    """All pages of the file, one in memory at a time. `file` is the name that the pages carry."""
    with _opened(folder / _PAGES) as blocks:
        while head := blocks.read(_BLOCK_HEAD.size):
            yield _unpack(_block(blocks, head), file)


def read_page(folder: Path, file: str, number: int) -> Page:
    """Page `number`. Raises RecordNotFoundError if the file has no such page."""
    with _opened(folder / _INDEX) as index:
        index.seek((number - 1) * 8 if number > 0 else 0, os.SEEK_SET)
        entry = index.read(8) if number > 0 else b""
    if len(entry) < 8:
        raise RecordNotFoundError(f"The file has no page {number}.")
    with _opened(folder / _PAGES) as blocks:
        blocks.seek(array("Q", entry)[0])
        return _unpack(_block(blocks, blocks.read(_BLOCK_HEAD.size)), file)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise RecordNotFoundError("The file is no longer in the record; reload the page.") from error


def _block(blocks: BinaryIO, head: bytes) -> bytes:
    if len(head) == _BLOCK_HEAD.size:
        length, checksum = _BLOCK_HEAD.unpack(head)
        packed = blocks.read(length)
        if len(packed) == length and zlib.crc32(packed) == checksum:
            return zlib.decompress(packed)
    raise RecordDamagedError("A stored page is damaged on the disk; remove the file from the record and add it again.")


def _pack(page: Page) -> bytes:
    numbers = {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "origin": page.origin,
        "part": page.part,
    }
    head, text = json.dumps(numbers).encode(), page.text.encode()
    return _PAGE_HEAD.pack(len(head), len(text)) + head + text + page.words.to_bytes()


def _unpack(data: bytes, file: str) -> Page:
    head_bytes, text_bytes = _PAGE_HEAD.unpack_from(data)
    text_at = _PAGE_HEAD.size + head_bytes
    words_at = text_at + text_bytes
    numbers = json.loads(data[_PAGE_HEAD.size : text_at])
    numbers["origin"] = Origin(numbers["origin"])
    return Page(file=file, text=data[text_at:words_at].decode(), words=Words.from_bytes(data[words_at:]), **numbers)
