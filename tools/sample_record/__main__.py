"""Make the sample record: `python -m tools.sample_record [FOLDER]` writes the PDFs, questions.jsonl and facts.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pymupdf

from tools.sample_record.flow import flow_pages
from tools.sample_record.laboratory import tables
from tools.sample_record.letterheads import HOUSES, first_head, foot, frame_of, running_head
from tools.sample_record.locate import page_texts, places
from tools.sample_record.markup import Block, LabSheet, Manuscript, parse
from tools.sample_record.scan import scanned
from tools.sample_record.typesetting import draw

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "assets" / "sample_record"
MOMENT = "D:20260301090000Z"  # fixed, so that the same sources give the same bytes


def _with_tables(blocks: tuple[Block, ...]) -> list[Block]:
    return [part for block in blocks for part in (tables(block.name) if isinstance(block, LabSheet) else [block])]


def typeset(manuscript: Manuscript) -> bytes:
    house = HOUSES[manuscript.house]
    head, top = first_head(house, manuscript)
    look = replace(house.look, size=float(manuscript.settings.get("size", house.look.size)))
    pages = flow_pages(_with_tables(manuscript.blocks), look, frame_of(house, top))
    document = pymupdf.open()
    width, height = house.sheet
    for number, marks in enumerate(pages, start=1):
        above = head if number == 1 else running_head(house, manuscript)
        sheet = document.new_page(width=width, height=height)
        draw(sheet, [*above, *marks, *foot(house, manuscript, number, len(pages))])
    document.subset_fonts()
    document.set_metadata({"title": manuscript.file, "author": house.name, "creationDate": MOMENT, "modDate": MOMENT})
    return bytes(document.tobytes(garbage=4, deflate=True, no_new_id=True))


def manuscripts() -> list[Manuscript]:
    """In the order of their dates, with which their names begin."""
    paths = sorted((HERE / "documents").glob("*.txt"))
    return [parse(f"{path.stem}.pdf", path.read_text(encoding="utf-8")) for path in paths]


def sample_pdfs() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """By file name: every document as it is in the record, and the scanned ones as they were typed."""
    finished, typed = {}, {}
    for manuscript in manuscripts():
        made = typeset(manuscript)
        if "scan" in manuscript.settings:
            typed[manuscript.file], made = made, scanned(made)
        finished[manuscript.file] = made
    return finished, typed


def questions(texts: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    for line in (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        answers = [asdict(place) for words in asked["answers"] for place in places(words, texts)]
        yield {
            "id": asked["id"],
            "question": asked["question"],
            "answerable": bool(answers),
            "answers": answers,
        }


def facts(texts: Mapping[str, list[str]], typed: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """`scanned` facts stand only in a picture: their words are those that were typed before the scan."""
    found: list[dict[str, Any]] = []
    for line in (HERE / "facts.jsonl").read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        is_scanned = fact["what"].startswith("scan:")
        known = {"what": fact["what"], "scanned": is_scanned}
        found += [asdict(place) | known for place in places(fact["words"], typed if is_scanned else texts)]
    return found


def write(folder: Path) -> None:
    """Everything is made before the first file is written: words that stand nowhere leave the old record as it was."""
    pdfs, typed = sample_pdfs()
    texts = page_texts(pdfs)
    lines = [json.dumps(asked, ensure_ascii=False) for asked in questions(texts)]
    known = json.dumps(facts(texts, page_texts(typed)), ensure_ascii=False, indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pdf"):
        if old.name not in pdfs:
            old.unlink()
    for name, data in pdfs.items():
        (folder / name).write_bytes(data)
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "facts.json").write_text(known + "\n", encoding="utf-8")
    pages = sum(len(pages) for pages in texts.values())
    print(f"{len(pdfs)} documents, {pages} pages, {sum(map(len, pdfs.values())) / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS)
