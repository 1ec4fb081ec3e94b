"""Cut RTF into its tokens: groups, control words, characters (Rich Text Format Specification 1.9.1, Microsoft 2008)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?:([a-zA-Z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|(\r\n|[^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.DOTALL,
)


class RtfToken(NamedTuple):
    """A control word with its number, a control symbol ("~"), a brace, or bytes of text; the others are empty."""

    word: str = ""
    number: int | None = None
    symbol: str = ""
    brace: str = ""
    data: bytes = b""


def rtf_tokens(data: bytes) -> Iterator[RtfToken]:
    """The tokens in order; binary data, whose length the file declares, is passed over."""
    at, end = 0, len(data)
    while at < end:
        found = _TOKEN.match(data, at)
        if found is None:  # a backslash that nothing follows
            at += 1
            continue
        at = found.end()
        word, number, code, symbol, brace, text = found.groups()
        if text is not None:
            yield RtfToken(data=text)
        elif brace is not None:
            yield RtfToken(brace=brace.decode())
        elif word is not None:
            count = None if number is None else int(number)
            if word == b"bin":
                at += max(count or 0, 0)
            else:
                yield RtfToken(word=word.decode(), number=count)
        elif code is not None:
            yield RtfToken(data=bytes.fromhex(code.decode()), symbol="'")
        elif symbol is not None:
            yield RtfToken(symbol=symbol.decode("latin-1"))
