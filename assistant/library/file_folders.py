"""One file of a record on disk: a folder with the original, its pages and what is known about it.

The folder's arrival under `files/`, by one rename, is the moment at which the file is in the record; its departure the
moment at which it is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from assistant.domain import FileProblem, SourceFile
from assistant.library.disk import write_whole
from assistant.library.page_files import FIRST_NAME
from assistant.library.renaming import with_file_renamed

ORIGINAL = "original"
_DESCRIPTION = "file.json"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFolder:
    """A file in the record: where it lies, what it is, its place in the record's order, and the name of its pages."""

    folder: Path
    file: SourceFile
    place: int
    pages: str = FIRST_NAME


def describe(found: FileFolder) -> None:
    """Write down what the file is; before its folder joins the record this is the last thing."""
    known = _adapter().dump_python(found.file, mode="json")
    body = {"version": _VERSION, "place": found.place, "pages": found.pages, "file": known}
    write_whole(found.folder / _DESCRIPTION, json.dumps(body, ensure_ascii=False).encode())


def renamed_file(file: SourceFile, name: str) -> SourceFile:
    """The file under another name, and with it all the places in it that are known."""
    if file.name == name:
        return file
    return replace(with_file_named(file, file.name, name), name=name)


def with_file_named(file: SourceFile, old: str, new: str) -> SourceFile:
    """The file, its places on the pages of `old` now on those of `new`; its own name stays."""
    return _adapter().validate_python(with_file_renamed(_adapter().dump_python(file, mode="json"), old, new))


def file_folders(files: Path) -> list[FileFolder]:
    """The record's files in the order in which they were added."""
    folders = [_described(folder) for folder in files.iterdir()] if files.is_dir() else []
    present = (folder for folder in folders if folder is not None)
    return sorted(present, key=lambda found: (found.place, found.folder.name))


def _described(folder: Path) -> FileFolder | None:
    try:
        body = json.loads((folder / _DESCRIPTION).read_bytes())
        file = _adapter().validate_python(body["file"])
        pages = str(body.get("pages", FIRST_NAME))
        return FileFolder(folder=folder, file=file, place=int(body["place"]), pages=pages)
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
