"""One file of a record on disk: a folder with the original, its pages and what is known about it.

The folder's arrival under `files/`, by one rename, is the moment at which the file is in the record; its departure the
moment at which it is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from assistant.domain import FileProblem, SourceFile
from assistant.library.disk import write_new

ORIGINAL = "original"
_DESCRIPTION = "file.json"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFolder:
    """A file in the record: where it lies, what it is, and its place in the order of the record."""

    folder: Path
    file: SourceFile
    place: int


def describe(folder: Path, file: SourceFile, place: int) -> None:
    """Write down what the file is, as the last thing before the folder joins the record."""
    body = {"version": _VERSION, "place": place, "file": _adapter().dump_python(file, mode="json")}
    write_new(folder / _DESCRIPTION, json.dumps(body, ensure_ascii=False).encode())


def file_folders(files: Path) -> list[FileFolder]:
    """The record's files in the order in which they were added."""
    folders = [_described(folder) for folder in files.iterdir()] if files.is_dir() else []
    present = (folder for folder in folders if folder is not None)
    return sorted(present, key=lambda found: (found.place, found.folder.name))


def _described(folder: Path) -> FileFolder | None:
    try:
        body = json.loads((folder / _DESCRIPTION).read_bytes())
        file = _adapter().validate_python(body["file"])
        return FileFolder(folder=folder, file=file, place=int(body["place"]))
    except (FileNotFoundError, NotADirectoryError):
        return None if not folder.is_dir() else _damaged(folder)
    except (ValueError, TypeError, KeyError, RecursionError):
        return _damaged(folder)


def _damaged(folder: Path) -> FileFolder:
    """A file whose description is unreadable still shows, so that it can be removed and added again."""
    problem = FileProblem(
        code="damaged_on_disk",
        message="What was stored about this file is damaged; remove it from the record and add it again.",
    )
    name = f"damaged file {folder.name[:6]}"
    file = SourceFile(name=name, kind="unknown", sha256="", size_bytes=0, page_count=0, problem=problem)
    return FileFolder(folder=folder, file=file, place=0)


@cache
def _adapter() -> TypeAdapter[SourceFile]:
    return TypeAdapter(SourceFile)
