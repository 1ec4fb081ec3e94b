"""JSON of FHIR, held so that nothing in it can be of a wrong type; numbers stay as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.ingestion.encoding import decode
from assistant.ingestion.problems import refusal

_SPACE = re.compile(r"[\s,\[\]\ufeff]*")
_DAMAGED_LINE = "the file is damaged; {count} of its resources could not be read and are missing"
_REST_OF_LINE = re.compile(r"[^\n]*")


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value. What is asked of it and not there, or of another type, is an empty Node or an empty text."""

    raw: object = None

    def __getitem__(self, name: str) -> Node:
        return Node(self.raw.get(name)) if isinstance(self.raw, dict) else Node()

    def __iter__(self) -> Iterator[Node]:
        """The items of a list; of a single value that value, for writers leave the list out."""
        if isinstance(self.raw, list):
            return (Node(each) for each in self.raw)
        return iter((self,) if self else ())

    def __bool__(self) -> bool:
        return self.raw not in (None, "", [], {})

    def first(self, *names: str) -> Node:
        """The first of several members that is there."""
        return next((found for name in names if (found := self[name])), Node())

    @property
    def text(self) -> str:
        """A text, a number as written, true or false; "" for anything else."""
        if isinstance(self.raw, bool):
            return "true" if self.raw else "false"
        return self.raw.strip() if isinstance(self.raw, str) else ""

    @property
    def is_true(self) -> bool:
        """Whether this is the JSON value true."""
        return self.raw is True


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedJson:
    """The values of a file, one after the other, and what to know about how it was parsed."""

    values: tuple[Node, ...]
    warnings: tuple[str, ...] = ()


def parse_json(data: bytes) -> ParsedJson:
    """One JSON value, or several with white space between (NDJSON). A line that is damaged is left out, and said.

    Raises FileRefusedError ("damaged") where nothing can be read, and for JSON nested deeper than Python can follow.
    """
    decoded = decode(data)
    try:
        return ParsedJson(values=(Node(_decoder().decode(decoded.text.lstrip("\ufeff"))),), warnings=decoded.warnings)
    except RecursionError as error:
        raise refusal("damaged") from error
    except ValueError:
        return _lines(decoded.text, decoded.warnings)


def _lines(text: str, warnings: tuple[str, ...]) -> ParsedJson:
    decoder = _decoder()
    values: list[Node] = []
    damaged = 0
    at = _start(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
            values.append(Node(value))
        except RecursionError as error:
            raise refusal("damaged") from error
        except ValueError:
            damaged += 1
            at = _REST_OF_LINE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        at = _start(text, at)
    if not any(value["resourceType"] for value in values):
        raise refusal("damaged")
    if damaged:
        warnings = (*warnings, _DAMAGED_LINE.format(count=damaged))
    return ParsedJson(values=tuple(values), warnings=warnings)


def _start(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
