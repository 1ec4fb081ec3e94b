"""The pages of one file on disk: written as they come, read back as a stream or one by one.

<name>.bin holds one block a page: the length and the checksum of what follows, then, compressed, the page's numbers as
JSON, its text and its packed words. <name>.index holds where each block begins, eight bytes a page; <name>.regions,
where it is there, the regions of the pages that have any, found when all were read. The pages of a scan are written a
second time, under another name, once their words are recognized.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter

from assistant.coded import CodedEntry
from assistant.domain import HiddenText, Origin, Page, Region, Role, Words
from assistant.errors import RecordDamagedError, RecordNotFoundError
from assistant.library.disk import sync_folder, write_all, write_new

_BLOCK_HEAD = struct.Struct("<II")
_PAGE_HEAD = struct.Struct("<II")
FIRST_NAME = "pages"
_PAGES, _INDEX, _REGIONS = ".bin", ".index", ".regions"

Regions = Mapping[int, tuple[Region, ...]]
# Words repeat their coordinates, so the quickest level already halves them.
_COMPRESSION = 1


class PageWriter:
    """Writes the pages of a file down under a name that nobody reads yet."""

    def __init__(self, folder: Path, name: str = FIRST_NAME) -> None:
        self._folder = folder
        self._name = name
        self._starts: array[int] = array("Q")
        self._at = 0
        self._descriptor = os.open(
            folder / f"{name}{_PAGES}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )

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
        write_new(self._folder / f"{self._name}{_INDEX}", self._starts.tobytes())

    def close(self) -> None:
        """Let go of the file; twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def write_regions(folder: Path, regions: Regions, name: str = FIRST_NAME) -> None:
    """Write down the regions of the pages that have any."""
    rows = {page: [[r.start, r.end, r.role] for r in found] for page, found in regions.items() if found}
    if rows:
        write_new(folder / f"{name}{_REGIONS}", json.dumps(rows).encode())


def move_pages(source: Path, target: Path) -> str:
    """Move the finished pages of `source` to `target`, which has others; returns the name that they have there."""
    name = f"{FIRST_NAME}-{secrets.token_hex(4)}"
    for suffix in (_PAGES, _INDEX, _REGIONS):
        if (path := source / f"{FIRST_NAME}{suffix}").exists():
            path.rename(target / f"{name}{suffix}")
    sync_folder(target)
    return name


def remove_stray_pages(folder: Path, name: str) -> None:
    """Delete the pages in `folder` that have any other name: they have been written anew."""
    for path in folder.glob(f"{FIRST_NAME}*"):
        if path.stem != name:
            path.unlink(missing_ok=True)


def read_pages(folder: Path, file: str, name: str = FIRST_NAME) -> Iterator[Page]:
    """All pages of the file, one in memory at a time. `file` is the name that the pages carry."""
    regions = _read_regions(folder, name)
    with _opened(folder / f"{name}{_PAGES}") as blocks:
        while head := blocks.read(_BLOCK_HEAD.size):
            yield _with_regions(_unpack(_block(blocks, head), file), regions)


def read_page(folder: Path, file: str, number: int, name: str = FIRST_NAME) -> Page:
    """Page `number`. Raises RecordNotFoundError if the file has no such page."""
    with _opened(folder / f"{name}{_INDEX}") as index:
        index.seek((number - 1) * 8 if number > 0 else 0, os.SEEK_SET)
        entry = index.read(8) if number > 0 else b""
    if len(entry) < 8:
        raise RecordNotFoundError(f"The file has no page {number}.")
    with _opened(folder / f"{name}{_PAGES}") as blocks:
        blocks.seek(array("Q", entry)[0])
        page = _unpack(_block(blocks, blocks.read(_BLOCK_HEAD.size)), file)
    return _with_regions(page, _read_regions(folder, name))


def _read_regions(folder: Path, name: str) -> Regions:
    """Nothing where there are none, or the file is damaged: they can be found again, and no page depends on them."""
    try:
        rows = json.loads((folder / f"{name}{_REGIONS}").read_bytes())
        return {
            int(page): tuple(Region(start=start, end=end, role=Role(role)) for start, end, role in found)
            for page, found in rows.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _with_regions(page: Page, regions: Regions) -> Page:
    found = regions.get(page.number)
    return replace(page, regions=found) if found else page


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
    numbers: dict[str, object] = {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "origin": page.origin,
        "part": page.part,
    }
    if page.entries:
        numbers["entries"] = [asdict(entry) for entry in page.entries]
    if page.hidden:
        numbers["hidden"] = [asdict(hidden) for hidden in page.hidden]
    head, text = json.dumps(numbers).encode(), page.text.encode()
    return _PAGE_HEAD.pack(len(head), len(text)) + head + text + page.words.to_bytes()


def _unpack(data: bytes, file: str) -> Page:
    head_bytes, text_bytes = _PAGE_HEAD.unpack_from(data)
    text_at = _PAGE_HEAD.size + head_bytes
    words_at = text_at + text_bytes
    numbers = json.loads(data[_PAGE_HEAD.size : text_at])
    numbers["origin"] = Origin(numbers["origin"])
    if "entries" in numbers:
        numbers["entries"] = _entries().validate_python(numbers["entries"])
    if "hidden" in numbers:
        numbers["hidden"] = _hidden().validate_python(numbers["hidden"])
    return Page(file=file, text=data[text_at:words_at].decode(), words=Words.from_bytes(data[words_at:]), **numbers)


@cache
def _entries() -> TypeAdapter[tuple[CodedEntry, ...]]:
    return TypeAdapter(tuple[CodedEntry, ...])


@cache
def _hidden() -> TypeAdapter[tuple[HiddenText, ...]]:
    return TypeAdapter(tuple[HiddenText, ...])
