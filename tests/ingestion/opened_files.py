"""Open a file with its reader in this process, and mutate small files for the fuzz tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import SENTENCES
from assistant.ingestion.reader import OpenFile, Source

# An allocation or parser error that the child's worker turns into "damaged" is no surprise; these would be.
_BUGS = (AssertionError, AttributeError, NameError, UnboundLocalError, KeyError, TypeError)


def opened(reader: Callable[[Source, Limits], OpenFile], data: bytes, name: str = "file", **limits: int) -> OpenFile:
    """The file, opened."""
    return reader(Source(name=name, data=data), Limits(**limits))


def texts(file: OpenFile) -> list[str]:
    """The text of every page."""
    return [file.read(number).composed.text for number in range(1, file.page_count + 1)]


def parts(file: OpenFile) -> list[str | None]:
    """The part that each page names."""
    return [file.read(number).part for number in range(1, file.page_count + 1)]


def refusal_code(reader: Callable[[Source, Limits], OpenFile], data: bytes, name: str = "file", **limits: int) -> str:
    """The code with which the file is refused."""
    with pytest.raises(FileRefusedError) as refused:
        opened(reader, data, name, **limits)
    assert refused.value.code in SENTENCES
    return refused.value.code


def mutations(seed: bytes, count: int) -> Iterator[bytes]:
    """The seed with bytes flipped, cut out, doubled or exchanged for telling ones; the same at every run."""
    source = random.Random(seed[:64])
    for _ in range(count):
        data = bytearray(seed)
        for _ in range(source.randint(1, 8)):
            at = source.randrange(len(data))
            match source.randrange(5):
                case 0:
                    data[at] ^= 1 << source.randrange(8)
                case 1:
                    del data[at : at + source.randint(1, 64)]
                case 2:
                    data[at:at] = data[at : at + source.randint(1, 64)] * source.randint(1, 20)
                case 3:
                    data[at : at + 4] = source.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"<&\"'"])
                case _:
                    data[at] = source.randrange(256)
            if not data:
                data = bytearray(b"\0")
        yield bytes(data)


def survives(reader: Callable[[Source, Limits], OpenFile], data: bytes) -> bool:
    """Whether a mutated file gave pages; it may be refused or be too damaged, but not show a mistake of the reader."""
    try:
        file = opened(reader, data)
        texts(file)
        file.close()
    except _BUGS:
        raise
    except Exception:  # noqa: BLE001  # parsers raise everything; the worker names it "damaged"
        return False
    return True
