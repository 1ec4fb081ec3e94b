"""Several files in one: the pages of an archive's or an e-mail's members in order, each naming its member."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from assistant.errors import FileRefusedError
from assistant.ingestion.formats import open_file, recognize
from assistant.ingestion.limits import Limits
from assistant.ingestion.names import clean_name, unique_name
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, ReadPage, Source

# One being read, and the one before it, of which a picture may be asked.
_MOST_OPEN = 2
_WARNINGS_KEPT = 50
_DEEPEST_FOLDER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside another. `part` names it, None for the text of an e-mail itself; `open` may be called again."""

    part: str | None
    open: Callable[[], OpenFile]


class PartWarning(NamedTuple):
    """A warning about a member, None for the file itself."""

    part: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.part}: {self.text}" if self.part else self.text


class CompositeFile:
    """Members as one file. Each is opened once for its pages to be counted, and again when they are read.

    A member that cannot be read has no pages, and a warning names it. `unpacked_bytes` is what the members take.
    """

    def __init__(self, members: Sequence[Member], limits: Limits, *, unpacked_bytes: int) -> None:
        self.unpacked_bytes = unpacked_bytes
        self.member_count = len(members)
        self._limits = limits
        self._members: list[Member] = []
        self._unread: list[PartWarning] = []
        self._unread_codes: set[str] = set()
        self._member_warnings: dict[int, tuple[PartWarning, ...]] = {}
        self._open: OrderedDict[int, OpenFile] = OrderedDict()
        self._last_pages = list(accumulate(self._counts(members)))

    @property
    def page_count(self) -> int:
        return self._last_pages[-1] if self._last_pages else 0

    @property
    def warnings(self) -> tuple[str, ...]:
        found = [str(warning) for warning in self.part_warnings]
        if (more := len(found) - _WARNINGS_KEPT) > 0:
            return (*found[:_WARNINGS_KEPT], f"{more} more warnings about files in it")
        return tuple(found)

    @property
    def part_warnings(self) -> tuple[PartWarning, ...]:
        """The same, each with the member that it is about."""
        read = (warning for _, warnings in sorted(self._member_warnings.items()) for warning in warnings)
        return (*self._unread, *read)

    def read(self, number: int) -> ReadPage:
        index, own_number = self._place(number)
        opened = self._opened(index)
        page = opened.read(own_number)
        self._member_warnings[index] = _warnings(self._members[index].part, opened)
        return replace(page, part=_joined(self._members[index].part, page.part))

    def draw(self, number: int, width_pixels: int) -> bytes:
        opened, own_number = self.member_page(number)
        return opened.draw(own_number, width_pixels)

    def member_page(self, number: int) -> tuple[OpenFile, int]:
        """The open member that page `number` is of, and the page's own number in it."""
        index, own_number = self._place(number)
        return self._opened(index), own_number

    def is_locked(self) -> bool:
        """Whether nothing of it can be read for want of a password."""
        return not self._members and self._unread_codes == {"office_password"}

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _place(self, number: int) -> tuple[int, int]:
        """The index of the member that page `number` is of, and the page's own number in it."""
        index = bisect_right(self._last_pages, number - 1)
        return index, number - (self._last_pages[index - 1] if index else 0)

    def _counts(self, members: Sequence[Member]) -> Iterator[int]:
        total = 0
        for member in members:
            count = self._count(member)
            if count is None:
                continue
            yield count
            total += count
            if total > self._limits.pages:  # no page of it will be read
                return

    def _count(self, member: Member) -> int | None:
        """How many pages the member has; it joins the members. None where it cannot be read."""
        index = len(self._members)
        try:
            with _failures_named():
                opened = member.open()
                self._keep(index, opened)
                count = opened.page_count
                if count < 1:
                    raise refusal("no_pages")
        except FileRefusedError as error:
            self._drop(index)
            if member.part is None:
                raise
            self._unread.append(PartWarning(member.part, f"not read ({error.code})"))
            self._unread_codes.add(error.code)
            return None
        self._members.append(member)
        self._member_warnings[index] = _warnings(member.part, opened)
        self._add_up(opened)
        return count

    def _add_up(self, opened: OpenFile) -> None:
        """A nested archive counts with all that is in it: no ten archives of ten archives of ten."""
        if not isinstance(opened, CompositeFile):
            return
        self.unpacked_bytes += opened.unpacked_bytes
        self.member_count += opened.member_count
        if self.unpacked_bytes > self._limits.unpacked_bytes:
            self.close()
            raise refusal("unpacks_too_large", limit=f"{self._limits.unpacked_bytes >> 20:,} MiB")
        if self.member_count > self._limits.members:
            self.close()
            raise refusal("too_many_members", limit=f"{self._limits.members:,}")

    def _opened(self, index: int) -> OpenFile:
        if index in self._open:
            self._open.move_to_end(index)
            return self._open[index]
        with _failures_named():
            opened = self._members[index].open()
        self._keep(index, opened)
        return opened

    def _keep(self, index: int, opened: OpenFile) -> None:
        while len(self._open) >= _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        self._open[index] = opened

    def _drop(self, index: int) -> None:
        if index in self._open:
            self._open.pop(index).close()


def innermost(opened: OpenFile, number: int) -> tuple[OpenFile, int]:
    """The file that page `number` is of, out of whatever it is packed in, and the page's own number in it."""
    while isinstance(opened, CompositeFile):
        opened, number = opened.member_page(number)
    return opened, number


def open_member(source: Source, limits: Limits) -> OpenFile:
    """Open a file that stands inside another, whatever it is; what it may contain in turn is one level less deep."""
    return open_file(source, recognize(source), replace(limits, nesting=limits.nesting - 1))


def check_nesting(limits: Limits) -> None:
    """Raises FileRefusedError for a file with members that stands too deep inside others."""
    if limits.nesting < 1:
        raise refusal("unsupported_format", what="packed too deep inside other files")


def part_names(paths: Iterable[str]) -> list[str]:
    """Members' paths fit to show, each one once: nothing is ever written there, so they need only be readable."""
    taken: dict[str, list[str]] = {}
    parts = []
    for path in paths:
        pieces = [clean_name(piece) for piece in path.replace("\\", "/").split("/") if piece.strip(". ")]
        folder = "/".join(pieces[-_DEEPEST_FOLDER:-1])
        in_folder = taken.setdefault(folder.casefold(), [])
        in_folder.append(unique_name(pieces[-1] if pieces else clean_name(""), in_folder))
        parts.append(_joined(folder, in_folder[-1]) or in_folder[-1])
    return parts


def _warnings(part: str | None, opened: OpenFile) -> tuple[PartWarning, ...]:
    if isinstance(opened, CompositeFile):
        return tuple(PartWarning(_joined(part, inner.part), inner.text) for inner in opened.part_warnings)
    return tuple(PartWarning(part, text) for text in opened.warnings)


def _joined(outer: str | None, inner: str | None) -> str | None:
    return "/".join(part for part in (outer, inner) if part) or None


@contextmanager
def _failures_named() -> Iterator[None]:
    """One member's failure must not be its neighbours'. Out of memory is everybody's: nobody knows the state then."""
    try:
        yield
    except (FileRefusedError, MemoryError):
        raise
    except Exception as error:
        raise refusal("damaged") from error
