"""What the page must be told to be built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    version: str = "0"
    source_url: str = "https://github.com/anamnesis-project/anamnesis"
