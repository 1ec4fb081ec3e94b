"""What a reading child and its parent say to each other, and its form in a pipe.

JSON and bytes, never pickle: a child that a hostile file has taken over must not be able to run anything in the parent.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Protocol

# The exit status of a child that ran out of memory.
OUT_OF_MEMORY_EXIT = 12
_HEAD = struct.Struct("<II")
_LARGEST_HEADER_BYTES = 64 << 20
_LARGEST_PAYLOAD_BYTES = 256 << 20


class Readable(Protocol):
    """The reading end of a pipe; an empty answer means that the other side went away."""

    def read(self, size: int, /) -> bytes: ...


class BrokenMessageError(Exception):
    """The other side went away in the middle of a message, or did not speak this language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Read the pages of a file from `first` on."""

    path: str
    name: str
    first: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRequest:
    """Draw one page of a file as a PNG picture."""

    path: str
    kind: str
    number: int
    width_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizeRequest:
    """Recognize the words on the picture of one page."""

    path: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockRequest:
    """Open a file with its password."""

    path: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The child has started and given up what it does not need."""

    is_filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The file was recognized and has pages. `pages_total` is None where only reading on will tell."""

    kind: str
    pages_total: int | None
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMessage:
    """One page; the packed words follow as the payload. `failure` says why it could not be read.

    `entries` and `hidden` are CodedEntry and HiddenText with their fields' names.
    """

    number: int
    text: str
    width: float
    height: float
    origin: str
    part: str | None
    warnings: list[str]
    entries: list[dict[str, object]]
    hidden: list[dict[str, object]]
    needs_recognition: bool
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Every page was read. `peak_bytes` is the most memory that the child has ever held."""

    warnings: list[str]
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The file, or the page of a picture, cannot be read."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMessage:
    """The payload is a PNG picture."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """The payload is the file without its password."""

    is_open: bool = True


Request = ReadRequest | DrawRequest | RecognizeRequest | UnlockRequest
Reply = Ready | Opened | PageMessage | Ended | Refused | PictureMessage | Unlocked

_KINDS: dict[str, type[Request] | type[Reply]] = {
    kind.__name__: kind
    for kind in (
        ReadRequest,
        DrawRequest,
        RecognizeRequest,
        UnlockRequest,
        Ready,
        Opened,
        PageMessage,
        Ended,
        Refused,
        PictureMessage,
        Unlocked,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message and the bytes that came with it."""

    message: Request | Reply
    payload: bytes


def encode(message: Request | Reply, payload: bytes = b"") -> bytes:
    """The message as it stands in the pipe."""
    header = json.dumps([type(message).__name__, asdict(message)]).encode()
    return _HEAD.pack(len(header), len(payload)) + header + payload


def receive(stream: Readable) -> Received:
    """The next message. Raises BrokenMessageError at the end of the stream and on anything that is no message."""
    header_bytes, payload_bytes = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if header_bytes > _LARGEST_HEADER_BYTES or payload_bytes > _LARGEST_PAYLOAD_BYTES:
        raise BrokenMessageError("a message is larger than any message")
    header = _exactly(stream, header_bytes)
    payload = _exactly(stream, payload_bytes)
    try:
        name, fields = json.loads(header)
        return Received(message=_KINDS[name](**fields), payload=payload)
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenMessageError("not a message") from error


def _exactly(stream: Readable, count: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        piece = stream.read(count - len(pieces))
        if not piece:
            raise BrokenMessageError("the other side went away")
        pieces += piece
    return bytes(pieces)
