"""File names fit to show and to cite: no path, no invisible characters, each one once."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from pathlib import PurePosixPath

_LONGEST_CHARACTERS = 120
_NAMELESS = "unnamed"
# Controls, invisible marks and bidi overrides ("gpj.exe" shown as "exe.jpg"), lone surrogates, line separators.
_REMOVED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})


def clean_name(name: str) -> str:
    """The base name, whatever system's path it came with, in NFC and with nothing that a reader cannot see."""
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    # A surrogate stands for a byte of a file name that was not UTF-8.
    visible = "".join(
        c if unicodedata.category(c) not in _REMOVED_CATEGORIES else ("\ufffd" if "\ud800" <= c <= "\udfff" else "")
        for c in unicodedata.normalize("NFC", base)
    )
    single_spaced = " ".join(visible.split()).strip(". ") if visible.strip(". ") else ""
    return _shortened(single_spaced) or _NAMELESS


def unique_name(name: str, taken: Collection[str]) -> str:
    """`name`, or `name (2)` and so on before the suffix; upper and lower case do not make a difference to a person."""
    lowered = {other.casefold() for other in taken}
    if name.casefold() not in lowered:
        return name
    path = PurePosixPath(name)
    count = 2
    while (candidate := f"{path.stem} ({count}){path.suffix}").casefold() in lowered:
        count += 1
    return candidate


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST_CHARACTERS:
        return name
    suffix = PurePosixPath(name).suffix[:12]
    return name[: _LONGEST_CHARACTERS - len(suffix)] + suffix
