"""Keep standard output for results: what libraries print, from Python or from C, goes to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class StandardOutput:
    """The process's real standard output while everybody else's goes elsewhere."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write and show at once."""
        self._file.write(text)
        self._file.flush()


@contextmanager
def reserved_standard_output() -> Iterator[StandardOutput]:
    """Only what is written to the object given reaches standard output."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    python_output, sys.stdout = sys.stdout, sys.stderr
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as file:
            yield StandardOutput(file)
    finally:
        sys.stdout = python_output
        os.dup2(real, 1)
        os.close(real)
