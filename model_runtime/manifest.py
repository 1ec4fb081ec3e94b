"""The list of a 4-bit folder's files with their sizes and sha256: written last, checked before anything is loaded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from model_runtime.errors import CheckpointError
from model_runtime.shard_writer import sha256_of, write_text

MANIFEST_NAME = "manifest.json"


def write_manifest(folder: Path) -> None:
    """Describe every file of the folder."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    entries = {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in files
        if path.name != MANIFEST_NAME
    }
    write_text(folder / MANIFEST_NAME, json.dumps({"files": entries}, indent=2) + "\n")


def check_manifest(folder: Path, *, threads: int) -> None:
    """Compare every file with the manifest. Raises CheckpointError naming the first that differs or is missing."""
    path = folder / MANIFEST_NAME
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
        stated = {str(name): (int(entry["bytes"]), str(entry["sha256"])) for name, entry in entries.items()}
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no {MANIFEST_NAME}: it is not whole; quantize again") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged; quantize again") from error
    for name, (size, _) in stated.items():
        file = folder / name
        if not file.exists():
            raise CheckpointError(f"{file} is missing; copy it again or quantize again")
        if file.stat().st_size != size:
            raise CheckpointError(
                f"{file} is damaged: it has {file.stat().st_size:,} bytes instead of {size:,}; "
                "copy it again or quantize again"
            )
    with ThreadPoolExecutor(threads) as pool:
        hashes = pool.map(lambda name: sha256_of(folder / name), stated)
        for name, found in zip(stated, hashes, strict=True):
            if found != stated[name][1]:
                raise CheckpointError(
                    f"{folder / name} is damaged: its sha256 is not the manifest's; copy it again or quantize again"
                )
