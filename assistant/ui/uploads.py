"""Take uploaded files out of Gradio's cache, where every file has a web address, before anything else happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import RecordNotFoundError
from assistant.ingestion.reading import Upload


@contextmanager
def taken_uploads(files: Sequence[Mapping[str, Any]], *, cache: Path, intake: Path) -> Iterator[tuple[Upload, ...]]:
    """The uploads in a private folder that is gone afterwards. `files` are {"name", "path"} as the browser sent them.

    Raises RecordNotFoundError for a path that is not a file of the cache: the browser may send any path.
    """
    taken: dict[Path, Path] = {}
    with tempfile.TemporaryDirectory(dir=intake) as folder:
        yield tuple(_take(file, cache, Path(folder) / str(at), taken) for at, file in enumerate(files))


def _take(file: Mapping[str, Any], cache: Path, target: Path, taken: dict[Path, Path]) -> Upload:
    path = Path(str(file.get("path", "")))
    if path in taken:  # the cache knows a file by its name and content: two copies in one drop are one file there
        return Upload(name=str(file.get("name") or path.name), path=taken[path])
    if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(cache.resolve()):
        raise RecordNotFoundError("an uploaded file is no longer there; drop it again")
    shutil.move(path, target)
    taken[path] = target
    _remove_if_empty(path.parent, cache)
    return Upload(name=str(file.get("name") or path.name), path=target)


def _remove_if_empty(folder: Path, cache: Path) -> None:
    if folder != cache and not any(folder.iterdir()):
        folder.rmdir()
