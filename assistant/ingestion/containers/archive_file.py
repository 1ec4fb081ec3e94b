"""Read a ZIP archive: the pages of the files in it, by name. Nothing is ever written, so no path in it can lead out."""

from __future__ import annotations

import re
import stat
from functools import partial
from zipfile import ZipFile, ZipInfo

from assistant.ingestion.containers.composite_file import CompositeFile, Member, check_nesting, open_member, part_names
from assistant.ingestion.containers.unpacking import open_zip, unpack
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Source

# What systems put beside people's files.
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_IS_UTF8 = 0x800
_DIGITS = re.compile(r"(\d+)")
_SYSTEM_SHIFT = 16  # the upper half of the external attributes holds the mode on Unix


class ArchiveFile(CompositeFile):
    """A ZIP archive."""

    def __init__(self, source: Source, limits: Limits) -> None:
        check_nesting(limits)
        self._archive = open_zip(source, limits)
        entries = _files(self._archive)
        if len(entries) > limits.members:
            self._archive.close()
            raise refusal("too_many_members", limit=f"{limits.members:,}")
        super().__init__(
            self._archive_members(entries, limits), limits, unpacked_bytes=sum(entry.file_size for entry in entries)
        )
        if not self.page_count:
            self.close()
            raise refusal("office_password" if self.is_locked() else "no_readable_members")

    def close(self) -> None:
        super().close()
        self._archive.close()

    def _archive_members(self, entries: list[ZipInfo], limits: Limits) -> list[Member]:
        names = part_names(_written_name(entry) for entry in entries)
        named = sorted(zip(names, entries, strict=True), key=lambda pair: _reading_order(pair[0]))
        return [Member(part=name, open=partial(self._open_entry, entry, name, limits)) for name, entry in named]

    def _open_entry(self, entry: ZipInfo, name: str, limits: Limits) -> OpenFile:
        if stat.S_ISLNK(entry.external_attr >> _SYSTEM_SHIFT):
            raise refusal("unsupported_format", what="a link to another file")
        return open_member(Source(name=name, data=unpack(self._archive, entry)), limits)


def _files(archive: ZipFile) -> list[ZipInfo]:
    return [entry for entry in archive.infolist() if not entry.is_dir() and not _JUNK.search(entry.filename)]


def _written_name(entry: ZipInfo) -> str:
    """The name as it was given: old programs write it in their system's encoding and do not say which."""
    if entry.flag_bits & _IS_UTF8 or entry.orig_filename.isascii():
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")
    for encoding in ("utf-8", "gb2312"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.orig_filename


def _reading_order(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """By name as people count: "page 2" before "page 10"."""
    pieces = [(not piece.isdecimal(), int(piece) if piece.isdecimal() else 0, piece) for piece in _split(name)]
    return pieces, name


def _split(name: str) -> list[str]:
    return [piece for piece in _DIGITS.split(name.casefold()) if piece]
