"""Open a ZIP container, of an archive or of an office file: what it unpacks to is checked before anything is unpacked.

Python's zipfile gives no more bytes of a member than the directory declares, so what is declared can be relied on.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source

_LOCAL_HEADER_BYTES = 30  # APPNOTE.TXT 6.3.10, 4.3.7; name and extra field follow
# A folder has an entry of its own, and so has macOS' twin of a file.
_ENTRIES_PER_MEMBER = 4
# An entry takes 46 bytes and its name; nobody gives names longer than this on average.
_DIRECTORY_BYTES_PER_ENTRY = 1_024
_LONGEST_COMMENT_BYTES = 65_535
# Deflate reaches 1,032:1 on zeros; text and tables stay below 100:1.
_HIGHEST_RATIO = 200
_SMALL_BYTES = 10 << 20
_IS_ENCRYPTED = 0x1
_RARE_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
# What zipfile raises on damaged directories and members. RuntimeError: a member whose two headers disagree.
_DAMAGES = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
)


def open_zip(source: Source, limits: Limits) -> ZipFile:
    """The container, open. Raises FileRefusedError where it is damaged or would unpack to more than `limits` allow."""
    archive = _open_directory(source, limits)
    try:
        _check_sizes(archive.infolist(), limits)
        _check_places(archive.infolist(), source.size_bytes)
    except BadZipFile as error:
        archive.close()
        raise refusal("damaged") from error
    except BaseException:
        archive.close()
        raise
    return archive


def member_names(source: Source) -> frozenset[str]:
    """The names in the container's directory. Raises FileRefusedError where it is damaged or too large."""
    with _open_directory(source, Limits()) as archive:
        return frozenset(archive.namelist())


def unpack(archive: ZipFile, member: ZipInfo) -> bytes:
    """A member's bytes. Raises FileRefusedError where they are encrypted, packed in a rare way, or damaged."""
    with unpack_stream(archive, member) as stream:
        return stream.read()


@contextmanager
def unpack_stream(archive: ZipFile, member: ZipInfo) -> Iterator[IO[bytes]]:
    """A member's bytes as a stream. Raises FileRefusedError as `unpack` does, damage also while it is read."""
    if member.flag_bits & _IS_ENCRYPTED:
        raise refusal("office_password")
    # These two alone unpack in bounded steps in zipfile.
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        method = _RARE_METHODS.get(member.compress_type, f"method {member.compress_type}")
        raise refusal("unsupported_format", what=f"packed with {method}")
    try:
        with archive.open(member) as stream:
            yield stream
    except _DAMAGES as error:
        raise refusal("damaged") from error


def _open_directory(source: Source, limits: Limits) -> ZipFile:
    most_entries = limits.members * _ENTRIES_PER_MEMBER
    stream = _Directory(source.open(), most_entries * _DIRECTORY_BYTES_PER_ENTRY + _LONGEST_COMMENT_BYTES)
    try:
        archive = ZipFile(stream)
        if len(archive.infolist()) > most_entries:
            raise _TooManyEntriesError
    except _TooManyEntriesError as error:
        stream.close()
        raise refusal("too_many_members", limit=f"{limits.members:,}") from error
    except _DAMAGES as error:
        stream.close()
        raise refusal("damaged") from error
    stream.is_read = True
    return archive


class _TooManyEntriesError(Exception):
    """The directory is larger than that of any archive that people make."""


class _Directory(BufferedIOBase):
    """A stream that refuses, until the directory is read, to give so many bytes at once: zipfile asks for it whole."""

    def __init__(self, stream: BinaryIO, largest_bytes: int) -> None:
        self._stream = stream
        self._largest_bytes = largest_bytes
        self.is_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_read and size is not None and size > self._largest_bytes:
            raise _TooManyEntriesError
        return self._stream.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        super().close()


def _check_sizes(entries: list[ZipInfo], limits: Limits) -> None:
    is_bomb = any(
        entry.file_size > _SMALL_BYTES and entry.file_size > _HIGHEST_RATIO * entry.compress_size for entry in entries
    )
    if is_bomb or sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")


def _check_places(entries: list[ZipInfo], size_bytes: int) -> None:
    """Members that share their bytes unpack them many times over (D. Fifield, A better zip bomb, 2019)."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise BadZipFile("members overlap")
        end = entry.header_offset + _LOCAL_HEADER_BYTES + len(entry.orig_filename) + entry.compress_size
    if end > size_bytes:
        raise BadZipFile("a member ends after the file")
