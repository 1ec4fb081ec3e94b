"""What the page must be told to be built."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def project_version() -> str:
    """The version that pyproject.toml states, "" where the page runs without it."""
    if not _PROJECT.is_file():
        return ""
    return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """`upload_folder` is private and temporary: uploads pass through it and are moved out at once.

    `is_shared`: other machines can reach the page, so each browser is a visitor of its own; else everybody is "local".
    """

    upload_folder: Path
    is_shared: bool = False
    host: str = "127.0.0.1"
    port: int = 7860
    open_browser: bool = True
    max_file_bytes: int = 1 << 30
    answers_at_once: int = 4
    version: str = field(default_factory=project_version)
    source_url: str = "https://github.com/anamnesis-project/anamnesis"
