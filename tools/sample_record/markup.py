"""Read the plain-text notation in which the sample documents are written: a head of settings, then blocks.

    # heading      ## small heading      - bullet      : label | value      | cell | cell |      > alert
    !columns 2     !page     !rule     !widths 2,1,1     !sign Name | Role     !hand Name | Role     !small text
    !labs NAME     !mono text

A blank line ends a paragraph; `**bold**` is the only mark inside a line. The first row of a table is its head.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    text: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    text: str
    kind: str = "body"  # body, bullet, alert, small, mono


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numeric: bool = False  # results: flags in red, small type


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    name: str
    role: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSheet:
    """A place for laboratory tables: `name` is what `laboratory.tables` is asked for."""

    name: str


Block = Heading | Paragraph | Pairs | Table | Signature | Columns | PageBreak | Rule | LabSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    file: str
    house: str
    settings: dict[str, str]
    blocks: tuple[Block, ...]


def parse(file: str, source: str) -> Manuscript:
    head, _, body = source.partition("\n---\n")
    pairs = [line.partition(":") for line in head.splitlines()]
    settings = {name.strip(): value.strip() for name, _, value in pairs}
    chunks = [chunk for chunk in body.split("\n\n") if chunk.strip()]
    blocks = [block for chunk in chunks for block in _blocks(chunk.strip("\n").splitlines())]
    return Manuscript(file=file, house=settings.pop("house"), settings=settings, blocks=tuple(blocks))


def _blocks(lines: list[str]) -> list[Block]:
    """A chunk between blank lines: single-line blocks first, then neighbouring lines of one kind together."""
    blocks: list[Block] = []
    widths: tuple[float, ...] = ()
    while lines:
        line = lines[0]
        if line.startswith("!widths "):
            widths = tuple(float(part) for part in line.removeprefix("!widths ").split(","))
            lines = lines[1:]
        elif line.startswith("!"):
            blocks.append(_command(line))
            lines = lines[1:]
        elif line.startswith("#"):
            blocks.append(Heading(text=line.lstrip("# "), level=len(line) - len(line.lstrip("#"))))
            lines = lines[1:]
        else:
            mark = line[0] if line[:2] in ("- ", ": ", "| ", "> ") else ""
            end = _end_of_run(lines, mark)
            blocks += _run(lines[:end], mark, widths)
            lines = lines[end:]
    return blocks


def _end_of_run(lines: list[str], mark: str) -> int:
    """How many lines belong together: rows of one kind, or a paragraph up to the next marked line."""
    for number, line in enumerate(lines):
        marked = line[:2] in ("- ", ": ", "| ", "> ") or line.startswith(("!", "#"))
        if (mark and not line.startswith(mark + " ")) or (not mark and marked):
            return number
    return len(lines)


def _run(lines: list[str], mark: str, widths: tuple[float, ...]) -> list[Block]:
    if mark == "-":
        return [Paragraph(text=line[2:], kind="bullet") for line in lines]
    if mark == ">":
        return [Paragraph(text=" ".join(line[2:] for line in lines), kind="alert")]
    if mark == ":":
        pairs = [line[2:].split("|", 1) for line in lines]
        return [Pairs(rows=tuple((label.strip(), value.strip()) for label, value in pairs))]
    if mark == "|":
        rows = tuple(tuple(cell.strip() for cell in line.strip()[1:-1].split("|")) for line in lines)
        return [Table(rows=rows, widths=widths or (1.0,) * len(rows[0]))]
    return [Paragraph(text=" ".join(line.strip() for line in lines))]


def _command(line: str) -> Block:
    word, _, rest = line[1:].partition(" ")
    match word:
        case "columns":
            return Columns(count=int(rest))
        case "page":
            return PageBreak()
        case "rule":
            return Rule()
        case "labs":
            return LabSheet(name=rest)
        case "small" | "mono":
            return Paragraph(text=rest, kind=word)
        case "sign" | "hand":
            name, role = rest.split("|")
            return Signature(name=name.strip(), role=role.strip(), by_hand=word == "hand")
    raise ValueError(f"unknown command in a sample manuscript: !{word}")
